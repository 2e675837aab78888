# `make run` and `make test` need Python 3.11 or newer and make, nothing else. `make help` lists the rest.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test check format kills bench docs lock clean

# A Python named on the command line (make test PYTHON=python3.13) gets an environment of its own beside .venv.
VENV := $(if $(filter command,$(firstword $(origin PYTHON))),.venv-$(notdir $(PYTHON)),.venv)
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
UV_VERSION := 0.13.*
# What `make run ARGS="--port 8001"` adds to the command, `make test ARGS="-k money"` to pytest.
ARGS :=

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

run: $(VENV)/.run ## A demo shop on http://127.0.0.1:8000, kept in ./var
	@exec $(BIN)/tradepost demo $(ARGS)

test: $(VENV)/.dev lint ## Everything: lint, types, walls, all tests (types are checked beside the tests)
	@$(BIN)/mypy >$(VENV)/mypy.log 2>&1 & mypy=$$!; \
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS); tests=$$?; \
	wait $$mypy; types=$$?; \
	if [ $$types -ne 0 ]; then echo; echo "mypy:"; cat $(VENV)/mypy.log; fi; \
	exit $$(( tests || types ))

check: $(VENV)/.dev lint ## Lint, format, types and walls, without the tests
	@$(BIN)/mypy

.PHONY: lint
lint: $(VENV)/.dev
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet . || { echo "Not formatted as \`make format\` would."; exit 1; }
	@$(BIN)/lint-imports --config importlinter.ini --no-logo >$(VENV)/walls.log || { cat $(VENV)/walls.log; exit 1; }

format: $(VENV)/.dev ## Format the code and put imports in order
	@$(BIN)/ruff check --quiet --select I --fix .
	@$(BIN)/ruff format .

kills: $(VENV)/.dev ## Kill the service fifty times on each database, and print what every kill left
	@TRADEPOST_TEST_KILLS=50 $(BIN)/python -m pytest -s tests/kills $(ARGS)

bench: $(VENV)/.bench ## Measure against the order service most teams write
	@$(BIN)/python -m benchmarks $(ARGS)

docs: $(VENV)/.dev ## Check that links resolve and that what the documentation shows still runs
	@$(BIN)/python -m pytest tests/docs $(ARGS)

lock: $(BIN)/python ## Pin the newest dependencies that fit pyproject.toml, with hashes
	@$(PIP) install --quiet 'uv==$(UV_VERSION)'
	@$(LOCK) --extra all --group build -o requirements/run.txt
	@$(LOCK) --extra all --group build --group dev -c requirements/run.txt -o requirements/dev.txt
	@$(LOCK) --extra all --group build --group dev --group bench -c requirements/dev.txt -o requirements/bench.txt
LOCK := $(BIN)/uv pip compile pyproject.toml --quiet --upgrade --generate-hashes --universal --python-version 3.11 \
	--no-config --no-emit-index-url --no-header

clean: ## Remove environments, caches and builds; ./var (the demo's data) stays
	@rm -rf .venv .venv-* dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp says what was installed; it is made again only when the pins or the packaging changed.
$(VENV)/.%: requirements/%.txt pyproject.toml | $(BIN)/python
	@echo "Installing requirements/$*.txt into $(VENV) …"
	@$(PIP) install --quiet --require-hashes -r requirements/$*.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

# Not every python3 on a PATH can be run, is new enough, or has venv: the first one that can, is and has.
ACCEPTS := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
$(BIN)/python:
	@for python in $(or $(PYTHON),python3.13 python3.12 python3.11 python3 python); do \
		if $$python -c '$(ACCEPTS)' >/dev/null 2>&1; then \
			echo "Making $(VENV) with $$($$python --version) …"; \
			$$python -m venv --clear $(VENV); exit; \
		fi; \
	done; echo "Tradepost needs Python 3.11 or newer, with venv; name one with PYTHON=/path/to/python3." >&2; exit 1
