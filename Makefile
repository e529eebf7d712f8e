# "make help" lists what there is. A machine with Python 3.11 or later and make needs nothing else prepared.

PYTHON ?= python3
BIND ?= 127.0.0.1:8000

BIN := .venv/bin
STAMP := .venv/.installed

.DEFAULT_GOAL := help
.PHONY: help install run test lint format translations torture clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "make %-12s %s\n", $$1, $$2}'

install: $(STAMP) ## Make .venv with every package, pinned (again only when a list of packages changed)

$(STAMP): requirements.txt requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "nexnotify needs Python 3.11 or later; name one with: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || \
		{ rm -rf .venv; echo "Could not make .venv (on Debian and Ubuntu: apt-get install python3-venv)"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

run: export NEXNOTIFY_PUBLIC_URL ?= http://$(BIND)
run: install ## Make the demo store and serve it, web and worker in one; BIND=host:port; Ctrl-C ends all
	$(BIN)/nexnotify demo
	@exec $(BIN)/nexnotify serve --bind $(BIND)

test: install ## Run all tests but the long ones; ARGS="-k stop" passes options on
	$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

lint: install ## Check style, format, types and import directions
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: install ## Mend style and format where a tool can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

translations: install ## Bring the catalogues of the languages up to date with the sources, and compile them
	$(BIN)/python -m tools.translations

torture: install ## Run the long failure tests: kills, crashes, lost answers
	NEXNOTIFY_TORTURE=long $(BIN)/python -m pytest tests/torture $(ARGS)

ifneq ($(wildcard bench/__main__.py),)
.PHONY: bench
bench: install .venv-bench/.installed ## Measure, print a table, write bench/results.json; ARGS="name name" for some only
	$(BIN)/python -m bench $(ARGS)

# What we are measured against lives apart from the product; without it its figures say "not run".
.venv-bench/.installed: requirements-bench.txt
	@$(PYTHON) -m venv .venv-bench && \
		.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-bench.txt && \
		touch $@ || { rm -rf .venv-bench; echo "Could not make .venv-bench; going on without it."; }
endif

clean: ## Remove the virtual environments and every cache; instance/ (your data) stays
	rm -rf .venv .venv-bench build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
