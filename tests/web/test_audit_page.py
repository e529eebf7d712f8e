"""The audit trail as people read it: in words, by person and kind, page by page, and with every sign-in."""

from __future__ import annotations

import ast
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import Flask

import nexnotify
from nexnotify.db import db, transaction
from nexnotify.reports.audit import ACTIONS
from nexnotify.stores.models import Store
from nexnotify.stores.service import audit
from tests.admin import Desk
from tests.shop import Shop
from tests.web.test_admin_settings import form


def titles(page: str) -> list[str]:
    return re.findall(r'<td class="nx-lead"><b>([^<]+)</b>', page)


def test_it_is_filtered_by_person_and_by_kind(shop: Shop) -> None:
    ann, ben = Desk(shop.sign_in("ann@acme.example")), Desk(shop.sign_in("ben@acme.example", "admin"))
    ann.post("/settings", **form(threshold="7"))
    ben.post("/settings/keys", 200, name="Warehouse")
    assert {"Signed in", "Settings changed", "API key created"} <= set(titles(ann.page("/settings/audit")))
    bens = ann.word_in("/settings/audit", r'<option value="(\d+)">ben@acme')
    assert set(titles(ann.page(f"/settings/audit?person={bens}"))) == {"API key created", "Signed in"}
    assert titles(ann.page(f"/settings/audit?person={bens}&kind=keys")) == ["API key created"]
    assert "No entries match" in ann.page(f"/settings/audit?person={bens}&kind=gateways")
    assert "Clear filters" in ann.page("/settings/audit?person=999999999999999999999999&kind=keys&after=1")


def test_it_goes_page_by_page_and_keeps_the_filter(app: Flask, shop: Shop) -> None:
    desk = Desk.of(shop)
    with app.app_context():
        with transaction():
            store, now = db.session.get_one(Store, shop.store_id), datetime.now(UTC)
            for number in range(120):
                audit(store, "gateway.changed", None, now + timedelta(seconds=number), name=f"number {number}")
        db.session.remove()
    found, page = [], desk.page("/settings/audit?kind=gateways")
    while True:
        found += re.findall(r"name: number (\d+)", page)
        after = re.search(r'href="/admin(/settings/audit\?[^"]+)" rel="next"', page)
        if after is None:
            break
        page = desk.page(after.group(1))
    assert found == [str(number) for number in reversed(range(120))]


def test_another_stores_trail_is_not_shown(shop: Shop, other_shop: Shop) -> None:
    Desk(other_shop.sign_in("theirs@acme.example")).post("/settings", **form(threshold="9"))
    assert "theirs@" not in Desk.of(shop).page("/settings/audit")


def test_a_person_of_two_stores_leaves_a_line_in_both(shop: Shop, other_shop: Shop) -> None:
    other_shop.staff("both@acme.example", "viewer")
    both = Desk(shop.sign_in("both@acme.example", "viewer"))
    both.post("/account/sessions/end-others")
    for desk in (Desk.of(shop), Desk.of(other_shop)):
        page = desk.page("/settings/audit")
        assert "both@acme.example" in page
        assert "Signed out everywhere else" in page


def test_whatever_is_written_down_has_words_and_a_kind() -> None:
    written = set()
    for path in Path(nexnotify.__file__).parent.rglob("*.py"):
        calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        named = [call for call in calls if getattr(call.func, "id", "") in ("audit", "audited_csv", "audited_workbook")]
        said = (arg.value for call in named for arg in call.args if isinstance(arg, ast.Constant))
        written |= {value for value in said if isinstance(value, str) and "." in value}
    assert len(written) > 60
    assert written - ACTIONS.keys() == set()
