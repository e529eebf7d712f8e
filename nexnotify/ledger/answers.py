"""Messages that answer what somebody just did: confirmations, keyword replies, tests. They overtake alerts."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from nexnotify.catalog.models import Variant
from nexnotify.content.service import Rendered, render_text, wording
from nexnotify.content.tokens import UnresolvedToken
from nexnotify.customers.models import Contact
from nexnotify.db import db
from nexnotify.gateways.models import GatewayInstance
from nexnotify.gateways.service import lane_of, sender_for_new
from nexnotify.ledger.models import Message
from nexnotify.ledger.moves import Move, record
from nexnotify.ledger.values import product_values, stop_url
from nexnotify.policy.eligibility import Facts, Send, decide_answer
from nexnotify.stores.models import Store
from nexnotify.waitlist.models import AlertRequest

#: A confirmation that comes an hour late confuses more than it helps.
ANSWER_VALID = timedelta(hours=1)


def queue_confirmation(
    store: Store, variant: Variant, contact: Contact, request: AlertRequest, now: datetime
) -> Message | None:
    """Tell a shopper that the ask was heard. None when the contact may not be written to."""
    facts = Facts(opted_out=contact.opted_out_at is not None, reachable=contact.unreachable_at is None)
    if not isinstance(decide_answer(facts), Send):
        return None
    values = product_values(store, variant) | {
        "firstname": request.first_name,
        "fullname": request.first_name,
        "stop_url": stop_url(contact.store_id, contact.id),
    }
    return _queue(store, contact, "confirmation", "confirmation", values, variant, now)


def queue_keyword_reply(store: Store, contact: Contact, template_kind: str, now: datetime) -> Message | None:
    """Answer STOP, START or HELP once. The answer to STOP is the one message a STOP does not suppress."""
    values: dict[str, str | None] = {"store": store.name, "stop_url": stop_url(contact.store_id, contact.id)}
    return _queue(store, contact, "keyword_reply", template_kind, values, None, now)


def queue_test(store: Store, gateway: GatewayInstance, contact: Contact, now: datetime) -> Message | None:
    """A text to try this very gateway with. None when the contact may not be written to."""
    facts = Facts(opted_out=contact.opted_out_at is not None, reachable=contact.unreachable_at is None)
    if not isinstance(decide_answer(facts), Send):
        return None
    text = render_text(contact.channel, f"{store.name}: this is a test. It works.", f"A test from {store.name}")
    return _add(store, contact, gateway, "test", text, now)


def _queue(
    store: Store,
    contact: Contact,
    kind: str,
    template_kind: str,
    values: dict[str, str | None],
    variant: Variant | None,
    now: datetime,
) -> Message | None:
    gateway = sender_for_new(store, contact.channel)
    if gateway is None:
        return None
    try:
        template = wording(store, template_kind, contact.channel)
        text = template.render(values)
    except (UnresolvedToken, LookupError):
        return None  # an answer that cannot be worded must not undo the sign-up or the STOP that it answers
    return _add(store, contact, gateway, kind, text, now, template_version_id=template.version_id, variant=variant)


def _add(
    store: Store,
    contact: Contact,
    gateway: GatewayInstance,
    kind: str,
    text: Rendered,
    now: datetime,
    *,
    template_version_id: int | None = None,
    variant: Variant | None = None,
) -> Message:
    message = Message(
        store_id=store.id,
        reference=uuid.uuid4().hex,
        kind=kind,
        channel=contact.channel,
        contact_id=contact.id,
        lane_id=lane_of(gateway).id,
        template_version_id=template_version_id,
        variant_id=variant.id if variant else None,
        subject=text.subject,
        body=text.body,
        encoding=text.encoding,
        segments=text.segments,
        status="queued",
        express=True,
        due_at=now,
        valid_until=now + ANSWER_VALID,
        created_at=now,
    )
    db.session.add(message)
    db.session.flush()
    record([Move(store.id, message.id, "", "queued")], now)
    return message
