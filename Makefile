# Everything on a fresh machine: `make demo` or `make test`. Both set up what they need first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BENCH_VENV := .venv-bench
# Most of the time a test waits. Each of the two has a Kafka of its own, unless there is but one.
SIDE_BY_SIDE := $(if $(KAFKA_BOOTSTRAP_SERVERS),,--numprocesses 2 --dist loadfile)

.PHONY: help demo dev test chaos check contract format bench clean

help: ## Show what there is to make
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  \1\t/' | expand -t 12

demo: $(VENV)/.ready ## Enrich invented people from nothing, show the results, stop
	$(BIN)/enrich-stream demo

dev: $(VENV)/.ready ## Run everything on this machine with the example records, until Ctrl-C
	ENRICH_DIRECTORY_FILE=$${ENRICH_DIRECTORY_FILE:-examples/people.jsonl} $(BIN)/enrich-stream dev

test: check ## Run all checks and all tests, also those on a real Kafka
	$(BIN)/pytest $(SIDE_BY_SIDE)

chaos: $(VENV)/.ready ## Break it for half an hour: each fault alone, then all of them, five seeds
	$(BIN)/pytest -m slow
	$(BIN)/enrich-stream chaos --rounds 5

check: $(VENV)/.ready ## Format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(VENV)/.ready ## Mend format and lint
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

contract: $(VENV)/.ready ## Ask a front door all that its OpenAPI document allows, and not: 2,000 cases
	CONTRACT_EXAMPLES=700 $(BIN)/pytest tests/contract

bench: $(BENCH_VENV)/.ready ## Measure beside the limit and the peers; needs redis-server
	$(BENCH_VENV)/bin/python -m bench

clean: ## Remove the virtual environment and the data of `dev`
	rm -rf $(VENV) $(BENCH_VENV) .enrich-stream

$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

$(BENCH_VENV)/.ready: pyproject.toml constraints.txt bench/peers/requirements.txt
	$(PYTHON) -m venv $(BENCH_VENV)
	$(BENCH_VENV)/bin/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	$(BENCH_VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --requirement bench/peers/requirements.txt
	touch $@
