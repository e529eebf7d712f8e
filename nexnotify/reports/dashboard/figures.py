"""The figures of a store in a period: each a grouped query over an index by time, and no row read one by one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from nexnotify.customers.models import ConsentEntry, Contact
from nexnotify.db import UtcDateTime, db
from nexnotify.ledger.models import Alert, Message
from nexnotify.reports.dashboard.days import Day, Period
from nexnotify.restock.models import RestockEvent
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
    """A number of the period, and the same of the period before."""

    now: int
    before: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Who waits now: people, their requests, the variants they wait for; and people as the period began."""

    people: Change
    requests: int
    variants: int


@dataclass(frozen=True, slots=True)
class Funnel:
    """Of the requests made in the period: how many were told, and how many of these for certain."""

    asked: int
    told: int
    delivered: int


@dataclass(frozen=True, slots=True)
class Requests:
    """What was asked: by day and channel, in all, and what came of it."""

    daily: Daily
    asked: Change
    told: int


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


def _bucket(days: Iterable[Day]) -> Any:
    """The days as a table to join with: the database finds each day's rows by the index, whatever the zone."""
    columns = (sa.column("number", sa.Integer), sa.column("since", UtcDateTime), sa.column("until", UtcDateTime))
    rows = [(number, day.since, day.until) for number, day in enumerate(days)]
    return sa.values(*columns, name="day").data(rows).cte("day").c


def _within(moment: Any, day: Any) -> Any:
    return sa.and_(moment >= day.since, moment < day.until)


def _split(period: Period, rows: Iterable[tuple[int, str, int]], names: Sequence[str]) -> tuple[Daily, int]:
    """(day number, series, count) rows as the period's days, and the sum of the days before."""
    first = len(period.before)
    series = {name: [0] * len(period.days) for name in names}
    before = 0
    for number, name, count in rows:
        if number < first:
            before += count
        else:
            series.setdefault(name, [0] * len(period.days))[number - first] += count
    return Daily([day.date for day in period.days], series), before


def requests(store_id: int, period: Period) -> Requests:
    """Requests by the day they were made on."""
    day = _bucket(period.all_days)
    rows = db.session.execute(
        sa.select(day.number, Contact.channel, sa.func.count(), sa.func.count(AlertRequest.alerted_at))
        .join(AlertRequest, sa.and_(AlertRequest.store_id == store_id, _within(AlertRequest.created_at, day)))
        .join(Contact, sa.and_(Contact.store_id == AlertRequest.store_id, Contact.id == AlertRequest.contact_id))
        .group_by(day.number, Contact.channel)
    ).all()
    daily, before = _split(period, ((row[0], row[1], row[2]) for row in rows), ("sms", "email"))
    told = sum(row[3] for row in rows if row[0] >= len(period.before))
    return Requests(daily, Change(sum(daily.totals.values()), before), told)


def messages(store_id: int, period: Period) -> Messages:
    """Messages by the day they were written on, whatever their kind."""
    day = _bucket(period.all_days)
    rows = db.session.execute(
        sa.select(day.number, Message.status, sa.func.count(), sa.func.count(Message.accepted_at))
        .join(Message, sa.and_(Message.store_id == store_id, _within(Message.created_at, day)))
        .group_by(day.number, Message.status)
    ).all()
    daily, _ = _split(period, ((row[0], OUTCOME_OF[row[1]], row[2]) for row in rows), tuple(OUTCOMES))
    taken, taken_before = _split(period, ((row[0], "sent", row[3]) for row in rows), ("sent",))
    return Messages(daily, Change(taken.total("sent"), taken_before))


def opt_outs_and_restocks(store_id: int, period: Period) -> Daily:
    """People who said STOP, and restocks, by day."""
    day = _bucket(period.days)
    opt_outs = db.session.execute(
        sa.select(day.number, sa.literal("opt_outs"), sa.func.count(ConsentEntry.contact_id.distinct()))
        .join(
            ConsentEntry,
            sa.and_(ConsentEntry.store_id == store_id, REVOKED, _within(ConsentEntry.at, day)),
        )
        .group_by(day.number)
    )
    restocks = db.session.execute(
        sa.select(day.number, sa.literal("restocks"), sa.func.count())
        .join(RestockEvent, sa.and_(RestockEvent.store_id == store_id, _within(RestockEvent.at, day)))
        .group_by(day.number)
    )
    rows = [(row[0], row[1], row[2]) for row in (*opt_outs, *restocks)]
    return _split(Period(period.days, ()), rows, ("opt_outs", "restocks"))[0]


#: Written out, because a bound value would not match the partial index.
REVOKED = sa.text("consent_entry.action = 'revoked'")


def opt_outs(store_id: int, period: Period) -> Change:
    """People who said STOP; one who says it twice counts once."""
    contact, at = ConsentEntry.contact_id, ConsentEntry.at
    row = db.session.execute(
        sa.select(
            sa.func.count(sa.case((at >= period.since, contact)).distinct()),
            sa.func.count(sa.case((at < period.since, contact)).distinct()),
        ).where(ConsentEntry.store_id == store_id, REVOKED, at >= period.before[0].since)
    ).one()
    return Change(row[0], row[1])


def waiting(store_id: int, period: Period) -> Waiting:
    """Who waits now, and who did when the period began."""
    mine = AlertRequest.store_id == store_id
    is_open = AlertRequest.status.in_(OPEN)
    person, start = AlertRequest.contact_id, period.since
    row = db.session.execute(
        sa.select(
            sa.func.count(person.distinct()), sa.func.count(), sa.func.count(AlertRequest.variant_id.distinct())
        ).where(mine, is_open)
    ).one()
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


def delivered_requests(store_id: int, period: Period) -> int:
    """Requests of the period whose alert arrived for certain."""
    arrived = sa.exists().where(
        Alert.store_id == AlertRequest.store_id,
        Alert.request_id == AlertRequest.id,
        Message.store_id == Alert.store_id,
        Message.id == Alert.message_id,
        Message.status == "delivered",
    )
    statement = sa.select(sa.func.count()).where(
        AlertRequest.store_id == store_id,
        AlertRequest.created_at >= period.since,
        AlertRequest.alerted_at.is_not(None),
        arrived,
    )
    return db.session.scalar(statement.select_from(AlertRequest)) or 0
