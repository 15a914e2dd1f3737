"""The classifier over HTTP: one text at a time, corrections, rules, models, crises, identities."""
