"""The widget's two endpoints, as a page of the shop uses them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from nexnotify.clock import utcnow
from nexnotify.customers.models import ConsentEntry, ConsentWording, Contact
from nexnotify.db import db
from nexnotify.settings import Settings
from nexnotify.waitlist.models import AlertRequest
from tests.shop import Shop
from tests.times import later
from tests.web.test_storefront_api import error

ANN = "+12015550123"


@pytest.fixture
def tee(shop: Shop) -> Shop:
    """The shop with a sold-out tee."""
    shop.product("TEE-M", on_hand=0)
    return shop


def body(**fields: Any) -> dict[str, Any]:
    return {"sku": "TEE-M", "phone": ANN, "channels": ["sms"], "consent": True, **fields}


def test_what_is_offered_has_the_documented_shape(tee: Shop) -> None:
    answer = tee.client.get(f"/widget/v1/{tee.key}/variants?sku=TEE-M")
    assert answer.status_code == 200
    [row] = answer.get_json()["variants"]
    assert row.items() >= {"sku": "TEE-M", "status": "sold_out", "channels": ["sms", "email"]}.items()
    [same] = tee.client.get(f"/widget/v1/{tee.key}/variants?variant_id=tee-m-v").get_json()["variants"]
    assert same == row


def test_several_variants_are_asked_for_at_once_and_unknown_ones_left_out(tee: Shop) -> None:
    tee.product("MUG", on_hand=3)
    answer = tee.client.get(f"/widget/v1/{tee.key}/variants?sku=TEE-M&sku=MUG&sku=NOPE").get_json()
    assert [(row["sku"], row["status"]) for row in answer["variants"]] == [("TEE-M", "sold_out"), ("MUG", "in_stock")]
    unknown = tee.client.get(f"/widget/v1/{tee.key}/variants?sku=NOPE")
    assert unknown.status_code == 404
    error(unknown, "not_found")
    error(tee.client.get(f"/widget/v1/{tee.key}/variants"), "invalid")


def test_a_known_and_an_unknown_contact_get_the_same_answer(tee: Shop) -> None:
    answers = [tee.client.post(f"/widget/v1/{tee.key}/requests", json=body()) for _ in range(2)]
    assert [(answer.status_code, answer.get_json()) for answer in answers] == [(202, {"status": "waiting"})] * 2
    assert list(answers[0].headers) == list(answers[1].headers)
    assert len(tee.requests()) == 1
    assert len(tee.messages("confirmation")) == 1


def test_plain_text_spares_the_preflight(tee: Shop) -> None:
    answer = tee.client.post(
        f"/widget/v1/{tee.key}/requests",
        data=json.dumps(body()),
        content_type="text/plain;charset=UTF-8",
        headers={"Origin": "https://acme.example"},
    )
    assert answer.status_code == 202
    assert answer.headers["Access-Control-Allow-Origin"] in ("*", "https://acme.example")
    assert "Set-Cookie" not in answer.headers


def test_a_page_that_asks_first_is_told_yes(tee: Shop) -> None:
    answer = tee.client.options(
        f"/widget/v1/{tee.key}/requests",
        headers={"Origin": "https://acme.example", "Access-Control-Request-Method": "POST"},
    )
    assert answer.status_code in (200, 204)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert "content-type" in answer.headers["Access-Control-Allow-Headers"].lower()


def test_an_error_can_be_read_by_the_page_too(tee: Shop) -> None:
    answer = tee.client.post(f"/widget/v1/{tee.key}/requests", json=body(phone="1"))
    assert answer.status_code == 422
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "phone" in error(answer, "invalid")["fields"]


@pytest.mark.parametrize(
    "origin,allowed",
    [
        (None, True),
        ("https://acme.example", True),
        ("https://ACME.example", True),
        ("https://evil.example", False),
        ("http://acme.example", False),
        ("https://acme.example.evil.example", False),
        ("null", False),
    ],
)
def test_only_listed_origins_carry_the_widget(tee: Shop, origin: str | None, allowed: bool) -> None:
    tee.put("settings", {"domains": ["https://acme.example"]})
    headers = {"Origin": origin} if origin else {}
    answer = tee.client.post(f"/widget/v1/{tee.key}/requests", json=body(), headers=headers)
    assert answer.status_code == (202 if allowed else 403)
    if not allowed:
        error(answer, "forbidden")
        assert tee.requests() == []


WRONG_FIELDS: list[Any] = [
    ({"consent": False}, 422, "consent"),
    ({"consent": None}, 422, "consent"),
    ({"consent": "yes"}, 422, "consent"),
    ({"phone": None}, 422, "phone"),
    ({"phone": "12"}, 422, "phone"),
    ({"phone": "+1 800 555"}, 422, "phone"),
    ({"channels": ["email"]}, 422, "email"),
    ({"channels": ["email"], "email": "ann@"}, 422, "email"),
    ({"channels": ["pigeon"]}, 422, "channels.0"),
    ({"phnoe": ANN}, 422, "phnoe"),
    ({"sku": None}, 422, "body"),
    ({"first_name": "n" * 61}, 422, "first_name"),
    ({"first_name": "n" * 200}, 422, "first_name"),
    ({"first_name": "\0"}, 422, "body"),
    ({"sku": "NOPE"}, 404, None),
]


def test_what_is_wrong_is_named_field_by_field(tee: Shop) -> None:
    for wrong, status, field in WRONG_FIELDS:
        found = error(tee.widget(body(**wrong), status))
        if field:
            assert field in found["fields"]
        assert tee.requests() == []
        assert tee.messages(None) == []


def test_without_consent_there_is_no_text_and_consent_left_out_is_no_consent(tee: Shop) -> None:
    fields = body()
    del fields["consent"]
    assert "consent" in error(tee.widget(fields, 422))["fields"]


NO_BODIES: list[Any] = [(b"", 400), (b"{", 400), (b"[]", 422), (b'"x"', 422), (b" " * 20_000, 413)]


def test_a_body_that_is_none_is_refused(tee: Shop) -> None:
    for data, status in NO_BODIES:
        answer = tee.client.post(f"/widget/v1/{tee.key}/requests", data=data)
        assert answer.status_code == status
        error(answer)


def test_a_hidden_product_is_not_told_of(tee: Shop) -> None:
    tee.product("HIDDEN", on_hand=0, published=False)
    address = f"/widget/v1/{tee.key}/variants"
    for query in ("sku=HIDDEN", "variant_id=hidden-v"):
        error(tee.client.get(f"{address}?{query}"), "not_found")
    answer = tee.client.get(f"{address}?sku=HIDDEN&sku=TEE-M").get_json()
    assert [row["sku"] for row in answer["variants"]] == ["TEE-M"]


def test_an_unknown_store_and_a_wrong_method_are_told_apart(tee: Shop) -> None:
    unknown = tee.client.post("/widget/v1/nn_nobody/requests", json=body())
    assert unknown.status_code == 404
    error(unknown, "not_found")
    wrong = tee.client.put(f"/widget/v1/{tee.key}/requests", json=body())
    assert wrong.status_code == 405
    error(wrong, "method_not_allowed")


NAMES = [
    "<script>alert(1)</script>",
    "Zoë 😀",
    "آن",
    "[[url]] [[nosuch]]",
    "{{ 7 * 7 }}",
    "N" * 60,
    "Dr. Ann",
    "J.R.R. Tolkien",
    "👩‍🚀 Zoë",
    "علی‌رضا",
    "Renée-Ann d’Arc, jun.",
    "O'Brien; DROP TABLE message",
    "%s %d \\n",
]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_name_arrives_as_it_was_written(tee: Shop, name: str) -> None:
    tee.widget({"sku": "TEE-M", "email": "ann@mail.example", "channels": ["email"], "first_name": name})
    assert tee.requests()[0]["first_name"] == name
    tee.stock("TEE-M", 1)
    tee.work()
    [message] = tee.messages()
    assert message["status"] == "delivered"
    assert message["body"].startswith(f"Hello {name},\n")


LINKS = [
    "Hello you won. Claim: https://evil.example",
    "ftp://x",
    "www.evil",
    "WWW.evil",
    "claim at evil.example",
    "evil.example/claim",
    "you won,go to evil.co",
    "ann@evil",
    "evil．example",
    "evil。example",
    "evil\u200b.\u2060example",
    "ｗｗｗ．evil",
    "ann＠evil",
    "भारत.भारत",
    "😀.ws",
    "see\nevil.example",
]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", LINKS, ids=range(len(LINKS)))
def test_nobody_has_a_link_sent_to_somebody_by_way_of_the_name(tee: Shop, name: str) -> None:
    found = error(tee.widget(body(first_name=name), 422), "invalid")
    assert found["fields"] == {"first_name": "Write a name only, without a link or an address."}
    [problem] = tee.post("requests", {"requests": [body(first_name=name)]})["errors"]
    assert set(problem["fields"]) == {"first_name"}
    assert tee.requests() == []
    assert tee.messages(None) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "name,kept",
    [
        ("Ann\r\n\r\nYou won", "Ann You won"),
        (" Ann \t Lee\x1b\x07\x85\u2028", "Ann Lee"),
        ("\u202eAnn\u202c Lee", "Ann Lee"),
        ("Ann" + " " * 500 + "Lee", "Ann Lee"),
        ("\r\n", None),
    ],
)
def test_a_name_stays_on_one_line(tee: Shop, name: str, kept: str | None) -> None:
    tee.widget({"sku": "TEE-M", "email": "ann@mail.example", "first_name": name})
    assert tee.requests()[0]["first_name"] == kept
    tee.work()
    assert tee.messages("confirmation")[0]["body"].startswith(f"Hello {kept or 'there'},\n")


def test_a_nameless_shopper_is_greeted_all_the_same(tee: Shop) -> None:
    tee.widget({"sku": "TEE-M", "email": "ann@mail.example", "channels": ["email"], "first_name": "  "})
    tee.work()
    assert tee.messages("confirmation")[0]["body"].startswith("Hello there,\n")


def test_both_channels_make_two_requests_and_each_is_confirmed(tee: Shop) -> None:
    tee.widget(body(channels=["sms", "email"], email="ann@mail.example"))
    tee.work()
    assert [request["channel"] for request in tee.requests()] == ["sms", "email"]
    assert sorted(message["channel"] for message in tee.messages("confirmation")) == ["email", "sms"]


@pytest.mark.parametrize(
    "page_url", ["javascript:alert(1)", "data:text/html,x", "/tee", "http://[", "https://", "", "https://x/\ud800"]
)
def test_a_page_that_is_no_web_address_is_left_out_and_the_sign_up_kept(tee: Shop, page_url: str) -> None:
    assert tee.client.post(f"/widget/v1/{tee.key}/requests", json=body(page_url=page_url)).status_code == 202
    with tee.app.app_context():
        assert db.session.scalars(sa.select(ConsentEntry.page_url)).all() == [None]
        assert db.session.scalars(sa.select(AlertRequest.page_url)).all() == [None]
        db.session.remove()


def test_the_ledger_holds_what_was_shown_where_by_whom_and_how(tee: Shop) -> None:
    before = utcnow()
    tee.widget(
        body(page_url="https://acme.example/tee", consent_text="Yes, text me, Acme."),
        headers={"User-Agent": "Phone/1.0"},
        environ_base={"REMOTE_ADDR": "192.0.2.7"},
    )
    with tee.app.app_context():
        [(entry, contact, wording)] = db.session.execute(
            sa.select(ConsentEntry, Contact, ConsentWording)
            .join(Contact, Contact.id == ConsentEntry.contact_id)
            .join(ConsentWording, ConsentWording.version == ConsentEntry.wording_version)
        ).all()
        assert wording.text == "Yes, text me, Acme."
        assert entry.page_url == "https://acme.example/tee"
        assert entry.ip == "192.0.2.7"
        assert entry.user_agent == "Phone/1.0"
        assert (entry.purpose, entry.action, entry.method) == ("requested", "granted", "widget")
        assert before <= entry.at <= utcnow()
        assert contact.address == ANN
        db.session.remove()


def test_the_wording_that_the_endpoint_shows_is_the_one_that_is_kept(tee: Shop) -> None:
    shown = tee.client.get(f"/widget/v1/{tee.key}/variants?sku=TEE-M").get_json()["consent_text"]
    assert "Acme" in shown
    assert "STOP" in shown
    tee.widget(body())
    with tee.app.app_context():
        assert db.session.scalars(sa.select(ConsentWording.text)).all() == [shown]
        db.session.remove()


def place(number: int) -> dict[str, str]:
    return {"REMOTE_ADDR": f"192.0.2.{number}"}


class TestLimits:
    """Each sign-up may cost a text, so they are counted."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return replace(settings, signups_per_ip=3, signups_per_contact=2)

    def test_one_address_of_the_net_signs_up_so_often_in_ten_minutes_and_no_more(self, tee: Shop) -> None:
        for number in range(3):
            tee.widget(body(phone=f"+120155501{number:02}"))
        answer = tee.client.post(f"/widget/v1/{tee.key}/requests", json=body(phone="+12015550110"))
        assert answer.status_code == 429
        error(answer, "too_many")
        assert len(tee.requests()) == 3
        tee.widget(body(phone="+12015550110"), environ_base={"REMOTE_ADDR": "192.0.2.7"})
        with later(minutes=11):
            tee.widget(body(phone="+12015550111"))

    def test_a_network_of_ipv6_counts_as_one_and_so_does_an_ipv4_address_in_ipv6(self, tee: Shop) -> None:
        def ask(last: int, place: str, status: int = 202) -> None:
            tee.widget(body(phone=f"+120155501{last:02}"), status, environ_base={"REMOTE_ADDR": place})

        for number in range(3):
            ask(number, f"2001:db8:0:1:{number}::1")
        ask(3, "2001:db8:0:1:ffff:ffff:ffff:ffff", 429)
        ask(3, "2001:db8:0:2::1")
        for number in range(4, 7):
            ask(number, "::ffff:192.0.2.9")
        ask(7, "192.0.2.9", 429)
        ask(7, "::ffff:192.0.2.10")

    def test_what_is_refused_for_its_fields_costs_nothing_and_anything_else_does(self, tee: Shop) -> None:
        for _ in range(9):
            tee.widget(body(phone="12"), 422)
            tee.widget(body(first_name="evil.example"), 422)
        for _ in range(3):
            tee.widget(body(sku="NOPE"), 404)
        error(tee.widget(body(sku="NOPE"), 429), "too_many")

    def test_one_number_is_confirmed_so_often_from_wherever_and_its_other_requests_are_kept(self, tee: Shop) -> None:
        for number in range(4):
            tee.product(f"SKU-{number}", on_hand=0)
        answers = [tee.widget(body(sku=f"SKU-{number}"), environ_base=place(number)) for number in range(4)]
        assert answers == [{"status": "waiting"}] * 4
        assert [request["status"] for request in tee.requests()] == ["waiting"] * 4
        assert [message["sku"] for message in tee.messages("confirmation")] == ["SKU-0", "SKU-1"]
        tee.product("SKU-5", on_hand=0)
        with later(minutes=11):
            tee.widget(body(sku="SKU-5"), environ_base=place(5))
        assert len(tee.messages("confirmation")) == 3

    def test_only_a_new_request_counts_for_a_number(self, tee: Shop) -> None:
        """Nobody uses up another's confirmations by asking for what is asked for already, or for nothing."""
        tee.product("MUG", on_hand=0)
        tee.product("CAP", on_hand=3)
        for number in range(5):
            tee.widget(body(), environ_base=place(number))
            tee.widget(body(sku="NOPE"), 404, environ_base=place(10 + number))
            tee.widget(body(sku="CAP"), 409, environ_base=place(20 + number))
            tee.widget(body(consent=False), 422, environ_base=place(30 + number))
        tee.widget(body(sku="MUG"), environ_base=place(40))
        assert [message["sku"] for message in tee.messages("confirmation")] == ["TEE-M", "MUG"]

    def test_what_the_shop_itself_sends_is_not_limited(self, tee: Shop) -> None:
        rows = [body(phone=f"+120155501{number:02}") for number in range(10)]
        assert tee.post("requests", {"requests": rows})["accepted"] == 10
        assert len(tee.messages("confirmation")) == 10


class TestCeiling:
    """Whoever has many addresses still does not empty a merchant's purse."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return replace(settings, signups_per_store=3)

    def test_a_store_confirms_so_many_and_keeps_the_rest(self, tee: Shop, other_shop: Shop) -> None:
        email = {"email": "ann@mail.example", "channels": ["sms", "email"]}
        tee.widget(body(**email))
        tee.widget(body(**email))
        for number in range(3):
            tee.widget(body(phone=f"+120155501{number:02}"))
        assert len(tee.requests()) == 5
        assert len(tee.messages("confirmation")) == 3
        rows = [body(phone=f"+120155501{number:02}") for number in range(10, 15)]
        tee.post("requests", {"requests": rows})
        assert len(tee.messages("confirmation")) == 8, "what the shop itself sends is not limited"
        other_shop.product("TEE-M", on_hand=0)
        other_shop.ask("TEE-M")
        assert len(other_shop.messages("confirmation")) == 1
        with later(minutes=11):
            tee.widget(body(phone="+12015550120"))
        assert len(tee.messages("confirmation")) == 9
