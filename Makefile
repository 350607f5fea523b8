# make run   installs what is missing, then opens the window (without a display: the quick start)
# make test  installs what is missing, then runs the tests
# A second call starts at once: stamps in .venv tell what is done.

PYTHON ?= python3
export PYTHON
BIN := .venv/bin
INSTALLED := .venv/installed

# Tests draw without a screen unless told otherwise; those that need a real one start their own.
test test-all check: export QT_QPA_PLATFORM ?= offscreen

.PHONY: help setup run test test-all check bench fuzz shots clean

help:
	@sed -n 's/^# make/make/p' Makefile
	@echo 'make setup | check | test-all | bench | fuzz | shots | clean'

setup: $(INSTALLED) .venv/packages-run

run: setup
	@$(BIN)/workbench

test: setup .venv/packages-test
	$(BIN)/python -m pytest

test-all: setup .venv/packages-test
	$(BIN)/python -m pytest -m 'slow or not slow'

check: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup .venv/packages-test
	$(BIN)/python -m tests.benchmarks

SECONDS ?= 60

fuzz: setup .venv/packages-test
	$(BIN)/python -m tests.mutation --seconds $(SECONDS)

shots: setup .venv/packages-test
	$(BIN)/python -m tests.workbench.screenshots

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .grimp_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Packages come before the environment: on Debian one of them lets Python make it.
.venv/packages-%: resources/system-packages
	@resources/system-packages $*
	@mkdir -p .venv && touch $@

$(INSTALLED): pyproject.toml resources/constraints.txt | .venv/packages-run
	@'$(PYTHON)' -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'Python 3.11 or newer is needed; name one: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)' >&2; exit 1; }
	@echo 'Installing the Python packages into .venv: 3 GB, some minutes.'
	'$(PYTHON)' -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c resources/constraints.txt -e '.[dev]'
	@touch $@
