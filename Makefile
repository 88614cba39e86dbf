PYTHON := .venv/bin/python
PYTEST := $(PYTHON) -m tests.again
NODE := scripts/with-node
LOCKS := pyproject.toml uv.lock
NODE_MODULES := frontend/node_modules/.package-lock.json
SOURCES := manage.py core realtime tests

# The tests start hundreds of processes, and each would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test check bench faults faults-mutants setup assets looks translations format clean \
	test-python test-faults test-versions test-postgres test-frontend

help: ## Show what there is to do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-15s %s\n", $$1, $$2 }' Makefile

run: .venv/.ready-service ## Start the service with everything it needs
	@exec $(PYTHON) manage.py up

test: .venv/.ready-test $(NODE_MODULES) ## Run every test: Python, browser, TypeScript
	@scripts/browser
	@MAKE="$(MAKE)" scripts/test

check: .venv/.ready-check $(NODE_MODULES) ## Check formatting, lint, types, translations, assets
	@scripts/check

bench: .venv/.ready-test ## Run the benchmarks
	@$(PYTHON) -m tests.bench

faults: .venv/.ready-test $(NODE_MODULES) ## Break everything on purpose, long; print what became of it
	@$(PYTHON) -m tests.faults.lanes

faults-mutants: .venv/.ready-test ## Take out each mechanism that keeps a promise, and see a test fail
	$(PYTHON) -m tests.faults.mutants

setup: .venv/.ready-test .venv/.ready-check $(NODE_MODULES) ## Install everything that test and check need
	@scripts/browser

# The browser tests take axe-core from node_modules.
test-python: .venv/.ready-test $(NODE_MODULES) ## Run the Python and browser tests on SQLite
	@scripts/browser
	$(PYTEST) --durations 25 --ignore tests/faults --ignore tests/test_versions.py

test-faults: .venv/.ready-test $(NODE_MODULES) ## Break the essential things on purpose
	$(PYTEST) -o cache_dir=.pytest_cache/faults tests/faults

test-versions: .venv/.ready-test ## Run the fast tests with the oldest and the newest versions
	$(PYTEST) -o cache_dir=.pytest_cache/versions tests/test_versions.py

# The tests that are left out choose their own database, or break what no database knows of.
# --reuse-db: it goes with its server, dropping it would first wait for every thread that has a
# connection. The service's jobs have run with Redis in `test-python`, so here RabbitMQ has them.
ON_POSTGRES := $(PYTEST) --reuse-db -o cache_dir=.pytest_cache/postgres

test-postgres: .venv/.ready-test ## Run the tests that use a database on PostgreSQL, jobs with RabbitMQ
	$(PYTHON) -m tests.services postgres -- $(ON_POSTGRES) -m "not browser and not jobs" \
		--ignore tests/docker --ignore tests/test_versions.py \
		--ignore tests/core/test_up.py --ignore tests/core/test_supervisor.py \
		--ignore-glob '*/faults/test_[!b]*' --ignore tests/realtime/test_broker.py
	$(PYTHON) -m tests.services postgres rabbit -- $(ON_POSTGRES) -m jobs tests/core

test-frontend: .venv/.ready-test $(NODE_MODULES) ## Run the TypeScript tests
	cd frontend && ../$(NODE) npm test

assets: .venv/.ready-test $(NODE_MODULES) ## Build the browser files into realtime/static
	cd frontend && ../$(NODE) npm run build

looks: .venv/.ready-test $(NODE_MODULES) ## Accept how the gallery looks now; look at var/gallery first
	@scripts/browser
	ACCEPT_LOOKS=1 $(PYTHON) -m pytest tests/browser/test_gallery.py -k looks

translations: .venv/.ready-test ## Bring the catalogues up to what the sources mark; compile them
	@$(PYTHON) -m tests.catalogues

format: .venv/.ready-check $(NODE_MODULES) ## Format all code
	$(PYTHON) -m ruff check --fix $(SOURCES)
	$(PYTHON) -m ruff format $(SOURCES)
	cd frontend && ../$(NODE) npm run format

clean: ## Remove what make has made; the data in var/ stays
	rm -rf .venv var/tools frontend/node_modules .mypy_cache .pytest_cache .ruff_cache dist build

.venv/.ready-service: $(LOCKS)
	@scripts/setup

.venv/.ready-test: $(LOCKS)
	@scripts/setup test

.venv/.ready-check: $(LOCKS)
	@scripts/setup test check

$(NODE_MODULES): frontend/package-lock.json .venv/.ready-test
	cd frontend && ../$(NODE) npm ci --no-audit --no-fund
	@touch $@
