"""What a draft would do: how many people it reaches, who waits, who is left out and why, and what it costs.

People are counted by the database, in groups with the same facts; what becomes of a group is decided by the same rule
that decides about each of them later. So the counts are exact, and counting 100,000 people costs one statement; where quiet hours are on, a reading of their numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from nexnotify.campaigns.audience import Audience, audience_of
from nexnotify.campaigns.items import items_of
from nexnotify.campaigns.models import Send
from nexnotify.campaigns.texts import Texts
from nexnotify.customers.consent import grants_marketing
from nexnotify.customers.models import Contact, Customer
from nexnotify.customers.service import ERASED
from nexnotify.db import db
from nexnotify.ledger.models import Message
from nexnotify.ledger.planning.facts import COUNTED, GOING, store_policy
from nexnotify.policy.eligibility import Facts, Hold, Policy, Skip, Verdict, decide_sent
from nexnotify.policy.places import Known, area_of
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings

#: Rows of an audience that are counted; of a larger one, the first so many.
MOST_COUNTED = 200_000
#: People whose texts are written to see what all of them cost; up to so many, the sum is exact.
SAMPLED = 500

_contact, _customer = Contact.__table__, Customer.__table__


@dataclass(frozen=True, slots=True)
class Waiting:
    """People who get it later, and when the first of them do."""

    people: int
    until: datetime


@dataclass(slots=True)
class Summary:
    """Counts of an audience."""

    #: Rows that were picked or match; those that are one more row of somebody counted already.
    rows: int = 0
    repeated: int = 0
    going: int = 0
    waiting: dict[str, Waiting] = field(default_factory=dict)
    #: Reason → people, those with most first.
    left: dict[str, int] = field(default_factory=dict)
    #: Channel → people who get it, now or later.
    channels: dict[str, int] = field(default_factory=dict)
    #: Only the first :data:`MOST_COUNTED` rows were counted.
    is_partial: bool = False
    #: Billable parts of all text messages, where ``is_estimate`` from those of the first :data:`SAMPLED` people.
    segments: int = 0
    is_estimate: bool = False

    @property
    def people(self) -> int:
        """Those who get it, now or later."""
        return self.going + sum(group.people for group in self.waiting.values())

    @property
    def left_out(self) -> int:
        """Those who do not."""
        return sum(self.left.values())


def summarise(store: Store, send: Send, begins_at: datetime) -> Summary:
    """Count a draft's audience as it would be decided about at ``begins_at``."""
    audience, policy = audience_of(send), store_policy(store_settings(store))
    summary = Summary()
    for channel, verdict, rows, people in _groups(store, send, audience, policy, begins_at):
        summary.rows += rows
        summary.repeated += rows - people
        _count(summary, verdict, people)
        if not isinstance(verdict, Skip):
            summary.channels[channel] = summary.channels.get(channel, 0) + people
    summary.left = dict(sorted(summary.left.items(), key=lambda item: -item[1]))
    summary.is_partial = summary.rows >= MOST_COUNTED
    if send.body and summary.channels.get("sms"):
        _count_segments(store, send, summary)
    return summary


def _count(summary: Summary, verdict: Verdict, people: int) -> None:
    if isinstance(verdict, Skip):
        summary.left[verdict.reason] = summary.left.get(verdict.reason, 0) + people
    elif isinstance(verdict, Hold):
        had = summary.waiting.get(verdict.reason)
        summary.waiting[verdict.reason] = Waiting(
            people + (had.people if had else 0), min(verdict.until, had.until) if had else verdict.until
        )
    else:
        summary.going += people


def _groups(
    store: Store, send: Send, audience: Audience, policy: Policy, at: datetime
) -> list[tuple[str, Verdict, int, int]]:
    """(channel, what becomes of them, rows, people) of each group with the same facts."""
    base = audience.rows(store).limit(MOST_COUNTED).subquery()
    recent = _recent(store, policy, at)
    facts: list[Any] = [
        base.c.contact_id.is_not(None),
        _contact.c.opted_out_at.is_not(None),
        _contact.c.unreachable_at.is_(None),
        sa.func.coalesce(_contact.c.unreachable_reason, "") == ERASED,
        grants_marketing(_contact) if send.needs_opt_in else sa.true(),
        recent.c.contact_id.is_not(None),
        sa.func.coalesce(_contact.c.channel, "sms"),
    ]
    # Grouped by facts of the inner rows: PostgreSQL does not group by expressions with subqueries in them.
    where = [_contact.c.address, _customer.c.country, _customer.c.region]
    owner = sa.and_(_customer.c.store_id == store.id, _customer.c.sms_contact_id == base.c.contact_id)
    inner = (
        sa.select(
            base.c.contact_id,
            recent.c.oldest,
            *where,
            *(fact.label(f"fact_{number}") for number, fact in enumerate(facts)),
        )
        .select_from(base)
        .outerjoin(_contact, sa.and_(_contact.c.store_id == store.id, _contact.c.id == base.c.contact_id))
        .outerjoin(_customer, owner)
        .outerjoin(recent, recent.c.contact_id == base.c.contact_id)
        .subquery()
    )
    columns = [inner.c[f"fact_{number}"] for number in range(len(facts))]
    if send.purpose != "transactional" and policy.quiet_hours is not None:
        return _placed_groups(inner, columns, send, policy, audience, at)
    rows = db.session.connection().execute(
        sa.select(
            *columns, sa.func.min(inner.c.oldest), sa.func.count(), sa.func.count(inner.c.contact_id.distinct())
        ).group_by(*columns),
        audience.values(),
    )
    return [
        (
            row[len(facts) - 1],
            _verdict(send, policy, row[: len(facts) + 1], None, at),
            row[-2],
            row[-1] if row[0] else row[-2],
        )
        for row in rows.all()
    ]


def _placed_groups(
    inner: Any, columns: list[Any], send: Send, policy: Policy, audience: Audience, at: datetime
) -> list[tuple[str, Verdict, int, int]]:
    """The same where local hours count: a number lies encrypted, so whose clock it is cannot be asked in a statement."""
    statement = sa.select(
        inner.c.contact_id, inner.c.oldest, inner.c.address, inner.c.country, inner.c.region, *columns
    )
    groups: dict[tuple[Any, ...], list[tuple[int | None, datetime | None]]] = {}
    for contact_id, oldest, address, country, region, *facts in db.session.connection().execute(
        statement, audience.values()
    ):
        known = Known(None, area_of(address or ""), country, region) if facts[-1] == "sms" else None
        key = (known, *facts)
        groups.setdefault(key, []).append((contact_id, oldest))
    found = []
    for (known, *facts), people in groups.items():
        capped = min((oldest for _, oldest in people if oldest is not None), default=None)
        verdict = _verdict(send, policy, (*facts, capped), known, at)
        found.append((facts[-1], verdict, len(people), len({id for id, _ in people}) if facts[0] else len(people)))
    return found


def _verdict(send: Send, policy: Policy, facts: Any, known: Known | None, at: datetime) -> Verdict:
    has_number, opted_out, reachable, erased, consent, capped, _, oldest = facts
    if not has_number:
        return Skip("no_number")
    if erased:
        return Skip(ERASED)
    recent = (oldest,) * (policy.cap_texts or 0) if capped else ()
    told = Facts(
        consent=bool(consent), opted_out=bool(opted_out), reachable=bool(reachable), recent=recent, known=known
    )
    return decide_sent(told, send.purpose, policy, at)


def _recent(store: Store, policy: Policy, at: datetime) -> Any:
    """Contacts that have had as many texts as the cap allows, and when the oldest of those was."""
    moment = sa.func.coalesce(Message.accepted_at, Message.due_at)
    # Not the bare column: SQLite would group by its index, and read all that the store has ever sent.
    contact_id = Message.contact_id + 0
    statement = (
        sa.select(contact_id.label("contact_id"), sa.func.min(moment).label("oldest"))
        .where(
            Message.store_id == store.id,
            Message.kind.in_(COUNTED),
            (Message.status + "").in_(GOING),
            # By its index; no text is worth anything a week after it was made.
            Message.created_at > at - timedelta(hours=policy.cap_hours, days=7),
            moment > at - timedelta(hours=policy.cap_hours),
        )
        .group_by(contact_id)
        .having(sa.func.count() >= (policy.cap_texts or 1))
    )
    if policy.cap_texts is None:
        statement = statement.where(sa.false())
    return statement.subquery()


@dataclass(frozen=True, slots=True)
class Someone:
    """One of an audience's people."""

    contact_id: int
    first_name: str | None
    last_name: str | None
    #: What brought it into the audience, of those who wait.
    request_id: int | None

    @property
    def name(self) -> str:
        """First and last name, or what there is of them."""
        return " ".join(filter(None, (self.first_name, self.last_name)))


def some_people(store: Store, send: Send, most: int, channel: str = "sms") -> list[Someone]:
    """The first people of an audience who could get its text on a channel, each once."""
    audience = audience_of(send)
    base = audience.rows(store).subquery()
    statement = (
        sa.select(base.c.contact_id, base.c.first_name, base.c.last_name, base.c.request_id)
        .join(_contact, sa.and_(_contact.c.store_id == store.id, _contact.c.id == base.c.contact_id))
        .where(
            _contact.c.opted_out_at.is_(None),
            _contact.c.unreachable_at.is_(None),
            _contact.c.channel == channel,
        )
        .order_by(base.c.id)
        .limit(most)
    )
    if send.needs_opt_in:
        statement = statement.where(grants_marketing(_contact))
    found: dict[int, Someone] = {}
    for row in db.session.connection().execute(statement, audience.values()):
        found.setdefault(row[0], Someone(*row))
    return list(found.values())


def _count_segments(store: Store, send: Send, summary: Summary) -> None:
    texted = summary.channels.get("sms", 0)
    people = some_people(store, send, SAMPLED + summary.repeated if texted <= SAMPLED else SAMPLED)
    texts = Texts(store, send)
    items = items_of(store, send, {one.contact_id: one.request_id for one in people}) if texts.names_item else {}
    parts = [
        text.segments
        for one in people
        if (item := items.get(one.contact_id)) is not None or not texts.names_item
        if (text := texts.text(one.first_name, one.last_name, one.contact_id, item.variant if item else None))
    ]
    summary.is_estimate = len(people) != texted
    if summary.is_estimate and parts:
        summary.segments = round(sum(parts) / len(parts) * texted)
    else:
        summary.segments = sum(parts)
