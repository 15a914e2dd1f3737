"""The learned half of the gates: sentences weighed by numbers that were trained on our own rows."""
