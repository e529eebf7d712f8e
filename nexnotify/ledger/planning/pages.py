"""The pages of products that people are about to be told of: looked at shortly before, never inside a transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from nexnotify.catalog.models import Product, Variant
from nexnotify.db import db, upsert
from nexnotify.fetch import Busy, Missing, Page, Unreachable
from nexnotify.gateways.models import GatewayInstance, Lane
from nexnotify.ledger.models import Message, PageCheck
from nexnotify.ledger.planning.drafts import KIND
from nexnotify.policy.product_page import BAD, Claims, Ours, judge, plain_address, read_claims, spellings
from nexnotify.restock.models import RestockEvent
from nexnotify.stores.models import Store
from nexnotify.stores.settings import StoreSettings, store_settings

#: For so long a page is not looked at again.
FRESH = timedelta(minutes=5)
#: For so long, what was found counts.
COUNTS = timedelta(minutes=30)
#: A page is looked at when its texts are due so soon.
AHEAD = timedelta(minutes=2)
#: Texts at the head of a lane's queue that are looked at.
HEAD = 200

Fetch = Callable[[str, int], Page]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A page to look at, and what it should show."""

    store_id: int
    variant_id: int
    url: str
    ours: Ours


def pages_gone(store_id: int, variant_ids: Collection[int], settings: StoreSettings, now: datetime) -> set[int]:
    """Those of these variants whose page is gone or another product's, as it was last looked at."""
    if not settings.check_page or not variant_ids:
        return set()
    statement = sa.select(PageCheck.variant_id).where(
        PageCheck.store_id == store_id,
        PageCheck.variant_id.in_(variant_ids),
        PageCheck.verdict.in_(BAD),
        PageCheck.checked_at > now - COUNTS,
    )
    return set(db.session.scalars(statement))


def find_page_check(variant: Variant) -> PageCheck | None:
    """What a variant's page said when it was last looked at."""
    return db.session.scalar(
        sa.select(PageCheck).where(PageCheck.store_id == variant.store_id, PageCheck.variant_id == variant.id)
    )


def wanted_pages(now: datetime) -> list[Wanted]:
    """Pages of products that people are about to be told of, and that were not looked at lately."""
    stores = [store for store in db.session.scalars(sa.select(Store)) if store_settings(store).check_page]
    return [each for store in stores for each in _wanted_of(store, now)]


def _wanted_of(store: Store, now: datetime) -> Iterator[Wanted]:
    told = list(dict.fromkeys(chain(_of_restocks(store), _held(store, now), _queued(store))))
    fresh = sa.select(PageCheck.variant_id).where(
        PageCheck.store_id == store.id, PageCheck.variant_id.in_(told), PageCheck.checked_at > now - FRESH
    )
    left = set(told) - set(db.session.scalars(fresh))
    variants = db.session.scalars(
        sa.select(Variant)
        .options(joinedload(Variant.product).selectinload(Product.variants))
        .where(Variant.store_id == store.id, Variant.id.in_(left))
        .order_by(Variant.id)
    )
    for variant in variants:
        if variant.page_url:
            yield Wanted(store.id, variant.id, variant.page_url, _ours(variant.product))


def _of_restocks(store: Store) -> Sequence[int]:
    return db.session.scalars(
        sa.select(RestockEvent.variant_id).where(
            sa.text("restock_event.planned_at IS NULL"), RestockEvent.store_id == store.id
        )
    ).all()


def _held(store: Store, now: datetime) -> Sequence[int]:
    rows = db.session.scalars(
        sa.select(Message.variant_id)
        .distinct()
        .where(
            sa.text("message.status = 'held'"),
            Message.due_at <= now + AHEAD,
            Message.store_id == store.id,
            (Message.kind + "") == KIND,
        )
    )
    return [variant_id for variant_id in rows if variant_id is not None]


def _queued(store: Store) -> Iterator[int]:
    """What the next texts of the store's lanes speak of."""
    lanes = sa.select(Lane.id).join(GatewayInstance, Lane.gateway_id == GatewayInstance.id)
    for lane_id in db.session.scalars(lanes.where(GatewayInstance.store_id == store.id)).all():
        rows = db.session.execute(
            sa.select(Message.variant_id, Message.kind)
            .where(sa.text("message.status = 'queued'"), Message.lane_id == lane_id, Message.express.is_(False))
            .order_by(Message.due_at, Message.id)
            .limit(HEAD)
        )
        yield from (variant_id for variant_id, kind in rows if kind == KIND and variant_id is not None)


def _ours(product: Product) -> Ours:
    addresses = [product.url, *(variant.url for variant in product.variants)]
    names = [("product", product.external_id)]
    for variant in product.variants:
        names += [("variant_id", variant.external_id), ("product", variant.external_id)]
        names += [("sku", name) for name in (variant.sku, variant.external_id, product.external_id) if name]
    return Ours(frozenset(plain_address("", address) for address in addresses if address), frozenset(names))


def look(wanted: Wanted, fetch: Fetch) -> tuple[str, str | None]:
    """Read a page; outside of any transaction.

    :param fetch: (address, store id) → the page.
    :returns: a verdict of ``policy.product_page.VERDICTS``, and what was in the way of reading it.
    """
    try:
        page = fetch(wanted.url, wanted.store_id)
    except Missing as error:
        return "gone", str(error)[:400]
    except Unreachable as error:
        return "unread", str(error)[:400]
    except Busy:
        return "unread", None
    claims = read_claims(wanted.url, page.url, page.text)
    return judge(claims, wanted.ours, _others(wanted, claims)), None


def _others(wanted: Wanted, claims: Claims) -> Claims:
    """Those of a page's claims that are other products of the store."""
    mine = sa.select(Variant.product_id).where(Variant.store_id == wanted.store_id, Variant.id == wanted.variant_id)
    product = sa.select(Product).where(Product.store_id == wanted.store_id, Product.id.not_in(mine))
    variant = sa.select(Variant).where(Variant.store_id == wanted.store_id, Variant.product_id.not_in(mine))
    written = [text for address in claims.addresses for text in spellings(address)]
    addresses = chain(
        db.session.scalars(product.with_only_columns(Product.url).where(Product.url.in_(written))),
        db.session.scalars(variant.with_only_columns(Variant.url).where(Variant.url.in_(written))),
    )
    skus = [name for kind, name in claims.names if kind == "sku"]
    ids = [name for kind, name in claims.names if kind == "product"]
    names = chain(
        (
            ("sku", sku)
            for sku in db.session.scalars(variant.with_only_columns(Variant.sku).where(Variant.sku.in_(skus)))
        ),
        (
            ("product", ref)
            for ref in db.session.scalars(
                product.with_only_columns(Product.external_id).where(Product.external_id.in_(ids))
            )
        ),
    )
    return Claims(
        frozenset(plain_address("", address) for address in addresses if address),
        frozenset((kind, name) for kind, name in names if name),
    )


def record_page(wanted: Wanted, verdict: str, detail: str | None, now: datetime) -> None:
    """Keep what a page said."""
    said = {"url": wanted.url, "verdict": verdict, "detail": detail, "checked_at": now}
    db.session.execute(
        upsert(PageCheck.__table__)
        .values(store_id=wanted.store_id, variant_id=wanted.variant_id, **said)
        .on_conflict_do_update(index_elements=["store_id", "variant_id"], set_=said)
    )
