# Two commands on a fresh machine: `make serve` and `make test`. Python and make are all they need.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet

# Options for the server, e.g. make serve ARGS="--port 0 --seed 42"
ARGS ?=
# Examples per operation; `make fuzz` looks longer.
FUZZ_EXAMPLES ?= 100
FUZZ_SEED ?= 20260311

.PHONY: serve test lint fuzz recordings bench structure clean

serve: $(VENV)/.served ## build .venv and serve every vendor on 127.0.0.1:4010
	$(BIN)/understudy serve $(ARGS)

test: lint ## build .venv and pass every check
	rm -f .coverage .coverage.*
	# By itself, because it prints what it reached; not measured, because that makes it slow.
	FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) FUZZ_SEED=$(FUZZ_SEED) \
		$(BIN)/pytest tests/contract/test_conformance.py
	# Tests wait a good deal, for servers and tools: two workers for each core keep it busy.
	PYTEST_XDIST_AUTO_NUM_WORKERS=$$($(BIN)/python -c 'import os; print(2 * os.cpu_count())') \
	COVERAGE_FILE=$(CURDIR)/.coverage COVERAGE_PROCESS_START=$(CURDIR)/pyproject.toml \
		$(BIN)/coverage run -m pytest -n auto --ignore tests/contract/test_conformance.py
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

lint: $(VENV)/.tested ## style, types, layers, documents
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/understudy lint

fuzz: $(VENV)/.tested ## a long conformance run: make fuzz FUZZ_EXAMPLES=2000 FUZZ_SEED=7
	FUZZ_EXAMPLES=$(if $(filter 100,$(FUZZ_EXAMPLES)),1000,$(FUZZ_EXAMPLES)) FUZZ_SEED=$(FUZZ_SEED) \
		$(BIN)/pytest -s tests/contract

recordings: $(VENV)/.served ## record every scenario anew into fixtures/*/recorded
	for folder in fixtures/*/scenarios; do \
		vendor=$$(basename $$(dirname $$folder)); \
		rm -rf fixtures/$$vendor/recorded; mkdir fixtures/$$vendor/recorded; \
		$(BIN)/understudy record $$vendor --out fixtures/$$vendor/recorded || exit 1; \
	done

bench: $(VENV)/.tested ## measure ourselves and, where npm is found, the peers
	$(BIN)/python benchmarks/inprocess.py
	$(BIN)/python benchmarks/admin.py
	$(BIN)/python benchmarks/intercept.py
	$(BIN)/python benchmarks/pytest_plugin.py
	$(BIN)/python benchmarks/http.py

structure: $(VENV)/bin/python ## the code's structure in figures: make structure ARGS=../checkout
	$(BIN)/python benchmarks/structure.py $(ARGS)

clean:
	rm -rf $(VENV) .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.served: $(VENV)/bin/python pyproject.toml
	$(PIP) install --editable .
	touch $@

$(VENV)/.tested: $(VENV)/bin/python pyproject.toml
	$(PIP) install --editable '.[dev]'
	touch $@ $(VENV)/.served
