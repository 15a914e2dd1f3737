"""Pure decisions of audit: the chain, what a fact is about, how an entry reads."""
