# One command does everything: `make demo` and `make test` set themselves up first.
PYTHON ?= python3.11

VENV := .venv
VENV_INFRA := .venv-infra
VENV_AIRFLOW := .venv-airflow
CLI := $(VENV)/bin/emr-ensembles
OUT := out/demo
OUT_AIRFLOW := out/airflow-demo
OUT_TEXT := out/demo-text
SEEDS ?= 3

# What an activated shell or a Spark installation puts there must not reach the environment.
unexport PYTHONPATH
unexport PYTHONHOME

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-text airflow-demo test test-all lint lint-infra format lock bench clean

help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Make .venv with everything in it; all other targets do this by themselves.
	@command -v "$(PYTHON)" >/dev/null || { echo \
	  "setup: error: $(PYTHON) was not found; install Python 3.11, or name it: make PYTHON=/path/to/python3.11" >&2; \
	  exit 1; }
	@"$(PYTHON)" requirements/install.py

# The cluster is stopped whatever happens, and the exit code stays that of what went wrong.
demo: setup ## Train the example job on a Spark cluster of this machine and show the report's path.
	@trap "trap '' INT TERM; $(CLI) local down --dir $(OUT)/cluster" EXIT; \
	trap 'exit 130' INT; trap 'exit 143' TERM; \
	$(CLI) local up --dir $(OUT)/cluster && \
	$(CLI) run --config conf/flights.yaml --cluster $(OUT)/cluster --set output=$(OUT)

# It starts and stops a cluster of its own; what is finished is kept, so an interrupted run goes on.
demo-text: setup ## Classify real texts with a real checkpoint in five ways; about 15 minutes for each of SEEDS=3.
	@$(VENV)/bin/python -m benchmarks.text_demo --dir $(OUT_TEXT) --seeds $(SEEDS)

# It stops what it started by itself, whatever happens.
airflow-demo: setup $(VENV_AIRFLOW)/.made ## Train the example job by Airflow, for one date.
	@$(VENV)/bin/python infra/airflow/demo.py --dir $(OUT_AIRFLOW)

# Airflow wants newer versions than the jobs have, so it has an environment of its own.
$(VENV_AIRFLOW)/.made: requirements/airflow.lock
	@echo "airflow: its environment ..."
	@"$(PYTHON)" -m venv --clear $(VENV_AIRFLOW)
	@$(VENV_AIRFLOW)/bin/python -m pip --quiet --disable-pip-version-check \
	  install --require-hashes --no-deps -r $<
	@$(VENV_AIRFLOW)/bin/python -m pip --quiet --disable-pip-version-check \
	  install --no-deps --no-build-isolation -e .
	@touch $@

test: setup ## Run the tests that need nothing but this machine; minutes.
	@$(VENV)/bin/python -m pytest --durations=15 \
	  -m "not slow and not yarn and not airflow and not browser and not chaos"

test-all: setup $(VENV_AIRFLOW)/.made $(VENV_INFRA)/.made ## Run every test; CONTRIBUTING.md says what each tier needs.
	@$(VENV)/bin/python -m pytest --durations=25

lint: setup ## Check style, types, layers and shell scripts.
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy --strict pipeline
	@$(VENV)/bin/lint-imports
	@git ls-files -z | xargs -0 awk 'FNR == 1 && /^#!.*sh$$/ {print FILENAME}' \
	  | xargs -r $(VENV)/bin/shellcheck

lint-infra: setup $(VENV_INFRA)/.made ## Check the CloudFormation templates; nothing is asked of AWS.
	@$(VENV)/bin/cfn-lint 'infra/cloudformation/**/*.yaml'
	@$(VENV_INFRA)/bin/checkov --skip-download --framework cloudformation --compact --quiet \
	  -d infra/cloudformation

# checkov pins old versions of what other locks hold, so it has an environment of its own.
$(VENV_INFRA)/.made: requirements/infra.lock
	@"$(PYTHON)" -m venv --clear $(VENV_INFRA)
	@$(VENV_INFRA)/bin/python -m pip --quiet --disable-pip-version-check \
	  install --require-hashes --no-deps -r $<
	@touch $@

format: setup ## Put all Python files into the project's format.
	@$(VENV)/bin/ruff check --fix .
	@$(VENV)/bin/ruff format .

LOCK := uv pip compile --quiet --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

lock: setup ## Make the lock files again from requirements/*.in, keeping versions where they still fit.
	@cd requirements && for name in base build java dev gpu torch transformers infra; do \
	  ../$(VENV)/bin/$(LOCK) $$name.in -o $$name.lock || exit 1; done
	@cd requirements && ../$(VENV)/bin/$(LOCK) --no-deps horovod.in -o horovod.lock
	@cd requirements && ../$(VENV)/bin/$(LOCK) --override airflow.override airflow.in -o airflow.lock

bench: setup ## Measure, and write the numbers; benchmarks/trainers.py says what they mean.
	@$(VENV)/bin/python -m benchmarks

clean: ## Delete what runs leave behind; .venv stays.
	@rm -rf out build dist spark-warehouse metastore_db derby.log .pytest_cache .mypy_cache \
	  .ruff_cache .hypothesis .import_linter_cache *.egg-info
	@find . -path './.venv*' -prune -o -name __pycache__ -type d -exec rm -rf {} +
