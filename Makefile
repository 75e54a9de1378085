# The two commands of the README: `make demo` and `make test`.
# A machine needs Python 3.11 or newer and make; `make demo PYTHON=python3.12` picks one.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The tools that are measured beside ours have an environment of their own.
BENCH := build/bench-venv

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check lint bench chaos chaos-slice chaos-full clean

help:
	@echo "make demo    run samples/01_digits in its own virtual environment"
	@echo "make test    run all tests"
	@echo "make check   format, lint, types, import contracts, unit tests (some minutes)"
	@echo "make lint    the same without the tests"
	@echo "make bench   ours and other tools on the same work, into docs/performance.md"
	@echo "make chaos   faults on purpose: kills, floods, full disks (10 minutes; docs/reliability.md)"
	@echo "make chaos-full  the same at full size, and against other tools (hours)"
	@echo "make clean   remove the virtual environment and everything that was built"

demo: $(VENV)/.installed-samples
	$(BIN)/python samples/01_digits/run.py

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest

check: lint
	$(BIN)/python -m pytest tests/unit tests/acceptance/test_sizes.py

lint: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --strict
	$(BIN)/lint-imports --no-logo --no-cache

bench: $(BENCH)/.installed
	$(BENCH)/bin/python -m benchmarks

chaos: $(VENV)/.installed-dev
	$(BIN)/python -m chaos

chaos-slice: $(VENV)/.installed-dev
	$(BIN)/python -m chaos --slice

chaos-full: $(VENV)/.installed-dev
	$(BIN)/python -m chaos --baselines
	$(BIN)/python -m benchmarks --only G
	$(BIN)/python -m chaos --full --write

clean:
	rm -rf $(VENV) build dist *.egg-info
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One virtual environment for all targets; a stamp per extra says that it is in there.
# Editable, so that only a change of the dependencies asks for another installation.
$(VENV)/.installed-%: setup.cfg pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --disable-pip-version-check -q -e ".[$*]"
	@touch $@

$(BENCH)/.installed: benchmarks/requirements.txt setup.cfg pyproject.toml | $(BIN)/python
	$(BIN)/python -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --disable-pip-version-check -q \
	  -e . -r benchmarks/requirements.txt
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$(PYTHON) is missing or older than Python 3.11." >&2; \
	  echo "Install a newer one and name it: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; \
	  exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }
