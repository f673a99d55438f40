"""Snakemake as it is, but that it looks at its SLURM jobs every second: the plugin's waits are for long jobs."""

import sys

from snakemake.cli import main
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor

RemoteExecutor.next_seconds_between_status_checks = property(lambda _: 1.0, lambda *_: None)
sys.exit(main())
