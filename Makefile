# Everything starts from `python3` (3.11 or newer) and make: each target first sets up what it needs in .venv.

.DEFAULT_GOAL := help
SHELL   := /bin/sh
EXAMPLE := (x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)
N       := 100000

# The first interpreter that really runs (a version manager may leave names that don't), is new enough and can make a venv.
PYTHON := $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo "$$p"; break; }; done)

VENV  := .venv
PY    := $(VENV)/bin/python
TESTS := $(VENV)/.ready-test
DEV   := $(VENV)/.ready-dev
PEERS := .venv-bench
FRAMEWORKS := .venv-targets
OLDEST := .venv-oldest
PIP   := -m pip --disable-pip-version-check --quiet install

.PHONY: help run test check golden bench fuzz laws mutation targets oldest clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(TESTS) ## compile the notes' example, check it, print it
	@$(VENV)/bin/gradc compile "$(EXAMPLE)"
	@echo; echo "Held against SymPy's derivatives in 50 digits, and against differences:" >&2
	@$(VENV)/bin/gradc check "$(EXAMPLE)"

test: $(TESTS) ## the tests
	$(PY) -m pytest -q -n auto

check: $(TESTS) $(DEV) ## lint, types, doctests and the tests
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m pytest -q -n auto --doctest-modules -o python_files= gradc tests
	$(PY) -m pytest -q -n auto

golden: $(TESTS) ## rewrite the golden files and the README's output; read the diff like code
	$(PY) -m tests.golden_tool --write

bench: $(PEERS)/.ready ## measure beside the peers, in an environment of its own
	$(PEERS)/bin/python -m tests.bench

fuzz: $(TESTS) ## random programs against independent oracles; make fuzz N=100000
	$(PY) -m tests.fuzz $(N)

laws: $(TESTS) ## the laws over the table in all their cases; the tests take a share of them
	GRADC_LAW=all $(PY) -m pytest -q -n auto tests/test_ops.py tests/test_branch_law.py

mutation: $(TESTS) ## break each rule in turn; every mutant must be caught
	$(PY) -m tests.mutation

targets: $(FRAMEWORKS)/.ready ## the frameworks' own checkers over all corpora, in an environment that has them
	GRADC_FRAMEWORKS=1 $(FRAMEWORKS)/bin/python -m pytest -q -n auto tests/test_frameworks.py tests/test_c.py tests/test_numba.py \
	tests/test_branch_free.py tests/test_batches.py tests/test_target_check.py tests/test_target_examples.py

oldest: $(OLDEST)/.ready ## the tests with the oldest versions that pyproject.toml allows, in an environment of their own
	$(OLDEST)/bin/python -m pytest -q -n auto

clean: ## remove what the other targets made
	rm -rf $(VENV) $(PEERS) $(FRAMEWORKS) $(OLDEST) .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist
	find gradc tests examples -name __pycache__ -type d -prune -exec rm -rf {} +

$(PY):
	@test -n "$(PYTHON)" || { echo "gradc needs Python 3.11 or newer with venv and pip; none was found on PATH" >&2; exit 1; }
	"$(PYTHON)" -m venv $(VENV)

$(TESTS): pyproject.toml | $(PY)
	$(PY) $(PIP) --editable ".[test]"
	$(PY) -m compileall -q gradc
	@touch $@

$(DEV): pyproject.toml | $(PY)
	$(PY) $(PIP) --editable ".[dev]"
	@touch $@

# A peer that doesn't install here is left out of the table, and the others still run.
$(PEERS)/.ready: pyproject.toml
	@test -n "$(PYTHON)" || { echo "gradc needs Python 3.11 or newer with venv and pip; none was found on PATH" >&2; exit 1; }
	"$(PYTHON)" -m venv $(PEERS)
	$(PEERS)/bin/python $(PIP) --editable ".[test]"
	$(PEERS)/bin/python -m compileall -q gradc
	@$(PEERS)/bin/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["bench"], sep="\n")' \
	| while read -r peer; do $(PEERS)/bin/python $(PIP) "$$peer" || echo "left out: $$peer" >&2; done
	@touch $@

# A framework that doesn't install here is left out, and its tests are skipped.
$(FRAMEWORKS)/.ready: pyproject.toml
	@test -n "$(PYTHON)" || { echo "gradc needs Python 3.11 or newer with venv and pip; none was found on PATH" >&2; exit 1; }
	"$(PYTHON)" -m venv $(FRAMEWORKS)
	$(FRAMEWORKS)/bin/python $(PIP) --editable ".[test]"
	@for each in torch jax numba dask; do $(FRAMEWORKS)/bin/python $(PIP) --editable ".[$$each]" || echo "left out: $$each" >&2; done
	@touch $@

# Each lower bound as the version that is installed; mpmath is SymPy's, and newer than 1.3 no SymPy of that time knew it.
$(OLDEST)/.ready: pyproject.toml
	@test -n "$(PYTHON)" || { echo "gradc needs Python 3.11 or newer with venv and pip; none was found on PATH" >&2; exit 1; }
	"$(PYTHON)" -m venv $(OLDEST)
	@$(OLDEST)/bin/python -c 'import re, tomllib; p = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
	needs = [*p["dependencies"], *p["optional-dependencies"]["test"], "mpmath>=1.3"]; \
	print(*(re.sub(r">=(.*)", r"==\1.*", each) for each in needs), sep="\n")' > $(OLDEST)/versions.txt
	$(OLDEST)/bin/python $(PIP) --editable ".[test]" --constraint $(OLDEST)/versions.txt
	@touch $@
