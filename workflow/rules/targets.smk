# What can be asked for by name: all figures, one half of the paper, or one artifact by its number.


rule figures:
    input:
        [entry.file for entry in ARTIFACTS.values() if entry.is_figure],
    localrule: True


for behaviour_name in config["behaviours"]:

    rule:
        name:
            behaviour_name
        input:
            targets.of_behaviour(config, ARTIFACTS, behaviour_name),
        localrule: True


for entry in ARTIFACTS.values():
    if entry.number:

        rule:
            name:
                entry.target
            input:
                entry.file,
            localrule: True


rule unknown_target:
    input:
        nothing_of_that_name,
    output:
        "{asked}",
    wildcard_constraints:
        asked=targets.pattern_of_unknown(config, ARTIFACTS),
    localrule: True
