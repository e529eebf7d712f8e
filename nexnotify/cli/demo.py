"""The demo store: a believable shop, so that the first text is a minute away."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import current_app

from nexnotify.catalog.models import Product
from nexnotify.catalog.service import ProductData, VariantData
from nexnotify.cli.demo_history import BEGINNING, FIRST_NAMES, ask, can_be_replayed, history, replay
from nexnotify.cli.moments import Moment
from nexnotify.clock import utcnow
from nexnotify.credits.buying import configure
from nexnotify.credits.service import grant
from nexnotify.db import db, transaction
from nexnotify.fetch import origin_of
from nexnotify.inventory.intake import take_product
from nexnotify.inventory.service import LevelData, set_level
from nexnotify.ledger.opening import equip_store
from nexnotify.secrets import new_key
from nexnotify.settings import Settings
from nexnotify.stores.models import Store
from nexnotify.stores.service import create_api_key, create_user, open_store
from nexnotify.stores.settings import merge_settings, store_settings

NAME = "Harbour Goods (demo)"
EMAIL = "owner@harbour.example"
#: ``web/demo_shop.py`` reads it, too.
NOTES = "demo.json"

#: (id, title, unavailable as, price, [(sku, options, on hand)])
CATALOGUE: tuple[tuple[str, str, str, str, list[tuple[str, dict[str, str], int]]], ...] = (
    (
        "fisherman-jumper",
        "Fisherman Jumper",
        "sold_out",
        "129.00",
        [
            ("JUMPER-S", {"Size": "S"}, 4),
            ("JUMPER-M", {"Size": "M"}, 0),
            ("JUMPER-L", {"Size": "L"}, 0),
            ("JUMPER-XL", {"Size": "XL"}, 2),
        ],
    ),
    (
        "enamel-mug",
        "Enamel Mug",
        "sold_out",
        "18.00",
        [("MUG-WHITE", {"Colour": "White"}, 0), ("MUG-BLUE", {"Colour": "Blue"}, 31)],
    ),
    ("deck-lantern", "Deck Lantern", "backordered", "64.50", [("LANTERN", {}, 0)]),
    (
        "oilskin-tote",
        "Oilskin Tote",
        "sold_out",
        "89.00",
        [("TOTE-NAVY", {"Colour": "Navy"}, 0), ("TOTE-OLIVE", {"Colour": "Olive"}, 7)],
    ),
    ("tide-clock", "Tide Clock", "preordered", "148.00", [("TIDE-CLOCK", {}, 0)]),
    (
        "wool-socks",
        "Wool Socks, two pairs",
        "sold_out",
        "24.00",
        [("SOCKS-39", {"Size": "39-42"}, 0), ("SOCKS-43", {"Size": "43-46"}, 55)],
    ),
    ("rope-doormat", "Rope Doormat", "backordered", "42.00", [("DOORMAT", {}, 0)]),
    ("sailcloth-apron", "Sailcloth Apron", "sold_out", "39.00", [("APRON", {}, 12)]),
)

#: What the store has for texts when it begins; its history takes from them.
CREDITS = 10_000

#: (sku, how many wait by text, by email)
WAITING = (
    ("JUMPER-M", 14, 6),
    ("JUMPER-L", 5, 2),
    ("MUG-WHITE", 9, 3),
    ("LANTERN", 4, 4),
    ("TOTE-NAVY", 7, 1),
    ("SOCKS-39", 2, 2),
)


def make_demo() -> dict[str, Any]:
    """The demo store, made once; its sign-in and keys are kept in the instance folder for the next start."""
    path = _notes()
    if path.exists():
        notes: dict[str, Any] = json.loads(path.read_text())
        store = db.session.scalar(sa.select(Store).where(Store.key == notes["store_key"]))
        if store is not None:
            with transaction():
                _follow(store)
            return notes
    notes = _make()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump(notes, file)
    return notes


def _make() -> dict[str, Any]:
    now = utcnow()
    password = new_key()[:14]
    with transaction():
        began = now - timedelta(days=BEGINNING)
        store = open_store(NAME, "US", "America/New_York", "en", "USD", began)
        # Its texts are read on the very machine that the links lead to.
        merge_settings(store, {"quiet_hours": None, "credits": True, "link_domain": _ours()})
        equip_store(store, began)
        grant(store, "opening", CREDITS, began, note="to try it with")
        configure(store, "invoice", {"instructions": ""}, True, began)
        _, secret = create_api_key(store, "demo", now)
        create_user(store, _free_email(store), password, "owner", now)
        past = history(store, now) if can_be_replayed(now) else ()
        for product in CATALOGUE:
            _add_product(store, began, *product)
        replay(store, [*past, *_waiting(store, now)])
    return {"store_key": store.key, "api_key": secret, "email": _email(store), "password": password}


def _follow(store: Store) -> None:
    """Served under another address than before, its links and its products' pages are there too."""
    before, now = store_settings(store).link_domain, _ours()
    if not before or before == now:
        return
    merge_settings(store, {"link_domain": now})
    old, new = f"{before}/demo/", f"{now}/demo/"
    for product in db.session.scalars(sa.select(Product).where(Product.store_id == store.id)):
        product.url = (product.url or "").replace(old, new) or None
        for variant in product.variants:
            variant.url = (variant.url or "").replace(old, new) or None


def _ours() -> str:
    return origin_of(current_app.extensions["nexnotify"].settings.public_url)


def _email(store: Store) -> str:
    from nexnotify.stores.models import Membership, StaffUser

    statement = sa.select(StaffUser.email).join(Membership).where(Membership.store_id == store.id)
    return db.session.scalars(statement).one()


def _free_email(store: Store) -> str:
    from nexnotify.stores.models import StaffUser

    taken = db.session.scalar(sa.select(StaffUser.id).where(StaffUser.email == EMAIL))
    return EMAIL if taken is None else f"owner{store.id}@harbour.example"


def _add_product(
    store: Store,
    began: datetime,
    id: str,
    title: str,
    status: str,
    price: str,
    variants: list[tuple[str, dict[str, str], int]],
) -> None:
    url = f"{_ours()}/demo/{id}"
    data = [
        VariantData(
            id=sku.lower(), sku=sku, options=options, price=Decimal(price), url=f"{url}?v={sku}", unavailable_as=status
        )
        for sku, options, _ in variants
    ]
    take_product(store, ProductData(id, title, url, None, True, data), began)
    for sku, _, on_hand in variants:
        set_level(store, LevelData(sku=sku, on_hand=on_hand), began)


def _waiting(store: Store, now: datetime) -> Iterator[Moment]:
    """Those who wait now."""
    number = 0
    for sku, texts, emails in WAITING:
        for channel, count in (("sms", texts), ("email", emails)):
            for _ in range(count):
                name = FIRST_NAMES[number % len(FIRST_NAMES)]
                # 555-0100 to 555-0199 are kept free for examples; the outbox plays scripted outcomes for 0190 to 0199.
                address = f"+120255501{number % 90:02d}" if channel == "sms" else f"{name.lower()}{number}@mail.example"
                asked_at = now - timedelta(hours=5 * (60 - number), minutes=7 * number % 60)
                happen = partial(ask, store, sku, channel, address, name)
                yield Moment(asked_at, happen, stirs=channel == "sms")
                number += 1


def _notes() -> Path:
    settings: Settings = current_app.extensions["nexnotify"].settings
    return settings.instance / NOTES


def what_to_try(address: str) -> str:
    """What ``serve`` prints."""
    lines = ["", f"nexnotify is at  {address}/admin"]
    path = _notes()
    if path.exists():
        notes = json.loads(path.read_text())
        lines += [
            f"  sign in        {notes['email']}  {notes['password']}",
            f"  API key        {notes['api_key']}",
            f"  store key      {notes['store_key']}",
            f"  product page   {address}/demo/fisherman-jumper?v=JUMPER-M  (with the widget; ask for a text as a shopper)",
            "",
            "Try first: 20 shoppers wait for JUMPER-M. Put five on the shelf, then read what they were told:",
            "",
            f"  curl -X PUT {address}/api/v1/stock -H 'Authorization: Bearer {notes['api_key']}' \\",
            '       -d \'{"levels": [{"sku": "JUMPER-M", "on_hand": 5}]}\'',
            f"  curl '{address}/api/v1/messages?sku=JUMPER-M' -H 'Authorization: Bearer {notes['api_key']}'",
        ]
    return "\n".join([*lines, "", "Ctrl-C ends it.", ""])
