"""The classifier over HTTP: one text at a time, corrections, rules, models, crises, identities."""

from __future__ import annotations

from classifier.api import classifications, crises, drift, identities, mentions, models, rules

ROUTERS = [
    module.router
    for module in (classifications, mentions, rules, models, drift, crises, identities)
]
