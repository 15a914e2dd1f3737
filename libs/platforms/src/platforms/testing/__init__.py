"""Far ends for tests, on loopback only: real servers, a sink with faults, the conformance suite.

Shipped with the package and imported by tests only. What is missing on a machine is named, and the
tests that need it are skipped.
"""
