"""The far side of a model: files today, other engines later. No decisions."""
