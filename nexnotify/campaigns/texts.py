"""What a send says to each of its people; texts that are the same for many are made once."""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa

from nexnotify.campaigns.models import Send
from nexnotify.catalog.models import Variant
from nexnotify.content.service import UNSAVED, Rendered, Wording, as_sent
from nexnotify.content.tokens import UnresolvedToken, compile_template
from nexnotify.db import db
from nexnotify.ledger.links import link_values, new_codes
from nexnotify.ledger.values import price_text, product_values, stop_url
from nexnotify.orders.models import Order, Ticket
from nexnotify.stores.models import Store

#: Longest subject of a ticket that a text repeats, in characters.
SUBJECT = 60
#: Tokens of the item.
_ITEM = ("product", "variant", "price", "url")


class Texts:
    """The texts of one send."""

    def __init__(self, store: Store, send: Send, body: str | None = None, *, has_links: bool = True) -> None:
        """:param body: words to try instead of the send's own; they must compile.
        :param has_links: messages carry short links, where the store has them; else the product's own address."""
        self._has_links = has_links
        self._store = store
        self._shared: dict[str, str | None] = {"store": store.name, **_about(send)}
        #: The words as they are sent: where nobody can reply they have a link to end.
        self.body = as_sent(store, "custom", "sms", send.body if body is None else body)
        self._wording = Wording(UNSAVED, "sms", compile_template(self.body), None)
        self._names_people = self._wording.uses("firstname", "lastname", "fullname")
        self._links_people = self._wording.uses("stop_url")
        #: Whether the words say what each person waited for.
        self.names_item = self._wording.uses(*_ITEM)
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
        """What a person is sent; None when a token has no value for them.

        :param item: what they waited for, with its product.
        """
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
            self._of_items[item.id] = product_values(self._store, item) | links
        return self._of_items[item.id]


def _about(send: Send) -> dict[str, str | None]:
    """Tokens of the one order or ticket that a text is about."""
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
