# Everything a person or a machine does with the project. `make run` and `make test` work on a fresh clone.
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PEERS := build/bench-venv
PEERS_STAMP := $(PEERS)/.installed
PYTHON ?= python3

.PHONY: run check test test-all bench docs format clean

$(STAMP): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

run: $(STAMP)  ## serve a QHY600 Pro under a real sky to any Alpaca client
	$(BIN)/fullwell serve twin:qhy600-pro

check: $(STAMP)  ## style, types, imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check  ## check, then the tests that every commit passes
	$(BIN)/pytest -n 2 --dist loadfile

test-all: check  ## and the slow proofs
	$(BIN)/pytest -n 2 --dist loadfile -m ''

bench: $(STAMP) $(PEERS_STAMP)  ## speed and memory beside the peers, in one run
	$(BIN)/python -m bench

$(PEERS_STAMP): bench/requirements.txt
	test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --requirement bench/requirements.txt
	touch $@

docs: $(STAMP)  ## the reference pages and pictures, made by the program
	$(BIN)/python docs/build.py

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) build dist captures
