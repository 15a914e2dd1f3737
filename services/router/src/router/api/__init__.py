"""The router over HTTP, one module per noun. Nothing is decided here but who may ask."""

from router.api import (
    actions,
    cases,
    claims,
    clocks,
    closing,
    configuration,
    customers,
    departments,
    escalations,
    follow_ups,
    parked,
    reconciliation,
    rota,
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
    rota.router,
    actions.router,
    customers.router,
    reconciliation.router,
    sweep.router,
    departments.router,
    transfers.router,
)
