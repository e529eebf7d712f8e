"""Questions to shoppers: is this address yours, do you still want it? And their yes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from nexnotify.catalog.models import Variant
from nexnotify.catalog.regions import place_names
from nexnotify.content.changes import change_words
from nexnotify.content.service import wording
from nexnotify.content.tokens import UnresolvedToken
from nexnotify.customers.consent import Proof, confirm, opt_in
from nexnotify.customers.models import Contact
from nexnotify.db import db
from nexnotify.gateways.service import lane_for_new
from nexnotify.ledger.answers import add_message, may_answer, queue_confirmation
from nexnotify.ledger.models import Message, Question
from nexnotify.ledger.planning.late import tell_late
from nexnotify.ledger.values import confirm_url, product_values, stop_url
from nexnotify.policy.eligibility import Hold, Skip, Verdict
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings
from nexnotify.waitlist.life import Answered, Asking, answerable, confirm_all, confirm_pending, renew_asked
from nexnotify.waitlist.models import AlertRequest, ChangedWish
from nexnotify.waitlist.service import close_some
from nexnotify.waitlist.wishes import Change, kept_aside, refuse_wishes, set_aside, take_wishes

#: Why somebody is asked → the kind of the message. "idle": nothing was heard of the number for long; "wish": somebody
#: wants to change what a request is about.
CAUSES = {"sign_up": "double_opt_in", "wish": "change", "idle": "double_opt_in", "renewal": "renewal"}
#: They answer what was done on a page a moment ago.
AT_ONCE = ("sign_up", "wish")
#: A question is of use so long, from the moment it may go.
QUESTION_VALID = timedelta(days=1)
#: So long a yes may be the answer to a question that was sent.
ANSWERS_COME = timedelta(days=30)
#: A message in one of these states was read, or still may be.
_ALIVE = ("held", "queued", "claimed", "uncertain", "accepted", "sent", "delivered")


def ask_to_confirm(store: Store, variant: Variant, asking: Asking, cause: str, now: datetime) -> int | None:
    """Ask whoever owns an address that was typed in whether they really want it.

    :param cause: of :data:`AT_ONCE`.
    :returns: the message's id; None when nothing could be sent.
    """
    return ask(store, variant, asking, cause, may_answer(asking.contact), now)


def ask_to_change(store: Store, variant: Variant, asking: Asking, change: Change, now: datetime) -> int | None:
    """Ask whoever owns an address whether their request is to be about something else; until a yes it stays as it is.

    :returns: the message's id; None when nothing could be sent, or the same was asked before.
    """
    wish = set_aside(store, asking.id, change, now)
    if wish is None:
        return None
    asked = ask_to_confirm(store, variant, asking, "wish", now)
    if asked is None:
        wish.ended_at, wish.outcome = now, "not_asked"
    return asked


def is_asked(store: Store, contact_id: int, now: datetime) -> bool:
    """Whether a question to confirm is out: one is for everything that is open."""
    asked = (
        sa.select(Question.id)
        .join(AlertRequest, sa.and_(AlertRequest.store_id == Question.store_id, AlertRequest.id == Question.request_id))
        .join(Message, sa.and_(Message.store_id == Question.store_id, Message.id == Question.message_id))
        .where(
            Question.store_id == store.id,
            AlertRequest.contact_id == contact_id,
            (AlertRequest.status + "") == "pending",
            AlertRequest.confirm_by > now,
            (Message.status + "").in_(_ALIVE),
        )
    )
    return db.session.scalar(asked.limit(1)) is not None


def ask(store: Store, variant: Variant, asking: Asking, cause: str, verdict: Verdict, now: datetime) -> int | None:
    """Write a question that was decided about, and that it was asked, or why it was not.

    :returns: the message's id.
    """
    message = verdict if isinstance(verdict, Skip) else _write(store, variant, asking, cause, verdict, now)
    message_id, reason = (None, message.reason) if isinstance(message, Skip) else (message, None)
    values = {"cause": cause, "message_id": message_id, "reason": reason, "asked_at": now}
    db.session.execute(sa.insert(Question).values(store_id=store.id, request_id=asking.id, **values))
    return message_id


def _write(store: Store, variant: Variant, asking: Asking, cause: str, verdict: Verdict, now: datetime) -> int | Skip:
    contact, kind = asking.contact, CAUSES[cause]
    lane_id = lane_for_new(store, contact.channel)
    if lane_id is None:
        return Skip("no_gateway")
    values = product_values(store, variant) | {
        "firstname": asking.first_name,
        "fullname": asking.first_name,
        "stop_url": stop_url(store.id, contact.id),
        "confirm_url": confirm_url(store.id, asking.id),
    }
    if cause == "wish" and (wish := kept_aside(store.id, asking.id)) is not None:
        values["change"] = change_text(store, wish)
    try:
        template = wording(store, kind, contact.channel)
        text = template.render(values)
    except (UnresolvedToken, LookupError):
        return Skip("no_text")
    return add_message(
        store,
        contact,
        lane_id,
        kind,
        text,
        now,
        template_version_id=template.version_id,
        variant=variant,
        valid_for=QUESTION_VALID,
        express=cause in AT_ONCE,
        hold=verdict if isinstance(verdict, Hold) else None,
    )


def change_text(store: Store, wish: ChangedWish) -> str:
    """What a request shall be about, in the language of the store's templates."""
    place = place_names(store.id, {wish.region_id}).get(wish.region_id or 0)
    of = {"variant": 1, "product": None}.get(wish.scope, len(wish.variant_ids))
    return change_words(store.locale, wish.quantity, of, place and place[2], wish.intent)


# --- the answer ----------------------------------------------------------------------------------------------------


def say_yes(store: Store, contact: Contact, proof: Proof, now: datetime) -> list[Answered]:
    """A yes of a (locked) contact to everything it was asked.

    What it confirms waits from now on, what it renews is kept for another period, and what it was asked to change is
    changed; of what can be bought already it is told. A contact that has said STOP says yes to nothing: only START lifts that.

    :returns: the requests it was for, none when nothing was asked.
    """
    if contact.opted_out_at is not None:
        return []
    confirmed = confirm_pending(contact, now)
    others = {request.id: request for request in renew_asked(contact, now)}
    changed = {request.id: request for request in take_wishes(contact, now)}
    answered = confirmed + sorted((others | changed).values(), key=lambda request: request.id)
    if answered:
        asked = _close_questions(store, [request.id for request in answered], now)
        evidence = proof.evidence | {"requests": [request.id for request in answered]}
        evidence |= {"message": asked} if asked else {}
        said = Proof(proof.method, ip=proof.ip, user_agent=proof.user_agent, evidence=evidence)
        confirm(contact, "requested", said, now)
        contact.heard_at = now
    return answered


def say_start(store: Store, contact: Contact, proof: Proof, now: datetime) -> bool:
    """A START of a (locked) contact: its STOP is over, and what was asked for meanwhile waits from now on.

    :returns: False when it had not said STOP.
    """
    if not opt_in(contact, proof, now):
        return False
    tell_late(store, confirm_all(contact, now), now)
    return True


def say_no(contact: Contact, now: datetime) -> list[int]:
    """A no of a (locked) contact to everything it was asked: these requests end, and nothing else of the contact does.

    What somebody wanted to change stays as it was.

    :returns: the requests that ended, none when nothing was asked.
    """
    refuse_wishes(contact, now)
    return close_some(answerable(contact, now), "shopper", now)


def _close_questions(store: Store, request_ids: Sequence[int], now: datetime) -> str | None:
    """These questions are answered.

    :returns: our reference of the last message that asked.
    """
    asked = db.session.scalars(
        sa.update(Question)
        .where(Question.store_id == store.id, Question.request_id.in_(request_ids), Question.answered_at.is_(None))
        .values(answered_at=now)
        .returning(Question.message_id)
        .execution_options(synchronize_session=False)
    ).all()
    last = max((message_id for message_id in asked if message_id is not None), default=None)
    return None if last is None else db.session.scalar(sa.select(Message.reference).where(Message.id == last))


def follow_up(
    store: Store, contact: Contact, answered: Sequence[Answered], now: datetime, *, by_text: bool
) -> int | None:
    """What a yes brings: the alert where the product is there already, else by text a word that it was heard.

    :returns: the id of the confirmation that answers it, where there is one.
    """
    told = tell_late(store, answered, now)
    waiting = [request for request in answered if request.id not in told]
    if not by_text or told or not waiting or not store_settings(store).confirmations:
        return None
    variant = variants_of(store, [waiting[0].variant_id])[waiting[0].variant_id]
    return queue_confirmation(store, variant, contact, waiting[0].first_name, now)


def may_be_an_answer(contact: Contact, now: datetime) -> bool:
    """Whether a question was put to this contact lately, so that its yes is no START."""
    asked = (
        sa.select(Question.id)
        .join(AlertRequest, sa.and_(AlertRequest.store_id == Question.store_id, AlertRequest.id == Question.request_id))
        .where(AlertRequest.store_id == contact.store_id, AlertRequest.contact_id == contact.id)
        .where(Question.asked_at > now - ANSWERS_COME)
    )
    return db.session.scalar(asked.limit(1)) is not None


def variants_of(store: Store, variant_ids: Iterable[int]) -> dict[int, Variant]:
    """Variants of the store with their products, by id."""
    found = db.session.scalars(
        sa.select(Variant)
        .options(joinedload(Variant.product))
        .where(Variant.store_id == store.id, Variant.id.in_(list(variant_ids)))
        .execution_options(populate_existing=True)
    )
    return {variant.id: variant for variant in found}
