"""The responder's use cases: they lock, let the domain decide, write, and tell the others."""
