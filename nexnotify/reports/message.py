"""One message's history, and what a merchant can do about it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from nexnotify.catalog.models import Variant
from nexnotify.customers.models import Contact
from nexnotify.db import db
from nexnotify.dispatch.merchant import LEFT
from nexnotify.gateways.models import GatewayInstance
from nexnotify.gateways.service import awaits_number, gateway_of_lane
from nexnotify.ledger.models import Alert, Attempt, Hold, Message, MessageEvent
from nexnotify.ledger.planning.bundles import Item, items_of
from nexnotify.phone import mask, mask_address, mask_email
from nexnotify.reports.chain import Link, chain_of
from nexnotify.reports.clicks import Opened, opened
from nexnotify.reports.holds import hold_of
from nexnotify.words import N_


@dataclass(frozen=True, slots=True)
class MessageStory:
    """Everything the ledger knows about a message."""

    message: Message
    contact: Contact
    gateway: GatewayInstance
    variant: Variant | None
    events: Sequence[MessageEvent]
    attempts: Sequence[Attempt]
    request_ids: Sequence[int]
    #: Of a message that tells of several products: what it serves.
    items: Sequence[Item]
    clicks: Sequence[Opened]
    #: The unit that was asked for.
    hold: Hold | None
    #: Of a shopper with several channels: all of them, in the store's order.
    chain: Sequence[Link]

    def scrub(self, words: str | None) -> str:
        """A gateway's words without the recipient's address, which some of them repeat."""
        return without_address(words or "", self.contact.address)


def story_of(message: Message) -> MessageStory:
    """Read a message's story."""
    contact = db.session.scalars(
        sa.select(Contact).where(Contact.store_id == message.store_id, Contact.id == message.contact_id)
    ).one()
    variant = db.session.scalar(
        sa.select(Variant)
        .options(joinedload(Variant.product))
        .where(Variant.store_id == message.store_id, Variant.id == message.variant_id)
    )
    events = db.session.scalars(
        sa.select(MessageEvent)
        .where(MessageEvent.store_id == message.store_id, MessageEvent.message_id == message.id)
        .order_by(MessageEvent.id)
    ).all()
    attempts = db.session.scalars(
        sa.select(Attempt)
        .where(Attempt.store_id == message.store_id, Attempt.message_id == message.id)
        .order_by(Attempt.number)
    ).all()
    requests = db.session.scalars(
        sa.select(Alert.request_id).where(Alert.store_id == message.store_id, Alert.message_id == message.id)
    ).all()
    items = items_of(message.store_id, [message.id]) if len(requests) > 1 else []
    clicks = opened(message.store_id, [message.id])
    chain = chain_of(message, requests)
    gateway = gateway_of_lane(message.lane_id)
    hold = hold_of(message)
    return MessageStory(message, contact, gateway, variant, events, attempts, requests, items, clicks, hold, chain)


def without_address(words: str, address: str) -> str:
    """``words`` with the address masked, also where a number is written without its plus or with gaps."""
    if not address or not words:
        return words
    if address.startswith("{"):
        return words.replace(address, mask_address(address))
    if "@" in address:
        return re.sub(re.escape(address), mask_email(address), words, flags=re.IGNORECASE)
    digits = r"[\s().-]*".join(address.removeprefix("+"))
    return re.sub(rf"\+?{digits}", mask(address), words)


_BY_REASON = {
    "invalid_number": N_("Nothing: the number does not exist. Its requests have ended, and it is not texted again."),
    "landline": N_("Nothing: a landline takes no texts. Its requests have ended; the shopper can ask again by email."),
    "unreachable": N_(
        "Nothing here: the handset was off, out of reach or given up. If many fail, ask the gateway about the carrier."
    ),
    "opted_out": N_("Nothing: the shopper has said STOP, and only their own START lifts it."),
    "content": N_(
        "Carriers filter texts that look like spam. Write the template plainly, name your store first, and "
        "use links of your own domain; then ask the gateway whether your sender is registered."
    ),
    "sender": N_(
        "Register the sender with the carriers (in the United States: 10DLC or a verified toll-free number), "
        "or choose another sender in the gateway's settings."
    ),
    "not_routable": N_(
        "Allow the country in your gateway's account (often called geo permissions), or add a gateway that reaches it."
    ),
    "quiet_hours": N_("Nothing: it goes when quiet hours end, if it is still true then. Quiet hours are in Settings."),
    "frequency_cap": N_("Nothing: it goes when the cap allows it. The cap is in Settings."),
    "bundling": N_("Nothing: it goes in a few minutes, with what else comes back for this person until then."),
    "no_credit": N_(
        "Buy credits in Settings, Credits, or switch credits off there. It goes when there are some, if it is "
        "still true then."
    ),
    "sold_out_again": N_("Nothing: the shopper keeps the place and is told at the next restock."),
    "no_unit": N_("Nothing: the shopper keeps the place and is told when there is one again."),
    "reserving": N_("Nothing: it goes as soon as your storefront answers, and without a promise if it does not."),
    "alert_paused": N_("Resume the alert in Settings; the shopper keeps the place and is told at the next restock."),
    "switched_off": N_("Switch the channel on for this product status in Settings, if you want it."),
    "no_time_left": N_("See the attempts below for what the gateway said, and check the gateway."),
    "too_late": N_(
        "A message waited longer than it was worth. Check that a worker is running and that the gateway's "
        "rate is high enough."
    ),
    "expired": N_("Nothing: the handset was not reached in time."),
}
_BY_STATUS = {
    "undelivered": N_("The carrier could not deliver it and did not say why. If many fail, ask the gateway."),
    "rejected": N_("The gateway refused it for good. See its own words below."),
    "expired": N_("Its time ran out. See the history below for what held it up."),
}


def advice(message: Message, gateway: GatewayInstance) -> str | None:
    """What a merchant can do about a message that is not on its way; None when there is nothing to say."""
    status, reason = message.status, message.reason or ""
    if status in ("held", "queued") and awaits_number(gateway):
        return N_(
            "The gateway %(name)s awaits its number. Enter it in the gateway's settings; what waits then goes out by itself. A message whose time runs out before is not sent, and its shopper keeps the place.",
            name=gateway.name,
        )
    if status in ("held", "queued") and gateway.paused_at is not None:
        return N_(
            "The gateway %(name)s is paused: %(paused_reason)s Mend its settings or resume it; what waits then goes out by itself.",
            name=gateway.name,
            paused_reason=gateway.paused_reason,
        )
    if status == "uncertain":
        if reason == LEFT:
            return N_("You decided to leave it. A receipt that comes after all still changes it.")
        return N_(
            "The call to the gateway broke off, so the text may have arrived or not. We ask the gateway a few times. "
            "Look into the gateway's own list: if the message is not there, send it again; else leave it. "
            "Until then the shopper counts as told, and nothing is sent twice."
        )
    if status in ("held", "undelivered", "rejected", "expired", "suppressed"):
        return _BY_REASON.get(reason) or _BY_STATUS.get(status)
    return None
