"""What telling adds, and how sure that is: right in 95 of 100 comparisons, and silent where there are too few data."""

from __future__ import annotations

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st
from scipy import special  # type: ignore[import-untyped]

from nexnotify.outcomes.control_group.lift import (
    BUYERS_FOR_MONEY,
    BUYERS_FOR_RATIO,
    ENOUGH_BUYERS,
    ENOUGH_PEOPLE,
    Estimate,
    Group,
    Lift,
    Stratum,
    _difference,
    _student,
    lift,
    wilson,
)

TIMES = 1500
#: Four standard deviations of how often 95 % comes true in so many tries.
SLACK = 4 * (0.95 * 0.05 / TIMES) ** 0.5


def test_the_interval_of_a_share_is_the_one_in_the_textbooks() -> None:
    # Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17, 1998, table I.
    for group, low, high in [
        (Group(263, 81), 0.2553, 0.3662),
        (Group(148, 15), 0.0624, 0.1605),
        (Group(20, 0), 0, 0.1611),
    ]:
        found = wilson(group)
        assert (found.low, found.high) == pytest.approx((low, high), abs=0.00005)


def test_the_interval_of_a_difference_is_the_one_in_the_textbooks() -> None:
    # Newcombe, "Interval estimation for the difference between independent proportions", table II, method 10.
    for one, other, low, high in [
        (Group(70, 56), Group(80, 48), 0.0524, 0.3339),
        (Group(10, 9), Group(10, 3), 0.1705, 0.8090),
        (Group(56, 5), Group(29, 0), -0.0381, 0.1926),
        (Group(10, 10), Group(10, 0), 0.6075, 1.0),
    ]:
        found = _difference(wilson(one), wilson(other))
        assert (found.low, found.high) == pytest.approx((low, high), abs=0.00005)


@pytest.mark.parametrize("freedom", [20, 40, 99, 1000, 1e6])
def test_students_quantile_is_that_of_a_library(freedom: float) -> None:
    assert _student(freedom) == pytest.approx(float(special.stdtrit(freedom, 0.975)), abs=2e-5)


def drawn(random: np.random.Generator, people: int, rate: float, spread: float = 0.8) -> Group:
    """People who buy by chance, each for a sum that is often small and sometimes large."""
    paid = np.exp(random.normal(3, spread, random.binomial(people, rate)))
    return Group(people, len(paid), float(paid.sum()), float((paid**2).sum()))


@pytest.mark.parametrize(
    "told,control,buys,would",
    [
        (900, 100, 0.10, 0.05),
        (900, 100, 0.05, 0.05),
        (500, 500, 0.30, 0.25),
        (9000, 1000, 0.05, 0.03),
        (1000, 1000, 0.02, 0.03),
    ],
)
def test_the_truth_lies_within_the_limits_in_95_of_100_comparisons(
    told: int, control: int, buys: float, would: float
) -> None:
    random, mean = np.random.default_rng(11), np.exp(3 + 0.8**2 / 2)
    truth = Lift(*(Estimate(value, 0, 0) for value in (buys - would, buys / would - 1, (buys - would) * mean)))
    hits: dict[int, list[bool]] = {0: [], 1: [], 2: []}
    for _ in range(TIMES):
        found = lift([Stratum(drawn(random, told, buys), drawn(random, control, would))])
        for which, (estimate, true) in enumerate(zip(found, truth, strict=True)):
            if estimate is not None and true is not None:
                hits[which].append(estimate.low <= true.value <= estimate.high)
    assert len(hits[0]) == TIMES
    for which in (0, 1):
        assert abs(sum(hits[which]) / len(hits[which]) - 0.95) < SLACK * (TIMES / len(hits[which])) ** 0.5
    if len(hits[2]) > TIMES / 2:  # where nearly all comparisons have buyers enough
        assert sum(hits[2]) / len(hits[2]) > 0.95 - SLACK


def test_restocks_with_other_shares_are_compared_apart_and_then_added() -> None:
    """A product that sells well had a large control group, one that does not a small one. Telling does nothing to either;
    thrown together, the control group would buy more often."""
    random, hits = np.random.default_rng(5), []
    for _ in range(400):
        well = Stratum(drawn(random, 500, 0.3), drawn(random, 500, 0.3))
        badly = Stratum(drawn(random, 1900, 0.02), drawn(random, 100, 0.02))
        found = lift([well, badly]).difference
        assert found is not None
        hits.append(not found.is_clear)
        together = lift([Stratum(well.told + badly.told, well.control + badly.control)]).difference
        assert together is not None
        assert together.high < 0, "what would be said without strata"
    assert sum(hits) / len(hits) > 0.9


groups = st.builds(
    lambda people, part, each: Group(
        people, int(people * part), int(people * part) * each, int(people * part) * each**2
    ),
    st.integers(1, 50_000),
    st.floats(0, 1),
    st.floats(0.01, 5000),
)


@hypothesis.given(st.lists(st.builds(Stratum, groups, groups), min_size=1, max_size=4))
def test_every_figure_lies_between_its_limits_and_a_share_never_leaves_the_scale(strata: list[Stratum]) -> None:
    found = lift(strata)
    for estimate in found:
        if estimate is not None:
            assert estimate.low <= estimate.value <= estimate.high
    if found.difference is not None:
        assert found.difference.low >= -1 - 1e-9
        assert found.difference.high <= 1 + 1e-9
    if found.relative is not None:
        assert found.relative.low > -1


@hypothesis.given(groups, groups)
def test_the_other_way_round_the_same_is_found_with_the_other_sign(told: Group, control: Group) -> None:
    one, other = lift([Stratum(told, control)]), lift([Stratum(control, told)])
    for forth, back in ((one.difference, other.difference), (one.money, other.money)):
        assert (forth is None) == (back is None)
        if forth is not None and back is not None:
            assert forth == pytest.approx((-back.value, -back.high, -back.low))


@hypothesis.given(groups, groups, st.integers(2, 20))
def test_more_people_make_the_limits_closer(told: Group, control: Group, times: int) -> None:
    def many(group: Group) -> Group:
        return Group(*(value * times for value in group))  # type: ignore[arg-type]

    few, more = lift([Stratum(told, control)]).difference, lift([Stratum(many(told), many(control))]).difference
    if few is not None:
        assert more is not None
        assert more.high - more.low < few.high - few.low


@pytest.mark.parametrize(
    "told,control,says",
    [
        (Group(0, 0), Group(0, 0), ()),
        (Group(5000, 500), Group(ENOUGH_PEOPLE - 1, 40), ()),
        (Group(ENOUGH_PEOPLE - 1, 40), Group(5000, 500), ()),
        (Group(5000, ENOUGH_BUYERS - 1), Group(500, 0), ()),
        (Group(5000, ENOUGH_BUYERS), Group(500, 0), ("difference",)),
        (Group(5000, 500), Group(500, BUYERS_FOR_RATIO - 1), ("difference",)),
        (Group(5000, 500), Group(500, BUYERS_FOR_RATIO), ("difference", "relative")),
        (Group(5000, 500, 500.0, 600.0), Group(500, BUYERS_FOR_MONEY - 1), ("difference", "relative")),
        (Group(5000, 500, 500.0, 600.0), Group(500, BUYERS_FOR_MONEY, 20.0, 24.0), ("difference", "relative", "money")),
    ],
)
def test_with_too_few_people_or_buyers_nothing_is_said(told: Group, control: Group, says: tuple[str, ...]) -> None:
    found = lift([Stratum(told, control)])
    assert tuple(name for name, value in found._asdict().items() if value is not None) == says


def test_nobody_at_all_is_too_few() -> None:
    assert lift([]) == Lift()


def test_a_restock_without_a_control_group_says_nothing_and_spoils_nothing() -> None:
    good, empty = Stratum(Group(900, 90), Group(100, 5)), Stratum(Group(10_000, 9_000), Group(0, 0))
    assert lift([good, empty]) == lift([good])
