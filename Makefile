# Same names here and in CI; CI calls only these.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.setup-done
SOURCES := codegen runtime tests benchmarks demo
WORKERS ?= 3

.PHONY: help setup demo test lint types check-generated check-contracts unit pythons proof faults conformance bench bench-telemetry bench-codegen generate clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

setup: $(STAMP) ## Create $(VENV) with the three distributions, editable

$(STAMP): pyproject.toml runtime/pyproject.toml generated/pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable . --editable "runtime[django,ed25519,fast,opentelemetry,prometheus,psycopg,sqlalchemy,strategies,testing]" --editable generated --group dev
	@touch $@

demo: setup ## Play one story through the generated code, on a database of its own
	@$(BIN)/python -m demo

test: lint types check-generated check-contracts unit ## Everything that must be green

lint: setup ## Style, format and the layer contract
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/lint-imports --config pyproject.toml

types: setup ## mypy --strict and pyright strict
	$(BIN)/mypy
	$(BIN)/pyright --project pyproject.toml

check-generated: setup ## Fail when generated/ is not what the contracts say
	$(BIN)/sguild-codegen generate --check

check-contracts: setup ## Fail when the contracts are unwise, by the rules of docs/linting.md
	$(BIN)/sguild-codegen lint

unit: setup ## The tests, against a PostgreSQL that they start
	$(BIN)/pytest -q -n $(WORKERS) -m "not proof"

pythons: ## The tests on the other Pythons from 3.11 to 3.14 that are installed, each in a .venv of its own
	@own=$$($(PYTHON) -c 'import sys; print("python%d.%d" % sys.version_info[:2])'); \
	for python in python3.11 python3.12 python3.13 python3.14; do \
		if [ $$python = $$own ]; then echo "$$python: see make test"; \
		elif ! $$python -c '' 2> /dev/null; then echo "$$python: not installed"; \
		else echo "$$python:"; $(MAKE) --no-print-directory unit VENV=.venv-$$python PYTHON=$$python || exit 1; fi; \
	done

proof: setup pythons ## The long proofs: many more drawn documents, faults injected into the emitter, and `make faults`
	$(BIN)/pytest -q -n $(WORKERS) -m proof

faults: setup ## Kill workers, crash servers, cut connections, fill disks: what was published, and what arrived
	$(BIN)/pytest -q -n $(WORKERS) -m proof tests/faults

conformance: setup ## The official JSON Schema test suite through generated models, and pairs of schemas compared
	@$(BIN)/python tests/conformance/suite.py
	@$(BIN)/python tests/conformance/pairs.py

bench: setup ## Measure the transport against its peers, as ratios; takes some minutes
	$(BIN)/python -m pip install --quiet --group bench
	@$(BIN)/python benchmarks/transport.py

bench-telemetry: setup ## Measure what telemetry costs, as ratios
	@$(BIN)/python benchmarks/telemetry.py

bench-codegen: setup ## Measure the tool and its models, as ratios
	@$(BIN)/python benchmarks/codegen.py
	@$(BIN)/python benchmarks/comparing.py

generate: setup ## Write generated/ from contracts/
	$(BIN)/sguild-codegen generate

clean: ## Remove what set-up and tests made
	rm -rf .venv .venv-* dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
