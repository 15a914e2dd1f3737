"""The `ombud` command. It may import services; nothing imports it."""
