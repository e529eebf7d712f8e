"""What people bought of a product, whether they were told of it or not.

An order is found by its person alone: by the contacts that came with it, by its customer's, by those that its confirmation
page told, and by the browser in which somebody asked. What the storefront and a page tell is one order.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import sqlalchemy as sa

from nexnotify.catalog.models import Variant
from nexnotify.customers.models import Customer
from nexnotify.db import db
from nexnotify.orders.models import UNDONE, Order, OrderLine
from nexnotify.outcomes.models import PageOrder, VisitorRequest
from nexnotify.outcomes.past import read_of, those_with
from nexnotify.stores.models import Store

_order, _line, _customer, _page, _visitor = (
    model.__table__ for model in (Order, OrderLine, Customer, PageOrder, VisitorRequest)
)
_WAYS = ("sms_contact_id", "email_contact_id")
_OF_ORDER = (_order.c.id, _order.c.placed_at, _order.c.status, _order.c.currency, _order.c.total)
_OF_PAGE = (_page.c.id, _page.c.at, _page.c.currency, _page.c.total, _page.c.reference, _page.c.lines)
_ORDERS = [those_with(_order.c[way], *_OF_ORDER) for way in _WAYS]
_CUSTOMERS = [those_with(_customer.c[way], _customer.c.id) for way in _WAYS]
_OF_CUSTOMERS = those_with(_order.c.customer_id, *_OF_ORDER)
_PAGES = [those_with(_page.c[way], *_OF_PAGE) for way in _WAYS]
_VISITORS = those_with(_visitor.c.request_id, _visitor.c.visitor)
_VARIANTS = those_with(_line.c.order_id, _line.c.variant_id, only=_line.c.variant_id.is_not(None))


class Purchase(NamedTuple):
    """An order of somebody who waits, or waited, for a product."""

    contact_id: int
    #: The same for the same order.
    key: tuple[str, int]
    at: datetime
    #: In the store's currency; of another, 0: nothing is converted.
    total: Decimal


class _Told(NamedTuple):
    """An order as the storefront told it."""

    id: int
    at: datetime
    status: str
    currency: str
    total: Decimal | None


class _Page(NamedTuple):
    """An order as a page told it."""

    id: int
    at: datetime
    currency: str
    total: Decimal | None
    reference: str | None
    variants: frozenset[int]


def purchases(
    store: Store, product_id: int, asked: Mapping[int, int], since: datetime, until: datetime
) -> list[Purchase]:
    """Orders with the product in them, or of which nobody knows what is in them, that were not called off.

    :param asked: request → its contact, of at most some thousand people.
    """
    pages = {(contact, page) for contact, page in _pages(store.id, asked) if since <= page.at < until}
    known = _by_number(store.id, {number for _, page in pages if (number := _number(page))})
    orders = {
        *_orders(store.id, set(asked.values())),
        *((contact, known[_number(page)]) for contact, page in pages if _number(page) in known),
    }
    counted = {(contact, order) for contact, order in orders if since <= order.at < until}
    mine = set(
        db.session.scalars(sa.select(Variant.id).where(Variant.store_id == store.id, Variant.product_id == product_id))
    )
    others = _of_other_things(store.id, {order.id for _, order in counted}, mine)
    return [
        *(
            Purchase(contact, ("order", order.id), order.at, _money(store, order))
            for contact, order in counted
            if order.status not in UNDONE and order.id not in others
        ),
        *(
            Purchase(contact, ("page", page.id), page.at, _money(store, page))
            for contact, page in pages
            if _number(page) not in known and (not page.variants or mine & page.variants)
        ),
    ]


def _money(store: Store, order: _Told | _Page) -> Decimal:
    return order.total if order.total is not None and order.currency == store.currency else Decimal(0)


def _number(page: _Page) -> str:
    return (page.reference or "").removeprefix("#")


def _orders(store_id: int, contacts: Collection[int]) -> Iterable[tuple[int, _Told]]:
    """(contact, order) by the contacts that came with it, and by those of its customer."""
    for own, having in zip(_ORDERS, _CUSTOMERS, strict=True):
        for contact, *order in read_of(own, store_id, contacts):
            yield contact, _Told(*order)
        customers = {id: contact for contact, id in read_of(having, store_id, contacts)}
        for customer, *order in read_of(_OF_CUSTOMERS, store_id, customers):
            yield customers[customer], _Told(*order)


def _pages(store_id: int, asked: Mapping[int, int]) -> Iterable[tuple[int, _Page]]:
    """(contact, order) by the contacts that the page told, and by the browser."""
    for by_contact in _PAGES:
        for contact, *page in read_of(by_contact, store_id, set(asked.values())):
            yield contact, _page_of(page)
    browsers: dict[str, set[int]] = {}
    for request_id, visitor in read_of(_VISITORS, store_id, asked):
        browsers.setdefault(visitor, set()).add(asked[request_id])
    if not browsers:
        return
    rows = sa.select(_page.c.visitor, *_OF_PAGE).where(_page.c.store_id == store_id, _page.c.visitor.in_(browsers))
    for visitor, *page in db.session.execute(rows):
        for contact in browsers[visitor]:
            yield contact, _page_of(page)


def _page_of(row: Sequence[Any]) -> _Page:
    id, at, currency, total, reference, lines = row
    return _Page(id, at, currency, total, reference, frozenset(line["variant"] for line in lines or ()))


def _by_number(store_id: int, numbers: Collection[str]) -> dict[str, _Told]:
    """Number → the storefront's own word of what pages told."""
    if not numbers:
        return {}
    named = [*numbers, *(f"#{number}" for number in numbers)]
    rows = sa.select(_order.c.external_id, *_OF_ORDER).where(
        _order.c.store_id == store_id, _order.c.external_id.in_(named)
    )
    return {number.removeprefix("#"): _Told(*order) for number, *order in db.session.execute(rows)}


def _of_other_things(store_id: int, order_ids: Collection[int], mine: Collection[int]) -> set[int]:
    """Orders of which something is known, and nothing of it is one of these variants."""
    found: dict[int, bool] = {}
    for order_id, variant_id in read_of(_VARIANTS, store_id, order_ids):
        found[order_id] = found.get(order_id, False) or variant_id in mine
    return {order_id for order_id, is_mine in found.items() if not is_mine}
