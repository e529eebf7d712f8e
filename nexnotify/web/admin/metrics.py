"""Metrics: what alerts did in a period, for the store or one product, with what each number means."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from nexnotify.catalog.models import Product
from nexnotify.clock import utcnow
from nexnotify.db import db
from nexnotify.errors import NotFound
from nexnotify.reports.dashboard.figures import Daily
from nexnotify.reports.lift import Comparison, compared, on_page
from nexnotify.reports.measures import Figures
from nexnotify.reports.metrics import Metrics, metrics_of, products_of, span_until
from nexnotify.reports.words import channel_word, kind_word
from nexnotify.reports.xlsx import Column, Sheet
from nexnotify.web.admin.access import MAY_EXPORT, current_store, requires, staff_guard
from nexnotify.web.admin.plots import Plot, metrics_plots
from nexnotify.web.admin.workbooks import audited_csv, audited_workbook
from nexnotify.words import N_

bp = Blueprint("admin_metrics", __name__)
bp.before_request(staff_guard)

#: Days that can be looked at; the first is what is shown unasked.
PERIODS = (30, 7, 90)
#: The table's columns: what a row is about, its sums, and the money, a row for each currency.
COLUMNS = (
    Column(N_("By"), 14),
    Column(N_("Name"), 36),
    Column(N_("Requests"), 12, "number"),
    Column(N_("Asked to confirm"), 14, "number"),
    Column(N_("Confirmed"), 12, "number"),
    Column(N_("Sent"), 12, "number"),
    Column(N_("In time"), 12, "number"),
    Column(N_("Delivered"), 12, "number"),
    Column(N_("Not delivered"), 14, "number"),
    Column(N_("Clicked"), 12, "number"),
    Column(N_("Opt-outs"), 12, "number"),
    Column(N_("Orders won"), 12, "number"),
    Column(N_("Orders assisted"), 14, "number"),
    Column(N_("Half ordered within minutes"), 16, "number"),
    Column(N_("Restocks"), 12, "number"),
    Column(N_("Units"), 12, "number"),
    Column(N_("Units sold"), 12, "number"),
    Column(N_("Currency"), 10),
    Column(N_("Revenue"), 14, "money"),
    Column(N_("Of orders won"), 14, "money"),
)
#: What telling adds: a row for each group's figures, then for what follows from them. Shares, not percent.
LIFT_COLUMNS = (
    Column(N_("Measure"), 32),
    Column(N_("Group"), 16),
    Column(N_("Value"), 14, "number"),
    Column(N_("Lower limit"), 14, "number"),
    Column(N_("Upper limit"), 14, "number"),
)
#: Its sums, by name, before and after the time to purchase.
_COUNTED = (
    *("asked", "questioned", "confirmed", "taken", "in_time", "delivered", "failed", "clicked", "opted_out"),
    *("won", "assisted"),
)
_RESTOCKED = ("restocks", "units", "units_sold")


@bp.get("")
def index() -> ResponseReturnValue:
    """The figures."""
    store, days, product = current_store(), _days(), _product()
    span = span_until(store, utcnow(), days)
    found = metrics_of(store, span, product)
    return render_template(
        "admin/metrics/index.html",
        days=days,
        periods=sorted(PERIODS),
        product=product,
        metrics=found,
        plots=_plots(found),
        products=[] if product else products_of(store, span),
        **on_page(store, compared(store, span, product)),
    )


@bp.get("/metrics.xlsx")
@requires(MAY_EXPORT, fresh=True)
def excel() -> ResponseReturnValue:
    """The same as a workbook."""
    store, product = current_store(), _product()
    sheet, wanted = _table()
    added = compared(store, span_until(store, utcnow(), _days()), product)
    sheets = [sheet, Sheet(N_("What telling adds"), LIFT_COLUMNS, _of_lift(added))]
    return audited_workbook(store, "metrics", sheets, "metrics.exported", wanted)


@bp.get("/metrics.csv")
@requires(MAY_EXPORT, fresh=True)
def csv() -> ResponseReturnValue:
    """The same as text."""
    sheet, wanted = _table()
    return audited_csv(current_store(), "metrics", sheet, "metrics.exported", wanted)


def _table() -> tuple[Sheet, dict[str, str]]:
    """The table that is taken away, and what of it was asked for."""
    store, days, product = current_store(), _days(), _product()
    span = span_until(store, utcnow(), days)
    found = metrics_of(store, span, product)
    rows = [*_row(N_("All"), "", found.total), *_rows(found)]
    for item, figures in [] if product else products_of(store, span):
        rows += _row(N_("Product"), item.title, figures)
    wanted = {"days": str(days)} | ({"product": product.external_id} if product else {})
    return Sheet(N_("Metrics"), COLUMNS, rows), wanted


def _rows(metrics: Metrics) -> Iterator[tuple[Any, ...]]:
    for date, figures in metrics.by_day.items():
        yield from _row(N_("Day"), date.isoformat(), figures)
    for name, figures in metrics.by_channel.items():
        yield from _row(N_("Channel"), channel_word(name), figures)
    for template, kind, name, figures in metrics.by_template:
        yield from _row(
            N_("Template"), f"{(template and template.name) or kind_word(kind)}, {channel_word(name)}", figures
        )


def _of_lift(found: Comparison) -> Iterator[tuple[Any, ...]]:
    for name, group in ((N_("Told"), found.told), (N_("Control group"), found.control)):
        yield N_("People"), name, group.people, None, None
        yield N_("Bought"), name, group.buyers, None, None
        yield N_("Conversion"), name, group.rate if group.people else None, None, None
        yield N_("Revenue per person"), name, group.mean if group.people else None, None, None
    for measure, estimate in (
        (N_("Lift in conversion"), found.lift.difference),
        (N_("Relative lift"), found.lift.relative),
        (N_("Lift in revenue per person"), found.lift.money),
        (N_("Revenue added"), found.earned),
        (N_("Revenue added per restock"), found.per_restock),
        (N_("What the control group cost"), found.forgone),
    ):
        yield measure, None, *(estimate or (None, None, None))


def _row(by: str, name: str, figures: Figures) -> Iterator[tuple[Any, ...]]:
    """A row, and one more for each further currency, with nothing but its money."""
    time = figures.time_to_purchase
    counts: tuple[Any, ...] = (
        *(figures.counts[column] for column in _COUNTED),
        None if time is None else time.upto,
        *(figures.counts[column] for column in _RESTOCKED),
    )
    money: list[tuple[Any, ...]] = [(currency, *figures.money[currency]) for currency in sorted(figures.money)]
    for row in money or [(None, None, None)]:
        yield (by, name, *counts, *row)
        counts = (None,) * len(counts)


def _plots(metrics: Metrics) -> list[Plot]:
    by_day = metrics.by_day.values()
    names = ("taken", "clicked", "won", "assisted")
    return metrics_plots(
        Daily(list(metrics.by_day), {name: [figures.counts[name] for figures in by_day] for name in names})
    )


def _days() -> int:
    days = request.args.get("days", PERIODS[0], type=int)
    return days if days in PERIODS else PERIODS[0]


def _product() -> Product | None:
    if not request.args.get("product"):
        return None
    number = request.args.get("product", 0, type=int)
    # Beyond this no number of a row goes, and PostgreSQL would refuse to compare.
    mine = sa.select(Product).where(Product.store_id == current_store().id, Product.id == number)
    product = db.session.scalar(mine) if 0 < number < 2**63 else None
    if product is None:
        raise NotFound(N_("This store has no such product."))
    return product
