"""The router promises: every mention is in exactly one place, every case has one team.

It owns cases, claims, the rota and the clocks, and publishes `cases.events`.
It writes no words to customers; that is the responder's.
"""
