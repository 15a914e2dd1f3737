"""The far side of the networks: how a reply gets there, and what the answer proves."""
