# Everything that a newcomer needs: make run, make test, make call, make lint, make check.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
REQUIREMENTS := deploy/requirements
CACHE := $(or $(EMBEDDED_CACHE_DIR),$(HOME)/.cache/tandem)
PIP := $(BIN)/python -m pip install --disable-pip-version-check --require-hashes --progress-bar off

.PHONY: run test call bench faults lint check requirements pages clean

run: $(VENV)/run.stamp  ## serve the test room and the phone endpoint
	@exec $(BIN)/python runner.py

test:  ## install everything, all at once, and run every test
	@# The models are the largest: they come while the first tests run; who needs them waits.
	@$(MAKE) --no-print-directory -j 4 models tested

call: $(VENV)/run.stamp  ## place a simulated phone call: make call ARGS='--say "Hello?"'
	@$(BIN)/python -m bot.phonecall $(ARGS)

bench: $(VENV)/bench.stamp  ## Tandem beside the stock Pipecat bot: make bench ARGS=--quick
	@$(BIN)/python -m bench $(ARGS)

faults: $(VENV)/test.stamp  ## every provider failing in every way, and what a caller hears of it
	@$(BIN)/python -m tests.faults $(ARGS)

lint: $(VENV)/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@# `bot.py` and the package `bot` share a name, so mypy reads the script under another one.
	@cp bot.py .mypy_bot_script.py; $(BIN)/mypy .mypy_bot_script.py; code=$$?; \
	  rm -f .mypy_bot_script.py; exit $$code

check: $(VENV)/run.stamp  ## explain the settings
	@$(BIN)/python runner.py --check

requirements: $(VENV)/test.stamp  ## lock the dependencies anew (needs uv)
	uv pip compile -q pyproject.toml --generate-hashes --no-emit-index-url --no-header \
	  --python-version 3.11 -o $(REQUIREMENTS)/run.txt
	uv pip compile -q pyproject.toml --extra test --generate-hashes --no-emit-index-url --no-header \
	  --python-version 3.11 -c $(REQUIREMENTS)/run.txt -o $(REQUIREMENTS)/test.txt
	uv pip compile -q pyproject.toml --extra test --extra bench --generate-hashes \
	  --no-emit-index-url --no-header --python-version 3.11 -c $(REQUIREMENTS)/test.txt \
	  -o $(REQUIREMENTS)/bench.txt
	uv pip compile -q $(REQUIREMENTS)/embedded.in --generate-hashes --no-emit-index-url --no-header \
	  --python-version 3.11 -o $(REQUIREMENTS)/embedded.txt

pages:  ## build the web pages into bot/web/static (needs Node 20)
	cd bot/web/pages && npm ci && npm run build

clean:
	rm -rf $(VENV) var bot/web/pages/node_modules

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { \
	  echo "Tandem needs Python 3.11 ($(PYTHON) was not found): install it, or name another with make PYTHON=..."; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: $(REQUIREMENTS)/run.txt | $(VENV)/bin/python
	@echo "installing the libraries (about a minute the first time) ..."
	@$(PIP) -q -r $<
	@touch $@

$(VENV)/test.stamp: $(REQUIREMENTS)/test.txt $(VENV)/run.stamp
	@echo "installing the test tools ..."
	@$(PIP) -q -r $<
	@touch $@

$(VENV)/bench.stamp: $(REQUIREMENTS)/bench.txt $(VENV)/test.stamp
	@echo "installing the benchmark's tools ..."
	@$(PIP) -q -r $<
	@touch $@

.PHONY: tested gateway models chromium
tested: $(VENV)/test.stamp chromium gateway
	@$(BIN)/python -m pytest $(ARGS)

gateway: | $(VENV)/bin/python
	@$(BIN)/python -m tests.openclaw.real_gateway

models: $(VENV)/run.stamp
	@$(BIN)/python -m bot.speech.embedded prepare --stages stt,llm,tts --cache "$(CACHE)"

chromium:
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "installing Chromium for the tests of the pages ..."; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	      apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	  else \
	    echo "The tests need Chromium: apt-get install chromium (as root)"; exit 1; \
	  fi; }
