"""Audit promises: every event of every topic is in the history once, in order, unaltered.

It owns the history and answers questions about it.
It decides nothing and changes no case.
"""
