"""`python -m ingest {run,api,relay,reader,migrate}`: all in one process, or each part."""

from __future__ import annotations

from common.runtime.service import main
from ingest.bootstrap import api, migrate, reader, relay, run

if __name__ == "__main__":
    main({"run": run, "api": api, "relay": relay, "reader": reader, "migrate": migrate})
