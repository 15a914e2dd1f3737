"""`python -m audit {run,api,worker,relay,migrate,verify}`; `verify --json` for programs."""

from __future__ import annotations

import sys

from audit.bootstrap import api, migrate, relay, run, verify, verify_json, worker
from common.runtime.service import main

if __name__ == "__main__":
    arguments = sys.argv[1:]
    is_json = arguments[:1] == ["verify"] and arguments[1:] == ["--json"]
    main(
        {
            "run": run,
            "api": api,
            "worker": worker,
            "relay": relay,
            "migrate": migrate,
            "verify": verify_json if is_json else verify,
        },
        argv=arguments[:1] if is_json else arguments,
    )
