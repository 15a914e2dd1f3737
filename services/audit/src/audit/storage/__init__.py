"""The tables of audit behind named questions; the only room of the service that speaks SQL."""
