# One word per task. `make lab` and `make test` set up all they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NOTEBOOK := notebooks/quickstart.ipynb

.PHONY: help lab demo test check lint types imports soak bench screenshots wheel clean

help:
	@echo "make lab          open the quickstart in JupyterLab"
	@echo "make demo         run the quickstart without a browser and print what happens"
	@echo "make test         run the tests (those that need Chromium are skipped without it)"
	@echo "make check        lint, types and import contracts"
	@echo "make bench        measure, beside bare discord.py"
	@echo "make soak         the long runs at full count"
	@echo "make screenshots  take the pictures of the README again"

$(VENV)/.notebook: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "viewkit needs Python 3.11 or newer; name one: make PYTHON=python3.12 lab"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[notebook]"
	@touch $@

$(VENV)/.dev: pyproject.toml $(VENV)/.notebook
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	@touch $@

# Jupyter refuses to run as root, which is who one is in a container.
lab: $(VENV)/.notebook
	$(BIN)/python -m jupyterlab $(if $(filter 0,$(shell id -u)),--allow-root) $(NOTEBOOK)

demo: $(VENV)/.notebook
	$(BIN)/python notebooks/run.py $(NOTEBOOK)

test: $(VENV)/.dev
	$(BIN)/python -m pytest

check: lint types imports

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

imports: $(VENV)/.dev
	$(BIN)/lint-imports

soak: $(VENV)/.dev
	KIT_SOAK=full $(BIN)/python -m pytest -m soak

bench: $(VENV)/.dev
	$(BIN)/python benchmarks/loop.py
	$(BIN)/python benchmarks/persistence.py
	$(BIN)/python benchmarks/simulator.py
	$(BIN)/python benchmarks/browser.py

screenshots: $(VENV)/.dev
	$(BIN)/python docs/screenshots.py

wheel: $(VENV)/.dev
	rm -rf dist
	$(BIN)/python -m build --wheel --outdir dist .

clean:
	rm -rf $(VENV) dist .kit .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
