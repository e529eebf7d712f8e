"""Messages that serve several alerts of one contact: put together, read, and written anew for fewer products.

Such a message speaks of no one variant (``Message.variant_id`` is null); its alerts say which restocks it serves, and each of
its products keeps a short link of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager

from nexnotify.catalog.models import Product, Variant
from nexnotify.content.service import Wording, tidy, wording
from nexnotify.content.titles import MOST_TITLES, fitting_words, title_words
from nexnotify.content.tokens import BUNDLE, UnresolvedToken
from nexnotify.db import IdIn, db
from nexnotify.inventory.regions import available_at
from nexnotify.ledger.links import link_base, link_values, new_codes, write_links
from nexnotify.ledger.models import Alert, ShortLink
from nexnotify.ledger.planning.drafts import Drafts, NoText, Text, Waiting
from nexnotify.ledger.planning.scarcity import is_scarce
from nexnotify.ledger.values import products_url, stop_url
from nexnotify.restock.models import RestockEvent
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings
from nexnotify.waitlist.models import AlertRequest

_alert, _link = Alert.__table__, ShortLink.__table__
#: Columns of a message that follow from what it serves: see :func:`text_values`.
TEXT_COLUMNS = ("template_version_id", "subject", "body", "encoding", "segments", "variant_id")


@dataclass(frozen=True, slots=True)
class Item:
    """One alert that a message serves, and what it is about."""

    alert_id: int
    message_id: int
    request_id: int
    restock_id: int
    asked_status: str
    quantity: int
    first_name: str | None
    #: The product status that its restock tells of.
    told_of: str
    #: Its product is loaded.
    variant: Variant
    #: Of its short link; None: it has none.
    code: str | None
    #: Where its units are; None: anywhere.
    region_id: int | None = None
    #: It is not written down yet.
    is_new_code: bool = False

    @property
    def title(self) -> str:
        """As texts name it."""
        return " ".join(filter(None, (self.variant.product.title, self.variant.name)))


def items_of(store_id: int, message_ids: Collection[int]) -> list[Item]:
    """What these messages serve, in the order in which it was planned."""
    rows = db.session.execute(
        sa.select(Alert, AlertRequest.asked_status, AlertRequest.quantity, AlertRequest.first_name)
        .add_columns(RestockEvent.status, AlertRequest.region_id, Variant)
        .join(AlertRequest, sa.and_(AlertRequest.store_id == Alert.store_id, AlertRequest.id == Alert.request_id))
        .join(RestockEvent, sa.and_(RestockEvent.store_id == Alert.store_id, RestockEvent.id == Alert.restock_id))
        .join(Variant, sa.and_(Variant.store_id == RestockEvent.store_id, Variant.id == RestockEvent.variant_id))
        .join(Product, sa.and_(Product.store_id == Variant.store_id, Product.id == Variant.product_id))
        .options(contains_eager(Variant.product))
        .where(Alert.store_id == store_id, IdIn(_alert.c.message_id, ids=list(message_ids)))
        .order_by(Alert.id + 0)  # the bare column would have SQLite read all alerts of the store in their order
        .execution_options(populate_existing=True)
    ).all()
    links = db.session.execute(
        sa.select(ShortLink.message_id, ShortLink.variant_id, ShortLink.code)
        .where(ShortLink.store_id == store_id, IdIn(_link.c.message_id, ids=list(message_ids)))
        .order_by(ShortLink.id + 0)
    )
    codes = {(message_id, variant_id): code for message_id, variant_id, code in links}
    found = []
    for alert, asked_status, quantity, first_name, told_of, region_id, variant in rows:
        code = codes.get((alert.message_id, variant.id))
        about = (alert.id, alert.message_id or 0, alert.request_id, alert.restock_id)
        found.append(Item(*about, asked_status, quantity, first_name, told_of, variant, code, region_id))
    return found


def with_codes(store: Store, items: Sequence[Item]) -> list[Item]:
    """These items, each with the code of a short link where the store has them; new ones are written by :func:`give`."""
    known = {item.variant.id: item.code for item in items if item.code}
    without = {
        item.variant.id for item in items if item.variant.id not in known and link_values(store, item.variant, "")
    }
    if not without:
        return list(items)
    made = dict(zip(without, new_codes(len(without)), strict=True))
    return [
        replace(item, code=made[item.variant.id], is_new_code=True) if item.variant.id in made else item
        for item in items
    ]


_GIVE_ALERT = (
    sa.update(_alert)
    .where(_alert.c.store_id == sa.bindparam("b_store"), _alert.c.id == sa.bindparam("b_alert"))
    .values(message_id=sa.bindparam("b_message"))
)
_GIVE_LINK = (
    sa.update(_link)
    .where(_link.c.store_id == sa.bindparam("b_store"), _link.c.code == sa.bindparam("b_code"))
    .values(message_id=sa.bindparam("b_message"))
)


def give(store_id: int, items: Sequence[tuple[Item, int]]) -> None:
    """These alerts, and their links, are of these messages from now on."""
    moved = [(item, id) for item, id in items if item.message_id != id]
    codes = {item.code: id for item, id in moved if item.code and not item.is_new_code}
    new = {item.code: (id, item.variant.id) for item, id in items if item.code and item.is_new_code}
    connection = db.session.connection()
    if moved:
        alerts = [{"b_store": store_id, "b_alert": item.alert_id, "b_message": id} for item, id in moved]
        connection.execute(_GIVE_ALERT, alerts)
    if codes:
        links = [{"b_store": store_id, "b_code": code, "b_message": id} for code, id in codes.items()]
        connection.execute(_GIVE_LINK, links)
    write_links(store_id, [(code, *where) for code, where in new.items()])


def text_of(
    store: Store,
    channel: str,
    contact_id: int,
    message_id: int,
    items: Sequence[Item],
    now: datetime,
    *,
    held: str | None = None,
) -> Text | NoText:
    """What a message says that serves these items, with their links; of one product, as any alert does.

    :param held: of one product: words that a unit is kept for its person.
    """
    different = list({item.variant.id: item for item in items}.values())
    name = next((item.first_name for item in items if item.first_name), None)
    if len(different) == 1:
        return _of_one(store, channel, contact_id, different[0], name, now, held)
    try:
        template = wording(store, BUNDLE, channel)
        values = {
            "store": store.name,
            "firstname": name,
            "fullname": name,
            "products_url": products_url(store.id, message_id),
            "stop_url": stop_url(store.id, contact_id),
        }
        return _written(store, template, values, different)
    except (LookupError, UnresolvedToken) as error:
        return NoText("no_text", str(error))


def text_values(text: Text, items: Sequence[Item]) -> dict[str, Any]:
    """The columns of a message that serves these items with this text."""
    variants = {item.variant.id for item in items}
    return {
        "template_version_id": text.version_id,
        "subject": text.subject,
        "body": text.body,
        "encoding": text.encoding,
        "segments": text.segments,
        "variant_id": None if len(variants) > 1 else items[0].variant.id,
    }


def _written(store: Store, template: Wording, values: dict[str, str | None], items: Sequence[Item]) -> Text:
    titles = [item.title for item in items]
    if template.channel == "sms":
        words = fitting_words(
            titles, store.locale, lambda words: template.render({**values, "products": words}).segments
        )
        text = template.render({**values, "products": words})
        return Text(template.version_id, None, text.body, text.encoding, text.segments)
    few = title_words(titles, min(len(titles), 3), store.locale)
    # A push is a line on a lock screen; what a click on it opens lists all of them.
    text = template.render({**values, "products": few if template.channel == "push" else _lines(store, items)})
    subject = tidy(template.subject.fill({**values, "products": few})) if template.subject else None
    return Text(template.version_id, subject, text.body, text.encoding, text.segments)


def _lines(store: Store, items: Sequence[Item]) -> str:
    """Each product on a line, with its link."""
    base = link_base(store)
    links = (f"{base}/l/{item.code}" if item.code and base else item.variant.page_url for item in items)
    lines = [": ".join(filter(None, (item.title, link))) for item, link in zip(items, links, strict=True)]
    more = [f"+ {len(lines) - MOST_TITLES}"] if len(lines) > MOST_TITLES else []
    return "\n".join(f"- {line}" for line in [*lines[:MOST_TITLES], *more])


def _of_one(
    store: Store, channel: str, contact_id: int, item: Item, name: str | None, now: datetime, held: str | None
) -> Text | NoText:
    settings, variant = store_settings(store), item.variant
    region_id = item.region_id
    drafts = Drafts(
        store,
        variant,
        region_id,
        is_scarce=lambda: is_scarce(variant, available_at(variant, region_id), region_id, settings, now),
        held=held,
    )
    person = Waiting(item.request_id, item.asked_status, item.quantity, name, False, contact_id, channel, False, True)
    text = drafts.text(person)
    if isinstance(text, NoText) or item.code is None or text.link is None:
        return text
    subject, body = text.with_code(item.code)
    return replace(text, subject=subject, body=body, link=None)
