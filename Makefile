# The index of what can be done here. `make` or `make help` prints it.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATA ?= ../shared/data
PACKAGES := libs/common libs/platforms services/ingest services/classifier services/router services/responder services/audit tools/ombud
MODEL := services/classifier/src/classifier/gateways/model/artefact
JUDGE := services/responder/src/responder/gateways/judgement/artefact
ARGS ?=

.PHONY: help setup demo dev test test-fast faults check format contracts lock train train-check train-gates train-gates-check bench up down k8s-check clean

help: ## print this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## (.*)/  \1|\2/' | column -t -s '|'

setup: $(VENV)/.ready ## make the environment .venv from requirements.lock

$(VENV)/.ready: requirements.lock $(PACKAGES:%=%/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Ombud needs Python 3.11 or newer; set PYTHON=...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing what requirements.lock names (once, about a minute)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation $(PACKAGES:%=-e %)
	@touch $@

demo: setup ## the whole pipeline on real parts, one case played through (ARGS="--exit --json")
	@$(BIN)/ombud demo $(ARGS)

dev: setup ## all five services on a local stack until Ctrl-C
	@$(BIN)/ombud dev $(ARGS)

test: setup ## every test, on a real Kafka and a real PostgreSQL (ARGS="-k name")
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile $(ARGS) || { \
	  code=$$?; test $$code = 1 || exit $$code; \
	  echo "failed beside others; once more alone, and what fails again has failed:"; \
	  $(BIN)/python -m pytest --last-failed --last-failed-no-failures none --maxfail 10 $(ARGS); }

test-fast: setup ## unit, contract and architecture tests only
	@$(BIN)/python -m pytest -m "not kafka and not postgres and not system and not faults and not slow" $(ARGS)

faults: setup ## the full fault run: 20,000 mentions, kills, outages; full sizes everywhere
	@OMBUD_FULL=1 $(BIN)/python -m pytest -m faults -s $(ARGS)

check: setup ## ruff, mypy, import contracts, generated files fresh, Kubernetes manifests
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m common.events.asyncapi --check
	@$(BIN)/python deploy/k8s/check.py

format: setup ## format and sort imports
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

contracts: setup ## regenerate AsyncAPI, schemas, docs/events.md from the catalogue
	@$(BIN)/python -m common.events.asyncapi

train: setup ## train the classifier's model from labelled posts, bit for bit
	@$(BIN)/python services/classifier/training/train.py --data $(DATA)/mentions --out $(MODEL)

train-check: setup ## train again and compare with the shipped artefact
	@$(BIN)/python services/classifier/training/train.py --data $(DATA)/mentions --out $(MODEL) --check

train-gates: setup ## train the judge of the gates from our own rows, bit for bit (ARGS="--evaluate")
	@$(BIN)/python services/responder/training/train.py --out $(JUDGE) $(ARGS)

train-gates-check: setup ## train it again and compare with the shipped artefact
	@$(BIN)/python services/responder/training/train.py --out $(JUDGE) --check

bench: setup ## throughput and latency, against the limit and against a peer
	@$(BIN)/python -m bench $(ARGS)

up: .env ## the same stack in containers (docker compose; ARGS="--profile monitoring")
	docker compose $(ARGS) up --build --detach --wait

.env:
	@umask 077 && $(PYTHON) deploy/compose/new_env.py > $@

down: ## stop the containers and drop their data
	docker compose --profile monitoring down --volumes

k8s-check: setup ## render the overlays and check them against the schemas
	@$(BIN)/python deploy/k8s/check.py

lock: ## resolve requirements*.in again into the lock files
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q requirements-runtime.in -o requirements-runtime.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q requirements.in -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q requirements-build.in -c requirements.lock -o requirements-build.lock

clean: ## remove the environment and caches
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
