# Everything from a fresh clone: only Python (3.11 or newer) and make are assumed. `make help` lists the targets.
# Paths are relative, so a checkout in a folder with spaces works.

setup := sh scripts/python.sh -m scripts.setup
python := .venv/bin/python
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help setup run dev test soak check bench up down logs cluster format lock openapi clean

help: ## list the targets
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:[^#]*##/ :/' | awk -F' : ' '{ printf "  make %-9s %s\n", $$1, $$2 }'

setup: ## install and build what `make run` needs, and stop there
	@$(setup) run

run: ## serve console and API on http://127.0.0.1:8000 (HOST and PORT set the address)
	@$(setup) run
	@exec .venv/bin/sentinel serve

dev: ## serve the same address with reload: the backend restarts, the console is `next dev`
	@$(setup) dev
	@exec $(python) -m scripts.dev

test: ## run all tests: console, unit, wire, integration, acceptance, cluster, browser, docs (ARGS go to pytest)
	@$(setup) test
	@$(python) -m scripts.tests $(ARGS)

soak: ## run the chaos test for as long as you like (MINUTES=10 RUNS=200 SEED=1 STAGE=one|cluster)
	@$(setup) cluster
	@$(python) -m tests.cluster $(if $(SEED),--seed $(SEED)) $(if $(MINUTES),--minutes $(MINUTES)) $(if $(RUNS),--runs $(RUNS)) $(if $(STAGE),--stage $(STAGE))

cluster: ## run PostgreSQL, Redis, 2 servers behind a proxy and 2 workers as processes (SERVERS=, WORKERS=, PORT=)
	@$(setup) cluster
	@exec $(python) -m scripts.cluster $(if $(SERVERS),--servers $(SERVERS)) $(if $(WORKERS),--workers $(WORKERS))

check: ## check formatting, lint, types, import layers, migrations, locks, generated files
	@$(setup) check
	@$(python) -m scripts.check

bench: ## run the programs in benchmarks/ (BENCH=breaker runs one, ARGS=--quick measures only briefly)
	@$(setup) bench
	@$(python) -m scripts.bench $(BENCH) $(ARGS)

up: ## run everything in containers: PostgreSQL, Redis, two API servers behind a proxy, two workers (docker compose)
	@sh scripts/compose.sh up --build --detach --wait $(ARGS)
	@echo "Sentinel is at http://127.0.0.1:$${PORT:-8000}; 'make logs' shows its logs, 'make down' stops it"

down: ## stop and remove those containers; the database stays (ARGS=--volumes removes it as well)
	@sh scripts/compose.sh down $(ARGS)

logs: ## follow the logs of those containers
	@sh scripts/compose.sh logs --follow --tail 100 $(ARGS)

format: ## format all sources
	@$(setup) check
	@$(python) -m scripts.format

lock: ## resolve the Python locks again (UPGRADE=1 takes newer versions)
	@$(setup) lock
	@$(python) -m scripts.lock $(if $(UPGRADE),--upgrade)

openapi: ## write frontend/openapi.json and the console's types from the application
	@$(setup) check
	@$(python) -m scripts.openapi

clean: ## remove everything that set-up made (data/ stays)
	rm -rf .venv .cache frontend/node_modules frontend/.next frontend/out tests/clients/node/node_modules tests/third_party/node_modules
