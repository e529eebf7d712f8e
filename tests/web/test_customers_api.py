"""Customers through the storefront API and from files, and what their opt-in field writes into the consent ledger."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask

from nexnotify.cli import cli
from nexnotify.customers.models import ConsentEntry
from nexnotify.db import db
from nexnotify.settings import Settings
from nexnotify.workers.steps import run_receipts
from tests.shop import Shop
from tests.texting import Twilio

OPT_IN = "I would like to receive SMS messages"
ANN = {"id": "c1", "first_name": "Ann", "last_name": "Lee", "email": "ann@shop.example", "phone": "+12015550123"}
PHONE = "+12015550123"


def tell(shop: Shop, *rows: dict[str, Any]) -> Any:
    return shop.put("customers", {"customers": list(rows)})


def opted(shop: Shop, value: Any, **more: Any) -> Any:
    return tell(shop, {"id": "c1", "fields": {OPT_IN: value}, **more})


def ann(shop: Shop) -> dict[str, Any]:
    found = shop.get("customers?id=c1")["customers"]
    assert len(found) == 1
    return dict(found[0])


def ledger(app: Flask) -> list[tuple[str, str, str]]:
    """Every line about marketing, oldest first."""
    with app.app_context():
        statement = sa.select(ConsentEntry).where(ConsentEntry.purpose == "marketing").order_by(ConsentEntry.id)
        return [
            (entry.action, entry.method, entry.evidence.get("field", "")) for entry in db.session.scalars(statement)
        ]


def test_a_customer_is_told_once_and_what_is_left_out_stays(shop: Shop) -> None:
    assert tell(shop, ANN) == {"accepted": 1, "errors": [], "customers": [{"id": "c1"}]}
    first = ann(shop)
    assert tell(shop, ANN)["accepted"] == 1
    assert ann(shop) == first, "the same again changes nothing, not even when it was changed"
    tell(shop, {"id": "c1", "last_name": "Moss"})
    changed = ann(shop)
    assert (changed["first_name"], changed["last_name"], changed["phone"]) == ("Ann", "Moss", PHONE)
    assert changed["updated_at"] > first["updated_at"]
    tell(shop, {"id": "c1", "email": None, "first_name": ""})
    assert (ann(shop)["email"], ann(shop)["first_name"]) == (None, None)


def test_good_rows_are_kept_and_bad_ones_named(shop: Shop) -> None:
    answer = tell(
        shop,
        {"id": "c1", "phone": "12"},
        {"id": "c2", "email": "nobody"},
        {"id": "c3", "fields": {"I would like to recieve SMS": True}},
        {"id": "c4", "fields": {OPT_IN: "perhaps"}},
        {"id": "c5", "first_name": "Ben", "nickname": "B"},
        {"id": "c6", "first_name": "Ben"},
    )
    assert answer["accepted"] == 1
    assert [error["index"] for error in answer["errors"]] == [0, 1, 2, 3, 4]
    assert f"The nearest is “{OPT_IN}”" in answer["errors"][2]["message"]
    assert [customer["id"] for customer in shop.get("customers")["customers"]] == ["c6"]


def test_a_national_number_is_read_in_the_stores_country(app: Flask) -> None:
    shop = Shop.open(app, country="GB")
    tell(shop, {"id": "c1", "phone": "07400 123456"})
    assert ann(shop)["phone"] == "+447400123456"


def test_an_address_belongs_to_one_customer(shop: Shop, other_shop: Shop) -> None:
    tell(shop, ANN)
    answer = tell(shop, {"id": "c2", "phone": "(201) 555-0123"}, {"id": "c3", "email": "ANN@shop.example"})
    assert answer["accepted"] == 0
    assert ["that of customer c1" in error["message"] for error in answer["errors"]] == [True, True]
    assert tell(other_shop, {"id": "c2", "phone": PHONE})["accepted"] == 1, "another store's customer is another person"
    tell(shop, {"id": "c1", "phone": None})
    assert tell(shop, {"id": "c2", "phone": PHONE})["accepted"] == 1


def test_a_name_comes_back_as_it_was_told(shop: Shop) -> None:
    for name in ["W" * 255, "\u202eקערת עتيقة\u202c", "👩🏽‍🚀" * 20, "<script>alert(1)</script>", "O’Neill-Ó"]:
        tell(shop, {"id": "c1", "first_name": name})
        assert ann(shop)["first_name"] == name


def test_customers_are_found_by_address_and_listed_page_by_page(shop: Shop) -> None:
    tell(shop, ANN, *({"id": f"d{number}", "first_name": f"D{number}"} for number in range(5)))
    assert [item["id"] for item in shop.get("customers?phone=%2B12015550123")["customers"]] == ["c1"]
    assert [item["id"] for item in shop.get("customers?email=Ann@Shop.example")["customers"]] == ["c1"]
    assert shop.get("customers?email=ben@shop.example")["customers"] == []
    assert shop.get("customers?phone=12", status=422)["error"]["fields"].keys() == {"phone"}
    seen, address = [], "/api/v1/customers?limit=4"
    while address:
        page = shop.get(address)
        seen += [item["id"] for item in page["customers"]]
        address = page["next"]
    assert sorted(seen) == ["c1", "d0", "d1", "d2", "d3", "d4"]


# --- the opt-in field -------------------------------------------------------------------------------------------------


def test_a_yes_is_consent_to_marketing_and_a_no_takes_it_back(app: Flask, shop: Shop) -> None:
    opted(shop, True, **{name: ANN[name] for name in ("first_name", "phone")})
    assert ledger(app) == [("granted", "api", OPT_IN)]
    assert ann(shop)["may_be_sent_marketing"] is True
    opted(shop, True)
    assert len(ledger(app)) == 1, "the same value again writes nothing"
    opted(shop, False)
    opted(shop, False)
    assert [action for action, _, _ in ledger(app)] == ["granted", "revoked"]
    assert ann(shop)["may_be_sent_marketing"] is False


def test_a_no_is_no_stop(shop: Shop) -> None:
    tell(shop, ANN)
    opted(shop, True)
    opted(shop, False)
    shop.product("TEE-M")
    shop.ask("TEE-M", PHONE)
    shop.stock("TEE-M", 5)
    shop.work()
    assert [message["status"] for message in shop.messages()] == ["delivered"], "what was asked for still goes"


def test_a_stop_wins_over_the_field(app: Flask, shop: Shop) -> None:
    opted(shop, True, phone=PHONE)
    line = Twilio.open(shop, "http://127.0.0.1:9")
    line.text(PHONE, "STOP")
    assert ann(shop)["may_be_sent_marketing"] is False
    opted(shop, True)
    assert len(ledger(app)) == 1
    line.text(PHONE, "START")
    with app.app_context():
        run_receipts()
        db.session.remove()
    opted(shop, True)
    assert ann(shop)["may_be_sent_marketing"] is False, "START brings alerts back, not marketing"
    opted(shop, False)
    opted(shop, True)
    assert ann(shop)["may_be_sent_marketing"] is True, "opted in anew, after the STOP was lifted"


def test_consent_to_an_alert_is_none_to_marketing(shop: Shop) -> None:
    shop.product("TEE-M")
    shop.ask("TEE-M", PHONE)
    tell(shop, ANN)
    assert ann(shop)["may_be_sent_marketing"] is False


def test_consent_stays_with_the_number_it_was_given_for(app: Flask, shop: Shop) -> None:
    opted(shop, True, phone=PHONE)
    tell(shop, {"id": "c1", "phone": "+12015550144"})
    assert ann(shop)["may_be_sent_marketing"] is False, "nobody agreed for the new number"
    tell(shop, {"id": "c2", "phone": PHONE})
    assert shop.get("customers?id=c2")["customers"][0]["may_be_sent_marketing"] is False, (
        "nor its next owner for the old"
    )
    opted(shop, True)
    assert ann(shop)["may_be_sent_marketing"] is True
    assert [action for action, _, _ in ledger(app)] == ["granted", "revoked", "granted"]


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def load_file(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.setenv("NEXNOTIFY_INSTANCE", str(settings.instance))
    monkeypatch.setenv("NEXNOTIFY_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("NEXNOTIFY_SECRET_KEYS", settings.secret_keys)

    def load(shop: Shop, text: str, *more: str) -> Any:
        (tmp_path / "customers.csv").write_text(text)
        words = ["import", "customers", "--store", shop.key, *more, "--json", str(tmp_path / "customers.csv")]
        done = CliRunner().invoke(cli, words, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return json.loads(done.output.splitlines()[-1])

    return load


def test_a_file_is_tried_first_and_then_taken(app: Flask, shop: Shop, load_file: Any) -> None:
    text = f"id,first_name,phone,field:{OPT_IN}\nc1,Ann,2015550123,yes\nc2,Ben,12,\n"
    for more in (["--dry-run"], [], []):
        answer = load_file(shop, text, *more)
        assert answer["customers"] == 1
        assert [(row["line"], row["column"]) for row in answer["refused"]] == [(3, "phone")]
        assert bool(shop.get("customers")["customers"]) is not answer["dry_run"]
    assert ann(shop)["may_be_sent_marketing"] is True
    assert ledger(app) == [("granted", "import", OPT_IN)]


def test_a_row_with_another_customers_number_is_named(shop: Shop, load_file: Any) -> None:
    tell(shop, ANN)
    answer = load_file(shop, "id,first_name,phone\nc2,Ben,+12015550123\nc3,Cleo,\n")
    assert (answer["customers"], answer["refused"][0]["line"]) == (1, 2)
    assert "customer c1" in answer["refused"][0]["reason"]
