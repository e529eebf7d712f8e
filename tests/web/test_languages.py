"""Everybody reads the admin in their own language, shoppers theirs; moments, numbers and sums are written accordingly."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa
from babel.messages.pofile import read_po
from flask import Flask
from flask.testing import FlaskClient

from nexnotify.clock import utcnow
from nexnotify.content.disclosure import disclosure
from nexnotify.customers.custom_fields import OPT_IN
from nexnotify.db import db, transaction
from nexnotify.ledger.opening import equip_store
from nexnotify.stores.models import AuditEntry, Store
from nexnotify.stores.service import create_api_key, open_store
from nexnotify.web.languages import CATALOGUES, day, first_known, local, money, number
from tests.admin import Desk
from tests.shop import Shop
from tests.web.test_admin_access import SHOWN, lived_in, routes

#: What no German page says; it finds what nobody marked for translation.
ENGLISH = re.compile(r"\b.{0,20} (?:the|your|with|this|when|which|they|has|nobody) .{0,20}")
#: What a shopper, the merchant or a gateway wrote, and stays as it is.
DATA = (
    disclosure("Laden"),
    OPT_IN,
    "kept in the outbox",
    # What plugins say.
    "The credits come when an owner has confirmed that it was paid.",
    "A signed call to your own address",
    "Any storefront can answer it in less than thirty lines; docs/holds.md shows them.",
    "Yours: it keeps units and lets them go, such as https://shop.example/holds.",
    "At least 16 characters that both sides know. Each call is signed with it.",
)


def english_sentences() -> list[str]:
    """What the sources say in three words and more, without values, where German says something else."""
    with open(CATALOGUES / "de" / "LC_MESSAGES" / "messages.po", "rb") as file:
        catalogue = read_po(file)
    plain = (message for message in catalogue if isinstance(message.id, str) and message.id != message.string)
    texts = (re.sub(r"<[^>]+>", "", message.id) for message in plain if "%(" not in message.id)
    return [html.unescape(text).strip() for text in texts if len(text.split()) > 2]


def words_of(page: str) -> str:
    """What a page says, attributes included, without its scripts and code."""
    page = re.sub(r"<(script|style|code|pre|textarea)\b.*?</\1>", " ", page, flags=re.S)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"</?[a-z][a-z0-9]*\b|>", " ", page)))


def speak(desk: Desk, language: str) -> None:
    desk.post("/account/language", language=language)


def test_somebody_with_german_reads_german_on_every_page(app: Flask) -> None:
    shop = german_shop(app)
    ids = lived_in(shop)
    desk = Desk(shop.sign_in("ann@acme.example", "owner"))
    speak(desk, "de")
    english = english_sentences()
    assert len(english) > 500
    pages = {address.removeprefix("/admin") for address, has_id in routes(app, "GET") if not has_id}
    pages |= {path.format(**ids) for path in SHOWN}
    found = {}
    for path in sorted(pages):
        answer = desk.browser.get(f"/admin{path}", follow_redirects=True)
        if answer.status_code != 200 or not answer.content_type.startswith("text/html"):
            answer.close()
            continue
        page = answer.get_data(as_text=True)
        if 'lang="de"' not in page:
            continue  # a part of a page
        said = words_of(page)
        for text in DATA:
            said = said.replace(text, "")
        left = [text for text in english if text in said]
        if left or (left := ENGLISH.findall(said)):
            found[path] = left
    assert found == {}
    assert len(pages) > 45


def test_the_language_is_ones_own_and_written_down(app: Flask, shop: Shop) -> None:
    ann, ben = Desk.of(shop, "owner"), Desk.of(shop, "viewer")
    speak(ann, "de")
    assert "Warteliste" in ann.page("/waitlist")
    assert "Waitlist" in ben.page("/waitlist")
    with app.app_context():
        assert (
            db.session.scalar(sa.select(AuditEntry.detail).where(AuditEntry.action == "language.changed")) is not None
        )
    speak(ann, "")
    assert "Waitlist" in ann.page("/waitlist")


def test_without_a_choice_it_is_the_stores(app: Flask, shop: Shop) -> None:
    desk = Desk.of(shop)
    for locale, title in (("de_AT", "Einstellungen"), ("tlh", "Settings"), ("", "Settings")):
        with app.app_context(), transaction():
            db.session.get_one(Store, shop.store_id).locale = locale
        assert f"<h1>{title}</h1>" in desk.page("/settings")


def test_at_the_door_it_is_the_browsers(client: FlaskClient, shop: Shop) -> None:
    for wish, title in (("de-CH,en;q=0.5", "Anmelden"), ("fr", "Sign in"), ("", "Sign in")):
        page = client.get("/admin/login", headers={"Accept-Language": wish} if wish else {}).get_data(as_text=True)
        assert f"<h1>{title}</h1>" in page


def test_what_was_typed_wrong_is_said_in_german(shop: Shop) -> None:
    desk = Desk.of(shop)
    speak(desk, "de")
    page = desk.post("/staff/invitations", 422, email="", role="staff")
    assert "Schreiben Sie eine E-Mail-Adresse." in page
    assert "Es wurde nichts gespeichert." in page


@pytest.mark.parametrize(
    "wishes, locale",
    [
        (("de", None), "de"),
        (("de-AT", None), "de_AT"),
        (("fr", "de"), "de"),
        ((None, "en_GB"), "en"),
        (("x-klingon", "??", None), "en"),
        ((), "en"),
    ],
)
def test_the_first_language_that_we_have(wishes: tuple[str | None, ...], locale: str) -> None:
    assert first_known(*wishes) == locale


@pytest.mark.parametrize(
    "language, moment, sum_, count",
    [
        ("de", "22.11.2026, 14:30", "1.234,50 €", "1.234.567"),
        ("en", "22 Nov 2026, 14:30", "1,234.50 EUR", "1,234,567"),
    ],
)
def test_moments_sums_and_numbers(app: Flask, language: str, moment: str, sum_: str, count: str) -> None:
    with app.test_request_context(headers={"Accept-Language": language}):
        assert local(datetime(2026, 11, 22, 13, 30, tzinfo=UTC), "Europe/Berlin") == moment
        assert money(Decimal("1234.5"), "EUR").replace("\N{NO-BREAK SPACE}", " ") == sum_
        assert number(1_234_567) == count
        assert day(datetime(2026, 11, 22, 13, 30, tzinfo=UTC).date()) == moment.partition(",")[0]


def german_shop(app: Flask) -> Shop:
    """A store in Berlin."""

    with app.app_context():
        with transaction():
            store = open_store("Laden", "DE", "Europe/Berlin", "de", "EUR", utcnow())
            equip_store(store, utcnow())
            _, secret = create_api_key(store, "test", utcnow())
        shop = Shop(app, app.test_client(), store.id, store.key, secret)
        db.session.remove()
    shop.put("settings", {"quiet_hours": None, "country": "DE", "zone": "Europe/Berlin"})
    return shop


def test_a_german_stores_shopper_is_written_to_in_german(app: Flask) -> None:
    shop = german_shop(app)
    shop.product("TEE-M", title="Hemd", currency="EUR", price="1234.50")
    shop.ask("TEE-M", "+4915112345678", language="de")
    shop.stock("TEE-M", 3)
    shop.work()
    confirmation, alert = (shop.messages(kind)[0]["body"] for kind in ("confirmation", "back_in_stock"))
    assert confirmation.startswith("Laden: Wir schreiben Ihnen einmal, sobald Hemd da ist.")
    assert alert.startswith("Laden: Hemd ist wieder lieferbar.")
    assert alert.endswith("Ende: STOP")
    form = app.test_client().get(f"/s/ask/{shop.key}?sku=TEE-M").get_data(as_text=True)
    assert '<html lang="de"' in form
    desk = Desk.of(shop)
    product = desk.id_of("/products", "products")
    assert "1.234,50 €" in desk.page(f"/products/{product}").replace("\N{NO-BREAK SPACE}", " ")


def test_the_shoppers_own_page_speaks_the_browsers_language(app: Flask) -> None:
    shop = german_shop(app)
    shop.product("TEE-M", title="Hemd")
    shop.ask_by_email("TEE-M", "ann@mail.example")
    shop.work()
    letter = shop.messages("confirmation")[0]["body"]
    link = re.search(r"/s/[\w.-]+", letter)
    assert link is not None
    own = app.test_client()
    for wish, words in (("", "Ihre Nachrichten"), ("en", "Your messages"), ("fr", "Ihre Nachrichten")):
        page = own.get(link.group(), headers={"Accept-Language": wish} if wish else {}).get_data(as_text=True)
        assert f"<h1>{words}</h1>" in page
