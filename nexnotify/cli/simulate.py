"""``nexnotify simulate``: what would happen if so many units came in."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import click

from nexnotify.catalog.regions import named_place
from nexnotify.catalog.service import find_variant
from nexnotify.cli.common import answer, find_the_store, in_app, json_option, store_option
from nexnotify.clock import from_local, isoformat, to_local, utcnow
from nexnotify.errors import NotFound
from nexnotify.ledger.planning.preview import Preview
from nexnotify.policy.eligibility import REASONS
from nexnotify.reports.plan import preview_json, simulated
from nexnotify.stores.models import Store

_VERDICTS = {"send": "told", "hold": "held back", "skip": "passed over"}


@click.command()
@store_option
@click.option("--sku", required=True, help="The variant that comes in.")
@click.option("--units", required=True, type=click.IntRange(1, 10**9), help="How many.")
@click.option("--at", type=click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]), help="When, in the store's zone.")
@click.option("--location", help="Where they come in, for those who wait there.")
@click.option("--region", help="The same for a region.")
@json_option
def simulate(
    store_key: str, sku: str, units: int, at: datetime | None, location: str | None, region: str | None, as_json: bool
) -> None:
    """Show the plan of an invented restock: the real list, the real rules. Nothing is written, nobody is told."""
    with in_app():
        store, now = find_the_store(store_key), utcnow()
        variant = find_variant(store, sku=sku)
        if variant is None:
            raise NotFound(f"There is no product with the SKU {sku}.")
        moment = from_local(at, store.zone) if at else now
        if not now - timedelta(days=366) <= moment <= now + timedelta(days=366):
            raise click.BadParameter("Choose a moment within a year.", param_hint="--at")
        found = simulated(store, variant, units, moment, named_place(store, location=location, region=region))
        place = {"location": location, "region": region}
        data: dict[str, Any] = {
            "sku": sku,
            **place,
            "units": units,
            "at": isoformat(moment),
            "forecast": preview_json(found),
        }
        answer(as_json, data, lambda: _lines(store, found))


def _lines(store: Store, found: Preview) -> str:
    def when(moment: datetime) -> str:
        return f"{to_local(moment, store.zone):%Y-%m-%d %H:%M}"

    about = "about " if found.is_estimate else ""
    lines = [f"{found.waiting:,} wait, {about}{found.going:,} would be told."]
    for (verdict, reason), count in sorted(found.people.items()):
        lines.append(f"  {_VERDICTS[verdict]}: {about}{count:,}. {REASONS[reason]}")
    cost = [f"{about}{found.segments:,} text parts"]
    cost += [f"{found.credits:,} credits"] if found.credits is not None else []
    cost += [f"{found.money:.2f} {found.currency}"] if found.money is not None else []
    lines.append("Texts: " + ", ".join(cost))
    for number, wave in enumerate(found.waves):
        units = "unlimited" if wave.units is None else f"{wave.units:,} units"
        guess = "estimate, " if number else ""
        lines.append(f"  wave {number + 1} at {when(wave.at)} ({guess}{units}): {wave.people:,} people. {wave.words}")
    if found.ends_at is not None:
        lines.append(f"Done by {when(found.ends_at)} (estimate).")
    return "\n".join(lines)
