"""Bluesky (the AT protocol): plain XRPC calls over HTTP. Source: CONNECTORS 5."""
