# Needs Python 3.11 or newer and make; everything else is set up in .venv on first use.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SETUP := $(VENV)/.set-up
# Two processes: many tests wait for a server of theirs, and more get in each other's way.
PYTEST_PROCESSES ?= 2
PYTEST_ARGS ?=
BENCH_ARGS ?= --customers 20000
PROFILE_ARGS ?= --customers 50000

.PHONY: help demo serve deploy test check format faults gate bench profile lock clean

help: ## Show what make can do
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

demo: $(SETUP) ## Send the shipped campaign to 600 made-up customers, in a sandbox
	@$(BIN)/python -m flows.demo

serve: $(SETUP) ## Keep the demo up: Prefect's pages, customers' inboxes, the desk and a worker
	@$(BIN)/python -m flows.serve

deploy: $(SETUP) ## Put the deployments on your own Prefect server (PREFECT_API_URL)
	@$(BIN)/campaigns deploy

test: $(SETUP) ## Run every test, in random order (PYTEST_ARGS="-k routing" for some)
	$(BIN)/python -m pytest --numprocesses $(PYTEST_PROCESSES) --dist loadgroup $(PYTEST_ARGS)

check: $(SETUP) ## Format, lint, types, layers, campaign files, lock files
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python .ci/locks.py
	$(BIN)/campaigns schema --check
	$(BIN)/campaigns check

format: $(SETUP) ## Format the code and mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

faults: $(SETUP) ## Kill and stop workers over 20,000 messages; writes docs/reliability.md
	@$(BIN)/python -m tests.faults --write $(FAULTS_ARGS)

gate: $(SETUP) ## Take each safeguard of sending once out; tests must fail each time
	@$(BIN)/python -m tests.faults.gate

bench: $(SETUP) ## Measure the whole path by stage (BENCH_ARGS="--customers 100000 --write")
	@$(BIN)/python -m tests.bench.end_to_end $(BENCH_ARGS)

profile: $(SETUP) ## Flame graph of the whole path, and its largest costs
	@$(BIN)/python -m tests.bench.profile $(PROFILE_ARGS)

lock: $(SETUP) ## Write the lock files anew from pyproject.toml (UPGRADE=1 for newer versions)
	.ci/lock $(if $(UPGRADE),--upgrade)

clean: ## Remove everything that was set up or made
	rm -rf $(VENV) .campaigns build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

$(SETUP): requirements-dev.lock requirements-uv.lock pyproject.toml .ci/set-up
	@.ci/set-up "$(PYTHON)" "$(VENV)"
	@touch $@
