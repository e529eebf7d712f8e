"""RULE: what telling adds, from the people who were told and those who, by chance alone, were not; or that it cannot be said.

Each figure comes with a 95 % interval. Those of a group's rate are Wilson's (E. B. Wilson: "Probable inference, the law of
succession, and statistical inference", JASA 22, 1927); that of the difference of two rates follows from them (R. G. Newcombe:
"Interval estimation for the difference between independent proportions", method 10, Statistics in Medicine 17, 1998), and so
does that of their ratio (G. Y. Zou, A. Donner: "Construction of confidence limits about effect measures", Statistics in
Medicine 27, 2008). Money is compared by its means, with variances of their own (B. L. Welch: "The generalization of Student's
problem when several different population variances are involved", Biometrika 34, 1947).

Restocks with another share of people not told are strata of their own: thrown together, a product that sells well would count
more in the group that was larger at the time. They are weighted as by S. Greenland, J. M. Robins: "Estimation of a common
effect parameter from sparse follow-up data", Biometrics 41, 1985.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import expm1, log, sqrt
from typing import Final, NamedTuple

#: Fewer people than this in a group, or fewer buyers in both together, say nothing.
ENOUGH_PEOPLE: Final = 100
ENOUGH_BUYERS: Final = 10
#: A ratio, and money, need so many buyers in each group: few large orders decide about a mean.
BUYERS_FOR_RATIO: Final = 5
BUYERS_FOR_MONEY: Final = 20
#: Quantile of the normal distribution that leaves 2.5 % above it.
Z: Final = 1.959963984540054


class Group(NamedTuple):
    """People who were told, or who were not."""

    people: int
    #: Those of them who bought.
    buyers: int
    #: What they paid in all, and the sum of the squares of what each paid.
    revenue: float = 0.0
    squares: float = 0.0

    @property
    def rate(self) -> float:
        """Share of them who bought; of nobody, 0."""
        return self.buyers / self.people if self.people else 0.0

    @property
    def mean(self) -> float:
        """What each paid."""
        return self.revenue / self.people if self.people else 0.0

    @property
    def variance(self) -> float:
        """Of what each paid."""
        if self.people < 2:
            return 0.0
        return max(self.squares - self.people * self.mean**2, 0.0) / (self.people - 1)

    def __add__(self, other: Group) -> Group:  # type: ignore[override]
        return Group(
            self.people + other.people,
            self.buyers + other.buyers,
            self.revenue + other.revenue,
            self.squares + other.squares,
        )


class Stratum(NamedTuple):
    """People of whom the same share was not told."""

    told: Group
    control: Group


class Estimate(NamedTuple):
    """A figure, and the limits between which it lies in 95 of 100 such comparisons."""

    value: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether it is told apart from nothing."""
        return not self.low <= 0 <= self.high

    def times(self, number: float) -> Estimate:
        """The same for so many, which must not be negative."""
        return Estimate(self.value * number, self.low * number, self.high * number)


class Lift(NamedTuple):
    """What telling adds; None where there is too little data to say."""

    #: Share of those told who bought, less that of those who were not: 0.02 is two of a hundred people more.
    difference: Estimate | None = None
    #: The same as a share of what those buy who are not told: 0.5 is half as many again.
    relative: Estimate | None = None
    #: Revenue per person told, less that per person who was not.
    money: Estimate | None = None


def lift(strata: Sequence[Stratum]) -> Lift:
    """What telling adds, over all strata."""
    strata = [stratum for stratum in strata if stratum.told.people and stratum.control.people]
    told, control = (sum(groups, Group(0, 0)) for groups in zip(*strata, strict=True)) if strata else [Group(0, 0)] * 2
    if min(told.people, control.people) < ENOUGH_PEOPLE or told.buyers + control.buyers < ENOUGH_BUYERS:
        return Lift()
    fewest, weights = min(told.buyers, control.buyers), _weights(strata)
    one, other = (_rate(groups, weights) for groups in zip(*strata, strict=True))
    return Lift(
        _difference(one, other),
        _relative(one, other) if fewest >= BUYERS_FOR_RATIO else None,
        _money(strata, weights) if fewest >= BUYERS_FOR_MONEY else None,
    )


def wilson(group: Group) -> Estimate:
    """The share of a group that bought, with Wilson's score interval."""
    n, p = group.people, group.rate
    middle, half = p + Z * Z / (2 * n), Z * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    whole = 1 + Z * Z / n
    # At the ends of the scale rounding must not lead beyond the share itself.
    return Estimate(p, max(min((middle - half) / whole, p), 0.0), min(max((middle + half) / whole, p), 1.0))


def _weights(strata: Sequence[Stratum]) -> list[float]:
    sizes = [told.people * control.people / (told.people + control.people) for told, control in strata]
    return [size / sum(sizes) for size in sizes]


def _rate(groups: Sequence[Group], weights: Sequence[float]) -> Estimate:
    """The weighted share, its limits as far from it as those of the parts together (MOVER, see Zou and Donner)."""
    rates = [wilson(group) for group in groups]
    value = sum(weight * rate.value for weight, rate in zip(weights, rates, strict=True))
    below, above = (
        sqrt(sum((weight * part(rate)) ** 2 for weight, rate in zip(weights, rates, strict=True)))
        for part in (_below, _above)
    )
    return Estimate(value, max(value - below, 0.0), min(value + above, 1.0))


def _below(rate: Estimate) -> float:
    return rate.value - rate.low


def _above(rate: Estimate) -> float:
    return rate.high - rate.value


def _difference(told: Estimate, control: Estimate) -> Estimate:
    value = told.value - control.value
    return Estimate(value, value - _far(_below(told), _above(control)), value + _far(_above(told), _below(control)))


def _relative(told: Estimate, control: Estimate) -> Estimate:
    """The ratio of two rates less 1, its limits made on the scale of logarithms."""
    one, other = (Estimate(*map(log, rate)) for rate in (told, control))
    return Estimate(*map(expm1, _difference(one, other)))


def _far(one: float, other: float) -> float:
    return sqrt(one * one + other * other)


def _money(strata: Sequence[Stratum], weights: Sequence[float]) -> Estimate:
    value = spread = freedom = 0.0
    for (told, control), weight in zip(strata, weights, strict=True):
        value += weight * (told.mean - control.mean)
        for group in (told, control):
            part = weight * weight * group.variance / group.people
            spread += part
            freedom += part * part / max(group.people - 1, 1)
    half = _student(spread * spread / freedom) * sqrt(spread) if freedom else 0.0
    return Estimate(value, value - half, value + half)


def _student(freedom: float) -> float:
    """Quantile of Student's t that leaves 2.5 % above it: the series of M. Abramowitz, I. A. Stegun: "Handbook of
    Mathematical Functions", 26.7.5, right to five digits from 20 degrees of freedom on. (SciPy takes 30 MB for it.)"""
    z, n = Z, freedom
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return z + sum(term / n**power for power, term in enumerate(terms, 1))
