"""The tables of ingest behind named questions; the only room of the service that speaks SQL."""
