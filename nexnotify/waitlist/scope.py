"""What a request is about: one variant, any of a product, or any of several; and who waits for a variant by all three."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from nexnotify.catalog.models import Variant
from nexnotify.db import db
from nexnotify.stores.models import Store
from nexnotify.waitlist.covering import open_requests_of, others_wanted
from nexnotify.waitlist.models import AlertRequest, WantedVariant

_request, _wanted, _variant = AlertRequest.__table__, WantedVariant.__table__, Variant.__table__
#: Literally, as in their partial indexes.
WANTS_MORE = sa.text("alert_request.status = 'waiting' AND alert_request.quantity > 1")
WANTS_ANY = sa.text("alert_request.status = 'waiting' AND alert_request.scope = 'product'")
WANTS_THERE = sa.text("alert_request.region_id IS NOT NULL")
WANTS_OFFER = sa.text("alert_request.intent <> 'in_stock'")
_IS_WIDE = sa.text("alert_request.status IN ('pending', 'waiting') AND alert_request.scope <> 'variant'")


_mine, _sibling = _variant.alias(), _variant.alias()
#: The first variant of a variant's product, by which requests for any of them are kept.
FIRST_OF = sa.select(sa.func.min(_sibling.c.id)).where(
    _sibling.c.store_id == sa.bindparam("store_id"),
    _sibling.c.product_id
    == sa.select(_mine.c.product_id)
    .where(_mine.c.store_id == sa.bindparam("store_id"), _mine.c.id == sa.bindparam("variant_id"))
    .scalar_subquery(),
)


@dataclass(frozen=True, slots=True)
class Way:
    """One way to wait for a variant: the requests, and the column by which they are read in the order of asking."""

    requests: sa.Select[Any]
    id: sa.ColumnElement[int]
    #: They are found by their id alone: no other index is narrower.
    by_id: bool = False

    def wanting(self, intent: Any) -> Way:
        """Only those with this intent, which is not "in_stock"."""
        return self._only(_request.c.intent, intent, WANTS_OFFER)

    def there(self, region_id: Any) -> Way:
        """Only those who wait in this region; None: who named no place."""
        if region_id is None:
            return replace(self, requests=self.requests.where(_request.c.region_id.is_(None)))
        return self._only(_request.c.region_id, region_id, WANTS_THERE)

    def _only(self, column: Any, value: Any, indexed: Any) -> Way:
        """:param indexed: the condition of the partial index that holds such requests."""
        if self.by_id:  # not the bare column: a database would read that index whole
            return replace(self, requests=self.requests.where(sa.func.coalesce(column, None) == value))
        return replace(self, requests=self.requests.where(indexed, column == value))


def who_waits(
    columns: Sequence[Any], store_id: Any, variant_id: Any, first: Any, more_than: Any = None
) -> tuple[Way, Way, Way]:
    """The three ways to wait for a variant, each read from an index in the order of asking.

    :param columns: of ``alert_request``.
    :param first: the first variant of its product (:data:`FIRST_OF`).
    :param more_than: only those who want more units than these.
    """
    more = () if more_than is None else (_request.c.quantity > more_than,)
    own = sa.select(*columns).where(
        _request.c.store_id == store_id,
        _request.c.variant_id == variant_id,
        _request.c.status == "waiting" if more_than is None else WANTS_MORE,
        *more,
    )
    any_of_product = sa.select(*columns).where(
        _request.c.store_id == store_id, _request.c.variant_id == first, WANTS_ANY, first != variant_id, *more
    )
    listed = (
        sa.select(*columns)
        .select_from(_wanted)
        # By id alone, and not the bare status: a database takes these for narrow, and reads all who wait.
        .join(_request, _request.c.id == _wanted.c.request_id)
        .where(
            _wanted.c.store_id == store_id,
            _wanted.c.variant_id == variant_id,
            (_request.c.status + "") == "waiting",
            *more,
        )
    )
    return Way(own, _request.c.id), Way(any_of_product, _request.c.id), Way(listed, _wanted.c.request_id, by_id=True)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a shopper asks for."""

    #: The one that stands for the request: the only one, a product's first, or the one named first.
    variant: Variant
    #: All of them, by id, locked.
    variants: Sequence[Variant]
    #: As in ``AlertRequest.scope``.
    kind: str = "variant"


def lock_scope(store: Store, named: Sequence[Variant], any_variant: bool) -> Scope:
    """Read what is asked for afresh and keep others from changing it, so that nobody joins while it is told.

    :param named: the variants that the shopper named, the first first.
    :param any_variant: any variant of the first one's product will do.
    """
    mine = Variant.product_id == named[0].product_id if any_variant else Variant.id.in_([item.id for item in named])
    variants = db.session.scalars(
        sa.select(Variant)
        .options(joinedload(Variant.product, innerjoin=True))
        .where(Variant.store_id == store.id, mine)
        .order_by(Variant.id)
        .with_for_update(of=Variant, key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    if len(variants) == 1:
        return Scope(variants[0], variants, "product" if any_variant else "variant")
    if any_variant:
        return Scope(variants[0], variants, "product")
    return Scope(next(item for item in variants if item.id == named[0].id), variants, "listed")


def read_scope(store_id: int, variant_ids: Sequence[int], kind: str) -> Scope:
    """A scope as it is now, not locked.

    :param variant_ids: those named, the first of which stands for them.
    :param kind: as in ``AlertRequest.scope``; of "product" any variant of theirs, also one that is new.
    """
    named = sa.select(Variant).where(Variant.store_id == store_id, Variant.id.in_(variant_ids))
    found = db.session.scalars(named.order_by(Variant.id)).all()
    if kind == "product":
        mine = sa.select(Variant).where(Variant.store_id == store_id, Variant.product_id == found[0].product_id)
        found = db.session.scalars(mine.order_by(Variant.id)).all()
        return Scope(found[0], found, kind)
    return Scope(next(item for item in found if item.id == variant_ids[0]), found, kind)


_WIDE = sa.select(_request.c.id).where(
    _request.c.store_id == sa.bindparam("store_id"), _request.c.contact_id == sa.bindparam("contact_id"), _IS_WIDE
)


def has_wide(store_id: int, contact_id: int) -> bool:
    """Whether a contact waits for something wider than one variant."""
    where = {"store_id": store_id, "contact_id": contact_id}
    return db.session.connection().scalar(_WIDE, where) is not None


#: Open requests, oldest first, each with the variants it covers.
Touched = Sequence[tuple[AlertRequest, set[int]]]


def touched_by(store_id: int, contact_id: int, scope: Scope) -> Touched:
    """A (locked) contact's open requests that cover something of the scope."""
    wanted = {variant.id for variant in scope.variants}
    return [item for item in open_requests_of(store_id, contact_id) if item[1] & wanted]


def is_as_wished(touched: Touched, scope: Scope, wish: Mapping[str, Any]) -> bool:
    """Whether :func:`widen` would change nothing."""
    (oldest, covers), *others = touched
    wanted = {variant.id for variant in scope.variants}
    # "Any of the product" also means variants that are yet to come.
    more = not wanted <= covers or (scope.kind == "product" and wanted == covers and oldest.scope != "product")
    return not others and not more and all(getattr(oldest, name) == value for name, value in wish.items())


def widen(touched: Touched, scope: Scope, wish: Mapping[str, Any], now: datetime) -> AlertRequest:
    """Let the oldest request that the scope touches take it in, so that one restock never finds a person twice.

    It keeps its place; the others that it takes in end as "merged". The contact is locked, so nobody joins beside.

    :param touched: of :func:`touched_by`, at least one.
    :param wish: column → what is wanted from now on.
    :returns: the oldest.
    """
    (oldest, covers), *others = touched
    wanted = {variant.id for variant in scope.variants}.union(*(covered for _, covered in touched))
    for item, _ in others:
        item.status, item.closed_at, item.closed_reason = "cancelled", now, "merged"
    db.session.flush()
    if wanted != covers or (scope.kind == "product" and wanted == {variant.id for variant in scope.variants}):
        _set(oldest, scope, wanted)
    for name, value in wish.items():
        setattr(oldest, name, value)
    db.session.flush()
    return oldest


def _set(request: AlertRequest, scope: Scope, wanted: set[int]) -> None:
    is_product = scope.kind == "product" and wanted == {variant.id for variant in scope.variants}
    if is_product:
        request.scope, request.variant_id = "product", scope.variant.id
    else:
        request.scope = "listed"
    others = set() if is_product else wanted - {request.variant_id}
    db.session.execute(
        sa.delete(WantedVariant).where(
            WantedVariant.store_id == request.store_id, WantedVariant.request_id == request.id
        )
    )
    db.session.flush()
    add_wanted(request.store_id, request.id, sorted(others))


def add_wanted(store_id: int, request_id: int, variant_ids: Sequence[int]) -> None:
    """The other variants that a request is about."""
    db.session.add_all(
        [WantedVariant(store_id=store_id, request_id=request_id, variant_id=variant_id) for variant_id in variant_ids]
    )
    db.session.flush()


class AboutVariants(Protocol):
    """A request, or what a list read of it."""

    @property
    def id(self) -> int: ...
    @property
    def scope(self) -> str: ...
    @property
    def variant_id(self) -> int: ...


def skus_wanted(store_id: int, requests: Sequence[AboutVariants]) -> dict[int, list[str]]:
    """Request → SKU, or else id, of each variant that would do, for those about several; in three queries at most."""
    listed = others_wanted(store_id, [item.id for item in requests if item.scope == "listed"])
    names = {
        id: (name, product)
        for id, name, product in _names(
            store_id,
            {v for ids in listed.values() for v in ids}
            | {item.variant_id for item in requests if item.scope != "variant"},
        )
    }
    products = {names[item.variant_id][1] for item in requests if item.scope == "product"}
    of_product: dict[int, list[str]] = {}
    for name, product_id in (
        db.session.execute(
            sa.select(sa.func.coalesce(Variant.sku, Variant.external_id), Variant.product_id)
            .where(Variant.store_id == store_id, Variant.product_id.in_(products))
            .order_by(Variant.id)
        )
        if products
        else ()
    ):
        of_product.setdefault(product_id, []).append(name)
    found: dict[int, list[str]] = {}
    for item in requests:
        if item.scope == "product":
            found[item.id] = of_product[names[item.variant_id][1]]
        elif item.scope == "listed":
            found[item.id] = [names[id][0] for id in (item.variant_id, *listed.get(item.id, ()))]
    return found


def _names(store_id: int, variant_ids: set[int]) -> Sequence[Any]:
    if not variant_ids:
        return []
    name = sa.func.coalesce(Variant.sku, Variant.external_id)
    statement = sa.select(Variant.id, name, Variant.product_id)
    return db.session.execute(statement.where(Variant.store_id == store_id, Variant.id.in_(variant_ids))).all()
