# Two commands on a fresh machine: `make serve` and `make test`. Python and make are all they need.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# Resolves versions, for `make lock`, `make test-newest` and `make test-lowest`.
UV         := .venv-uv/bin/uv
UV_VERSION := 0.13.9

# Options for the server, e.g. make serve ARGS="--port 0 --seed 42"
ARGS ?=
# What fuzzed requests are drawn from.
FUZZ_SEED ?= 20260311
# `make lock LOCK_OPTIONS=` keeps each locked version that still fits.
LOCK_OPTIONS ?= --upgrade
# Tests wait a good deal, for servers and tools: two workers for each core keep it busy.
WORKERS = $$($(PYTHON) -c 'import os; print(2 * os.cpu_count())')

COMPILE = $(UV) pip compile pyproject.toml --quiet
PIP_INSTALL = bin/python -m pip --disable-pip-version-check --quiet install

# $(call install,FOLDER,REQUIREMENTS): these packages and the project, editable.
define install
	$(1)/$(PIP_INSTALL) --requirement $(2)
	$(1)/$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
endef

# $(call test-with,FOLDER,RESOLUTION): the tests with other versions than the locked ones.
define test-with
	$(PYTHON) -m venv --clear $(1)
	$(COMPILE) --extra dev --group build --no-annotate --resolution $(2) \
		--python $(1)/bin/python --output-file $(1)/requirements.txt
	$(call install,$(1),$(1)/requirements.txt)
	$(1)/bin/pytest -n $(WORKERS) --dist worksteal
endef

.PHONY: help serve test test-newest test-lowest lint fuzz recordings bench structure lock clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

serve: $(VENV)/.served ## build .venv and serve every vendor on 127.0.0.1:4010
	$(BIN)/understudy serve $(ARGS)

test: FUZZ_EXAMPLES ?= 100
test: lint ## build .venv and pass every check
	rm -f .coverage .coverage.*
	# By itself, because it prints what it reached; not measured, because that makes it slow.
	FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) FUZZ_SEED=$(FUZZ_SEED) \
		$(BIN)/pytest tests/contract/test_conformance.py
	COVERAGE_FILE=$(CURDIR)/.coverage COVERAGE_PROCESS_START=$(CURDIR)/pyproject.toml \
		$(BIN)/coverage run -m pytest -n $(WORKERS) --ignore tests/contract/test_conformance.py
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

test-newest: $(UV) ## pass the tests with the newest versions that pyproject.toml allows
	$(call test-with,.venv-newest,highest)

test-lowest: $(UV) ## pass the tests with the lowest versions that pyproject.toml allows
	$(call test-with,.venv-lowest,lowest-direct)

lint: $(VENV)/.tested ## style, types, layers, documents
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/understudy lint

fuzz: FUZZ_EXAMPLES ?= 1000
fuzz: $(VENV)/.tested ## a long conformance run: make fuzz FUZZ_EXAMPLES=2000 FUZZ_SEED=7
	FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) FUZZ_SEED=$(FUZZ_SEED) $(BIN)/pytest -s tests/contract

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

lock: $(UV) ## renew the locked versions, of Python's packages and (with npm) of the tests'
	$(COMPILE) $(LOCK) --extra dev --output-file requirements/test.txt
	$(COMPILE) $(LOCK) --constraint requirements/test.txt --output-file requirements/serve.txt
	for file in $$(git ls-files 'tests/*package.json'); do \
		(cd $$(dirname $$file) && rm -f package-lock.json && npm install --package-lock-only \
			--omit-lockfile-registry-resolved --no-audit --no-fund --loglevel=error) || exit 1; \
	done

LOCK = $(LOCK_OPTIONS) --group build --universal --python-version 3.11 --generate-hashes \
	--no-annotate --custom-compile-command 'make lock'

clean: ## remove what these targets built
	rm -rf $(VENV) .venv-newest .venv-lowest .venv-uv .coverage .coverage.* \
		.mypy_cache .ruff_cache .pytest_cache .hypothesis

# From nothing each time, so that neither an interrupted run nor an older lock leaves anything.
$(VENV)/.served: requirements/serve.txt pyproject.toml
	$(PYTHON) -m venv --clear $(VENV)
	$(call install,$(VENV),requirements/serve.txt)
	touch $@

$(VENV)/.tested: requirements/test.txt pyproject.toml
	$(PYTHON) -m venv --clear $(VENV)
	$(call install,$(VENV),requirements/test.txt)
	touch $@ $(VENV)/.served

$(UV): Makefile
	$(PYTHON) -m venv --clear .venv-uv
	.venv-uv/$(PIP_INSTALL) uv==$(UV_VERSION)
	touch $@
