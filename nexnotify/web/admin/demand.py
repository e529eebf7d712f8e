"""Demand: what people wait for, in people, units and money."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from nexnotify.clock import utcnow
from nexnotify.inventory.service import status_of
from nexnotify.reports.worth import FEWEST_TOLD, MOST, RATE_DAYS, SORTS, Demand, Sort, demand_of
from nexnotify.reports.xlsx import Column, Sheet
from nexnotify.web.admin.access import MAY_EXPORT, current_store, requires, staff_guard
from nexnotify.web.admin.workbooks import audited_csv
from nexnotify.words import N_

bp = Blueprint("admin_demand", __name__)
bp.before_request(staff_guard)

COLUMNS = (
    Column(N_("Product"), 36),
    Column(N_("Variant"), 24),
    Column("SKU", 20),
    Column(N_("Waiting"), 12, "number"),
    Column(N_("Units"), 12, "number"),
    Column(N_("Price"), 12, "money"),
    Column(N_("Currency"), 10),
    Column(N_("Left on the table"), 16, "money"),
    Column(N_("Likely worth of a restock"), 16, "money"),
)


@bp.get("")
def index() -> ResponseReturnValue:
    """The ranking."""
    store, sort = current_store(), _sort()
    return render_template(
        "admin/demand/index.html",
        demand=demand_of(store, sort, utcnow()),
        sort=sort,
        most=MOST,
        rate_days=RATE_DAYS,
        fewest=FEWEST_TOLD,
        status_of=status_of,
    )


@bp.get("/demand.csv")
@requires(MAY_EXPORT, fresh=True)
def csv() -> ResponseReturnValue:
    """The same as text."""
    store, sort = current_store(), _sort()
    sheet = Sheet(N_("Demand"), COLUMNS, _rows(demand_of(store, sort, utcnow())))
    return audited_csv(store, "demand", sheet, "demand.exported", {"sort": sort})


def _rows(demand: Demand) -> list[tuple[object, ...]]:
    return [
        (
            item.variant.product.title,
            item.variant.name,
            item.variant.sku,
            item.waiting,
            item.units,
            item.variant.price,
            item.variant.currency,
            item.worth,
            demand.expected(item.worth),
        )
        for item in demand.wanted
    ]


def _sort() -> Sort:
    asked = request.args.get("sort")
    return next((sort for sort in SORTS if sort == asked), SORTS[0])
