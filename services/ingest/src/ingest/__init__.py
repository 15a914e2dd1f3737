"""Ingest promises: every post found becomes exactly one mention, durable before it is acknowledged.

It owns the sources and the mentions as found, and publishes `ingest.mention.received.v1`.
It does not judge what a mention is; that is the classifier's.
"""
