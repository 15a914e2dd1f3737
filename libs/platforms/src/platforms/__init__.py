"""Protocols of the networks: signatures, limits, calls. No words of ours, no state."""
