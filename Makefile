# What a newcomer types. Everything lands in .venv and node_modules; nothing else on the machine is touched.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

.PHONY: demo setup test check bench lock clean

demo: $(VENV)/.run  ## the whole story, then the site
	$(RUN) scripts/demo.py

setup: $(VENV)/.test  ## the environment with what tests need
	$(RUN) scripts/tools.py

test: setup  ## every test
	$(RUN) -m pytest

check: setup  ## what keeps the house
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	PYTHONPATH=backend:qr $(VENV)/bin/lint-imports
	$(RUN) scripts/compile_contracts.py --check
	$(RUN) scripts/build_verifier.py --check

bench: setup  ## the figures, with machine and command
	$(RUN) scripts/bench.py

lock:  ## write the lock files anew
	$(VENV)/bin/pip install -q pip-tools
	$(VENV)/bin/pip-compile -q --generate-hashes --strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-header --allow-unsafe --output-file locks/run.txt pyproject.toml locks/build.in
	$(VENV)/bin/pip-compile -q --generate-hashes --strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-header --allow-unsafe --extra test --output-file locks/test.txt pyproject.toml locks/build.in

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: locks/run.txt pyproject.toml | $(VENV)/bin/python
	$(VENV)/bin/pip install -q --disable-pip-version-check --require-hashes -r locks/run.txt
	$(VENV)/bin/pip install -q --disable-pip-version-check --no-build-isolation --no-deps -e .
	touch $@

$(VENV)/.test: locks/test.txt pyproject.toml | $(VENV)/bin/python
	$(VENV)/bin/pip install -q --disable-pip-version-check --require-hashes -r locks/test.txt
	$(VENV)/bin/pip install -q --disable-pip-version-check --no-build-isolation --no-deps -e .
	touch $@ $(VENV)/.run

clean:  ## the environment and caches; never the data
	rm -rf $(VENV) node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis
