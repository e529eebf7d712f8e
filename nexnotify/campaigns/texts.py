"""What a send says to each of its people; texts that are the same for many are made once."""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from nexnotify.campaigns.models import Send
from nexnotify.catalog.models import Variant
from nexnotify.content.service import UNSAVED, Rendered, Wording, as_sent
from nexnotify.content.tokens import UnresolvedToken, compile_template
from nexnotify.db import db
from nexnotify.ledger.links import link_values, new_codes
from nexnotify.ledger.values import item_block, price_text, product_values, stop_url
from nexnotify.orders.models import Order, Ticket
from nexnotify.restock.models import RestockEvent
from nexnotify.stores.models import Store

#: Longest subject of a ticket that a text repeats, in characters.
SUBJECT = 60
#: Tokens of the item.
_ITEM = ("product", "variant", "price", "url", "item")


class Texts:
    """The texts of one send."""

    def __init__(
        self, store: Store, send: Send, body: str | None = None, channel: str = "sms", *, has_links: bool = True
    ) -> None:
        """:param body: words to try instead of the send's own; they must compile.
        :param has_links: messages carry short links, where the store has them; else the product's own address."""
        self._has_links = has_links
        self._store = store
        self._shared: dict[str, str | None] = {"store": store.name, **_about(store, send)}
        words = send.words.get(channel) if send.words else {"body": send.body}
        #: The words as they are sent: where nobody can reply they have a link to end. Empty: none for this channel.
        self.body = as_sent(store, "custom", channel, body if body is not None else words["body"] if words else "")
        self.subject = words.get("subject") if words else None
        subject = compile_template(self.subject) if self.subject else None
        self._wording = Wording(UNSAVED, channel, compile_template(self.body), subject)
        self._names_people = self._wording.uses("firstname", "lastname", "fullname")
        self._links_people = self._wording.uses("stop_url")
        #: Whether the words say what each person waited for.
        self.names_item = send.restock_id is None and self._wording.uses(*_ITEM)
        # As a code is made, and so in no product's title: it can be found in the text and be replaced.
        [self._code] = new_codes(1)
        self._of_items: dict[int, dict[str, str | None]] = {}
        self._known: dict[tuple[object, ...], Rendered | None] = {}

    def values(
        self, first_name: str | None, last_name: str | None, contact_id: int, item: Variant | None = None
    ) -> dict[str, str | None]:
        """Token → value for one person."""
        return self._shared | {
            "firstname": first_name,
            "lastname": last_name,
            "fullname": " ".join(filter(None, (first_name, last_name))),
            "stop_url": stop_url(self._store.id, contact_id),
            **(self._about_item(item) if item is not None else {}),
        }

    def text(
        self, first_name: str | None, last_name: str | None, contact_id: int, item: Variant | None = None
    ) -> Rendered | None:
        """What a person is sent; None when a token has no value for them, or there are no words for this channel.

        :param item: what they waited for, with its product.
        """
        if not self.body:
            return None
        key = (
            (first_name, last_name) if self._names_people else None,
            contact_id if self._links_people else None,
            item.id if item is not None else None,
        )
        if key not in self._known:
            try:
                self._known[key] = self._wording.render(self.values(first_name, last_name, contact_id, item))
            except UnresolvedToken:
                self._known[key] = None
        return self._known[key]

    def own_link(self, text: Rendered) -> tuple[Rendered, str | None]:
        """The text with a short link of its own, and its code; None: it has no such link."""
        if self._code not in text.body:
            return text, None
        [code] = new_codes(1)
        return replace(text, body=text.body.replace(self._code, code)), code

    def _about_item(self, item: Variant) -> dict[str, str | None]:
        if item.id not in self._of_items:
            links = link_values(self._store, item, self._code) if self._has_links else {}
            values = product_values(self._store, item) | links
            self._of_items[item.id] = values | {"item": item_block(item, values)}
        return self._of_items[item.id]


def variant_of(send: Send) -> Variant:
    """What a correction speaks of, with its product."""
    same_store = Variant.store_id == RestockEvent.store_id
    return db.session.scalars(
        sa.select(Variant)
        .options(joinedload(Variant.product))
        .join(RestockEvent, sa.and_(same_store, RestockEvent.variant_id == Variant.id))
        .where(RestockEvent.store_id == send.store_id, RestockEvent.id == send.restock_id)
    ).one()


def _about(store: Store, send: Send) -> dict[str, str | None]:
    """Tokens of the one order or ticket that a text is about, or of the product that a restock was wrong about."""
    if send.restock_id is not None:
        return product_values(store, variant_of(send))
    if send.purpose != "transactional" or not send.picked:
        return {}
    if send.source == "orders":
        order = db.session.scalar(sa.select(Order).where(Order.store_id == send.store_id, Order.id == send.picked[0]))
        return {"ordernumber": order.external_id, "total": price_text(order.total, order.currency)} if order else {}
    subject = db.session.scalar(
        sa.select(Ticket.subject).where(Ticket.store_id == send.store_id, Ticket.id == send.picked[0])
    )
    if subject is None:
        return {}
    return {"subject": subject if len(subject) <= SUBJECT else subject[: SUBJECT - 3].rstrip() + "..."}
