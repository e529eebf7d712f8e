"""Deciding again, at the moment of sending: what changed since the plan wins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from nexnotify.catalog.models import Variant
from nexnotify.customers.models import Contact
from nexnotify.db import db
from nexnotify.inventory.service import status_of
from nexnotify.ledger.facts import COUNTED, GONE, messages_that_count, store_policy
from nexnotify.ledger.models import Alert, Message
from nexnotify.policy.eligibility import Facts, Policy, Send, Verdict, decide_alert, decide_answer
from nexnotify.stores.models import Store
from nexnotify.stores.settings import StoreSettings, store_settings
from nexnotify.waitlist.models import AlertRequest


@dataclass(slots=True)
class Decided:
    """A verdict, and the requests (with their restock) that it is about."""

    verdict: Verdict
    requests: list[tuple[AlertRequest, int]] = field(default_factory=list)


def decide_all(rows: Sequence[Any], now: datetime) -> dict[int, Decided]:
    """Decide about claim candidates (rows of Message and Contact) in their order.

    :returns: message id → verdict.
    """
    alerts = [row for row in rows if row.Message.kind == "back_in_stock"]
    requests = _requests([row.Message.id for row in alerts])
    in_stock = _in_stock({row.Message.variant_id for row in alerts})
    stores = _Stores(now, alerts)
    decided = {}
    for row in rows:
        message: Message = row.Message
        contact: Contact = row.Contact
        if message.kind == "keyword_reply":
            decided[message.id] = Decided(Send())
            continue
        facts = Facts(
            opted_out=contact.opted_out_at is not None,
            reachable=contact.unreachable_at is None,
        )
        if message.kind != "back_in_stock":
            decided[message.id] = Decided(decide_answer(facts))
            continue
        settings, policy, recent = stores.of(message.store_id)
        about = requests.get(message.id, [])
        verdict = decide_alert(
            Facts(
                opted_out=facts.opted_out,
                reachable=facts.reachable,
                request_open=any(request.status == "waiting" for request, _ in about),
                switched_on=any(
                    message.channel in settings.switches.offered(request.asked_status) for request, _ in about
                ),
                buyable=message.variant_id in in_stock,
                recent=recent[contact.id],
            ),
            policy,
            now,
        )
        if isinstance(verdict, Send) and message.kind in COUNTED:
            recent[contact.id].append(now)
        decided[message.id] = Decided(verdict, about)
    return decided


def _requests(message_ids: Sequence[int]) -> dict[int, list[tuple[AlertRequest, int]]]:
    found: dict[int, list[tuple[AlertRequest, int]]] = {}
    if message_ids:
        statement = (
            sa.select(Alert.message_id, Alert.restock_id, AlertRequest)
            .join(
                AlertRequest,
                sa.and_(AlertRequest.store_id == Alert.store_id, AlertRequest.id == Alert.request_id),
            )
            .where(Alert.message_id.in_(message_ids))
            .execution_options(populate_existing=True)
        )
        for message_id, restock_id, request in db.session.execute(statement):
            found.setdefault(message_id, []).append((request, restock_id))
    return found


def _in_stock(variant_ids: Iterable[int | None]) -> set[int]:
    wanted = [variant_id for variant_id in variant_ids if variant_id is not None]
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

    def __init__(self, now: datetime, alerts: Sequence[Any]) -> None:
        self._now = now
        self._contacts: dict[int, list[int]] = {}
        for row in alerts:
            self._contacts.setdefault(row.Message.store_id, []).append(row.Contact.id)
        self._known: dict[int, tuple[StoreSettings, Policy, Any]] = {}

    def of(self, store_id: int) -> tuple[StoreSettings, Policy, Any]:
        if store_id not in self._known:
            store = db.session.get_one(Store, store_id, populate_existing=True)
            settings = store_settings(store)
            recent = messages_that_count(store_id, self._contacts[store_id], settings, self._now, GONE)
            self._known[store_id] = (settings, store_policy(settings), recent)
        return self._known[store_id]
