"""A network in a small program: it publishes what it is sent and lies about it on demand.

Tests, the demo and fault runs post to it. It writes every effect down before it answers, so a
checker can compare what really happened with what the ledger believes (RELIABILITY R2). It stands
for networks without idempotency keys unless told otherwise (CONNECTORS 12).
"""
