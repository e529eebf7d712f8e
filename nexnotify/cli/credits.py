"""Credits, as the operator of the installation grants them."""

from __future__ import annotations

import click

from nexnotify.cli.common import answer, find_the_store, in_app, json_option, store_option
from nexnotify.clock import utcnow
from nexnotify.credits.service import balance
from nexnotify.db import transaction
from nexnotify.ledger.paying import top_up
from nexnotify.stores.service import audit


@click.group()
def credits() -> None:
    """What stores pay their text messages with."""


@credits.command("add")
@store_option
@click.argument("count", type=click.IntRange(-1_000_000_000, 1_000_000_000))
@click.option("--note", default="", help="Why; it stands in the ledger and in the audit trail.")
@json_option
def add(store_key: str, count: int, note: str, as_json: bool) -> None:
    """Give a store credits; a number below 0 (behind "--") takes some away."""
    with in_app():
        now = utcnow()
        with transaction():
            place = find_the_store(store_key)
            top_up(place, "opening" if count >= 0 else "correction", count, now, note=note[:200] or None)
            audit(place, "credits.granted", None, now, by="command line", credits=count, note=note)
        left = balance(place.id)
        answer(as_json, {"added": count, "balance": left}, lambda: f"{place.name} has {left:,} credits.")
