"""The HTTP API of ingest, one module per noun."""
