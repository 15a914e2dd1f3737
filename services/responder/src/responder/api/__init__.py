"""The responder over HTTP, one module per noun. Reads tokens and bodies, decides nothing."""
