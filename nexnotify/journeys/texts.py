"""What a journey says to each person: its own words, as they are when the person's time has come."""

from __future__ import annotations

from nexnotify.catalog.models import Variant
from nexnotify.content.service import Wording, as_sent
from nexnotify.content.tokens import compile_template
from nexnotify.journeys.models import Journey
from nexnotify.ledger.planning.drafts import Drafts
from nexnotify.ledger.values import item_block
from nexnotify.stores.models import Store

#: The kind of message whose tokens the words can have, and which those who wait are sent.
KIND = "journey"


class JourneyDrafts(Drafts):
    """The texts of one journey about one variant."""

    def __init__(
        self, store: Store, variant: Variant, journey: Journey, region_id: int | None = None, *, own_links: bool
    ) -> None:
        """:param own_links: each message gets a short link of its own, where the store has them."""
        super().__init__(store, variant, region_id, KIND, own_links=own_links)
        self._journey = journey
        self._shared["item"] = item_block(variant, self._shared)

    def _find_wording(self, channel: str, status: str) -> Wording:
        subject, body = self._journey.words(channel)
        if not body:
            raise LookupError(f"The journey says nothing by {channel}.")
        title = compile_template(subject) if subject else None
        return Wording(None, channel, compile_template(as_sent(self._store, KIND, channel, body)), title)
