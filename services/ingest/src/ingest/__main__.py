"""`python -m ingest {run,api,relay,migrate}`: all in one process, or each part."""

from __future__ import annotations

from common.runtime.service import main
from ingest.bootstrap import api, migrate, relay, run

if __name__ == "__main__":
    main({"run": run, "api": api, "relay": relay, "migrate": migrate})
