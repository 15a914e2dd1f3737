"""The router over HTTP, one module per noun. Nothing is decided here but who may ask."""

from router.api import (
    cases,
    claims,
    clocks,
    closing,
    configuration,
    departments,
    escalations,
    follow_ups,
    parked,
    reconciliation,
    rules,
    stream,
    sweep,
    transfers,
)

# The stream first: its path would otherwise be read as the id of a case.
ROUTERS = (
    stream.router,
    cases.router,
    claims.router,
    clocks.router,
    follow_ups.router,
    escalations.router,
    closing.router,
    parked.router,
    configuration.router,
    rules.router,
    reconciliation.router,
    sweep.router,
    departments.router,
    transfers.router,
)
