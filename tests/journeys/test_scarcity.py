"""A text says that few are left only where that is so, both when it is written and when it goes."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from nexnotify.clock import utcnow
from nexnotify.content.models import Template
from nexnotify.content.service import save_template
from nexnotify.db import db, transaction
from nexnotify.ledger.models import Message
from nexnotify.stores.models import Store
from tests.shop import Shop
from tests.times import later

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

NUMBERS = [f"+1201555{number:04}" for number in range(101, 111)]


def says(shop: Shop, body: str, channel: str = "sms", subject: str | None = None, locale: str = "en") -> None:
    """The store's back-in-stock template."""
    with shop.app.app_context():
        with transaction():
            db.session.get_one(Store, shop.store_id).locale = locale
            mine = (Template.store_id == shop.store_id, Template.kind == "back_in_stock", Template.channel == channel)
            for template in db.session.scalars(sa.select(Template).where(*mine)):
                save_template(template, body, subject, None, utcnow())
        db.session.remove()


def restocked(shop: Shop, people: int, units: int | None, **settings: Any) -> None:
    shop.put("settings", {"frequency_cap": None, "short_links": False, **settings})
    shop.product(on_hand=0)
    for phone in NUMBERS[:people]:
        shop.ask(phone=phone)
    shop.stock("TEE-M", units)


def bodies(shop: Shop) -> set[str]:
    return {message["body"] for message in shop.messages()}


@pytest.mark.parametrize(
    "people, units, few, scarce",
    [(3, 3, 0, True), (3, 1, 0, True), (3, 4, 0, False), (3, None, 0, False), (1, 5, 5, True), (1, 6, 5, False)],
)
def test_words_of_scarcity_stand_only_where_it_is_so(
    shop: Shop, people: int, units: int | None, few: int, scarce: bool
) -> None:
    says(shop, "[[product]] is back. [[scarcity]] Reply STOP to end.")
    restocked(shop, people, units, scarcity_units=few)
    shop.work()
    words = "Tee is back. Limited quantities Reply STOP to end." if scarce else "Tee is back. Reply STOP to end."
    assert bodies(shop) == {words}


def test_what_is_no_longer_so_when_the_text_goes_is_taken_out_of_it(shop: Shop) -> None:
    says(shop, "[[product]] is back. [[scarcity]] Reply STOP to end.")
    restocked(shop, 3, 3)
    shop.plan()
    assert "Limited quantities" in bodies(shop).pop()
    shop.stock("TEE-M", 300)
    shop.work()
    assert bodies(shop) == {"Tee is back. Reply STOP to end."}, "without a gap"
    assert {message["status"] for message in shop.messages()} == {"delivered"}


def test_what_was_told_lately_still_counts_while_the_last_texts_go(shop: Shop) -> None:
    says(shop, "[[product]] is back. [[scarcity]] Reply STOP to end.")
    restocked(shop, 4, 3, waves={"kind": "paced", "people": 3, "minutes": 1})
    shop.work()
    assert len(shop.messages()) == 3
    with later(minutes=2):
        shop.work()
        assert shop.messages()[-1]["body"] == "Tee is back. Limited quantities Reply STOP to end.", (
            "three may still come"
        )


def test_what_a_merchant_wrote_stays_the_merchants_word(shop: Shop) -> None:
    says(shop, "[[product]] is back. Limited quantities! Reply STOP to end.")
    restocked(shop, 1, 50)
    shop.work()
    assert bodies(shop) == {"Tee is back. Limited quantities! Reply STOP to end."}


def test_in_a_german_store_it_is_said_in_german(shop: Shop) -> None:
    says(shop, "[[product]] ist wieder da. [[scarcity]] Ende: STOP", locale="de")
    restocked(shop, 2, 1)
    shop.plan()
    assert bodies(shop) == {"Tee ist wieder da. Nur noch wenige da Ende: STOP"}
    shop.stock("TEE-M", 100)
    shop.work()
    assert bodies(shop) == {"Tee ist wieder da. Ende: STOP"}


def test_an_email_takes_it_out_of_its_subject_too(shop: Shop) -> None:
    says(shop, "[[product]] is back. [[scarcity]]", "email", "[[product]]: [[scarcity]] now")
    shop.product(on_hand=0)
    shop.ask_by_email()
    shop.stock("TEE-M", 1)
    shop.plan()
    shop.stock("TEE-M", 9)
    shop.work()
    [message] = shop.messages()
    assert "Limited" not in message["body"]
    with shop.app.app_context():
        subjects = db.session.scalars(sa.select(Message.subject).where(Message.kind == "back_in_stock")).all()
        db.session.remove()
    assert subjects == ["Tee: now"]
