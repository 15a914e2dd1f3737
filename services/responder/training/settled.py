"""The choices that take long to find: spreads and cuts, kept beside the training code."""

import json
from pathlib import Path

import numpy as np
from measure import Settled
from rows import RULES

_FILE = Path(__file__).with_name("settled.json")


def keep(settled: Settled) -> None:
    """Remember them, rule by rule."""
    found = {
        rule: {"scales": settled.scales[:, column].tolist(), "cut": float(settled.cuts[column])}
        for column, rule in enumerate(RULES)
    }
    _FILE.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


def kept() -> Settled:
    """What was remembered last."""
    found = json.loads(_FILE.read_text("utf-8"))
    return Settled(
        np.array([found[rule]["scales"] for rule in RULES]).T,
        np.array([found[rule]["cut"] for rule in RULES]),
    )
