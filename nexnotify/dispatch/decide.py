"""Deciding again, at the moment of sending: what changed since the plan wins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from nexnotify.campaigns.stopped import stopped_messages
from nexnotify.catalog.models import Variant
from nexnotify.customers.consent import may_be_sent_marketing
from nexnotify.db import IdIn, db
from nexnotify.dispatch.due import Due
from nexnotify.dispatch.questions import Questions
from nexnotify.inventory.service import status_of
from nexnotify.ledger.facts import COUNTED, GONE, messages_that_count, store_policy
from nexnotify.ledger.models import Alert
from nexnotify.ledger.questions import CAUSES
from nexnotify.policy.eligibility import Facts, Send, Verdict, decide_alert, decide_answer, decide_sent
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings
from nexnotify.waitlist.models import AlertRequest

#: Kinds that more than a STOP can hold up.
_RULED = ("back_in_stock", "reminder", "renewal", "double_opt_in", "bulk", "order", "ticket")
#: Kinds that are about a restock → the status of a request of which they still say something.
_ALERTS = {"back_in_stock": "waiting", "reminder": "alerted"}


@dataclass(frozen=True, slots=True)
class About:
    """A request that a message is about, and the restock it answers."""

    request_id: int
    restock_id: int
    status: str
    asked_status: str


@dataclass(slots=True)
class Decided:
    """A verdict, and the requests that it is about."""

    verdict: Verdict
    requests: list[About] = field(default_factory=list)


def decide_all(store_id: int, rows: Sequence[Due], now: datetime) -> dict[int, Decided]:
    """Decide about claim candidates of one store, in their order.

    :returns: message id → verdict.
    """
    ruled = [due for due in rows if due.kind in _RULED]
    house = _House(store_id, ruled, now) if ruled else None
    return {due.id: _decide(due, house, now) for due in rows}


def _decide(due: Due, house: _House | None, now: datetime) -> Decided:
    if due.kind == "keyword_reply":
        return Decided(Send())
    opted_out, reachable = due.opted_out_at is not None, due.unreachable_at is None
    if house is None or due.kind not in _RULED:
        return Decided(decide_answer(Facts(opted_out=opted_out, reachable=reachable)))
    if due.kind in CAUSES.values():
        return Decided(house.questions.decide(due, house.policy, now))
    if due.kind not in _ALERTS:
        return Decided(_decide_sent(due, house, now))
    about = house.about.get(due.id, [])
    facts = Facts(
        opted_out=opted_out,
        reachable=reachable,
        request_open=any(item.status == _ALERTS[due.kind] for item in about),
        switched_on=any(due.channel in house.settings.switches.offered(item.asked_status) for item in about),
        paused=house.settings.is_paused(due.channel),
        buyable=due.variant_id in house.in_stock,
        recent=house.recent[due.contact_id],
    )
    verdict = decide_alert(facts, house.policy, now)
    if isinstance(verdict, Send) and due.kind in COUNTED:
        # Counted at once: the same person's next message in this very claim must see it.
        house.recent[due.contact_id].append(now)
    return Decided(verdict, about)


def _decide_sent(due: Due, house: _House, now: datetime) -> Verdict:
    """A text that staff sent; one about an order or a ticket may also be news, which nobody can stop."""
    facts = Facts(
        consent=due.kind != "bulk" or due.contact_id in house.willing,
        opted_out=due.opted_out_at is not None,
        reachable=due.unreachable_at is None,
        wanted=due.id not in house.stopped,
        recent=house.recent[due.contact_id],
    )
    verdict = decide_sent(facts, "marketing" if due.kind == "bulk" else "transactional", house.policy, now)
    if isinstance(verdict, Send) and due.kind in COUNTED:
        house.recent[due.contact_id].append(now)
    return verdict


class _House:
    """What the rules need to know of a store and of the messages that are decided about, read once a claim."""

    def __init__(self, store_id: int, ruled: Sequence[Due], now: datetime) -> None:
        alerts = [due for due in ruled if due.kind in _ALERTS]
        asking = [due for due in ruled if due.kind in CAUSES.values()]
        sent = [due for due in ruled if due.kind not in (*_ALERTS, *CAUSES.values())]
        bulk = [due.contact_id for due in sent if due.kind == "bulk"]
        store = db.session.get_one(Store, store_id, populate_existing=True)
        self.settings = store_settings(store)
        self.policy = store_policy(self.settings)
        self.about = _about(store_id, [due.id for due in alerts]) if alerts else {}
        self.in_stock = _in_stock({due.variant_id for due in alerts if due.variant_id is not None})
        counted = [due.contact_id for due in ruled if due.kind in COUNTED]
        self.recent = messages_that_count(store_id, counted, self.settings, now, GONE)
        self.willing = may_be_sent_marketing(store_id, bulk)
        self.questions = Questions(store_id, [due.id for due in asking], self.settings)
        self.stopped = stopped_messages(store_id, [due.id for due in sent])


_alert, _request = Alert.__table__, AlertRequest.__table__
_ABOUT = (
    sa.select(_alert.c.message_id, _alert.c.request_id, _alert.c.restock_id, _request.c.status, _request.c.asked_status)
    .join(_request, sa.and_(_request.c.store_id == _alert.c.store_id, _request.c.id == _alert.c.request_id))
    .where(_alert.c.store_id == sa.bindparam("b_store"), IdIn(_alert.c.message_id))
)


def _about(store_id: int, message_ids: list[int]) -> dict[int, list[About]]:
    found: dict[int, list[About]] = {}
    for message_id, *about in (
        db.session.connection().execute(_ABOUT, {"b_store": store_id, "b_ids": message_ids}).all()
    ):
        found.setdefault(message_id, []).append(About(*about))
    return found


def _in_stock(variant_ids: Iterable[int]) -> set[int]:
    wanted = list(variant_ids)
    if not wanted:
        return set()
    statement = (
        sa.select(Variant)
        .options(joinedload(Variant.product))
        .where(Variant.id.in_(wanted))
        .execution_options(populate_existing=True)
    )
    return {variant.id for variant in db.session.scalars(statement) if status_of(variant) == "in_stock"}
