"""Where the README's numbers come from: ratios against baselines measured in the same run."""
