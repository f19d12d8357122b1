# Renkei: the commands of README.md. Settings: PORT=8000  RENKEI_DATA=data  PYTHON=python3.11  VENV=.venv
VENV ?= .venv
export VENV
PY := $(VENV)/bin/python
RENKEI := $(PY) -m renkei.config.cli
SCALE ?= 1
S ?=

.PHONY: help demo demo-reset test check story bench docs setup setup-dev

help:
	@echo "make demo        try it: environment, database, fictional region, web and jobs; Ctrl-C ends it"
	@echo "make demo-reset  the same with everything entered deleted first"
	@echo "make test        all tests, browser stories included"
	@echo "make check       all static checks"
	@echo "make story S=S03 the browser stories of one row"
	@echo "make bench       benchmarks; each line ends in a ratio"
	@echo "make docs        write docs/generated anew from the code"

setup:
	@sh tools/setup.sh demo

setup-dev:
	@sh tools/setup.sh dev

demo: setup
	@exec $(RENKEI) demo --scale $(SCALE)

demo-reset: setup
	@exec $(RENKEI) demo --scale $(SCALE) --reset

test: setup-dev
	@sh tools/browser.sh
	@bash tools/test.sh

check: setup-dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/lint-imports
	$(PY) -m mypy
	$(VENV)/bin/djlint src --lint --quiet
	$(RENKEI) manage makemigrations --check --dry-run

story: setup-dev
	@test -n "$(S)" || { echo "Name the row, for instance: make story S=S03" >&2; exit 2; }
	@sh tools/browser.sh
	$(PY) -m pytest -q stories/test_$(shell echo "$(S)" | tr 'A-Z' 'a-z')_*.py

bench: setup-dev .venv-bench
	@set -e; for file in bench/bench_*.py; do $(PY) "$$file"; done

docs: setup-dev
	$(RENKEI) manage generate_docs

.venv-bench: requirements-bench.txt
	$(PY) -m venv $@
	$@/bin/pip install --quiet --require-hashes -r $<
	@touch $@
