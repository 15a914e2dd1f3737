"""The responder promises: no public reply leaves unread by a second person, and none leaves twice.

It owns drafts, reviews, approvals and the dispatch ledger, and publishes `replies.events`.
It does not own the case; that is the router's.
"""
