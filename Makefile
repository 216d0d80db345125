# Every target says what it does while it does it. Start with `make demo`.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
NPM_STAMP := editor-client/node_modules/.installed
SAMPLES ?= samples

.PHONY: help setup sandbox browser editor-client demo editor test check format bench package clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(STAMP) sandbox ## virtual environment, pinned dependencies, sandbox

$(STAMP): pyproject.toml constraints.txt
	@echo "== Creating $(VENV) and installing the pinned dependencies (minutes on the first run)"
	@$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Python 3.11 or newer is needed (make PYTHON=...)"'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) \
		|| { echo "The venv module is missing: install python3-venv."; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

sandbox:
	@if command -v bwrap >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "== Installing bubblewrap, the sandbox of the test runner"; \
		apt-get update -qq && apt-get install -y -qq bubblewrap >/dev/null; \
	else \
		echo "== bubblewrap is missing: samples will run with resource limits only."; \
		echo "   For the full sandbox: sudo apt-get install bubblewrap"; \
	fi

browser:
	@if command -v chromium chromium-browser google-chrome >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "== Installing Chromium, which drives VS Code in the end-to-end test"; \
		apt-get update -qq && apt-get install -y -qq chromium >/dev/null; \
	else \
		echo "== Chromium is missing: the VS Code test will be skipped (sudo apt-get install chromium)"; \
	fi

editor-client: $(NPM_STAMP)

$(NPM_STAMP): editor-client/package.json editor-client/package-lock.json
	@if command -v npm >/dev/null; then \
		echo "== Installing what the VS Code extension is built with"; \
		cd editor-client && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && touch node_modules/.installed; \
	else \
		echo "== npm is missing: the VS Code extension is neither built nor tested (install Node.js 20 or newer)"; \
	fi

demo: setup ## a real failing program, explained through the language server
	@echo "== Generating code, running its tests, and asking the language server why it fails"
	@$(BIN)/tokenblame demo --out $(SAMPLES)

editor: setup editor-client ## open the demo sample in a real VS Code in the browser
	@test -d $(SAMPLES) || $(MAKE) --no-print-directory demo
	@echo "== Starting VS Code (code-server) on $(SAMPLES)"
	@node editor-client/scripts/open-editor.mjs $(SAMPLES) --python $(BIN)/python

test: setup editor-client browser ## everything, slow tests included
	@echo "== Tests of the extension"
	@if [ -d editor-client/node_modules ]; then cd editor-client && npm run --silent check; fi
	@echo "== Tests (slow ones included: real models, real VS Code)"
	@$(BIN)/python -m pytest

check: setup ## format, lint, strict types, fast tests: before every commit
	@echo "== Format"; $(BIN)/ruff format --check --quiet .
	@echo "== Lint"; $(BIN)/ruff check --quiet .
	@echo "== Types"; $(BIN)/mypy --no-error-summary
	@echo "== Fast tests"; $(BIN)/python -m pytest -q -m 'not slow'

format: setup ## rewrite the Python files in the house format
	@$(BIN)/ruff format --quiet . && $(BIN)/ruff check --fix --quiet .

bench: setup ## ratios measured within one run; see the README for single commands
	@$(BIN)/python -m tests.benchmarks.bench_attribution
	@$(BIN)/python -m tests.benchmarks.bench_passrate

package: editor-client ## the extension as editor-client/*.vsix
	@node editor-client/scripts/package.mjs

clean: ## remove what was built (models and code-server stay in the user's cache)
	@rm -rf $(VENV) build dist editor-client/node_modules editor-client/out editor-client/*.vsix
