# Everything that a developer or a new user types. `make help` lists it.
# A fresh machine needs Python 3.11 or newer with venv and pip; the SDK tests also need Node.js with npm, those of
# Kafka Java, Maven and OpenSSL.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VENV ?= .venv
# The first Python on the path that is new enough; empty when there is none.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$p && break; done)
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
CREATED := $(VENV)/.leadflow-created
RUNNABLE := $(VENV)/.leadflow-runnable
TESTABLE := $(VENV)/.leadflow-testable
NODE_TESTS := tests/e2e/node
KAFKA := tools/broker/libs
SCANNER := $(VENV)/scanner
PROMETHEUS := tools/prometheus/unpacked
# By file: its servers are started once. (Groups are not understood by xdist under this pytest.)
# In the order of the folders: by the number of tests, the longest files, of one test each, would come last.
# Three for two cores: tests with brokers and servers wait a part of their time.
PYTEST_ARGS ?= -n 3 --dist loadfile --no-loadscope-reorder
# Hundreds of processes are started, and the first one compiles for all.
test soak: export PYTHONDONTWRITEBYTECODE :=
ROUNDS ?= 300
SEEDS ?= 2000
DRILLS ?= 3

.PHONY: help run test soak demo kafka image bench check format schemas docs chart tiers manifests scan lock clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(RUNNABLE) ## set up and start the embedded pipeline (LEADFLOW_PORT, 8080 by default)
	@exec $(BIN)/leadflow up

test: $(TESTABLE) $(NODE_TESTS)/node_modules/.installed $(KAFKA)/.fetched $(PROMETHEUS)/.fetched ## set up and run all the tests
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

soak: $(TESTABLE) ## look long for what breaks: schedules (SEEDS=2000 a scenario), killed servers (ROUNDS=300), services on Kafka (DRILLS=3)
	@PYTHONPATH=tests $(BIN)/python -m simulator --seeds $(SEEDS)
	@PYTHONPATH=tests $(BIN)/python -m kill --rounds $(ROUNDS)
	@PYTHONPATH=tests $(BIN)/python -m fire --drills $(DRILLS)
	@PYTHONPATH=tests $(BIN)/python -m fire --arango --touchpoints 5000 --deeds 15
	@PYTHONPATH=tests $(BIN)/python -m fire --part outage
	@PYTHONPATH=tests $(BIN)/python -m fire --part crowding
	@PYTHONPATH=tests $(BIN)/python -m alerts

demo: $(RUNNABLE) ## send simulated traffic to a running pipeline
	@exec $(BIN)/leadflow simulate --url http://127.0.0.1:$${LEADFLOW_PORT:-8080}

kafka: $(TESTABLE) $(KAFKA)/.fetched ## run an Apache Kafka (needs Java, Maven) on port 9092 with its data in data/kafka
	@exec $(BIN)/python -m tools.broker --port 9092 --data data/kafka

image: $(TESTABLE) ## carry the Dockerfile's steps out in folders and try each target (root on Linux, debootstrap; minutes)
	@$(BIN)/python -m tools.image $(IMAGE_ARGS)

bench: $(TESTABLE) ## measure the speed as shares of this machine's ceiling (minutes); BENCH_ARGS=--quick for a look
	@$(BIN)/python -m bench $(BENCH_ARGS)

check: $(TESTABLE) ## lint, types, import rules, contracts, what is made from others, house rules; in CI also scan
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/leadflow schemas --check
	@$(BIN)/leadflow settings --check
	@$(BIN)/python -m tools.dashboards --check
	@$(BIN)/python -m tools.chart check
	@$(BIN)/leadflow size --check
	@$(BIN)/python tools/lock.py check
	@$(BIN)/python tools/manifests.py check
	@$(BIN)/python tools/house.py
	@if [ -n "$${CI:-}" ]; then $(MAKE) --no-print-directory scan; fi

format: $(TESTABLE) ## put the code into its one form
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

schemas: $(TESTABLE) ## regenerate schemas/ from the wire types
	@$(BIN)/leadflow schemas

docs: $(TESTABLE) ## regenerate the tables in docs/configuration.md and docs/operations.md, and the dashboards
	@$(BIN)/leadflow settings
	@$(BIN)/python -m tools.dashboards

chart: $(TESTABLE) ## regenerate the made files of helm/leadflow (schema and table of values, topics)
	@$(BIN)/python -m tools.chart write

tiers: $(TESTABLE) ## write the chart's tiers anew from the measured rates (docs/sizing.md)
	@$(BIN)/leadflow size --write

manifests: $(TESTABLE) ## render k8s/ from the Helm chart anew
	@$(BIN)/python tools/manifests.py write

scan: $(SCANNER)/.installed ## look for what is unsafe in k8s/ (checkov; exceptions and reasons: tools/checkov.yaml)
	@$(SCANNER)/bin/checkov --config-file tools/checkov.yaml && echo "the scanner found nothing"

lock: $(TESTABLE) ## resolve requirements/*.lock anew (needs uv and the network)
	@$(BIN)/python tools/lock.py write

clean: ## remove the virtual environment, caches and built files; data/ stays
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache $(NODE_TESTS)/node_modules $(KAFKA) $(PROMETHEUS)
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(CREATED):
	@if [ -z "$(PYTHON)" ]; then echo "Leadflow needs Python 3.11 or newer; set PYTHON=/path/to/python3" >&2; exit 2; fi
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is older than Python 3.11, which Leadflow needs; set PYTHON=/path/to/python3" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "$(PYTHON) cannot make virtual environments with pip: install its venv package (python3-venv on Debian, Ubuntu)" >&2; exit 2; }
	@echo "creating $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# The project itself is linked in without touching the network again: its build tool comes with the lock.
$(RUNNABLE): $(CREATED) requirements/run.lock pyproject.toml
	@echo "installing what running needs"
	@$(PIP) install --require-hashes -r requirements/run.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(TESTABLE): $(CREATED) requirements/dev.lock pyproject.toml
	@echo "installing what the tests need"
	@$(PIP) install --require-hashes -r requirements/dev.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(SCANNER)/.installed: $(CREATED) requirements/scan.lock
	@echo "installing the scanner of manifests"
	@$(BIN)/python -m venv $(SCANNER)
	@$(SCANNER)/bin/python -m pip --quiet --disable-pip-version-check install --require-hashes -r requirements/scan.lock
	@touch $@

# Without npm the tests of the Node SDK skip themselves, except in CI, where they must run.
$(NODE_TESTS)/node_modules/.installed: $(NODE_TESTS)/package.json $(NODE_TESTS)/package-lock.json
	@if command -v npm >/dev/null; then \
		echo "installing the Node SDK for its tests"; \
		(cd $(NODE_TESTS) && npm ci --ignore-scripts --silent --no-audit --no-fund) && touch $@ || \
			echo "npm could not install it; its tests will try once more"; \
	elif [ -n "$${CI:-}" ]; then echo "CI needs Node.js with npm for the SDK tests" >&2; exit 2; \
	else echo "no npm: the tests of the Node SDK will be skipped"; fi

# Without Java and Maven the tests of Kafka skip themselves, except in CI, where they must run.
$(KAFKA)/.fetched: tools/broker/pom.xml
	@if command -v java >/dev/null && command -v mvn >/dev/null && command -v openssl >/dev/null; then \
		echo "fetching Apache Kafka for its tests"; \
		$(BIN)/python -m tools.broker --fetch || echo "Maven could not fetch it; its tests will try once more"; \
	elif [ -n "$${CI:-}" ]; then echo "CI needs Java, Maven and OpenSSL for the tests of Kafka" >&2; exit 2; \
	else echo "no Java, Maven or OpenSSL: the tests of Kafka will be skipped"; fi

# Without Prometheus and without Debian's tools its tests skip themselves, except in CI, where they must run.
$(PROMETHEUS)/.fetched: tools/prometheus/programs.py
	@if command -v promtool >/dev/null || { command -v apt-get && command -v dpkg-deb; } >/dev/null; then \
		echo "fetching Prometheus for its tests"; \
		{ $(BIN)/python -m tools.prometheus --fetch && mkdir -p $(PROMETHEUS) && touch $@; } || \
			echo "Prometheus could not be fetched; its tests will try once more"; \
	elif [ -n "$${CI:-}" ]; then echo "CI needs Prometheus, or apt-get and dpkg-deb to fetch it" >&2; exit 2; \
	else echo "no Prometheus, no apt-get: its tests will be skipped"; fi
