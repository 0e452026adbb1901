# make book, make check, make test: everything runs in .venv, which is made from the lock files.

PYTHON ?= python3
CORES ?= 2
VENV := .venv
BIN := $(VENV)/bin
RUN := $(BIN)/python -m compendium
INSTALLED := $(VENV)/.installed
TESTABLE := $(VENV)/.testable
PIP := $(BIN)/python -m pip --disable-pip-version-check
# The tests of a file share what is slow to make: one process runs them all.
PYTEST := $(BIN)/python -m pytest -n $(CORES) --dist loadfile
COVERAGE := $(BIN)/python -m coverage
UV ?= uv
COMPILE := $(UV) pip compile --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-annotate --no-header $(if $(UPGRADE),--upgrade)

.DEFAULT_GOAL := help
.PHONY: help book pdf check test coverage machines lock lab rerun prepare store verify release clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

book: $(INSTALLED) ## build the book: _build/html/index.html
	$(RUN) run config/default.yml --cores $(CORES) --strict

pdf: $(INSTALLED) ## the finished book as one PDF file, through Chromium: results/default/book/book.pdf; and the slides
	$(BIN)/python workflow/scripts/book_pdf.py

rerun: $(INSTALLED) ## build the book of another configuration: make rerun CONFIG=my.yml
	@test -n "$(CONFIG)" || { echo "error: name a configuration: make rerun CONFIG=config/quick.yml" >&2; exit 2; }
	$(RUN) run "$(CONFIG)" --cores $(CORES)

check: $(TESTABLE) ## lint, format, types, and the tests that take no TensorFlow and no book
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check workflow
	$(BIN)/mypy
	$(PYTEST) -m "not slow"

test: check ## check, build the quick book strictly, then run the other tests
	$(RUN) run config/quick.yml --cores $(CORES) --strict --offline
	$(PYTEST) -m slow --require-book

coverage: $(TESTABLE) ## build the quick book anew, run all tests, and list what none runs; fails below 95 %
	$(PIP) install --quiet 'coverage>=7.10'
	rm -rf results/quick .coverage.*
	$(COVERAGE) run -m compendium run config/quick.yml --cores $(CORES) --strict
	$(COVERAGE) run -m pytest -n $(CORES) --dist loadfile --require-book
	$(COVERAGE) combine
	$(COVERAGE) report --show-missing --skip-covered --fail-under=95

machines: $(TESTABLE) ## compare runs as other processors compute; OPTIONS=onednn-sse41: this one only
	$(BIN)/python workflow/scripts/other_machines.py $(OPTIONS)

lab: $(INSTALLED) ## open the chapters and the exercises in JupyterLab
	$(RUN) run config/default.yml --cores $(CORES) --until exercises
	$(BIN)/python -m compendium.page.exercises default
	$(BIN)/jupyter lab notebooks

prepare: $(INSTALLED) ## download the real sequences; NETWORKS=1: also the published networks
	$(RUN) fetch $(if $(NETWORKS),--networks)

store: $(INSTALLED) ## copy the tables of the finished default run to data/stored
	$(BIN)/python workflow/scripts/stored_results.py store

verify: book ## run the default configuration and compare it with data/stored
	$(BIN)/python workflow/scripts/stored_results.py verify

release: $(INSTALLED) ## build and try a release, and what a class gets, in dist; PUBLISH=1: also tag it, here only
	$(RUN) run config/default.yml --cores $(CORES) --until exercises
	$(BIN)/python workflow/scripts/release.py $(if $(filter 1,$(PUBLISH)),--publish)

lock: ## write the lock files, and environment.yml, from pyproject.toml, with uv; UPGRADE=1: with the newest versions
	$(COMPILE) --extra zoo --extra book --extra hdf5 pyproject.toml -o requirements.lock
	$(COMPILE) --extra test --extra check --extra atac -c requirements.lock pyproject.toml \
	  -o requirements-test.lock
	$(BIN)/python workflow/scripts/environment_yml.py

clean: ## remove results with the networks trained there, and books; keeps data/, downloads, .venv
	rm -rf results _build .snakemake .pytest_cache .hypothesis .mypy_cache .ruff_cache

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
