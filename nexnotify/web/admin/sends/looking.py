"""A draft as its people would get it, and what it comes to."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import request

from nexnotify.campaigns.items import items_of
from nexnotify.campaigns.models import Send
from nexnotify.campaigns.summary import Someone, some_people
from nexnotify.campaigns.texts import Texts
from nexnotify.content.preview import Preview, preview, room
from nexnotify.content.service import samples
from nexnotify.content.tokens import TOKENS, InvalidTemplate, Token, UnresolvedToken
from nexnotify.credits.rules import needed
from nexnotify.credits.service import balance
from nexnotify.gateways.estimate import money
from nexnotify.gateways.service import sender_of
from nexnotify.stores.settings import can_reply, store_settings
from nexnotify.web.admin.access import current_store
from nexnotify.words import N_

#: People whose texts can be looked at one after another: the first of the audience, and the one of the longest name.
LOOKED_AT, LOOKED_THROUGH = 10, 200


@dataclass(frozen=True, slots=True)
class Shown:
    """The text for one person, and the way to the next."""

    label: str
    number: int
    count: int
    #: None when it cannot be written: the words are wrong, or a token of ``missing`` has no value.
    text: Preview | None
    missing: tuple[str, ...]
    cost: str | None

    @property
    def room(self) -> int:
        """Units that fit into the parts it takes."""
        if self.text is None:
            return 0
        return room("gsm7" if self.text.encoding == "gsm7" else "ucs2", self.text.segments)


def shown(send: Send, body: str, subject: str | None = None) -> Shown:
    """The draft with these words, for the person that the request asks for."""
    store = current_store()
    people = _people(send)
    count = max(len(people), 1)
    asked = request.values.get("example", request.values.get("shown", 1, type=int), type=int)
    number = (asked - 1) % count + 1 if asked is not None else 1
    one = people[number - 1] if people else None
    label = (one.name or N_("No name")) if one else N_("Made-up values: nobody would get it yet")
    text: Preview | None = None
    missing: tuple[str, ...] = ()
    try:
        texts = Texts(store, send, body, send.by)
        item = items_of(store, send, {one.contact_id: one.request_id}).get(one.contact_id) if one else None
        variant = item.variant if item else None
        values = (
            texts.values(one.first_name, one.last_name, one.contact_id, variant)
            if one
            else {**samples(), "store": store.name}
        )
        text = preview(send.by, texts.body, (subject or "") if send.by != "sms" else None, values)
    except UnresolvedToken as error:
        missing = error.names
    except InvalidTemplate:
        pass
    return Shown(label, number, count, text, missing, cost(text.segments) if text and send.by == "sms" else None)


def _people(send: Send) -> list[Someone]:
    found = some_people(current_store(), send, LOOKED_THROUGH)
    people = found[:LOOKED_AT]
    longest = max(found, key=lambda one: len(one.name), default=None)
    if longest is not None and longest not in people:
        people.append(longest)
    return people


def tokens_for(send: Send) -> list[Token]:
    """The tokens that its texts can fill."""
    mine = [token for token in TOKENS.values() if send.words_kind in token.kinds]
    return [token for token in mine if token.name != "item" or send.by == "email"]


def cost(segments: int) -> str | None:
    """What so many parts cost, where the sender's price is known."""
    sender = sender_of(current_store(), "sms")
    if sender is None or sender.prices is None:
        return None
    return money(sender.prices.text * segments, sender.prices.currency, exact=segments < 100)


@dataclass(frozen=True, slots=True)
class Credits:
    """What a send takes of the store's credits."""

    needed: int
    there: int

    @property
    def missing(self) -> int:
        """How many there are too few of."""
        return max(self.needed - self.there, 0)


def credits_for(segments: int) -> Credits | None:
    """What so many parts take; None where the store pays its gateway itself."""
    store = current_store()
    settings = store_settings(store)
    return Credits(needed(segments, settings.credits_per_segment), balance(store.id)) if settings.credits else None


def begins_at(send: Send, now: datetime) -> datetime:
    """When the first of it would leave."""
    undo = 0 if send.is_to_one else store_settings(current_store()).send_undo_seconds
    return max(send.scheduled_for or now, now + timedelta(seconds=undo))


def as_seen(send: Send) -> str:
    """What somebody who confirms has looked at: words and time, as a short hash."""
    seen = f"{send.scheduled_for}\n{send.body}\n{send.words.get(send.by, {}).get('subject') or ''}"
    return hashlib.sha256(seen.encode()).hexdigest()[:16]


def lacks_way_out(send: Send) -> bool:
    """Whether a marketing text says nothing of how to end them."""
    if send.purpose != "marketing" or send.by == "push" or (send.by == "sms" and not can_reply(current_store())):
        return False
    return not re.search(r"\bstop\b|\[\[\s*stop_url", send.body, re.IGNORECASE)


def context(send: Send, form: Any) -> dict[str, Any]:
    """What the preview and the counter need, on the page and while somebody types."""
    return {
        "send": send,
        "form": form,
        "shown": shown(send, form.body.data or "", form.subject.data),
        "template": {"channel": send.by},
    }
