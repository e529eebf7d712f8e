"""Noticing long waitlists: by the index on open requests, and once however many workers look."""

from __future__ import annotations

import re

import sqlalchemy as sa

from nexnotify.clock import utcnow
from nexnotify.db import db, is_postgresql, transaction
from nexnotify.notices.long_waitlists import LENGTHS, crossings, write_crossings
from nexnotify.stores.models import Store
from tests.shop import Shop
from tests.stages.test_claims import inside, numbers

MINE = "+12015550150"


def long_list(shop: Shop, people: int = 5) -> None:
    shop.put("settings", {"merchant_number": MINE, "long_waitlist": 2})
    shop.product("TEE-M")
    rows = [{"sku": "TEE-M", "phone": to, "consent": True, "confirm": False} for to in numbers(people)]
    assert shop.post("requests", {"requests": rows})["errors"] == []


def test_two_workers_that_find_the_same_waitlist_tell_it_once(shop: Shop) -> None:
    long_list(shop)
    with inside(shop.app):
        store = db.session.get_one(Store, shop.store_id)
        found = crossings(store)
        for _ in range(2):
            with transaction():
                write_crossings(store, found, utcnow())
        assert not crossings(store)
    assert [message["to"] for message in shop.messages("merchant")] == [MINE]


def test_a_waitlist_as_long_as_the_number_is_neither_told_nor_forgotten(shop: Shop) -> None:
    long_list(shop)
    with inside(shop.app):
        store = db.session.get_one(Store, shop.store_id)
        with transaction():
            write_crossings(store, crossings(store), utcnow())
    shop.put("settings", {"long_waitlist": 5})
    with inside(shop.app):
        assert not crossings(db.session.get_one(Store, shop.store_id))
    shop.put("settings", {"long_waitlist": 6})
    with inside(shop.app):
        assert len(crossings(db.session.get_one(Store, shop.store_id)).fallen) == 1


def test_lengths_are_read_from_the_index_on_open_requests(shop: Shop) -> None:
    long_list(shop)
    with inside(shop.app):
        connection = db.session.connection()
        if is_postgresql():
            connection.execute(sa.text("SET LOCAL enable_seqscan = off"))
        words = "EXPLAIN" if is_postgresql() else "EXPLAIN QUERY PLAN"
        asked = LENGTHS.params(store_id=shop.store_id, number=2)
        statement = asked.compile(connection, compile_kwargs={"literal_binds": True})
        rows = connection.exec_driver_sql(f"{words} {statement}").all()
        assert re.search("uq_alert_request_open|ix_alert_request_waiting", str(rows)), rows
