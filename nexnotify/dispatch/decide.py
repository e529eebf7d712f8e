"""Deciding again, at the moment of sending: what changed since the plan wins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from nexnotify.catalog.models import Variant
from nexnotify.db import db
from nexnotify.dispatch.due import Due
from nexnotify.inventory.service import status_of
from nexnotify.ledger.facts import COUNTED, GONE, messages_that_count, store_policy
from nexnotify.ledger.models import Alert
from nexnotify.policy.eligibility import Facts, Policy, Send, Verdict, decide_alert, decide_answer
from nexnotify.stores.models import Store
from nexnotify.stores.settings import StoreSettings, store_settings
from nexnotify.waitlist.models import AlertRequest


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


def decide_all(rows: Sequence[Due], now: datetime) -> dict[int, Decided]:
    """Decide about claim candidates in their order.

    :returns: message id → verdict.
    """
    alerts = [due for due in rows if due.kind == "back_in_stock"]
    about = _about([due.id for due in alerts])
    in_stock = _in_stock({due.variant_id for due in alerts if due.variant_id is not None})
    stores = _Stores(now, alerts)
    return {due.id: _decide(due, about.get(due.id, []), in_stock, stores, now) for due in rows}


def _decide(due: Due, about: list[About], in_stock: set[int], stores: _Stores, now: datetime) -> Decided:
    if due.kind == "keyword_reply":
        return Decided(Send())
    opted_out, reachable = due.opted_out_at is not None, due.unreachable_at is None
    if due.kind != "back_in_stock":
        return Decided(decide_answer(Facts(opted_out=opted_out, reachable=reachable)))
    settings, policy, recent = stores.of(due.store_id)
    facts = Facts(
        opted_out=opted_out,
        reachable=reachable,
        request_open=any(item.status == "waiting" for item in about),
        switched_on=any(due.channel in settings.switches.offered(item.asked_status) for item in about),
        buyable=due.variant_id in in_stock,
        recent=recent[due.contact_id],
    )
    verdict = decide_alert(facts, policy, now)
    if isinstance(verdict, Send) and due.kind in COUNTED:
        # Counted at once: the same person's next message in this very claim must see it.
        recent[due.contact_id].append(now)
    return Decided(verdict, about)


def _about(message_ids: Sequence[int]) -> dict[int, list[About]]:
    found: dict[int, list[About]] = {}
    if message_ids:
        statement = (
            sa.select(
                Alert.message_id, Alert.request_id, Alert.restock_id, AlertRequest.status, AlertRequest.asked_status
            )
            .join(
                AlertRequest,
                sa.and_(AlertRequest.store_id == Alert.store_id, AlertRequest.id == Alert.request_id),
            )
            .where(Alert.message_id.in_(message_ids))
        )
        for row in db.session.execute(statement):
            item = About(row.request_id, row.restock_id, row.status, row.asked_status)
            found.setdefault(row.message_id, []).append(item)
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


class _Stores:
    """Settings, policy and recent messages per store, read once a claim."""

    def __init__(self, now: datetime, alerts: Sequence[Due]) -> None:
        self._now = now
        self._contacts: dict[int, list[int]] = {}
        for due in alerts:
            self._contacts.setdefault(due.store_id, []).append(due.contact_id)
        self._known: dict[int, tuple[StoreSettings, Policy, Any]] = {}

    def of(self, store_id: int) -> tuple[StoreSettings, Policy, Any]:
        if store_id not in self._known:
            store = db.session.get_one(Store, store_id, populate_existing=True)
            settings = store_settings(store)
            recent = messages_that_count(store_id, self._contacts[store_id], settings, self._now, GONE)
            self._known[store_id] = (settings, store_policy(settings), recent)
        return self._known[store_id]
