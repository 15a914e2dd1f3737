"""The HTTP API of audit, one module per noun."""
