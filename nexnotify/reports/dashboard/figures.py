"""The figures of a store in a period, from days that are added up: what they cost does not grow with what was sent.

Who waits now is counted now.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from nexnotify.db import db
from nexnotify.outcomes.models import OutcomeDay
from nexnotify.outcomes.rollups import SUMS
from nexnotify.reports.dashboard.days import Period
from nexnotify.reports.measures import Figures
from nexnotify.waitlist.models import OPEN, AlertRequest

#: What became of a message, in a merchant's words: outcome → its statuses.
OUTCOMES = {
    "delivered": ("delivered",),
    "under_way": ("queued", "claimed", "accepted", "sent"),
    "held": ("held",),
    "uncertain": ("uncertain",),
    "not_delivered": ("undelivered", "rejected", "expired"),
    "not_sent": ("suppressed", "cancelled"),
}
#: Status → outcome.
OUTCOME_OF = {status: outcome for outcome, statuses in OUTCOMES.items() for status in statuses}
#: Written out, because a bound value would not match the partial index.
REVOKED = sa.text("consent_entry.action = 'revoked'")
#: Who waited as the period began is counted from the rows of those who were told since: of at most so many.
MOST_TOLD = 20_000


@dataclass(frozen=True, slots=True)
class Daily:
    """Counts by day: series → a number for each day of ``dates``."""

    dates: Sequence[date]
    series: dict[str, list[int]]

    def total(self, name: str) -> int:
        """The sum of a series; 0 for one that is not there."""
        return sum(self.series.get(name, ()))

    @property
    def totals(self) -> dict[str, int]:
        """The sum of each series."""
        return {name: sum(values) for name, values in self.series.items()}


@dataclass(frozen=True, slots=True)
class Change:
    """A number of the period, and the same of the period before; None: nobody counted."""

    now: int
    before: int | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Who waits now: people, their requests, the variants they wait for; and people as the period began."""

    people: Change
    requests: int
    variants: int


@dataclass(frozen=True, slots=True)
class Requests:
    """What was asked: by day and channel, and in all."""

    daily: Daily
    asked: Change


@dataclass(frozen=True, slots=True)
class Messages:
    """What was written: by day and outcome; and what gateways took."""

    daily: Daily
    sent: Change

    @property
    def delivered(self) -> int:
        """Those that arrived for certain."""
        return self.daily.total("delivered")

    @property
    def not_delivered(self) -> int:
        """Those that surely did not."""
        return self.daily.total("not_delivered")


@dataclass(frozen=True, slots=True)
class Sums:
    """What the days of a period, and those before, add up to."""

    period: Period
    #: Each of a day, a channel and a kind of message.
    rows: Sequence[Any]
    #: The period's, all together.
    total: Figures

    def daily(self, series: Iterable[str], number: Any) -> tuple[Daily, int]:
        """Numbers by day, and the sum of the days before.

        :param number: row → series → number, or nothing.
        """
        dates = [day.date for day in self.period.days]
        place = {day: number for number, day in enumerate(dates)}
        found, before = {name: [0] * len(dates) for name in series}, 0
        for row in self.rows:
            for name, count in number(row).items():
                if row["day"] in place:
                    found.setdefault(name, [0] * len(dates))[place[row["day"]]] += count
                else:
                    before += count
        return Daily(dates, found), before


def sums(store_id: int, period: Period) -> Sums:
    """Everything that is added up of a period, in one query."""
    columns = OutcomeDay.__table__.c
    cut = (columns.day, columns.channel, columns.kind, columns.currency)
    first, last = period.all_days[0].date, period.all_days[-1].date
    rows = (
        db.session.execute(
            sa.select(*cut, *(sa.func.sum(columns[name]).label(name) for name in SUMS))
            .where(OutcomeDay.store_id == store_id, sa.text("outcome_day.whole"))
            .where(OutcomeDay.day >= first, OutcomeDay.day <= last)
            .group_by(*cut)
        )
        .mappings()
        .all()
    )
    total, begun = Figures(), period.days[0].date
    for row in rows:
        if row["day"] >= begun:
            total.add(row)
    return Sums(period, rows, total)


def requests(found: Sums) -> Requests:
    """Requests by the day they were made on."""
    daily, before = found.daily(
        ("sms", "email"), lambda row: {row["channel"]: int(row["asked"])} if row["asked"] else {}
    )
    return Requests(daily, Change(sum(daily.totals.values()), before))


def messages(found: Sums) -> Messages:
    """Messages by the day they were written on, whatever their kind."""
    daily, _ = found.daily(OUTCOMES, _outcomes)
    taken, before = found.daily(("sent",), lambda row: {"sent": int(row["taken"])})
    return Messages(daily, Change(taken.total("sent"), before))


def _outcomes(row: Any) -> dict[str, int]:
    """What became of a row's messages; those of which nothing is known are under way."""
    known = {
        "delivered": int(row["delivered"]),
        "held": int(row["held"]),
        "uncertain": int(row["uncertain"]),
        "not_delivered": int(row["failed"]),
        "not_sent": int(row["not_sent"]),
    }
    return known | {"under_way": int(row["written"]) - sum(known.values())}


def opt_outs_and_restocks(found: Sums) -> Daily:
    """People who opted out, and restocks, by day."""
    return found.daily(
        ("opt_outs", "restocks"),
        lambda row: {"opt_outs": int(row["opted_out"]), "restocks": int(row["restocks"])},
    )[0]


def opt_outs(found: Sums) -> Change:
    """People who opted out; one who does so twice in a day counts once."""
    daily, before = found.daily(("opt_outs",), lambda row: {"opt_outs": int(row["opted_out"])})
    return Change(daily.total("opt_outs"), before)


def waiting(store_id: int, period: Period, told: int) -> Waiting:
    """Who waits now, and who did when the period began.

    :param told: how many alerts went since; of more than :data:`MOST_TOLD` the second is not counted.
    """
    mine = AlertRequest.store_id == store_id
    is_open = AlertRequest.status.in_(OPEN)
    person, start = AlertRequest.contact_id, period.since
    row = db.session.execute(
        sa.select(
            sa.func.count(person.distinct()), sa.func.count(), sa.func.count(AlertRequest.variant_id.distinct())
        ).where(mine, is_open)
    ).one()
    before = None
    if told <= MOST_TOLD:
        # Those who waited then: they wait still, or it ended since. Three ways, each by an index of its own.
        ways = (
            (is_open,),
            (AlertRequest.alerted_at >= start,),
            (AlertRequest.closed_at >= start, AlertRequest.alerted_at.is_(None)),
        )
        asked_before = sa.case((AlertRequest.created_at < start, person)).label("person")
        then = sa.union_all(*(sa.select(asked_before).where(mine, *way) for way in ways)).subquery()
        before = db.session.scalar(sa.select(sa.func.count(then.c.person.distinct()))) or 0
    return Waiting(Change(row[0], before), row[1], row[2])
