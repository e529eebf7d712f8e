"""Whom a template would be written for: real requests and products of the store, to look at a text with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager

from nexnotify.catalog.models import Product, Variant
from nexnotify.content.models import EVENT_TEMPLATES, KEYWORD_REPLIES
from nexnotify.content.service import samples
from nexnotify.content.tokens import BUNDLE
from nexnotify.db import db
from nexnotify.ledger.links import EXAMPLE, link_values
from nexnotify.ledger.values import confirm_url, product_values, products_url, stop_url
from nexnotify.stores.models import Store
from nexnotify.waitlist.models import AlertRequest
from nexnotify.words import N_

#: Requests that are shown, and those that are searched for the longest name.
LATEST, SEARCHED = 3, 200
#: Template kinds whose link to the product is a short link.
_LINKED = ("back_in_stock", "reminder")
#: No contact has this number, so the stop link of an example opens nothing.
NOBODY = 0


@dataclass(frozen=True, slots=True)
class Example:
    """One person and product, as the tokens see them."""

    label: str
    values: dict[str, str | None]


def examples(store: Store, kind: str, product_status: str | None = None) -> list[Example]:
    """Examples for a template of this kind, the likeliest first; never empty.

    :param product_status: take requests that were made at this status, if there are any.
    """
    own: dict[str, str | None] = {"store": store.name, **_links(store)}
    if kind in KEYWORD_REPLIES:
        return [Example(N_("Everybody gets the same"), own)]
    if kind in EVENT_TEMPLATES:
        return [Example(N_("A made-up person and order"), samples() | own)]
    if kind in ("custom", BUNDLE):
        return [Example(N_("A made-up person"), samples() | own)]
    found = [_example(store, kind, *row) for row in _latest(store, product_status)]
    longest = _longest(store)
    if longest is not None:
        name, variant = longest
        example = _example(store, kind, name, variant)
        if not found:
            found.append(example)
        elif all(other.values != example.values for other in found):
            found.append(Example(N_("Your longest names"), example.values))
    return found or [Example(N_("Made-up values: there are no products yet"), samples() | own)]


def _example(store: Store, kind: str, name: str | None, variant: Variant) -> Example:
    what = " ".join(filter(None, (variant.product.title, variant.name)))
    return Example(f"{name or 'No name'}, {what}", _values(store, kind, name, variant))


def _values(store: Store, kind: str, name: str | None, variant: Variant) -> dict[str, str | None]:
    """As the planner fills them in."""
    own: dict[str, str | None] = {"firstname": name, "fullname": name}
    links = link_values(store, variant, EXAMPLE) if kind in _LINKED else {}
    return product_values(store, variant) | links | own | _links(store)


def _links(store: Store) -> dict[str, str | None]:
    """Links as long as true ones, which open nothing."""
    return {
        "stop_url": stop_url(store.id, NOBODY),
        "confirm_url": confirm_url(store.id, NOBODY),
        "products_url": products_url(store.id, NOBODY),
    }


def _latest(store: Store, product_status: str | None) -> list[tuple[str | None, Variant]]:
    """The latest requests, each of another variant and name."""
    statement: Any = (
        sa.select(AlertRequest.first_name, Variant)
        .join(Variant, sa.and_(Variant.store_id == AlertRequest.store_id, Variant.id == AlertRequest.variant_id))
        .join(Product, sa.and_(Product.store_id == Variant.store_id, Product.id == Variant.product_id))
        .options(contains_eager(Variant.product))
        .where(AlertRequest.store_id == store.id)
        .order_by(AlertRequest.id.desc())
        .limit(SEARCHED)
    )
    rows = db.session.execute(statement).all()
    if product_status:
        asked = statement.where(AlertRequest.asked_status == product_status)
        rows = db.session.execute(asked).all() or rows
    by_variant: dict[int, tuple[str | None, Variant]] = {}
    for name, variant in rows:
        by_variant.setdefault(variant.id, (name, variant))
    return list(by_variant.values())[:LATEST]


def _longest(store: Store) -> tuple[str | None, Variant] | None:
    """The longest of the latest first names with the product of the longest title."""
    variant = db.session.scalar(
        sa.select(Variant)
        .join(Product, sa.and_(Product.store_id == Variant.store_id, Product.id == Variant.product_id))
        .options(contains_eager(Variant.product))
        .where(Variant.store_id == store.id)
        .order_by(sa.func.length(Product.title).desc(), Variant.id)
        .limit(1)
    )
    if variant is None:
        return None
    latest = sa.select(AlertRequest.first_name).where(AlertRequest.store_id == store.id)
    names = db.session.scalars(latest.order_by(AlertRequest.id.desc()).limit(SEARCHED))
    return max((name for name in names if name), key=len, default=None), variant
