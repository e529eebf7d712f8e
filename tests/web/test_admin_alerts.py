"""The guided set-up of the text alert: three steps without a script, and an alert that really runs, pauses and resumes."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.admin import Desk
from tests.shop import Shop

NAME = "SMS InStock Notifications"
ALL = {"sold_out_sms": "y", "to_phone": "ToPhone", "message": "Message", "name": NAME}


@pytest.fixture
def desk(shop: Shop) -> Desk:
    """An admin's browser."""
    return Desk.of(shop, "admin")


def fields(page: str) -> dict[str, str]:
    """What the form of the page would send, its buttons left out."""
    found = {}
    for tag in re.findall(r"<input[^>]*>", page.split('<form method="post" action="/admin/settings/alerts/new"')[1]):
        given = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if given.get("type") != "checkbox" or " checked" in tag:
            found[given["name"]] = given.get("value", "y")
    for name, body in re.findall(r'<select[^>]*name="(\w+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        found[name] = re.findall(r'value="([^"]*)"', body)[0]
    found.pop("csrf_token", None)
    return found


def go(desk: Desk, page: str, button: str = "next", status: int = 200, **typed: str | None) -> str:
    """Fill the shown step in and press a button."""
    data = {name: value for name, value in {**fields(page), **typed}.items() if value is not None}
    return desk.post("/settings/alerts/new", status, go=button, **data)


def set_up(desk: Desk, **typed: str) -> str:
    """All three steps, everything else as it is suggested."""
    page = go(desk, desk.page("/settings/alerts/new"), **typed)
    return go(desk, go(desk, page), "finish", 302)


@pytest.mark.parametrize("role,status", [("viewer", 403), ("staff", 403), ("admin", 200), ("owner", 200)])
def test_only_owners_and_admins_set_it_up(shop: Shop, role: str, status: int) -> None:
    desk = Desk.of(shop, role)
    desk.page("/settings/alerts", status)
    desk.page("/settings/alerts/new", status)
    if status == 403:
        for path in ("new", "pause", "resume"):
            desk.post(f"/settings/alerts/{path}", 403, step="3", go="finish", **ALL)
        assert shop.get("settings")["alert"] is None


def test_three_steps_lead_to_an_alert_that_texts(shop: Shop, desk: Desk) -> None:
    first = desk.page("/settings/alerts/new")
    assert "Step 1 of 3" in first
    second = go(desk, first, preordered_sms="y", sold_out_email=None)
    assert fields(second)["to_phone"] == "ToPhone"
    assert "Acme: Tee M / blue has been released, you can buy it now." in second
    third = go(desk, second)
    assert fields(third)["name"] == NAME
    assert NAME in go(desk, third, "finish", 302)
    kept = shop.get("settings")
    assert kept["alert"] == {"name": NAME, "active": True}
    assert kept["switches"]["preordered"] == {"sms": True, "email": False, "push": False}
    assert kept["switches"]["sold_out"] == {"sms": True, "email": False, "push": False}
    assert "Alert set up" in desk.page("/settings/audit")
    shop.product("TEE-M", unavailable_as="preordered")
    shop.ask("TEE-M")
    shop.stock("TEE-M", 5)
    shop.work()
    assert [message["status"] for message in shop.messages()] == ["delivered"]
    page = desk.page("/settings/alerts")
    assert re.search(r"Last restock</dt><dd[^>]*>Tee", page)
    assert "1 person" in page


def test_nothing_is_kept_before_the_last_step(shop: Shop, desk: Desk) -> None:
    before = shop.get("settings")
    go(desk, go(desk, desk.page("/settings/alerts/new"), preordered_sms="y"))
    assert shop.get("settings") == before


def test_back_keeps_what_was_typed(desk: Desk) -> None:
    page = go(desk, go(desk, desk.page("/settings/alerts/new"), preordered_email="y", sold_out_sms=None))
    page = go(desk, page, "back", name="Ours & theirs")
    assert "Step 2 of 3" in page
    page = go(desk, page, "back")
    shown = fields(page)
    assert (shown.get("preordered_email"), shown.get("sold_out_sms"), shown["name"]) == ("y", None, "Ours & theirs")


@pytest.mark.parametrize("typed", ["", "  ", "x" * 101])
def test_a_name_that_is_none_is_refused_beside_its_field(shop: Shop, desk: Desk, typed: str) -> None:
    page = desk.post("/settings/alerts/new", 422, step="3", go="finish", **{**ALL, "name": typed})
    assert 'id="name-error"' in page
    assert shop.get("settings")["alert"] is None


def test_an_alert_without_a_status_for_texts_is_refused_at_the_step_that_asks(shop: Shop, desk: Desk) -> None:
    page = go(desk, desk.page("/settings/alerts/new"), status=422, sold_out_sms=None, backordered_sms=None)
    assert "Choose at least one status for text messages." in page
    assert "Step 1 of 3" in page
    late = {name: value for name, value in ALL.items() if name != "sold_out_sms"}
    assert "Step 1 of 3" in desk.post("/settings/alerts/new", 422, step="3", go="finish", **late)
    assert shop.get("settings")["alert"] is None


@pytest.mark.parametrize("wrong", [{"to_phone": "+12015550123"}, {"message": "anything"}])
def test_there_is_nothing_to_choose_but_what_is_offered(shop: Shop, desk: Desk, wrong: dict[str, str]) -> None:
    desk.post("/settings/alerts/new", 422, step="3", go="finish", **{**ALL, **wrong})
    assert shop.get("settings")["alert"] is None


def test_it_is_paused_and_resumed(shop: Shop, desk: Desk) -> None:
    set_up(desk)
    assert "Paused" in desk.post("/settings/alerts/pause")
    assert shop.get("settings")["alert"] == {"name": NAME, "active": False}
    shop.product("TEE-M")
    shop.ask("TEE-M")
    shop.stock("TEE-M", 5)
    shop.work()
    assert shop.messages() == []
    assert "Active" in desk.post("/settings/alerts/resume")
    trail = desk.page("/settings/audit")
    assert "Alert paused" in trail
    assert "Alert resumed" in trail


def test_editing_a_paused_alert_does_not_wake_it(shop: Shop, desk: Desk) -> None:
    set_up(desk)
    desk.post("/settings/alerts/pause")
    third = go(desk, go(desk, desk.page("/settings/alerts/new")))
    go(desk, third, "finish", 302, name="Back again")
    assert shop.get("settings")["alert"] == {"name": "Back again", "active": False}


def test_there_is_nothing_to_pause_before_it_is_set_up(desk: Desk) -> None:
    desk.post("/settings/alerts/pause", 404)
    assert "No alert subscription yet" in desk.page("/settings/alerts")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("step", ["0", "-3", "99", "x", ""])
def test_a_step_that_is_none_breaks_nothing(desk: Desk, step: str) -> None:
    data: dict[str, Any] = {**ALL, "step": step, "go": "back"}
    desk.post("/settings/alerts/new", 200, **data)
