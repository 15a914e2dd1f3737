"""The far side: what a network's protocol says, in our words."""
