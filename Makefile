# The project's daily commands. `make` alone lists them. Needs Python 3.11 or later and nothing else:
# the first call makes .venv from the lock files, and a changed lock file makes it anew.

PYTHON ?= python3
PORT ?= 9090
WEB_PORT ?= 8080
METRICS_PORT ?= 9464
DURATION ?=
ARGS ?=
A ?= HEAD
B ?= .
BIN := .venv/bin

.DEFAULT_GOAL := help
# Two tests at a time: half of them wait for something.
TWO := --numprocesses 2 --dist worksteal

.PHONY: help demo test lint types check security fuzz browser integration chaos bench bench-quick bench-compare wheel lock clean venv venv-dev

help: ## list these commands
	@echo "usage: make COMMAND, where COMMAND is"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "With containers instead: docker compose up"

demo: venv ## a server and three people talking, until Ctrl-C [DURATION=20 PORT=9090 WEB_PORT=8080 METRICS_PORT=9464]
	@$(BIN)/python demo/demo.py --port $(PORT) --web-port $(WEB_PORT) --metrics-port $(METRICS_PORT) \
		$(if $(DURATION),--duration $(DURATION))

test: venv-dev ## the tests that need no container engine [ARGS="-k name"]
	@$(BIN)/python -m pytest --ignore=tests/integration $(TWO) $(ARGS)

lint: venv-dev ## style and common mistakes
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: venv-dev ## types
	@$(BIN)/mypy

check: lint types test ## lint, types and tests: what to run before a commit

security: venv-dev ## what a hostile peer can try, each attempt a row: attack, defence, default, result [ARGS=...]
	@$(BIN)/python -m pytest tests/security --quiet --security-table $(TWO) $(ARGS)

fuzz: venv-dev build/fuzz/made ## any bytes at all that reads bytes: lines, commands, HTTP, frames, ... [DURATION=60 ARGS="codec"]
	@$$(test -x build/fuzz/bin/python && echo build/fuzz/bin/python || echo $(BIN)/python) -m tests.fuzz \
		$(if $(DURATION),--duration $(DURATION)) $(ARGS)

build/fuzz/made: requirements.lock requirements-fuzz.lock
	@echo "fuzz: installing atheris, apart from everything else"
	@rm -rf build/fuzz && mkdir -p build
	@{ $(PYTHON) -m venv build/fuzz && build/fuzz/bin/python -m pip --quiet --disable-pip-version-check install \
		--require-hashes --requirement requirements.lock --requirement requirements-fuzz.lock; } || rm -rf build/fuzz
	@mkdir -p build/fuzz && touch $@

browser: venv-dev ## the page in a real browser, Debian's chromium [ARGS="--pictures" takes those of docs/ anew]
	@$(BIN)/python -m pytest tests/browser -m browser $(TWO) $(ARGS)

integration: venv-dev ## the image and the Compose stack, run as users run them; needs a Docker engine [ARGS=...]
	@$(BIN)/python -m pytest tests/integration -m integration $(ARGS)

chaos: venv-dev ## faults under load, and a check of what they did to messages [DURATION=180 ARGS="--seed 7"]
	@$(BIN)/python -m tests.chaos $(if $(DURATION),--duration $(DURATION)) $(ARGS)

bench: venv-dev ## the benchmark beside other servers, about 35 minutes; as root it installs them [ARGS=...]
	@$(BIN)/python -m bench $(ARGS)

bench-quick: venv-dev ## the benchmark in under two minutes [ARGS=...]
	@$(BIN)/python -m bench --quick $(ARGS)

bench-compare: venv-dev ## two revisions against each other [A=HEAD B=. (the working tree), ARGS=...]
	@$(BIN)/python -m bench $(ARGS) compare $(A) $(B)

wheel: venv ## a wheel of server and client in dist/, for `pipx install` on other machines
	@$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .
	@ls dist/*.whl

LOCK := build/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-emit-index-url --upgrade
BACKEND := import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")

lock: ## bring the lock files up to date with pyproject.toml and the newest releases
	@echo "lock: resolving for Python 3.11 and later"
	@$(PYTHON) -m venv build/lock && build/lock/bin/python -m pip --quiet --disable-pip-version-check install uv
	@$(PYTHON) -c '$(BACKEND)' | $(LOCK) - --no-annotate --output-file requirements-build.lock
	@$(LOCK) pyproject.toml --constraint requirements-build.lock --output-file requirements.lock
	@$(LOCK) pyproject.toml --all-extras --constraint requirements-build.lock --constraint requirements.lock \
		--output-file requirements-dev.lock
	@$(LOCK) --group fuzz --constraint requirements.lock --output-file requirements-fuzz.lock
	@echo "lock: wrote $$(ls requirements*.lock | tr '\n' ' ')"

clean: ## remove everything that these commands made
	@rm -rf .venv .demo build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

venv:
	@$(PYTHON) tools/venv.py

venv-dev:
	@$(PYTHON) tools/venv.py --dev
