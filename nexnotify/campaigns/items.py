"""What a text to those who waited names: for each person the item that came back last and can be bought now."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from nexnotify.campaigns.models import Send
from nexnotify.campaigns.waitlist import news_meeting
from nexnotify.catalog.models import Variant
from nexnotify.customers.models import Customer
from nexnotify.db import IdIn, db, insert_tuples
from nexnotify.inventory.available import IN_STOCK
from nexnotify.inventory.regions import status_at
from nexnotify.ledger.models import Alert
from nexnotify.ledger.planning.drafts import KIND
from nexnotify.policy.eligibility import Skip
from nexnotify.restock.models import BEFORE, RestockEvent
from nexnotify.stores.models import Store
from nexnotify.waitlist.activities import BACK_IN_STOCK
from nexnotify.waitlist.models import AlertRequest


class Item(NamedTuple):
    """A variant, and the request for it."""

    request_id: int
    #: Its product is loaded.
    variant: Variant
    #: The place whose stock counts for it; None: all of it.
    region_id: int | None

    @property
    def is_buyable(self) -> bool:
        """Whether it can be bought there now."""
        return status_at(self.variant, self.region_id) == IN_STOCK

    @property
    def place(self) -> tuple[int, int | None]:
        """(variant, region), of which there are restocks."""
        return self.variant.id, self.region_id


def items_of(store: Store, send: Send, people: Mapping[int, int | None]) -> dict[int, Item]:
    """Contact → its item. Who is not in it has none left that nobody has told of.

    Of those whose items have all sold out again the newest is there, and cannot be bought.

    :param people: contact → the request that brought it into the audience.
    """
    if send.filter.get("activity") != BACK_IN_STOCK:
        return _waited_for(store, people)
    asking = _asking(store, people) if send.by == "sms" else {id: [id] for id in people}
    found: dict[int, Item] = {}
    statement = news_meeting(store, send.filter).where(AlertRequest.contact_id.in_(list(asking)))
    for request_id, asked, region_id, variant in _fresh(statement):
        item = Item(request_id, variant, region_id)
        for contact_id in asking[asked]:
            had = found.get(contact_id)
            if had is None or (item.is_buyable and not had.is_buyable):
                found[contact_id] = item
    return found


def _asking(store: Store, contact_ids: Collection[int]) -> dict[int, list[int]]:
    """Contact that asked → those it is reached at: itself, or the number of the customer with that address."""
    found = {id: [id] for id in contact_ids}
    rows = db.session.execute(
        sa.select(Customer.email_contact_id, Customer.sms_contact_id).where(
            Customer.store_id == store.id,
            IdIn(Customer.__table__.c.sms_contact_id, ids=list(contact_ids)),
        )
    )
    for asked, reached in rows:
        if asked is not None and reached is not None:
            found.setdefault(asked, []).append(reached)
    return found


def _waited_for(store: Store, people: Mapping[int, int | None]) -> dict[int, Item]:
    """What they wait for, whether it came back or not."""
    request_ids = [id for id in people.values() if id is not None]
    statement = (
        sa.select(AlertRequest.id, AlertRequest.contact_id, AlertRequest.region_id, Variant)
        .join(Variant, sa.and_(Variant.store_id == AlertRequest.store_id, Variant.id == AlertRequest.variant_id))
        .where(AlertRequest.store_id == store.id, IdIn(AlertRequest.__table__.c.id, ids=request_ids))
    )
    known = {request_id: Item(request_id, variant, place) for request_id, _, place, variant in _fresh(statement)}
    return {contact_id: known[id] for contact_id, id in people.items() if id in known}


def _fresh(statement: sa.Select[int, int, int | None, Variant]) -> sa.Result[int, int, int | None, Variant]:
    loaded = statement.options(joinedload(Variant.product)).execution_options(populate_existing=True)
    return db.session.execute(loaded)


class Named:
    """What each of some people is told of, and the right to tell it.

    The right is the row that the store's own alert takes, so that a person is told of a restock once.
    """

    def __init__(self, store: Store, send: Send, people: Mapping[int, int | None]) -> None:
        """Choose the items, and lock their restocks, so that the restocks' own plans come before or after.

        :param people: contact → the request that brought it into the audience.
        """
        self._store_id, self._channel = store.id, send.by
        self._items = items_of(store, send, people)
        self._is_news = send.filter.get("activity") == BACK_IN_STOCK
        items = self._items.values() if self._is_news else ()
        self._ended = _ended(store, {id: people[id] for id in people.keys() - self._items.keys()})
        self._newest = _newest(store, {item.variant.id for item in items})
        restocks = [event.id for event in self._newest.values()]
        self._taken = _taken(store, [item.request_id for item in items], restocks) if restocks else set()

    def of(self, contact_id: int | None) -> Item | None:
        """What this person is told of."""
        return self._items.get(contact_id or 0)

    def refusal(self, contact_id: int) -> Skip | None:
        """Why this person is not told of it now; None: it may be."""
        item = self._items.get(contact_id)
        if item is None:
            return Skip("request_closed" if contact_id in self._ended else "told_already")
        if not self._is_news:
            return None
        if not item.is_buyable:
            return Skip("sold_out_again")
        event = self._newest.get(item.place)
        if event is None:
            return None
        if event.reason in ("cancelled", "recalled"):
            return Skip("taken_back")
        # The restock's own alerts come first.
        is_pending = event.state in (*BEFORE, "telling", "stopping")
        return Skip("told_already") if is_pending or (item.request_id, event.id) in self._taken else None

    def take(self, told: Sequence[tuple[Item, int]]) -> None:
        """These messages tell of these items."""
        rows = []
        for item, message_id in told:
            if (event := self._newest.get(item.place)) is not None:
                rows.append((self._store_id, item.request_id, event.id, self._channel, KIND, 0, message_id))
                event.told += 1
        insert_tuples(Alert, ("store_id", "request_id", "restock_id", "channel", "kind", "step", "message_id"), rows)


def _ended(store: Store, people: Mapping[int, int | None]) -> set[int]:
    """Contacts whose request has ended since it brought them into the audience."""
    by_request = {request_id: contact_id for contact_id, request_id in people.items() if request_id is not None}
    if not by_request:
        return set()
    table = AlertRequest.__table__
    mine = sa.select(table.c.id).where(IdIn(table.c.id, ids=list(by_request)), table.c.store_id == store.id)
    ended = mine.where(sa.func.coalesce(table.c.closed_at, None).is_not(None))
    return {by_request[id] for id in db.session.scalars(ended)}


def _newest(store: Store, variant_ids: Collection[int]) -> dict[tuple[int, int | None], RestockEvent]:
    """(variant, region) → its last restock there, locked."""
    if not variant_ids:
        return {}
    last = (
        sa.select(sa.func.max(RestockEvent.id))
        .where(RestockEvent.store_id == store.id, RestockEvent.status == IN_STOCK)
        .where(RestockEvent.variant_id.in_(variant_ids))
        .group_by(RestockEvent.variant_id, RestockEvent.region_id)
    )
    statement = (
        sa.select(RestockEvent)
        .where(RestockEvent.store_id == store.id, RestockEvent.id.in_(last))
        .order_by(RestockEvent.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {(event.variant_id, event.region_id): event for event in db.session.scalars(statement)}


def _taken(store: Store, request_ids: Collection[int], restock_ids: Collection[int]) -> set[tuple[int, int]]:
    """(request, restock) of those that something tells already."""
    alert = Alert.__table__
    statement = sa.select(alert.c.request_id, alert.c.restock_id).where(
        alert.c.store_id == store.id,
        IdIn(alert.c.request_id, ids=list(request_ids)),
        alert.c.restock_id.in_(restock_ids),
    )
    return {(request_id, restock_id) for request_id, restock_id in db.session.execute(statement)}


def give_back(store_id: int, message_ids: Collection[int]) -> None:
    """These (cancelled) texts tell nobody: what they would have told may be told by another."""
    db.session.execute(
        sa.delete(Alert)
        .where(Alert.store_id == store_id, IdIn(Alert.__table__.c.message_id, ids=list(message_ids)))
        .execution_options(synchronize_session=False)
    )
