# Everything here works in a fresh clone: what needs the environment makes it first.
# Override with: make PYTHON=python3.12 test

SHELL := bash
.SHELLFLAGS := -o pipefail -c
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
RUN := PYTHONWARNINGS=ignore::DeprecationWarning
# Of pip's lines: what is over 50 MB, and that it unpacks, so that nobody waits without a sign.
SHOWN := (Downloading|Using cached) [^ ]+ \(([5-9][0-9]|[0-9]{3,})\.[0-9] MB\)|Installing collected packages
# Tests run in two processes; more than one thread in each would only make them wait for each other.
ONE_THREAD := OMP_NUM_THREADS=1 MKL_NUM_THREADS=1
CHECKED := sticc_lib tests benchmarks $(wildcard notebooks/*.ipynb)

.PHONY: help report test test-long bench lint lab picture clean
.DEFAULT_GOAL := help

help: ## What can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | column -t -s '|' 2>/dev/null \
		|| grep '##' Makefile

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or later is needed; try: make PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing into .venv: 2 to 10 minutes the first time (torch is large), seconds later."
	@$(BIN)/python -m pip install --progress-bar off -e '.[dev]' \
		| { grep --line-buffered -oE '$(SHOWN)' || true; }
	@touch $@

report: $(STAMP) ## Run all notebooks and write reports/quick (5 to 10 minutes on two cores)
	@$(RUN) $(BIN)/sticc report --preset quick

test: lint ## Style, types, layers, then the quick tests with coverage (6 to 12 minutes on two cores)
	@$(ONE_THREAD) $(BIN)/python -m pytest -m 'not long' -n 2 --cov --cov-report=

test-long: $(STAMP) ## The tests that take over ten seconds each
	@$(ONE_THREAD) $(BIN)/python -m pytest -m long

bench: $(STAMP) ## What things cost on this machine (11 to 25 minutes), into benchmarks/results
	@$(BIN)/python benchmarks/run.py

lint: $(STAMP) ## Ruff, pyright and the order of the layers
	@$(BIN)/ruff check --quiet $(CHECKED)
	@$(BIN)/ruff format --quiet --check $(CHECKED)
	@$(BIN)/pyright --project pyproject.toml --warnings
	@$(BIN)/lint-imports

lab: $(STAMP) ## JupyterLab on this machine only, at the first notebook
	@$(BIN)/sticc lab

picture: ## Take the figures of the README from the last quick report
	@mkdir -p data/readme
	@cp reports/quick/figures/06_ranked_gallery.png data/readme/ranked_gallery.png
	@cp reports/quick/figures/04_shares.png data/readme/attention_shares.png
	@cp reports/quick/count/annotated.gif data/readme/counting.gif

clean: ## Remove caches and build files; keeps .venv, data and reports
	@rm -rf build .pytest_cache .ruff_cache .hypothesis .import_linter_cache .coverage .coverage.*
	@find . -path ./.venv -prune -o \( -name __pycache__ -o -name .ipynb_checkpoints \) -type d \
		-print0 | xargs -0 rm -rf
