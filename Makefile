# Two commands do all their own set-up:  make serve   make test
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv --quiet
ARGS ?=

.PHONY: serve test lint audit sbom benchmark clean
.DELETE_ON_ERROR:

serve: $(VENV)/.serve
	@$(BIN)/mockserver $(ARGS)

test: $(VENV)/.dev
	@.ci/needs
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n auto $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/hadolint Dockerfile

audit: $(VENV)/.dev
	@$(BIN)/python .ci/audit.py $(ARGS)

sbom: $(VENV)/.dev
	@$(BIN)/python .ci/sbom.py dist/sbom.cdx.json

benchmark: $(VENV)/.dev
	$(BIN)/python -m benchmarks.reset
	$(BIN)/python -m benchmarks.sandboxes
	$(BIN)/python -m benchmarks.journal
	$(BIN)/python -m benchmarks.dashboard
	$(BIN)/python -m benchmarks.startup

clean:
	rm -rf $(VENV) tests/clients/node_modules examples/*/node_modules

$(VENV)/.uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 …")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip --quiet install "uv>=0.9"
	@touch $@

# The locked versions; --inexact keeps uv itself in place.
$(VENV)/.serve: $(VENV)/.uv pyproject.toml uv.lock
	$(UV) sync --locked --inexact --no-default-groups
	@touch $@

$(VENV)/.dev: $(VENV)/.uv pyproject.toml uv.lock
	$(UV) sync --locked --inexact --group dev
	@touch $@ $(VENV)/.serve
