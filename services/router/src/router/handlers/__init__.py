"""The use cases of the router, one file each. They hold the transaction's order of steps.

Locks are taken in one order everywhere: rotas by name, cases by (conversation, case), clocks.
"""
