"""Durable timers: rows with `due_at` that fire once, across restarts and replicas (S47, S48).

A timer only says "look at this now"; the handler that it fires locks its rows, looks again and
decides. This room knows no case and no clock of the policy.
"""
