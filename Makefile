# Orderlife's commands. Each makes the virtual environment itself, from a plain python3 of 3.11 or newer.
PYTHON ?= python3
BIN := .venv/bin
# What running needs, and what testing needs beside it.
READY := .venv/.ready
TOOLS := .venv/.tools
ORDERS ?= 200
FAULTS ?= 20
SEED ?= 1
# Says nothing unless something is wrong.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes
# Linting loads the settings, which want these set; it connects to nothing.
LINT_SETTINGS := SECRET_KEY=lint DATABASE_URL=postgresql://lint@127.0.0.1:1/lint

# An environment whose Python is gone (the system's was upgraded) is made anew as well.
ifeq ($(shell $(BIN)/python -c '' 2>/dev/null && echo works),)
.PHONY: $(READY)
endif

.DEFAULT_GOAL := help
.PHONY: up demo test test-stripe test-faults walk soak lint bench screenshots reset lock help

up: $(READY)  ## start everything on this machine, place a first order, serve until Ctrl-C
	@exec $(BIN)/python -m stack up

demo: $(READY)  ## the same, but end after three orders; exit 0 only if each ended as it should
	@exec $(BIN)/python -m stack demo

test: $(TOOLS)  ## run the tests, within ten minutes; ARGS="-k name" for some of them
	@exec $(BIN)/python -m pytest --bound 2700 $(ARGS)

test-stripe: $(TOOLS)  ## run the tests of payments at Stripe itself, with a test key in STRIPE_TEST_API_KEY
	@exec $(BIN)/python -m tests.stripe_itself $(ARGS)

test-faults: $(TOOLS)  ## run the sweeps and repetitions that take longer: faults, races, broken safeguards
	@RACES=$${RACES:-200} exec $(BIN)/python -m pytest -m "slow or repeated" --timeout 600 --bound 2400 $(ARGS)

walk: $(TOOLS)  ## try every hostile value in every parameter and form field, which takes about an hour
	@exec $(BIN)/python -m pytest -m walk --timeout 900 --bound 7200 $(ARGS)

soak: $(TOOLS)  ## run ORDERS= orders with commands and FAULTS= faults at random from SEED=, then check that all is true
	@exec $(BIN)/python -m tests.faults.soak --orders $(ORDERS) --faults $(FAULTS) --seed $(SEED) $(ARGS)

lint: $(TOOLS)  ## check style, types, the import contracts and that no migration is missing
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(LINT_SETTINGS) $(BIN)/python -m mypy .
	$(BIN)/python $(BIN)/lint-imports
	$(LINT_SETTINGS) $(BIN)/python -W ignore manage.py makemigrations --check --dry-run

bench: $(TOOLS)  ## measure throughput and cost per order
	@exec $(BIN)/python -m bench $(ARGS)

screenshots: $(TOOLS)  ## picture every state of the pages, light, dark and narrow, in .data/screenshots/
	@exec $(BIN)/python -m tests.screenshots $(ARGS)

reset: $(READY)  ## remove .data/: the database, Temporal's state, the logs and the secrets
	@exec $(BIN)/python -m stack reset

lock: $(TOOLS)  ## write the requirements files anew from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --quiet --output-file requirements.txt
	$(BIN)/uv pip compile pyproject.toml --group embedded --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --quiet --output-file requirements-embedded.txt
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --quiet --output-file requirements-dev.txt

help:  ## list these commands
	@sed -n 's/^\([a-z-]*\):.*  ## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

# The stamp is written last: an environment whose making was interrupted is made anew. One that was complete is only
# brought up to date, because something may be running from it; and one that is a link belongs to another checkout.
$(READY): requirements-embedded.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Orderlife needs Python 3.11 or newer as $(PYTHON); set PYTHON=/path/to/python3 to use another." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "$(PYTHON) lacks venv or ensurepip: install them (Debian, Ubuntu: apt-get install python3-venv)." >&2; exit 1; }
	@test ! -L .venv || { echo ".venv is a link: remove it, so that an environment can be made here." >&2; exit 1; }
	@echo "Making .venv with $$($(PYTHON) --version)."
	@if [ -e $(READY) ] && $(BIN)/python -c '' 2>/dev/null; then rm $(READY); else $(PYTHON) -m venv --clear .venv; fi
	@echo "Installing the $$(grep -c '^[a-z]' $<) packages that Orderlife runs with; the first time this takes a minute."
	@$(INSTALL) --requirement $<
	@touch $@

$(TOOLS): requirements-dev.txt $(READY)
	@rm -f $@
	@echo "Installing the tools for tests, up to $$(grep -c '^[a-z]' $<) packages in all."
	@$(INSTALL) --requirement $<
	@touch $@
