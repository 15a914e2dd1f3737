"""The use cases of ingest, one file each."""
