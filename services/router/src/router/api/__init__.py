"""The router over HTTP, one module per noun. Nothing is decided here but who may ask."""

from router.api import cases, claims, configuration, parked, reconciliation, rules, stream

# The stream first: its path would otherwise be read as the id of a case.
ROUTERS = (
    stream.router,
    cases.router,
    claims.router,
    parked.router,
    configuration.router,
    rules.router,
    reconciliation.router,
)
