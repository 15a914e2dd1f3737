"""Signed webhooks: replies handed to a bridge that speaks a network we do not."""
