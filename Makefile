# Two commands do everything: `make run` and `make test`. Both work on a fresh machine with Python 3.11 or newer.
PYTHON ?= python3
WORKERS ?= 3
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: run test check web bench faults fuzz histories lock clean

run: $(VENV)/.run                      ## start everything on embedded defaults, with the demonstration hospital
	@$(BIN)/bedside serve --demo

test: $(VENV)/.test                    ## install what the tests need and run them
	@sh tests/system-packages.sh
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(TESTS)

check: $(VENV)/.test                   ## style, types, architecture, and that the built pages are the sources' own
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	sh web/check.sh

web:                                   ## build the pages (needs Node 20.19 or newer)
	cd web && npm ci --no-audit --no-fund --silent && npm run build

bench: $(VENV)/.test                   ## every promised figure, measured
	@$(BIN)/python -m bench

faults: $(VENV)/.test                  ## the long run of the fault programme
	@FAULTS=long $(BIN)/python -m pytest tests/faults -m "faults or slow"

fuzz: $(VENV)/.fuzz                    ## the long run of the fuzzing: every codec, the wire, the TCP framings
	@$(BIN)/python -m tests.fuzz

histories: $(VENV)/.test               ## the long run of the linearisability check: bookings, calls, kills
	@LINEAR=long $(BIN)/python -m pytest tests/linear

lock:                                  ## pin versions and hashes anew (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
	  pyproject.toml requirements/build.in -o requirements/run.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
	  --extra test pyproject.toml requirements/build.in -c requirements/run.lock -o requirements/test.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
	  --extra fuzz pyproject.toml -c requirements/run.lock -o requirements/fuzz.lock

clean:                                 ## remove the environment and the caches; never the data
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Bedside needs Python 3.11 or newer; try: make run PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
	  || { echo "Python cannot make a virtual environment; on Debian: apt install python3-venv"; rm -rf $(VENV); exit 1; }

$(VENV)/.run: requirements/run.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing Bedside's packages into $(VENV) (once; about a minute) …"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.test: requirements/test.lock $(VENV)/.run
	@echo "Installing the tests' packages into $(VENV) …"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/test.lock
	@touch $@

$(VENV)/.fuzz: requirements/fuzz.lock $(VENV)/.test
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/fuzz.lock
	@touch $@
