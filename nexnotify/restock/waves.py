"""RULE: how many people a restock tells next, and when. Everything that plans, forecasts or simulates asks here.

Peers tell so many people for each unit, or so many in so many minutes, oldest or newest first (Amp, Swym, STOQ, Braze);
the staged shares are those of the back-in-stock guide. The automatic policy is ours.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from nexnotify.stores.waves import Automatic, Paced, PerUnit, Staged, Waves
from nexnotify.words import N_, Phrase

#: The share of people who buy, as long as nothing has been measured: only forecasts use it, and say that they do.
ASSUMED_RATE: Final = 0.25
#: An automatic wave is at most so many times as large as all before it: a rate measured on few people may be far off.
GROWTH: Final = 2
#: Texts that wait for a slow lane put the next wave off by so long.
LOOK_AGAIN: Final = timedelta(minutes=1)

#: Why a wave has its size → in words, with the figures it was made from.
WHY = {
    "all": N_("Everybody who waits, at once."),
    "unlimited": N_("Stock is unlimited, so nobody can come too late: everybody at once."),
    "per_unit": N_("People for each unit: %(people)s; units left: %(units)s."),
    "paced": N_("People every %(minutes)s minutes: %(people)s."),
    "share_first": N_("The first %(percent)s %% of those who wait."),
    "share_next": N_("Another %(percent)s %%: %(told)s people told, %(sold)s units sold, %(units)s left."),
    "share_cut": N_(
        "Less than another %(percent)s %%: %(told)s people told, %(sold)s units sold, so %(units)s left are enough for "
        "%(enough)s people."
    ),
    "auto_first": N_("One person for each unit, as nothing is measured yet; units left: %(units)s."),
    "auto_next": N_(
        "%(sold)s units sold to %(told)s people told, and %(coming)s more expected (%(rate)s %%): "
        "the other %(free)s of %(units)s left are enough for %(enough)s people."
    ),
    "auto_growth": N_(
        "%(sold)s units sold to %(told)s people told, and %(coming)s more expected (%(rate)s %%). The other %(free)s of "
        "%(units)s left would be enough for %(enough)s people; measured on so few, at most twice as many as so far are told."
    ),
    "auto_wait": N_("The %(units)s units left are expected to go to people told already: %(coming)s went lately."),
}
#: Why a restock tells nobody any more → in words.
ENDED = {
    "everyone_told": N_("Everybody who waited has been looked at."),
    "stock_gone": N_("Stock is gone, or below the minimum; the rest keep their place."),
    "cap_reached": N_("As many people have been told as your people allowed; the rest keep their place."),
    "superseded": N_("A newer restock of this product has taken its place; the rest are told by that one."),
    "cancelled": N_("One of your people cancelled it before anybody was told; everybody keeps their place."),
    "recalled": N_("One of your people recalled it; who had not been told by then keeps their place."),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How a restock stands when its next wave is decided."""

    #: Units that can be sold now; None is unlimited.
    units: int | None
    #: People of the list about whom nothing is decided yet.
    waiting: int
    #: People its waves have told, those whose text is held included: it goes without another decision of this rule.
    told: int = 0
    #: Units that have gone since it came in, to whomever.
    sold: int = 0
    #: Of these, in the last minutes: as many as the policy has between two waves.
    sold_lately: int = 0
    #: When the first text of the last wave went or goes; None before the first wave, or when somebody is in a hurry.
    last_at: datetime | None = None
    #: Texts of the last wave that still wait for their lane.
    unsent: int = 0
    #: Staff allow so many people in all; None: as many as the policy does.
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Wave:
    """The next wave."""

    #: People at most; None: everybody who is left.
    size: int | None
    #: Not before.
    at: datetime
    #: A key of :data:`WHY`, and the figures that its words name.
    why: str
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """The reasoning, for people."""
        return in_words(self.why, self.figures)


@dataclass(frozen=True, slots=True)
class Stop:
    """Nobody is told any more: a key of :data:`ENDED`."""

    reason: str


def in_words(why: str, figures: dict[str, Any]) -> str:
    """A wave's reasoning in words."""
    return Phrase(WHY[why], figures)


def next_wave(policy: Waves, standing: Standing, now: datetime) -> Wave | Stop:
    """The next wave of a restock, or why there is none.

    Asked again at ``Wave.at`` where that is still to come: what is left may be another number by then.
    """
    if standing.units is not None and standing.units <= 0:
        return Stop("stock_gone")
    if standing.most is not None and standing.told >= standing.most:
        return Stop("cap_reached")
    if standing.waiting <= 0:
        return Stop("everyone_told")
    size, why, figures = _size(policy, standing)
    at = _moment(policy, standing, now)
    if size == 0:
        at, size = max(at, now + interval(policy)), None
    if standing.most is not None:
        left = standing.most - standing.told
        size = left if size is None else min(size, left)
    return Wave(size, at, why, figures)


def _moment(policy: Waves, standing: Standing, now: datetime) -> datetime:
    if policy == "all" or standing.last_at is None:
        return now
    moment = max(now, standing.last_at + interval(policy))
    return max(moment, now + LOOK_AGAIN) if standing.unsent else moment


def interval(policy: Waves) -> timedelta:
    """The least time from one wave to the next."""
    return timedelta(minutes=0 if policy == "all" else policy.minutes)


def _size(policy: Waves, standing: Standing) -> tuple[int | None, str, dict[str, Any]]:
    units = standing.units
    if policy == "all":
        return None, "all", {}
    if isinstance(policy, Paced):
        return policy.people, "paced", {"people": policy.people, "minutes": policy.minutes}
    if units is None:
        return None, "unlimited", {}
    if isinstance(policy, PerUnit):
        return policy.people * units, "per_unit", {"people": policy.people, "units": units}
    if isinstance(policy, Staged):
        return _share(policy, standing, units)
    assert isinstance(policy, Automatic)
    return _measured(standing, units)


def _share(policy: Staged, standing: Standing, units: int) -> tuple[int, str, dict[str, Any]]:
    share = max(1, math.ceil((standing.waiting + standing.told) * policy.percent / 100))
    if not standing.told:
        return share, "share_first", {"percent": policy.percent}
    figures = {"percent": policy.percent, "told": standing.told, "sold": standing.sold, "units": units}
    enough = _enough(units, standing.sold, standing.told)
    if not standing.sold or enough >= share:
        return share, "share_next", figures
    return enough, "share_cut", {**figures, "enough": enough}


def _measured(standing: Standing, units: int) -> tuple[int, str, dict[str, Any]]:
    """People for the units that those told before are not expected to buy.

    Who buys does so after minutes or hours, more and more seldom: as many as lately are expected to come still.
    """
    if not standing.told:
        return units, "auto_first", {"units": units}
    coming = standing.sold_lately if standing.last_at is not None else 0
    free, bought = units - coming, standing.sold + coming
    figures = {"sold": standing.sold, "told": standing.told, "units": units, "coming": coming, "free": free}
    if free <= 0:
        return 0, "auto_wait", figures
    enough, most = _enough(free, bought, standing.told), GROWTH * standing.told
    figures |= {"enough": enough, "rate": round(100 * bought / standing.told)}
    # Never fewer than there are units: one person buys one, so these cannot all come too late.
    return (enough, "auto_next", figures) if enough <= most else (max(most, free), "auto_growth", figures)


def _enough(units: int, sold: int, told: int) -> int:
    """People for whom ``units`` are enough, if they buy as those ``told`` before; none sold: as if the next one bought."""
    return max(units, units * told // sold if sold else units * (told + 1))


@dataclass(frozen=True, slots=True)
class Expected:
    """A wave that is still to come. Only the first is what the rule decides; the others are an estimate."""

    at: datetime
    people: int
    #: Units before it.
    units: int | None
    words: str


def forecast(
    policy: Waves, standing: Standing, now: datetime, opens: Callable[[datetime], datetime], most: int = 100
) -> Iterator[Expected]:
    """How the waves would go on from ``now``, the first ``most`` of them.

    It is assumed that people buy at the rate measured so far, or else at :data:`ASSUMED_RATE`, and nobody else does.

    :param opens: a moment → the first one from then on at which texts may go.
    """
    rate = min(1.0, standing.sold / standing.told) if standing.told and standing.sold else ASSUMED_RATE
    bought, at = 0.0, now
    for _ in range(most):
        wave = next_wave(policy, standing, at)
        if isinstance(wave, Stop):
            return
        if wave.at > now and wave.why == "auto_wait":
            at, standing = wave.at, replace(standing, sold_lately=0)
            continue
        people, at = min(standing.waiting, standing.waiting if wave.size is None else wave.size), opens(wave.at)
        yield Expected(at, people, standing.units, wave.words)
        bought += people * rate
        gone = math.floor(bought + 1e-9)
        bought -= gone
        standing = replace(
            standing,
            units=None if standing.units is None else max(0, standing.units - gone),
            waiting=standing.waiting - people,
            told=standing.told + people,
            sold=standing.sold + gone,
            sold_lately=0,
            last_at=at,
            unsent=0,
        )
