# One door to everything. Needs python3 (3.11 or newer) with venv, and make; pip does the rest.
# `make` alone lists the targets.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
SEED   ?= 1
PLAYBOOK ?= crash.yaml

# Two stamps, so that `make play` fetches only what a run needs. An edit of pyproject.toml renews them.
RUNTIME := $(VENV)/.runtime-stamp
DEV     := $(VENV)/.dev-stamp

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:

.PHONY: help
help: ## show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-22s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "mdsim needs Python 3.11 or newer; $(PYTHON) is `$(PYTHON) -V`. Try: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' || \
		{ echo "$(PYTHON) lacks venv; on Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(RUNTIME): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(DEV): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(RUNTIME)

.PHONY: play
play: $(RUNTIME) ## play a shipped crisis on recorded prices (PLAYBOOK=depeg.yaml SEED=7)
	$(BIN)/mdsim play $(PLAYBOOK) --seed $(SEED)

.PHONY: serve run-dev
serve: $(RUNTIME) ## serve a live market: HTTP and WebSocket on 8082, gRPC on 50053
	$(BIN)/mdsim serve
run-dev: serve ## the same

.PHONY: demo-live
demo-live: $(RUNTIME) ## read five provider doubles that fail one after another (90 s, no network)
	$(BIN)/python -m mdsim.testkit.demo

.PHONY: test
test: $(DEV) ## run every test
	$(BIN)/python -m pytest $(PYTEST_ARGS)

.PHONY: test-scenarios
test-scenarios: $(DEV) ## run the scenarios against a real server: price shock, depeg, crash, the README's lines
	$(BIN)/python -m pytest tests/scenarios $(PYTEST_ARGS)

.PHONY: lint
lint: $(DEV) ## style, format, types, playbooks, freshness of generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mdsim lint playbooks/*.yaml playbooks/*/*.yaml
	$(BIN)/mdsim schema --check schemas/playbook.schema.json
	$(BIN)/mdsim config schema --check schemas/config.schema.json
	$(BIN)/mdsim config check config/config.example.yaml
	$(BIN)/python -m docs.generate --check
	$(BIN)/python tools/crisis_page.py --check
	$(BIN)/python tools/consensus_page.py --check
	$(BIN)/python tools/generate_proto.py --check

.PHONY: format
format: $(DEV) ## rewrite the sources in the house format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: bench
bench: $(DEV) ## measure how fast it runs here (10 min); tables, and JSON in benchmarks/results
	$(BIN)/python -m benchmarks.rooms
	$(BIN)/python -m benchmarks.virtual_time
	$(BIN)/python -m benchmarks.consensus
	$(BIN)/python -m benchmarks.adapters
	$(BIN)/python -m benchmarks.ingest
	$(BIN)/python -m benchmarks.ingest_latency
	$(BIN)/python -m benchmarks.venues
	$(BIN)/python -m benchmarks.latency
	$(BIN)/python -m benchmarks.fan_out
	$(BIN)/python -m benchmarks.grpc_streams
	$(BIN)/python -m benchmarks.rest
	$(BIN)/python -m benchmarks.memory
	$(BIN)/python -m benchmarks.hostile
	$(BIN)/python -m benchmarks.crash_under_load

.PHONY: soak
soak: $(DEV) ## serve twenty minutes of coming and going: memory and descriptors must stay flat
	$(BIN)/python -m benchmarks.soak

.PHONY: load-test-publishing
load-test-publishing: $(DEV) ## stream to 1,000 WebSocket readers at 10 Hz, beside other ways to send
	$(BIN)/python -m benchmarks.fan_out --readers 1000 --name load_test

.PHONY: calibrate
calibrate: $(DEV) ## measure the market against the recordings of ../shared, where present
	$(BIN)/python tools/calibrate.py --write docs/market-model.md

.PHONY: schemas
schemas: $(DEV) ## write the generated JSON schemas again
	$(BIN)/mdsim schema --write schemas/playbook.schema.json
	$(BIN)/mdsim config schema --write schemas/config.schema.json

.PHONY: generate-proto
generate-proto: $(DEV) ## write the Python messages of proto/ again
	$(BIN)/python tools/generate_proto.py

.PHONY: docs
docs: $(DEV) ## write the generated part of the documentation again
	$(BIN)/python -m docs.generate
	$(BIN)/python tools/crisis_page.py
	$(BIN)/python tools/consensus_page.py

.PHONY: wheel
wheel: $(DEV) ## build the wheel into dist/
	$(BIN)/python -m hatchling build --target wheel

.PHONY: clean
clean: ## remove the virtual environment, caches and builds
	rm -rf $(VENV) dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
