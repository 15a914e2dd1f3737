"""Prints a .env with fresh secrets for docker-compose.yml.

There are no secrets with working defaults; `make up` runs this once, when .env is missing.
"""

import secrets

for name in ("OMBUD_DB_PASSWORD", "OMBUD_DEV_TOKEN_SECRET", "GRAFANA_PASSWORD"):
    print(f"{name}={secrets.token_hex(32)}")
