# `make help` lists the targets. The first one that needs it makes .venv; nothing else has to be installed by hand.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' && echo $$p && break; done)
VENV := .venv
STAMP := $(VENV)/.installed
DOCS := build/docs-venv
DOCS_STAMP := $(DOCS)/.installed
BIN := $(VENV)/bin
FRESH := build/constraints
PIP_OPTIONS := --quiet --disable-pip-version-check
SEED ?= 1
ROUNDS ?= 30
CHECKS := build/checks.txt
# Four more than cores: a test that waits for a process leaves its core idle. The longest files come first in the alphabet
# (e2e, fault), so that their order is kept; byte code is kept too, for the hundreds of interpreters that the tests start.
WORKERS ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 4)))
INPUTS ?= 100000

.DEFAULT_GOAL := help
.PHONY: help demo test coverage test-clients test-browser test-slurm conformance torture torture-cluster fuzz guards eval bench lint types golden docs constraints wheel release-notes recordings clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | while IFS="$$(printf '\t')" read -r name text; do \
		printf '  make %-13s %s\n' "$$name" "$$text"; done

demo: $(STAMP) ## run the whole way once: agent client, MCP server, conductor, real job (under a minute)
	$(BIN)/podium demo

test: $(STAMP) ## check style and types, and run every test that needs nothing but Python meanwhile
	@mkdir -p build
	@$(MAKE) --no-print-directory --keep-going lint types >$(CHECKS) 2>&1 & \
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -q -n $(WORKERS) --dist loadfile --no-loadscope-reorder --ignore tests/clients --ignore tests/conformance --ignore tests/browser --ignore tests/slurm; \
	tests=$$?; wait $$!; checks=$$?; cat $(CHECKS); test $$tests = 0 -a $$checks = 0

coverage: $(STAMP) ## measure what the unit and property tests reach, branches too, and hold it above a floor
	$(BIN)/coverage run -m pytest -q tests/unit tests/property
	$(BIN)/coverage report --skip-covered

test-clients: $(STAMP) ## run the Inspector and the TypeScript clients, and count tokens with the real encoding (needs npm)
	$(BIN)/python -m tests.support.node && $(BIN)/python -m tests.support.tokens
	$(BIN)/pytest -q tests/clients tests/e2e/test_clients_table.py tests/unit/tools/test_budget.py tests/e2e/test_agent_budget.py

test-browser: $(STAMP) ## open reports and pictures in headless Chromium, light and dark, wide and narrow; graphs in Graphviz (where they are)
	$(BIN)/pytest -q tests/browser

test-slurm: $(STAMP) ## bring up a real Slurm cluster of three nodes, as any user, run on it what needs one, take it down (needs slurm-wlm, munge)
	@$(BIN)/python -m tests.support.slurm.lab --check
	$(BIN)/pytest -q tests/slurm

conformance: $(STAMP) ## run the official conformance suites (needs npm)
	$(BIN)/python -m tests.support.node && $(BIN)/pytest -q tests/conformance

torture: $(STAMP) ## kill conductor, keeper and guard at every point of their work: make torture SEED=1 ROUNDS=30
	$(BIN)/python -m tests.torture --seed $(SEED) --rounds $(ROUNDS)

torture-cluster: $(STAMP) ## do the same on a real Slurm cluster, and to it, as root: make torture-cluster SEED=1 ROUNDS=30
	$(BIN)/python -m tests.torture.cluster --seed $(SEED) --rounds $(ROUNDS)

fuzz: $(STAMP) ## let hostile peers and hostile texts loose on a conductor, and try new examples of the properties: make fuzz SEED=1 INPUTS=100000
	$(BIN)/python -m tests.fuzz --seed $(SEED) --inputs $(INPUTS)
	$(BIN)/python -m tests.fuzz.soak --seed $(SEED)
	$(BIN)/pytest -q -n auto -m hypothesis --hypothesis-profile=campaign --hypothesis-seed=$(SEED) --timeout 3600 tests/property tests/unit

guards: $(STAMP) ## take out each guard against an attack, in a copy, and see its test turn red: make guards WORDS="keeper"
	$(BIN)/python -m tests.guards $(WORDS)

eval: $(STAMP) ## play ten stories of an agent, count calls and tokens, write the table; EVAL_COMMAND="..." lets a real agent play
	$(BIN)/python -m tests.evals

bench: $(STAMP) ## measure, as ratios taken in one run; the table is also written to bench.json
	$(BIN)/python -m tests.bench --output bench.json

lint: $(STAMP) ## check style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP) ## check types, of the tests too
	$(BIN)/mypy

golden: $(STAMP) ## rewrite the golden files, the references of the documentation and the outputs in it, and the tool table of the README
	PODIUM_UPDATE_GOLDEN=1 $(BIN)/pytest -q tests/unit tests/e2e/test_agent_history.py tests/e2e/test_readme.py tests/e2e/test_docs.py

wheel: $(STAMP) ## build the wheel and the source distribution into dist/
	$(BIN)/python -m build --no-isolation

release-notes: $(STAMP) ## print what the changelog says of a version: make release-notes VERSION=1.2.3
	@$(BIN)/python .ci/release_notes.py $(VERSION)

recordings: $(STAMP) ## make the pictures of the README from a real run and a real session
	$(BIN)/python -m tests.recordings

docs: $(DOCS_STAMP) ## build the documentation into build/site; any warning ends it
	NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/mkdocs build --strict --quiet --clean

constraints: ## renew constraints.txt with the newest versions: make constraints PYTHON=python3.11, the oldest that we support
	rm -rf $(FRESH)
	$(PYTHON) -m venv $(FRESH)
	$(FRESH)/bin/python -m pip install $(PIP_OPTIONS) --upgrade "pip>=25.3"
	$(FRESH)/bin/python -m pip install $(PIP_OPTIONS) --editable . --group dev --group docs
	@echo '# Exact versions of everything that `make test` and `make docs` install. Written by `make constraints`; do not edit by hand.' >$(FRESH)/new
	$(FRESH)/bin/python -m pip freeze --all --exclude-editable --exclude setuptools >>$(FRESH)/new
	mv $(FRESH)/new constraints.txt
	rm -rf $(FRESH)

clean: ## remove .venv and everything that was built
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage

$(STAMP): pyproject.toml constraints.txt hatch_build.py
	@test -n "$(PYTHON)" || { echo "Podium needs Python 3.11 or newer: make PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install $(PIP_OPTIONS) --constraint constraints.txt --upgrade pip
	$(BIN)/python -m pip install $(PIP_OPTIONS) --constraint constraints.txt --build-constraint constraints.txt --editable . --group dev
	@touch $@

# The site needs nothing of Podium itself, so it has an environment of its own, which is small.
$(DOCS_STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "The documentation needs Python 3.11 or newer: make docs PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv $(DOCS)
	$(DOCS)/bin/python -m pip install $(PIP_OPTIONS) --constraint constraints.txt --upgrade pip
	$(DOCS)/bin/python -m pip install $(PIP_OPTIONS) --constraint constraints.txt --group docs
	@touch $@
