"""The responder's decisions: what may be written, approved, sent and believed. Pure; no input."""
