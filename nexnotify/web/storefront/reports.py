"""What alerts earned, for the shop's own tables."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from flask import jsonify, request
from flask.typing import ResponseReturnValue

from nexnotify.catalog.models import Product
from nexnotify.clock import utcnow
from nexnotify.db import db
from nexnotify.errors import Invalid
from nexnotify.outcomes.spans import within
from nexnotify.reports.measures import Figures
from nexnotify.reports.metrics import metrics_of, span_until
from nexnotify.reports.words import kind_word
from nexnotify.reports.worth import SORTS, demand_of
from nexnotify.web.guards import the_store
from nexnotify.web.payloads import refuse_unknown_filters
from nexnotify.web.storefront import blueprint

#: Days that a report spans unless told, and at most.
DAYS, MOST_DAYS = 30, 400


@blueprint.get("/reports/outcomes")
def get_outcomes() -> ResponseReturnValue:
    """The metrics of a period: in all, by day, by channel and by template."""
    refuse_unknown_filters(("days", "product_id"), is_paged=False)
    store = the_store()
    span = span_until(store, utcnow(), days_asked())
    found = metrics_of(store, span, product_asked(store.id))
    return jsonify(
        first_day=span.first.isoformat(),
        last_day=span.last.isoformat(),
        zone=store.zone,
        total=_figures(found.total),
        signup_rate=_share(found.signup_rate),
        restocks=found.total.counts["restocks"],
        opt_outs=found.total.counts["opted_out"],
        opt_outs_per_1000=_share(found.total.opt_outs_per_1000),
        by_channel=[{"channel": name} | _figures(figures) for name, figures in found.by_channel.items()],
        by_template=[
            {
                "template": template.name if template and template.name else kind_word(kind),
                "kind": kind,
                "channel": channel,
            }
            | _figures(figures)
            for template, kind, channel, figures in found.by_template
        ],
        by_day=[{"day": day.isoformat()} | _figures(figures) for day, figures in found.by_day.items()],
    )


@blueprint.get("/reports/demand")
def get_demand() -> ResponseReturnValue:
    """What people wait for, in units and money."""
    refuse_unknown_filters(("sort",), is_paged=False)
    store, sort = the_store(), request.args.get("sort", SORTS[0])
    if sort not in SORTS:
        raise Invalid("Some filters are not right.", fields={"sort": f"Choose one of {', '.join(SORTS)}."})
    found = demand_of(store, sort, utcnow())
    return jsonify(
        currency=store.currency,
        waiting=found.waiting,
        units=found.units,
        worth=_money(found.worth),
        expected=_money(found.expected(found.worth)),
        unpriced=found.unpriced,
        bought_of_told=_share(found.rate),
        wanted=[
            {
                "sku": item.variant.sku,
                "variant_id": item.variant.external_id,
                "product": item.variant.product.title,
                "waiting": item.waiting,
                "units": item.units,
                "price": None if item.worth is None else _money(item.variant.price),
                "worth": _money(item.worth),
                "expected": _money(found.expected(item.worth)),
            }
            for item in found.wanted
        ],
    )


def _money(sum_: Decimal | None) -> str | None:
    return None if sum_ is None else f"{sum_:.2f}"


def days_asked() -> int:
    """Over how many days a report spans."""
    text = request.args.get("days", str(DAYS))
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= MOST_DAYS):
        raise Invalid("Some filters are not right.", fields={"days": f"Choose 1 to {MOST_DAYS}."})
    return int(text)


def product_asked(store_id: int) -> Product | None:
    """The one product that a report is about."""
    name = request.args.get("product_id")
    if name is None:
        return None
    product = db.session.scalar(sa.select(Product).where(Product.store_id == store_id, Product.external_id == name))
    if product is None:
        raise Invalid("There is no such product.", fields={"product_id": "Unknown."})
    return product


def _figures(figures: Figures) -> dict[str, Any]:
    counts = figures.counts
    return {
        "requests": counts["asked"],
        "requests_for_one_variant": counts["specific"],
        "variant_specificity": _share(figures.share("specific", "asked")),
        "questioned": counts["questioned"],
        "confirmed": counts["confirmed"],
        "confirmation_rate": _share(figures.share("confirmed", "questioned")),
        "sent": counts["taken"],
        "sent_in_time": counts["in_time"],
        "in_time_rate": _share(figures.share("in_time", "taken")),
        "delivered": counts["delivered"],
        "delivery_rate": _share(figures.share("delivered", "taken")),
        "not_delivered": counts["failed"],
        "taken_for_spam": counts["filtered"],
        "alerts": figures.alerts,
        "alerts_clicked": figures.alerts_clicked,
        "click_rate": _share(figures.clicked),
        "won": counts["won"],
        "assisted": counts["assisted"],
        "conversion": _share(figures.converted),
        "within_hour": within(figures.after, 60),
        "within_day": within(figures.after, 1440),
        "time_to_purchase": figures.time_to_purchase and asdict(figures.time_to_purchase),
        "revenue": [
            {
                "currency": currency,
                "revenue": _money(both),
                "revenue_won": _money(won),
                "per_alert": _money(figures.per(currency, figures.alerts)),
                "per_request": _money(figures.per(currency, counts["asked"])),
                "per_restock": _money(figures.per(currency, counts["restocks"])),
            }
            for currency, (both, won) in sorted(figures.money.items())
        ],
        "opt_outs": counts["opted_out"],
        "opt_outs_per_1000": _share(figures.opt_outs_per_1000),
        "opt_outs_by_gateway": counts["complained"],
        "restocks": counts["restocks"],
        "units": counts["units"],
        "units_sold": counts["units_sold"],
        "sell_through": _share(figures.share("units_sold", "units")),
    }


def _share(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
