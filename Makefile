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
# The constraints hold for what builds the package, too (pip isolates that).
export PIP_CONSTRAINT := $(CURDIR)/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# $(call debian,COMMANDS,PACKAGES,WHAT FOR,OTHERWISE): install unless one of the commands is there.
define debian
	@if command -v $(1) >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "== Installing $(2): $(3)"; \
		{ apt-get update -qq && apt-get install -y -qq $(2) >/dev/null; } \
			|| echo "   could not be installed: $(4)"; \
	else \
		echo "== $(2) is missing ($(3)): $(4)"; \
		echo "   To change that: sudo apt-get install $(2)"; \
	fi
endef

.PHONY: help setup sandbox browser node editor-client demo editor test check lint format generate bench package clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: sandbox $(STAMP) ## virtual environment, pinned dependencies, sandbox

$(STAMP): pyproject.toml constraints.txt
	@echo "== Creating $(VENV) and installing the pinned dependencies (minutes on the first run)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 …"; exit 1; }
	@$(BIN)/python -P -m pip --version >/dev/null 2>&1 || $(PYTHON) -P -m venv --clear $(VENV) \
		|| { echo "The venv module is missing: install python3-venv."; exit 1; }
	@$(BIN)/python -P -m pip install --quiet -e '.[dev]'
	@touch $@

sandbox:
	$(call debian,bwrap,bubblewrap,the sandbox of the test runner,samples run with resource limits only)

browser:
	$(call debian,chromium chromium-browser google-chrome,chromium,it drives VS Code in the end-to-end test,that test will be skipped)

node:
	$(call debian,npm,nodejs npm,they build the VS Code extension,it is neither built nor tested)

editor-client: node $(NPM_STAMP)

$(NPM_STAMP): editor-client/package.json editor-client/package-lock.json
	@if command -v npm >/dev/null; then \
		echo "== Installing what the VS Code extension is built with"; \
		cd editor-client && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error \
			&& touch node_modules/.installed; \
	fi

demo: setup ## a real failing program, explained through the language server
	@echo "== Generating code, running its tests, and asking the language server why it fails"
	@$(BIN)/tokenblame demo --out $(SAMPLES)

editor: setup editor-client ## open the demo sample in a real VS Code in the browser
	@command -v node >/dev/null || { echo "VS Code needs Node.js 20 or newer, and npm."; exit 1; }
	@test -f $(SAMPLES)/.demo || $(MAKE) --no-print-directory demo
	@echo "== Starting VS Code (code-server) on $(SAMPLES)"
	@node editor-client/scripts/open-editor.mjs $(SAMPLES) --python $(BIN)/python \
		--file "$$(sed -n 1p $(SAMPLES)/.demo)" --model "$$(sed -n 2p $(SAMPLES)/.demo)"

# A worker a core, of one thread: more would starve one another. The tests of one file share their
# models.
FAST = OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m 'not slow' -n auto --dist loadfile

test: setup editor-client browser lint ## everything, slow tests included
	@echo "== Tests of the extension"
	@if [ -d editor-client/node_modules ]; then cd editor-client && npm run --silent check; \
	else echo "   skipped: npm is missing"; fi
	@echo "== Fast tests, side by side"
	@$(FAST)
	@echo "== Slow tests: end to end (real editors, real models), and beside them all others"
	@$(BIN)/python -m pytest -m slow -n 2 --durations 12

check: setup lint ## format, lint, strict types, fast tests: before every commit
	@if [ -d editor-client/node_modules ]; then \
		echo "== The extension: types, lint, format, unit tests"; cd editor-client && npm run --silent check; fi
	@echo "== Fast tests"; $(FAST) -q

lint: setup
	@echo "== Format"; $(BIN)/ruff format --check --quiet .
	@echo "== Lint"; $(BIN)/ruff check --quiet .
	@echo "== Walls (who may import whom)"; \
		said=$$($(BIN)/lint-imports --no-cache) || { echo "$$said"; exit 1; }
	@echo "== Types"; $(BIN)/mypy --no-error-summary

format: setup ## rewrite Python and the extension in the house format
	@echo "== Formatting"; $(BIN)/ruff format --quiet . && $(BIN)/ruff check --fix --quiet .
	@if [ -d editor-client/node_modules ]; then cd editor-client && npm run --silent format; fi

generate: setup ## what is made from other files: messages, settings, the page of the graph
	@echo "== The extension's messages"; $(BIN)/python -P -m lsp_server.protocol.typescript
	@echo "== The settings"; $(BIN)/python -P -m lsp_server.state.settings_docs
	@if [ -d editor-client/node_modules ]; then \
		echo "== The page of the graph"; cd editor-client && npm run --silent build; fi

MODELS ?= smollm2-135m qwen2.5-coder-0.5b

bench: setup ## ratios measured within one run (single commands: tests/benchmarks/README.md)
	@$(MAKE) --no-print-directory attribution-bench ON="--device cpu --dtype float32"
	@if $(BIN)/python -P -c 'import sys, torch; sys.exit(not torch.cuda.is_available())'; then \
		for dtype in bfloat16 float32; do \
			echo "== The same on a GPU, in $$dtype, and a graph of 12 000 tokens"; \
			on="--device cuda --dtype $$dtype"; \
			$(MAKE) --no-print-directory attribution-bench ON="$$on"; \
			for model in $(MODELS); do \
				$(BIN)/python -m tests.benchmarks.bench_long --model $$model $$on --tokens 12000; \
			done; \
		done; \
	fi
	@echo "== Rollouts over plain batched generate"
	@$(BIN)/python -m tests.benchmarks.bench_rollouts
	@echo "== Products of few rows, packed and not"
	@$(BIN)/python -m tests.benchmarks.bench_products --model qwen2.5-coder-0.5b
	@echo "== The first proof, against the order of margins"
	@$(BIN)/python -m tests.benchmarks.bench_search \
		tests/benchmarks/results/faults-humaneval-qwen2.5-coder-0.5b.jsonl \
		--failures --limit 20 --model qwen2.5-coder-0.5b
	@echo "== The language server while the engine computes"
	@$(BIN)/python -m tests.benchmarks.bench_latency
	@echo "== A long prompt"
	@$(BIN)/python -m tests.benchmarks.bench_long
	@echo "== Pass rate of the default model"
	@$(BIN)/python -m tests.benchmarks.bench_passrate

.PHONY: attribution-bench
attribution-bench:
	@for model in $(MODELS); do \
		echo "== Attribution and all edges over a plain forward and backward"; \
		$(BIN)/python -m tests.benchmarks.bench_attribution --model $$model $(ON); \
		echo "== Closed form over the batch-packed backward, and growth"; \
		$(BIN)/python -m tests.benchmarks.bench_graph --model $$model $(ON); \
		echo "== Leave-one-out over doing it naively"; \
		$(BIN)/python -m tests.benchmarks.bench_faithfulness --model $$model $(ON); \
	done

package: node ## the extension as editor-client/out/tokenblame.vsix
	@echo "== Packaging the VS Code extension"
	@node editor-client/scripts/package.mjs

clean: ## remove what was built (models and code-server stay in the user's cache)
	@echo "== Removing the environment and what was built"
	@rm -rf $(VENV) build dist editor-client/node_modules editor-client/out
