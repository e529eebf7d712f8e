"""The shop that tests begin with is copied; the copy holds what opening a shop writes, each time."""

from __future__ import annotations

import sqlite3

import sqlalchemy as sa
from flask import Flask

from nexnotify.clock import utcnow
from nexnotify.settings import Settings
from tests.conftest import empty
from tests.opened import Table, open_shop, written
from tests.shop import Shop
from tests.times import at

#: What is drawn by chance for each shop, and what lies encrypted.
BY_CHANCE = {
    "store": {"key"},
    "api_key": {"prefix", "hash"},
    "gateway": {"settings", "callback_token", "callback_token_hash"},
}


def clear(settings: Settings) -> None:
    """Take out what was written."""
    if not settings.is_sqlite:
        empty(settings.database_url)
        return
    connection = sqlite3.connect(sa.make_url(settings.database_url).database or "")
    with connection:
        for table in written(settings.database_url):
            connection.execute(f"DELETE FROM {table.name}")
    connection.close()


def without_chance_and_moments(table: Table) -> list[list[object]]:
    """Its rows, in an order of their own: a database gives them as they lie."""
    skipped = {*BY_CHANCE.get(table.name, ()), *(table.columns[place] for place in table.moments)}
    rows = [
        ["(something)" if name in skipped and value not in (None, r"\N") else value for name, value in row]
        for row in ([*zip(table.columns, row, strict=True)] for row in table.rows)
    ]
    return sorted(rows, key=str)


def test_a_copied_shop_is_as_one_that_was_opened(app: Flask, settings: Settings) -> None:
    Shop.open(app)
    opened = {table.name: without_chance_and_moments(table) for table in written(settings.database_url)}
    clear(settings)
    open_shop(app)
    clear(settings)
    shop = open_shop(app)
    copied = {table.name: without_chance_and_moments(table) for table in written(settings.database_url)}
    assert {"store", "api_key", "template", "template_version", "gateway", "lane"} <= set(opened)
    assert copied == opened
    assert shop.get("settings")["quiet_hours"] is None
    shop.product()  # ids go on where the copy ends
    shop.ask()
    assert Shop.open(app, "Bell").store_id == shop.store_id + 1


def test_it_was_opened_at_the_moment_of_the_test(app: Flask, settings: Settings) -> None:
    open_shop(app)
    clear(settings)
    with at("2031-05-05 10:00"):
        open_shop(app)
        now = f"{utcnow():%Y-%m-%d %H:%M}"
    moments = {
        str(row[place])[:16]
        for table in written(settings.database_url)
        for row in table.rows
        for place in table.moments
        if row[place] not in (None, r"\N")
    }
    assert moments == {now}
