# Two commands matter on a fresh clone: `make demo` and `make test`. They need Python 3.11 or newer and make.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV ?= .venv
# Exact versions of everything, so that two machines test the same thing; `make test CONSTRAINTS=` takes the newest.
CONSTRAINTS ?= constraints.txt
JOBS ?= 2
ARGS ?=

BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check $(if $(CONSTRAINTS),-c $(CONSTRAINTS))
INSTALL_INPUTS := pyproject.toml $(CONSTRAINTS) hatch_build.py

.PHONY: help
help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## */\1\t/' | expand -t 12

.PHONY: demo
demo: $(VENV)/.installed-demo  ## the main job, end to end, on sample images (ARGS=DIR for your own)
	$(BIN)/lookalike demo $(ARGS)

.PHONY: test
test: debian pages lint types walls docs wheel unit  ## every check there is; what CI runs

.PHONY: lint
lint: $(VENV)/.installed-test  ## style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.PHONY: format
format: $(VENV)/.installed-test  ## bring the sources into the common format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: types
types: $(VENV)/.installed-test  ## mypy --strict
	$(BIN)/mypy --strict

.PHONY: walls
walls: $(VENV)/.installed-test  ## which room may import which
	$(BIN)/lint-imports

# mkdocs-material prints an advertisement unless NO_MKDOCS_2_WARNING is set; a build must print only what is wrong.
.PHONY: docs
docs: $(VENV)/.installed-test  ## the documentation as a site in site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet --clean
	$(BIN)/python scripts/check_site.py

.PHONY: pages
pages:  ## build the pages of studies and of the web application (TypeScript in web/; needs Node 20)
	cd web && npm ci --no-audit --no-fund --loglevel=error && npm run --silent types && npm run --silent build

.PHONY: wheel
wheel: $(VENV)/.installed-test  ## build the wheel and look into it
	$(BIN)/python scripts/check_wheel.py

.PHONY: unit
unit: $(VENV)/.installed-test  ## the fast test suite (ARGS="-m slow" for the slow one)
	$(BIN)/pytest -n $(JOBS) --dist worksteal -q $(ARGS)

.PHONY: bench
bench: $(VENV)/.installed-test  ## the benchmarks that fill docs/explanation/speed.md (long)
	$(PIP_INSTALL) -e '.[bench]'
	$(BIN)/python scripts/run_benchmarks.py $(ARGS)

.PHONY: debian
debian:  # Debian's packages that some tests use (a browser, fonts); elsewhere those tests skip
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then bash scripts/install_debian.sh; fi

.PHONY: clean
clean:  ## remove everything that make produced
	rm -rf $(VENV) dist build site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "lookalike needs Python 3.11 or newer; try: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)

# A stamp is newer than pyproject.toml and the constraints exactly when the environment matches them.
$(VENV)/.installed-demo: $(INSTALL_INPUTS) | $(BIN)/python
	@echo "installing lookalike into $(VENV)"
	$(PIP_INSTALL) -e '.[map,pandas]'
	touch $@

$(VENV)/.installed-test: $(INSTALL_INPUTS) | $(BIN)/python
	@echo "installing lookalike and its developers' tools into $(VENV) (6 GB with torch; minutes)"
	$(PIP_INSTALL) -e '.[dev,postgres,torch,clip,faces,generate]'
	touch $@ $(VENV)/.installed-demo
