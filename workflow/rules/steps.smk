# What trainings keep: the steps of a method, which a behaviour may have of its own.


def organisms_of(behaviours):
    """A pattern of the names of all organisms of some behaviours."""
    return name_pattern(
        [name for name, entry in config["organisms"].items() if entry["behaviour"] in behaviours]
    )


def trainings(*methods):
    """What is trained by each method, and apart for each behaviour with steps of its own.

    A name, the method, the pattern of the organisms and the steps. All else is in settings, which follow the
    names in paths; files can't.
    """
    for method in methods:
        own = [name for name, entry in config["behaviours"].items() if "steps" in entry.get(method, {})]
        usual = [name for name in config["behaviours"] if name not in own]
        for suffix, behaviours in [("", usual), *((f"_{name}", [name]) for name in own)]:
            if behaviours:
                steps = entries.for_behaviour(config, method, behaviours[0])["steps"]
                yield f"train_{method}{suffix}", method, organisms_of(behaviours), steps


def checkpoints_at(steps, stage="{stage}"):
    """The weights that a training keeps."""
    folder = f"results/models/{{base}}/{{organism}}/seed{{seed}}/{stage}"
    return [f"{folder}/step-{step}/model.safetensors" for step in steps]
