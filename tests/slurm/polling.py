"""Snakemake as it is, but that it looks at its SLURM jobs every 3 seconds: the plugin's waits are for long jobs.

The profile allows a look every 2 seconds. While Snakemake waits for that, Ctrl-C would find no job to cancel.
"""

import sys

from snakemake.cli import main
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor

RemoteExecutor.next_seconds_between_status_checks = property(lambda _: 3.0, lambda *_: None)
sys.exit(main())
