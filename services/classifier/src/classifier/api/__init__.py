"""The classifier over HTTP: one text at a time, for agents and frontends."""
