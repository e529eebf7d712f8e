"""What an alert says to each person who waits; texts that are the same for many are made once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from nexnotify.catalog.models import Variant
from nexnotify.content.scarcity import scarcity_words
from nexnotify.content.service import Wording, wording
from nexnotify.content.tokens import UnresolvedToken
from nexnotify.ledger.links import link_values, new_codes
from nexnotify.ledger.values import delivery_promise, product_values, stop_url
from nexnotify.stores.models import Store

#: What alerts are as messages.
KIND = "back_in_stock"


class Waiting(NamedTuple):
    """A request that waits, and its contact: plain values, because a plan reads very many."""

    request_id: int
    asked_status: str
    quantity: int
    first_name: str | None
    #: It is about several variants, so that another one's restock may tell it too.
    is_wide: bool
    contact_id: int
    channel: str
    opted_out: bool
    reachable: bool


@dataclass(frozen=True, slots=True)
class Text:
    """A rendered alert."""

    #: The template's; None: a journey's own words.
    version_id: int | None
    subject: str | None
    body: str
    encoding: str
    segments: int
    #: What stands in it for the code of each person's own link, as long as any code; None: it has no such link.
    link: str | None = None

    def with_code(self, code: str) -> tuple[str | None, str]:
        """Subject and body with the code of a person's own link."""
        link = self.link or ""
        return self.subject and self.subject.replace(link, code), self.body.replace(link, code)


@dataclass(frozen=True, slots=True)
class NoText:
    """Why there is none: a reason of ``policy.eligibility``, and what exactly is missing."""

    reason: str
    words: str | None = None


@dataclass(frozen=True, slots=True)
class _Wording:
    wording: Wording
    #: Whether the text differs from name to name, or from contact to contact.
    names_people: bool
    links_people: bool


class Drafts:
    """The texts of one variant's alerts, or of reminders of them."""

    def __init__(
        self,
        store: Store,
        variant: Variant,
        region_id: int | None = None,
        kind: str = KIND,
        is_scarce: Callable[[], bool] = lambda: False,
        *,
        own_links: bool = True,
        held: str | None = None,
    ) -> None:
        """What is the same for everybody is looked up here, once.

        :param region_id: where those wait whom they are for; None: they named no place.
        :param is_scarce: whether few are left; asked once, and only where a template has words for it.
        :param own_links: messages carry short links, where the store has them; else the product's own address.
        :param held: words that a unit is kept for this one person, and until when; a plan knows of none yet.
        """
        self._store = store
        self._kind = kind
        self._is_scarce = is_scarce
        self._held = held
        self._scarcity: str | None = None
        # As a code is made, and so in no product's title: it can be found in the text and be replaced.
        [self._code] = new_codes(1)
        links = link_values(store, variant, self._code) if own_links else {}
        self._shared = product_values(store, variant) | links
        if region_id is not None:
            self._shared["delivery"] = delivery_promise(store, region_id)
        self._has_link = bool(links)
        self._wordings: dict[tuple[str, str], _Wording | NoText] = {}
        self._texts: dict[tuple[object, ...], Text | NoText] = {}

    def text(self, person: Waiting) -> Text | NoText:
        """What this person is told."""
        template = self._wording(person.channel, person.asked_status)
        if isinstance(template, NoText):
            return template
        name = person.first_name if template.names_people else None
        contact_id = person.contact_id if template.links_people else None
        key = (person.channel, template.wording.version_id, name, contact_id)
        if key not in self._texts:
            self._texts[key] = self._render(template.wording, name, contact_id)
        return self._texts[key]

    def _wording(self, channel: str, status: str) -> _Wording | NoText:
        key = (channel, status)
        if key not in self._wordings:
            try:
                found = self._find_wording(channel, status)
                self._wordings[key] = _Wording(found, found.uses("firstname", "fullname"), found.uses("stop_url"))
            except LookupError as error:
                self._wordings[key] = NoText("no_text", str(error))
        return self._wordings[key]

    def _find_wording(self, channel: str, status: str) -> Wording:
        """:raises LookupError: there is none."""
        return wording(self._store, self._kind, channel, status)

    def _render(self, template: Wording, name: str | None, contact_id: int | None) -> Text | NoText:
        own = {"firstname": name, "fullname": name, "held_until": self._held}
        if template.uses("scarcity"):
            if self._scarcity is None:
                self._scarcity = scarcity_words(self._store.locale) if self._is_scarce() else ""
            own["scarcity"] = self._scarcity
        if contact_id is not None:
            own["stop_url"] = stop_url(self._store.id, contact_id)
        try:
            text = template.render(self._shared | own)
        except UnresolvedToken as error:
            return NoText("no_text", str(error))
        link = self._code if self._has_link and template.uses("url", "item") else None
        return Text(template.version_id, text.subject, text.body, text.encoding, text.segments, link)
