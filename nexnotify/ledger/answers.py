"""Messages that answer what somebody just did: confirmations, keyword replies, tests, news of an order or a ticket.

They overtake alerts.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from nexnotify.catalog.models import Variant
from nexnotify.content.service import Rendered, Wording, render_text, wording
from nexnotify.content.tokens import UnresolvedToken
from nexnotify.customers.models import Contact, ContactRow
from nexnotify.db import db
from nexnotify.gateways.models import GatewayInstance
from nexnotify.gateways.service import lane_for_new, lane_of
from nexnotify.ledger.models import Message
from nexnotify.ledger.moves import record_new
from nexnotify.ledger.paying import NO_CREDIT, funds_of_one, put_aside
from nexnotify.ledger.references import new_reference
from nexnotify.ledger.values import product_values, stop_url
from nexnotify.policy.eligibility import Facts, Hold, Send, Skip, Verdict, decide_answer
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings

#: A confirmation that comes an hour late confuses more than it helps.
ANSWER_VALID = timedelta(hours=1)
#: News of an order or a ticket is still news so much later.
NOTICE_VALID = timedelta(days=1)
#: Kinds of messages that go even where the store has no credits left: the law asks for them.
ALWAYS = frozenset({"keyword_reply"})


def may_answer(contact: Contact | ContactRow) -> Verdict:
    """Whether somebody may be written to in answer to what they did: no quiet hours, no cap, but a STOP."""
    return decide_answer(Facts(opted_out=contact.opted_out_at is not None, reachable=contact.unreachable_at is None))


def queue_confirmation(
    store: Store,
    variant: Variant,
    contact: ContactRow,
    first_name: str | None,
    now: datetime,
    *,
    any_variant: bool = False,
) -> int | None:
    """Tell a shopper that the ask was heard.

    :param any_variant: of the product, so that none is named.
    :returns: the message's id; None when the contact may not be written to, or there is nothing to write with.
    """
    if not isinstance(may_answer(contact), Send):
        return None
    values = (
        product_values(store, variant)
        | ({"variant": ""} if any_variant else {})
        | {
            "firstname": first_name,
            "fullname": first_name,
            "stop_url": stop_url(contact.store_id, contact.id),
        }
    )
    return _queue(store, contact, "confirmation", "confirmation", values, variant, now)


def queue_keyword_reply(store: Store, contact: Contact, template_kind: str, now: datetime) -> int | None:
    """Answer STOP, START or HELP once. The answer to STOP is the one message a STOP does not suppress."""
    values: dict[str, str | None] = {"store": store.name, "stop_url": stop_url(contact.store_id, contact.id)}
    return _queue(store, contact, "keyword_reply", template_kind, values, None, now)


def queue_test(store: Store, gateway: GatewayInstance, contact: Contact, now: datetime) -> int | None:
    """A text to try this very gateway with. None when the contact may not be written to."""
    if not isinstance(may_answer(contact), Send):
        return None
    text = render_text(contact.channel, f"{store.name}: this is a test. It works.", f"A test from {store.name}")
    return add_message(store, contact, lane_of(gateway).id, "test", text, now)


def queue_notice(
    store: Store,
    contact: Contact,
    kind: str,
    template: Wording,
    values: dict[str, str | None],
    now: datetime,
    *,
    always: bool = False,
) -> int | Skip:
    """Tell a contact of an order or a ticket: no quiet hours, no cap, but a STOP ends these too.

    :param always: even where there are no credits for it.
    :returns: the message's id, or why there is none.
    """
    verdict = may_answer(contact)
    if isinstance(verdict, Skip):
        return verdict
    lane_id = lane_for_new(store, contact.channel)
    if lane_id is None:
        return Skip("no_gateway")
    try:
        text = template.render(values)
    except UnresolvedToken:
        return Skip("no_text")
    version = template.version_id
    more: Any = {"template_version_id": version, "valid_for": NOTICE_VALID, "always": always}
    return add_message(store, contact, lane_id, kind, text, now, **more)


def queue_trial(store: Store, contact: Contact, text: Rendered, now: datetime) -> int | Skip:
    """A text to somebody who wants to see it arrive.

    :returns: the message's id, or why there is none.
    """
    verdict = may_answer(contact)
    if isinstance(verdict, Skip):
        return verdict
    lane_id = lane_for_new(store, contact.channel)
    return Skip("no_gateway") if lane_id is None else add_message(store, contact, lane_id, "test", text, now)


def _queue(
    store: Store,
    contact: Contact | ContactRow,
    kind: str,
    template_kind: str,
    values: dict[str, str | None],
    variant: Variant | None,
    now: datetime,
) -> int | None:
    lane_id = lane_for_new(store, contact.channel)
    if lane_id is None:
        return None
    try:
        template = wording(store, template_kind, contact.channel)
        text = template.render(values)
    except (UnresolvedToken, LookupError):
        return None  # an answer that cannot be worded must not undo the sign-up or the STOP that it answers
    return add_message(
        store, contact, lane_id, kind, text, now, template_version_id=template.version_id, variant=variant
    )


_ADD = sa.insert(Message.__table__).returning(Message.__table__.c.id)


def add_message(
    store: Store,
    contact: Contact | ContactRow,
    lane_id: int,
    kind: str,
    text: Rendered,
    now: datetime,
    *,
    template_version_id: int | None = None,
    variant: Variant | None = None,
    valid_for: timedelta = ANSWER_VALID,
    always: bool = False,
    express: bool = True,
    hold: Hold | None = None,
) -> int:
    """Write one message, held where ``hold`` or missing credits say so; its time begins when the hold is over.

    :param always: even where there are no credits for it.
    :param express: it overtakes alerts.
    :returns: its id.
    """
    always = always or kind in ALWAYS
    found = funds_of_one(store.id, store_settings(store), contact.channel, text.segments, always=always)
    due = hold.until if hold else now
    reason = NO_CREDIT if found.short else hold.reason if hold else None
    message = {
        "store_id": contact.store_id,
        "reference": new_reference(now),
        "kind": kind,
        "channel": contact.channel,
        "contact_id": contact.id,
        "lane_id": lane_id,
        "template_version_id": template_version_id,
        "variant_id": variant.id if variant else None,
        "subject": text.subject,
        "body": text.body,
        "encoding": text.encoding,
        "segments": text.segments,
        "credits": found.credits[0],
        "status": "held" if reason else "queued",
        "reason": reason,
        "express": express,
        "due_at": due + valid_for if found.short else due,
        "valid_until": due + valid_for,
        "created_at": now,
    }
    message_id: int = db.session.connection().execute(_ADD, message).scalar_one()
    put_aside(store.id, [(message_id, found.credits[0])], now)
    record_new([message_id], now)
    return message_id
