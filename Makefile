# make book, make test: everything runs in .venv, which is made from the lock files.

PYTHON ?= python3
CORES ?= 2
VENV := .venv
BIN := $(VENV)/bin
AC := $(BIN)/attribution-consistency
INSTALLED := $(VENV)/.installed
TESTABLE := $(VENV)/.testable
PIP := $(BIN)/python -m pip --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help book test lab rerun prepare store verify clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

book: $(INSTALLED) ## build the book: _build/html/index.html
	$(AC) run config/default.yml --cores $(CORES) --strict

rerun: $(INSTALLED) ## build the book of another configuration: make rerun CONFIG=my.yml
	@test -n "$(CONFIG)" || { echo "error: name a configuration: make rerun CONFIG=config/quick.yml" >&2; exit 2; }
	$(AC) run "$(CONFIG)" --cores $(CORES)

test: $(TESTABLE) ## build the quick book strictly, then run the tests
	$(AC) run config/quick.yml --cores $(CORES) --strict --offline
	$(BIN)/python -m pytest --require-book

lab: $(INSTALLED) ## open the chapters and the exercises in JupyterLab
	$(AC) run config/default.yml --cores $(CORES) --until exercises
	$(BIN)/python -m attribution_consistency.studies.exercises default
	$(BIN)/jupyter lab notebooks

prepare: $(INSTALLED) ## download the real sequences; NETWORKS=1: also the published networks
	$(AC) fetch $(if $(NETWORKS),--networks)

store: $(INSTALLED) ## copy the tables of the finished default run to data/stored
	$(BIN)/python workflow/scripts/stored_results.py store

verify: book ## run the default configuration and compare it with data/stored
	$(BIN)/python workflow/scripts/stored_results.py verify

clean: ## remove results with the networks trained there, and books; keeps data/, downloads, .venv
	rm -rf results _build .snakemake .pytest_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
	  { echo "error: Python 3.11, 3.12 or 3.13 is needed, and $(PYTHON) is not; name one: make PYTHON=/path/to/python3.12 ..." >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(INSTALLED): requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo 'Installing into $(VENV): once, some minutes, about 3 GB'
	$(PIP) install --require-hashes -r requirements.lock
	$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(TESTABLE): requirements-test.lock $(INSTALLED)
	$(PIP) install --quiet --require-hashes -r requirements-test.lock
	@touch $@
