# What trainings keep: the steps of a method, of which a behaviour may have its own, as whole models or adapters.


def organisms_of(behaviours):
    """The names of all organisms of some behaviours."""
    return [name for name, entry in config["organisms"].items() if entry["behaviour"] in behaviours]


def trainings(*methods):
    """What is trained by each method: apart for each behaviour with steps or an adapter of its own, and apart
    where adapters are left.

    A name, the method, the patterns of the organisms and of the stages, and the outputs. All else is in
    settings, which follow the names in paths; files can't.
    """
    for method in methods:
        own = [
            name
            for name, entry in config["behaviours"].items()
            if {"steps", "adapter"} & {*entry.get(method, {})}
        ]
        usual = [name for name in config["behaviours"] if name not in own]
        for suffix, behaviours in [("", usual), *((f"_{name}", [name]) for name in own)]:
            for kind, weights in [("", paths.WEIGHTS), ("_adapter", paths.ADAPTER)]:
                organisms, stages = left_by(method, behaviours, weights)
                if organisms and stages:
                    models = checkpoints_at(method, behaviours[0], weights)
                    names = name_pattern(organisms), name_pattern(stages)
                    yield f"train_{method}{suffix}{kind}", method, *names, models


def left_by(method, behaviours, weights):
    """The organisms of some behaviours, and the stages of a method, whose trainings leave a kind of weights."""

    def leaves(*names):
        return paths.weights(entries.adapter(config, method, *names)) == weights

    organisms = organisms_of(behaviours)
    if method == "backdoor":
        return [name for name in organisms if leaves(name)], [entries.BACKDOORED]
    stages = [name for name, stage in config["stages"].items() if stage["method"] == method]
    return organisms, [name for name in stages if behaviours and leaves(name, behaviours[0])]


def checkpoints_at(method, behaviour, weights):
    """The outputs of a training: the weights at each step, of which not all may be kept."""
    stage = entries.BACKDOORED if method == "backdoor" else "{stage}"
    steps = entries.for_behaviour(config, method, behaviour)["steps"]
    *between, last = [f"results/models/{paths.RUN}/{stage}/step-{step}/{weights}" for step in steps]
    return [*(between if config["keep_steps"] == "all" else map(temp, between)), last]
