"""What shoppers text us: kept, obeyed and answered at once."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from nexnotify.customers.consent import Proof
from nexnotify.customers.models import Contact
from nexnotify.customers.service import find_contact, find_or_make_contact
from nexnotify.db import db, insert_ignore
from nexnotify.gateways.contract import Gateway, Inbound
from nexnotify.gateways.models import GatewayInstance
from nexnotify.ledger.answers import queue_keyword_reply
from nexnotify.ledger.asking.questions import follow_up, may_be_an_answer, say_no, say_start, say_yes
from nexnotify.ledger.suppression import stop
from nexnotify.phone import InvalidPhone, to_e164
from nexnotify.receipts.keywords import is_plain_keyword, read_keyword
from nexnotify.receipts.models import InboundMessage
from nexnotify.secrets import keyed_hash
from nexnotify.stores.models import Store
from nexnotify.stores.service import index_key

#: Longest inbound text that is kept.
MAX_INBOUND = 2000
#: What is read for STOP and the like; a longer text is a letter, and patterns over it would take long.
LONGEST_KEYWORD = 500


def take_inbound(instance: GatewayInstance, gateway: Gateway, event: Inbound, now: datetime) -> None:
    """Keep a shopper's text, do what it asks for, and answer it."""
    store = db.session.get_one(Store, instance.store_id)
    address = _sender_address(store, event.from_)
    if address is None:
        return  # a short code or a name: nobody we could have texted
    contact = find_or_make_contact(store, "sms", address, now)
    keyword = _keyword(event)
    row_id = db.session.execute(
        insert_ignore(InboundMessage)
        .values(
            store_id=store.id,
            gateway_id=instance.id,
            contact_id=contact.id,
            dedupe_key=_dedupe_key(store, event, now),
            body=event.body[:MAX_INBOUND],
            keyword=keyword,
            at=now,
        )
        .returning(InboundMessage.id)
    ).scalar()
    contact.unreachable_at = contact.unreachable_reason = None  # who writes to us can be reached
    contact.heard_at = now
    if row_id is None and keyword == "stop" and contact.opted_out_at is None:
        stop(contact, Proof("keyword", evidence={"text": event.body[:100]}), now)  # STOP, START, STOP again
    if row_id is None or keyword is None:
        return  # a repeat, or an ordinary text
    answered = event.answered or (gateway.capabilities.answers_keywords and is_plain_keyword(event.body))
    reply_id = _obey(store, contact, keyword, event, answered, now)
    if reply_id is not None:
        db.session.get_one(InboundMessage, row_id).reply_id = reply_id


def _keyword(event: Inbound) -> str | None:
    """What a text asks for. Gateways with a word of their own for it take a yes for a START: whether it answers one of
    our questions, they cannot know."""
    ours = read_keyword(event.body[:LONGEST_KEYWORD])
    return ours if event.keyword == "start" and ours == "yes" else event.keyword or ours


def _sender_address(store: Store, from_: str) -> str | None:
    """Who sent it; None where nobody could be texted there.

    Gateways leave the plus out at times (Kannel: 12015550123), so a bare number has two readings: international, which
    it mostly is, and national in the store's country. A known contact decides between them.
    """
    digits = from_.strip()
    readings = [digits] if digits.startswith("+") else [f"+{digits}", digits]
    found = []
    for reading in readings:
        with suppress(InvalidPhone):
            found.append(to_e164(reading, store.country))
    known = (address for address in found if find_contact(store, "sms", address) is not None)
    return next(known, found[0] if found else None)


def _obey(store: Store, contact: Contact, keyword: str, event: Inbound, replied: bool, now: datetime) -> int | None:
    proof = Proof("keyword", evidence={"text": event.body[:100]})
    if keyword == "no":
        say_no(contact, now)
        return None  # nothing more is to come, so nothing more is said
    if keyword == "yes":
        if answered := say_yes(store, contact, proof, now):
            return follow_up(store, contact, answered, now, by_text=True)
        if may_be_an_answer(contact, now):
            return None  # overtaken by a STOP, or by the end of its time: it undoes neither
        keyword = "start"
    if keyword == "stop":
        answer = stop(contact, proof, now)
    elif keyword == "start":
        answer = say_start(store, contact, proof, now)
    else:
        answer = True
    if not answer or replied:
        return None  # said before, or the provider has answered
    return queue_keyword_reply(store, contact, f"{keyword}_reply", now)


def _dedupe_key(store: Store, event: Inbound, now: datetime) -> str:
    if event.gateway_id and event.gateway_id.isprintable():
        return event.gateway_id[:200]
    minute = str(int(now.timestamp() // 60))
    return keyed_hash(index_key(), "inbound", str(store.id), event.from_, event.body, minute)
