"""What it earned: the sums of ``outcomes.rollups`` over a period, for a store or one product, cut by what one wants to
compare. Reads days that are added up, so its cost does not grow with what was sent on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from nexnotify.catalog.models import Product, Variant
from nexnotify.clock import to_local
from nexnotify.content.models import Template
from nexnotify.db import db
from nexnotify.outcomes.marks import day_bounds
from nexnotify.outcomes.models import OutcomeDay, ProductView
from nexnotify.outcomes.rollups import CUT, SUMS
from nexnotify.reports.measures import Figures
from nexnotify.stores.models import Store
from nexnotify.stores.settings import CHANNELS

#: Products that are shown, those that earned or were told most.
MOST_PRODUCTS = 20
#: Literally, as in the partial indexes.
_WHOLE, _BY_VARIANT = sa.text("outcome_day.whole"), sa.text("NOT outcome_day.whole")
_BOUGHT = sa.text("outcome_day.part = 'bought'")


@dataclass(frozen=True, slots=True)
class Span:
    """Whole days of a store, both ends included."""

    first: date
    last: date
    since: datetime
    until: datetime

    @property
    def days(self) -> list[date]:
        """Each of them."""
        return [self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1)]


def span_until(store: Store, now: datetime, days: int) -> Span:
    """The last ``days`` days of a store, today among them."""
    last = to_local(now, store.zone).date()
    first = last - timedelta(days=days - 1)
    return Span(first, last, day_bounds(first, store.zone)[0], day_bounds(last, store.zone)[1])


@dataclass(frozen=True, slots=True)
class Metrics:
    """A period of a store, or of one product of it."""

    span: Span
    total: Figures
    by_channel: dict[str, Figures]
    #: (template or None, kind, channel, figures), most messages first.
    by_template: Sequence[tuple[Template | None, str, str, Figures]]
    #: Day → figures, for each day of the span.
    by_day: dict[date, Figures]
    views: int
    view_signups: int

    @property
    def signup_rate(self) -> float | None:
        """Of views of what could not be bought, how many led to a sign-up."""
        return self.view_signups / self.views if self.views else None


def metrics_of(store: Store, span: Span, product: Product | None = None) -> Metrics:
    """The figures of a period."""
    where = _within(store, span, product)
    columns = OutcomeDay.__table__.c
    total, channels = Figures(), dict[str, Figures]()
    templates: dict[tuple[int | None, str, str], Figures] = {}
    for row in _sums([columns[name] for name in CUT], where):
        total.add(row)
        if row["channel"]:
            channels.setdefault(row["channel"], Figures()).add(row)
        if row["kind"]:
            templates.setdefault((row["template_id"], row["kind"], row["channel"]), Figures()).add(row)
    days = {day: Figures() for day in span.days}
    for row in _sums((OutcomeDay.day, OutcomeDay.kind, OutcomeDay.currency, OutcomeDay.after), where):
        days[row["day"]].add(row)
    views, signups = _views(store, span, product)
    return Metrics(
        span,
        total,
        {name: channels[name] for name in CHANNELS if name in channels},
        _named(store, templates),
        days,
        views,
        signups,
    )


def products_of(store: Store, span: Span) -> list[tuple[Product, Figures]]:
    """The products of a period that were bought, most orders first and of as many those won after a click; then the others
    that were told of or asked for, by messages and requests."""
    days = (OutcomeDay.store_id == store.id, _BY_VARIANT, OutcomeDay.day >= span.first, OutcomeDay.day <= span.last)
    # Orders are far fewer rows than messages and requests; these are read only where too little was bought.
    bought = {"orders": OutcomeDay.won + OutcomeDay.assisted, "won": OutcomeDay.won}
    ids = _most(store, (*days, _BOUGHT), bought)
    if len(ids) < MOST_PRODUCTS:
        told = _most(store, days, {"taken": OutcomeDay.taken, "asked": OutcomeDay.asked})
        ids = [*ids, *(number for number in told if number not in ids)][:MOST_PRODUCTS]
    if not ids:
        return []
    mine = sa.select(Variant.id, Variant.product_id).where(Variant.store_id == store.id, Variant.product_id.in_(ids))
    of_variant = {row.id: row.product_id for row in db.session.execute(mine)}
    found = {number: Figures() for number in ids}
    cut = (OutcomeDay.variant_id, OutcomeDay.kind, OutcomeDay.currency, OutcomeDay.after)
    for row in _sums(cut, (*days, OutcomeDay.variant_id.in_(of_variant))):
        found[of_variant[row["variant_id"]]].add(row)
    products = db.session.scalars(sa.select(Product).where(Product.store_id == store.id, Product.id.in_(ids)))
    by_id = {product.id: product for product in products}
    return [(by_id[number], found[number]) for number in ids]


def _most(store: Store, days: Sequence[Any], sums: dict[str, Any]) -> list[int]:
    """The products that have most of these sums, the first before the second."""
    # By variant first, from the index alone: joined row by row, this is most of the page.
    each = (
        sa.select(OutcomeDay.variant_id, *(sa.func.sum(column).label(name) for name, column in sums.items()))
        .where(*days)
        .group_by(OutcomeDay.variant_id)
        .subquery()
    )
    top = (
        sa.select(Variant.product_id)
        .join(each, sa.and_(Variant.store_id == store.id, Variant.id == each.c.variant_id))
        .group_by(Variant.product_id)
        .order_by(*(sa.func.sum(each.c[name]).desc() for name in sums), Variant.product_id)
        .limit(MOST_PRODUCTS)
    )
    return list(db.session.scalars(top))


def in_time(stores: Iterable[Store], now: datetime, days: int) -> tuple[int, int]:
    """Texts that gateways took in the last days, and those of them taken in time, of several stores."""
    taken = timely = 0
    for store in stores:
        row = db.session.execute(
            sa.select(sa.func.sum(OutcomeDay.taken), sa.func.sum(OutcomeDay.in_time)).where(
                *_within(store, span_until(store, now, days), None), OutcomeDay.channel == "sms"
            )
        ).one()
        taken, timely = taken + int(row[0] or 0), timely + int(row[1] or 0)
    return taken, timely


def _within(store: Store, span: Span, product: Product | None) -> tuple[Any, ...]:
    days = (OutcomeDay.store_id == store.id, OutcomeDay.day >= span.first, OutcomeDay.day <= span.last)
    if product is None:
        return (*days, _WHOLE)
    mine = sa.select(Variant.id).where(Variant.store_id == store.id, Variant.product_id == product.id)
    return (*days, _BY_VARIANT, OutcomeDay.variant_id.in_(mine))


def _sums(cut: Sequence[Any], where: Sequence[Any]) -> Sequence[Any]:
    columns = OutcomeDay.__table__.c
    statement = sa.select(*cut, *(sa.func.sum(columns[name]).label(name) for name in SUMS)).select_from(OutcomeDay)
    return db.session.execute(statement.where(*where).group_by(*cut)).mappings().all()


def _named(store: Store, messages: dict[tuple[int | None, str, str], Figures]) -> list[Any]:
    ids = {number for number, _, _ in messages if number is not None}
    names = sa.select(Template).where(Template.store_id == store.id, Template.id.in_(ids))
    templates = {template.id: template for template in db.session.scalars(names)} if ids else {}
    rows = [(templates.get(key[0] or 0), key[1], key[2], figures) for key, figures in messages.items()]
    return sorted(rows, key=lambda row: (-row[3].counts["written"], row[1], row[2]))


def _views(store: Store, span: Span, product: Product | None) -> tuple[int, int]:
    statement = sa.select(sa.func.sum(ProductView.unavailable_views), sa.func.sum(ProductView.signups)).where(
        ProductView.store_id == store.id, ProductView.day >= span.first, ProductView.day <= span.last
    )
    if product is not None:
        statement = statement.where(ProductView.product_id == product.id)
    row = db.session.execute(statement).one()
    return int(row[0] or 0), int(row[1] or 0)
