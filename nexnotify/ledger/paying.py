"""Texts and the credits they take: put aside when planned, settled when accepted, given back when they do not go.

A message whose ``credits`` is null is not paid with credits; nothing here costs it a statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from nexnotify.credits.buying import end
from nexnotify.credits.models import CreditPurchase
from nexnotify.credits.rules import how_many_fit, needed
from nexnotify.credits.service import Entry, affordable, balance, book, grant, look_at_threshold, reserve_many
from nexnotify.db import IdIn, db
from nexnotify.ledger.charges import charge
from nexnotify.ledger.models import Message
from nexnotify.stores.models import Store
from nexnotify.stores.settings import StoreSettings, store_settings

#: Why a text is held while the store has not enough credits.
NO_CREDIT = "no_credit"
#: A held alert asks for credits again after this, should nothing have woken it.
ASK_AGAIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Funds:
    """What some texts take from the credits, in their order."""

    #: None: not paid with credits, or not now.
    credits: Sequence[int | None]
    #: Places of those that there are not enough credits for.
    short: frozenset[int] = frozenset()


def funds(store_id: int, settings: StoreSettings, texts: Sequence[tuple[str, int]], *, lock: bool = True) -> Funds:
    """Which of these messages, (channel, segments) each, the store's credits pay: the first ones, in their order.

    The balance is held until the transaction ends. Insert the messages with their ``credits``, then :func:`put_aside`.
    Without ``lock`` it is only looked at.
    """
    prices = [_price(settings, *text) for text in texts]
    paid = [price for price in prices if price is not None]
    if not paid:
        return Funds(prices)
    left = affordable(store_id, paid) if lock else how_many_fit(paid, balance(store_id))
    short = frozenset([place for place, price in enumerate(prices) if price is not None][left:])
    return Funds([None if place in short else price for place, price in enumerate(prices)], short)


def funds_of_one(store_id: int, settings: StoreSettings, channel: str, segments: int, *, always: bool) -> Funds:
    """The same for one answer; ``always`` takes its credits even where there are none.

    The balance is only looked at: answers of the same moment may together overdraw it a little.
    """
    price = _price(settings, channel, segments)
    if price is None or always or balance(store_id) >= price:
        return Funds([price])
    return Funds([None], frozenset({0}))


def put_aside(store_id: int, messages: Iterable[tuple[int, int | None]], now: datetime) -> None:
    """Reserve for new messages: (id, its ``credits``) each."""
    reserve_many(store_id, [(id, credits) for id, credits in messages if credits is not None], now)


def _price(settings: StoreSettings, channel: str, segments: int) -> int | None:
    paid = settings.credits and channel == "sms"
    return needed(segments, settings.credits_per_segment) if paid else None


@dataclass(frozen=True, slots=True)
class Moved:
    """A message that has moved, and what it has taken."""

    store_id: int
    message_id: int
    before: str
    after: str
    credits: int | None
    segments: int
    #: As the gateway counts them, where it says so.
    told_segments: int | None = None


def pay(moved: Iterable[Moved], now: datetime) -> None:
    """Book what these moves mean for credits; nothing for messages that are not paid with them."""
    entries: list[Entry] = []
    taken: dict[int, list[int]] = {}
    for item in moved:
        if item.credits is None:
            continue
        step = charge(item.before, item.after, item.credits, _cost(item, item.credits))
        if step is None:
            continue
        entries.append(Entry(item.store_id, step.kind, step.credits, step.reserved, item.message_id))
        if step.taken != item.credits:
            taken.setdefault(step.taken, []).append(item.message_id)
    _have_taken(taken)
    book(entries, now)
    _pass_on(entries, now)


def _cost(item: Moved, credits: int) -> int:
    """Credits for what went, at the price at which they were put aside."""
    if credits:
        each = credits // max(1, item.segments)
    else:
        settings = store_settings(db.session.get_one(Store, item.store_id))
        each = settings.credits_per_segment if settings.credits else 0
    return needed(item.told_segments or item.segments, each)


def reprice(store_id: int, message_id: int, credits: int | None, before: int, after: int, now: datetime) -> None:
    """A text that has not gone was written anew: what is put aside for it follows, at the price it was put aside at.

    :param credits: what it has taken.
    :param before: segments that these were for; ``after``: segments that it has now.
    """
    if not credits or before == after:
        return
    more = credits // max(1, before) * (after - before)
    _have_taken({credits + more: [message_id]})
    entries = [Entry(store_id, "reserve" if more > 0 else "refund", -more, more, message_id)]
    book(entries, now)
    _pass_on(entries, now)


_message = Message.__table__
_TAKEN = sa.update(_message).where(IdIn(_message.c.id)).values(credits=sa.bindparam("b_credits"))


def _have_taken(messages: dict[int, list[int]]) -> None:
    for credits, ids in messages.items():
        db.session.connection().execute(_TAKEN, {"b_ids": ids, "b_credits": credits})


# --- texts that wait for credits --------------------------------------------------------------------------------------


def _pass_on(entries: Sequence[Entry], now: datetime) -> None:
    """Credits that came back are for the texts that wait for some."""
    back: dict[int, int] = {}
    for entry in entries:
        back[entry.store_id] = back.get(entry.store_id, 0) + entry.credits
    for store_id, credits in back.items():
        if credits > 0:
            per_segment = store_settings(db.session.get_one(Store, store_id)).credits_per_segment
            _wake(store_id, max(1, credits // per_segment), now)


def top_up(store: Store, kind: str, credits: int, now: datetime, **by: Any) -> None:
    """Add credits, and let those texts go that wait for some.

    :param by: ``user_id``, ``note``, ``purchase_id``.
    """
    grant(store, kind, credits, now, **by)
    credits_came(store, now)


def close_purchase(purchase: CreditPurchase, status: str, user_id: int | None, now: datetime) -> bool:
    """Close a (locked) purchase; its credits come with "paid", once.

    :returns: False when that is no news.
    """
    if not end(purchase, status, user_id, now):
        return False
    if status == "paid":
        store = db.session.get_one(Store, purchase.store_id)
        top_up(store, "purchase", purchase.credits, now, purchase_id=purchase.id, user_id=user_id)
    return True


#: Settings after whose change :func:`credits_changed` is called.
CREDIT_SETTINGS = frozenset({"credits", "credits_per_segment", "low_credit_below"})


def credits_changed(store: Store, changed: Iterable[str], now: datetime) -> None:
    """The store's settings of these names were changed: what hangs on credits is looked at again."""
    if CREDIT_SETTINGS & set(changed):
        look_at_threshold(store)
        credits_came(store, now)


def credits_came(store: Store, now: datetime) -> None:
    """Credits were added, or switched off: the texts that wait for some are decided about again, oldest first."""
    settings = store_settings(store)
    if not settings.credits:
        _wake(store.id, None, now)
    elif (left := balance(store.id)) > 0:
        _wake(store.id, left // settings.credits_per_segment, now)


def waiting_for_credits(store_id: int) -> int:
    """How many texts wait for credits."""
    statement = sa.select(sa.func.count()).where(
        Message.store_id == store_id, sa.text("message.status = 'held' AND message.reason = 'no_credit'")
    )
    return db.session.scalar(statement) or 0


def _wake(store_id: int, most: int | None, now: datetime) -> None:
    # The status stands literally, as in the partial index. One that another worker holds is being looked at by it.
    waiting = (
        sa.select(Message.id)
        .where(
            Message.store_id == store_id,
            sa.text("message.status = 'held' AND message.reason = 'no_credit'"),
            Message.due_at > now,
        )
        .order_by(Message.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    db.session.execute(
        sa.update(Message)
        .where(Message.id.in_(waiting))
        .values(due_at=now)
        .execution_options(synchronize_session=False)
    )


def fund_held(store_id: int, rows: Sequence[Any], now: datetime) -> list[Any]:
    """Put credits aside for (locked) texts held for want of them, in their order, as far as the balance reaches.

    The others wait on.

    :param rows: each with ``id``, ``channel``, ``segments``, ``express``, ``valid_until``.
    :returns: those that can go.
    """
    settings = store_settings(db.session.get_one(Store, store_id, populate_existing=True))
    found = funds(store_id, settings, [(row.channel, row.segments) for row in rows])
    waiting = [row for place, row in enumerate(rows) if place in found.short]
    if waiting:
        put_off = sa.case((Message.express, Message.valid_until), else_=now + ASK_AGAIN)
        db.session.execute(
            sa.update(Message)
            .where(Message.id.in_([row.id for row in waiting]))
            .values(due_at=put_off)
            .execution_options(synchronize_session=False)
        )
    going = [(row.id, credits) for row, credits in zip(rows, found.credits, strict=True) if credits is not None]
    taken: dict[int, list[int]] = {}
    for message_id, credits in going:
        taken.setdefault(credits, []).append(message_id)
    _have_taken(taken)
    put_aside(store_id, going, now)
    return [row for place, row in enumerate(rows) if place not in found.short]


def give_back_unresolved(now: datetime) -> int:
    """Texts whose outcome nobody knows keep their credits until they are worth nothing; then these are given back.

    Should the gateway still say that it has taken one, it is charged then.

    :returns: how many.
    """
    rows = db.session.execute(
        sa.select(Message.id, Message.store_id, Message.credits)
        .where(sa.text("message.status = 'uncertain'"), Message.valid_until <= now, Message.credits > 0)
        # The order of the partial index: by id alone, SQLite would read every message there ever was.
        .order_by(Message.due_at, Message.id)
        .limit(200)
        .with_for_update(skip_locked=True)
    ).all()
    _have_taken({0: [row.id for row in rows]} if rows else {})
    entries = [Entry(row.store_id, "refund", row.credits, -row.credits, row.id) for row in rows]
    book(entries, now)
    _pass_on(entries, now)
    return len(rows)
