# Every chore of this repository, by name. `make` alone prints this list.
# A fresh Debian with Python 3.11 needs nothing else: each target does its own set-up first.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BENCH_VENV := .venv-bench
UV_VERSION := 0.13.9
STATIC := src/countermand/surfaces/web/static
DATA_DIR ?=
SEED ?= 1
ONCE ?=
ARGS ?=

export UV_NO_PROGRESS := 1
# uv trusts what the system trusts, as pip does; a company's own certificate counts too.
export UV_SYSTEM_CERTS := 1
# The tools below must see this checkout, whatever else the shell had active.
unexport PYTHONPATH VIRTUAL_ENV PYTHONHOME

.PHONY: help
help: ## Print this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(VENV)/.stamp $(STATIC)/manifest.json ## Create .venv from requirements.lock and bundle the pages (only when something changed)
	@:

$(VENV)/.stamp: requirements.lock pyproject.toml scripts/make_venv
	@scripts/make_venv $(PYTHON) $(VENV) $(UV_VERSION) requirements.lock
	@touch $@

$(STATIC)/manifest.json: $(VENV)/.stamp scripts/make_assets $(shell find assets -type f -not -path '*/node_modules/*')
	@scripts/make_assets $(VENV) $(BIN)/uv $(STATIC)

$(BENCH_VENV)/.stamp: requirements-bench.lock pyproject.toml scripts/make_venv
	@scripts/make_venv $(PYTHON) $(BENCH_VENV) $(UV_VERSION) requirements-bench.lock
	@touch $@

.PHONY: check
check: setup ## Format, lint, types, import law, tidiness, documentation
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --strict
	$(BIN)/lint-imports --no-logo
	$(BIN)/pytest tests/test_tidy.py tests/test_docs.py $(ARGS)

.PHONY: format
format: setup ## Rewrite the code as `check` wants it
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: test
test: setup ## Run every test, two at a time (ARGS="-k name" for some)
	@scripts/get_chromium
	$(BIN)/pytest -n 2 $(ARGS)

.PHONY: test-spark
test-spark: setup ## Run the tests that need Spark (fetches 450 MB once)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-build-isolation --editable '.[spark]'
	$(BIN)/pytest tests/spark $(ARGS)

.PHONY: peers
peers: setup ## Check with programs of others: OpenID provider, EVM node, witness, Go's log (Node 20, npm, Python 3.12)
	@scripts/get_go
	@cd tests/peers/oidc && npm ci --no-progress
	@cd tests/peers/anvil && npm ci --no-progress
	@scripts/get_witness_peer $(BIN)/uv tests/peers/aics
	PEERS=1 $(BIN)/pytest tests/peers $(ARGS)

.PHONY: demo
demo: setup ## Play the demo and stay up; ONCE=1 plays it through and ends
	$(BIN)/countermand demo $(if $(DATA_DIR),--data-dir $(DATA_DIR)) $(if $(ONCE),--once) $(ARGS)

.PHONY: screenshots
screenshots: setup ## Take a picture of every main page into docs/pictures, from a demo of its own
	@scripts/get_chromium
	$(BIN)/python scripts/take_pictures $(ARGS)

.PHONY: torture
torture: setup ## Load, freeze, retry and kill the server, then check the history (SEED=1)
	$(BIN)/python -m countermand.drills.torture --seed $(SEED) $(ARGS)

.PHONY: crashes
crashes: setup ## Kill server, workers and bank 1,000 times while holds end, then check (SEED=1)
	$(BIN)/python -m countermand.drills.crashes --seed $(SEED) $(ARGS)

.PHONY: faults
faults: setup ## Plant faults in the shipped packs and count those the static analyser finds (SEED=1)
	$(BIN)/python -m countermand.drills.faults --seed $(SEED) $(ARGS)

.PHONY: forgeries
forgeries: setup ## Forge 100,000 receipts and bundles each and count those the verifier believes (SEED=1)
	$(BIN)/python -m countermand.drills.forgeries --seed $(SEED) $(ARGS)

.PHONY: flips
flips: setup ## Change one byte of a sealed record 1,000 times and count those nobody finds (SEED=1)
	$(BIN)/python -m countermand.drills.flips --seed $(SEED) $(ARGS)

.PHONY: verifier
verifier: setup ## Write what checks receipts without us: countermand-verify.pyz and verify.html
	$(BIN)/countermand verify --write-zipapp . --write-page .

.PHONY: forks
forks: setup ## Tell two stories of one log in 200 ways; witnesses and monitor find each (SEED=1)
	$(BIN)/python -m countermand.drills.forks --seed $(SEED) $(ARGS)

.PHONY: triage
triage: setup ## Train the shipped model of triage again, from the shipped messages
	$(BIN)/countermand train triage --out src/countermand/triage_model

.PHONY: bench
bench: $(BENCH_VENV)/.stamp ## Measure against the peers (ARGS="engine" for one)
	$(BENCH_VENV)/bin/python -m benchmarks $(ARGS)

.PHONY: docs
docs: setup ## Check that every command, setting, error and kind is documented in both languages
	$(BIN)/pytest tests/test_docs.py -v $(ARGS)

.PHONY: lock
lock: setup ## Resolve the lock files again (hashes, and no address in them)
	@scripts/make_lock $(BIN)

.PHONY: clean
clean: ## Remove what this Makefile made, but no data
	rm -rf $(VENV) $(BENCH_VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
