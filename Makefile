# `make serve` and `make test` install what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv --quiet
ARGS ?=
SECONDS ?= 20
MINUTES ?= 5
PIP_AUDIT := $(BIN)/pip-audit --disable-pip --progress-spinner off
NODE_LOCKS := $(wildcard tests/*/package-lock.json examples/*/package-lock.json)

.PHONY: serve test test-all docs lint audit sbom benchmark benchmark-peers soak fuzz clean
.DELETE_ON_ERROR:

serve: $(VENV)/.serve
	@$(BIN)/mockserver $(ARGS)

test: $(VENV)/.dev
	@.ci/needs
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n auto -m "not nightly" $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

# Before an issue is closed, and nightly: every test at full length, and all checks.
test-all: lint
	$(MAKE) test ARGS='-m "" --hypothesis-profile=full'
	$(MAKE) audit sbom benchmark soak

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python .ci/import_chain.py
	$(BIN)/hadolint Dockerfile
	$(BIN)/codespell

# Regenerates what the pages of docs/ show of the code; a test fails when one is stale.
docs: $(VENV)/.dev
	@$(BIN)/python docs/generate.py

# The first measures this server only, in less than a minute; the second also its peers, and updates
# benchmarks/RESULTS.md.
benchmark: $(VENV)/.bench
	@.ci/needs wrk
	$(BIN)/python -m benchmarks --quick $(ARGS)

benchmark-peers: $(VENV)/.bench
	@.ci/needs wrk
	$(BIN)/python -m benchmarks $(ARGS)

soak: $(VENV)/.bench
	$(BIN)/python -m benchmarks.soak --minutes $(MINUTES) $(ARGS)

# SECONDS per target; TARGET=NAME runs one target.
fuzz: $(VENV)/.fuzz
	$(BIN)/python -m tests.fuzz $(or $(TARGET),all) --seconds $(SECONDS)

# Known vulnerabilities of what is locked. Every registry with advisories has some on Django 2.0.
audit: $(VENV)/.dev
	@$(UV) export --locked --all-groups --no-emit-project --output-file $(VENV)/requirements.txt
	@if echo django==2.0 | $(PIP_AUDIT) --no-deps -r /dev/stdin 2>&1 | grep -q "^Found"; then \
	  $(PIP_AUDIT) -r $(VENV)/requirements.txt; \
	else echo "pip-audit: not checked: no advisory data"; fi
	@for lock in $(NODE_LOCKS); do \
	  if report=$$(npm audit --prefix $$(dirname $$lock) --package-lock-only --fetch-retries=1 2>&1); \
	  then echo "$$lock: $$report"; \
	  elif echo "$$report" | grep -q "audit endpoint returned an error"; \
	  then echo "$$lock: not checked: no advisory data"; \
	  else echo "$$lock: $$report"; exit 1; fi; \
	done

# The bill of materials of an installed server, from an environment that has nothing else.
sbom: $(VENV)/.dev
	@UV_PROJECT_ENVIRONMENT=$(VENV)/server $(UV) sync --locked --no-default-groups --no-install-project
	@mkdir -p dist
	$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --output-file dist/sbom.cdx.json $(VENV)/server

clean:
	rm -rf $(VENV) benchmarks/.peers tests/clients/node_modules examples/*/node_modules

# Debian and Ubuntu have venv in a package of its own. Where it is missing, uv makes the environment.
$(VENV)/.uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 …")'
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 \
	|| uv --quiet venv --clear --seed --python $(PYTHON) $(VENV) 2>/dev/null \
	|| { rm -rf $(VENV); echo "$(PYTHON) can't make virtual environments: install uv, or on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	$(BIN)/pip --quiet install "uv>=0.9"
	@touch $@

# Installs the locked versions; --inexact keeps uv itself.
$(VENV)/.serve: $(VENV)/.uv pyproject.toml uv.lock
	$(UV) sync --locked --inexact --no-default-groups
	@touch $@

$(VENV)/.dev: $(VENV)/.uv pyproject.toml uv.lock
	$(UV) sync --locked --inexact --group dev
	@touch $@ $(VENV)/.serve

$(VENV)/.bench: $(VENV)/.uv pyproject.toml uv.lock
	$(UV) sync --locked --inexact --no-default-groups --group bench
	@touch $@

$(VENV)/.fuzz: $(VENV)/.dev
	$(UV) sync --locked --inexact --group dev --group fuzz
	@touch $@
