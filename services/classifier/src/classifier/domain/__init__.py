"""What the classifier decides, as pure values and functions."""
