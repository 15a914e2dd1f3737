"""`python -m router {run,api,worker,relay,migrate,states}`."""

from __future__ import annotations

from common.runtime.service import main
from router import bootstrap

if __name__ == "__main__":
    main(
        {
            "run": bootstrap.run,
            "api": bootstrap.api,
            "worker": bootstrap.worker,
            "relay": bootstrap.relay,
            "migrate": bootstrap.migrate,
            "states": bootstrap.states,
        }
    )
