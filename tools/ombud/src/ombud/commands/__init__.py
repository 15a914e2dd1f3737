"""One module per command; `ombud.__main__` is the list of them."""
