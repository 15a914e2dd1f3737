"""Pure decisions of ingest: what a post as found is, and which conversation it belongs to."""
