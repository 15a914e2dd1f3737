"""The use cases of audit, one file each."""
