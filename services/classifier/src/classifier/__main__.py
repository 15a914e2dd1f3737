"""`python -m classifier {run,api,worker,relay,migrate}`: all in one process, or each part."""

from __future__ import annotations

from classifier.bootstrap import api, migrate, relay, run, worker
from common.runtime.service import main

if __name__ == "__main__":
    main({"run": run, "api": api, "worker": worker, "relay": relay, "migrate": migrate})
