"""The classifier promises: every mention gets a label, a confidence and the evidence for it.

What it is not sure of goes to human triage, never away.
It publishes `classifier.mention.classified.v1` with the mention inside.
It does not decide about cases; that is the router's.
"""
