"""Who waits for what, and the story of each request."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user
from sqlalchemy.orm import joinedload

from nexnotify.catalog.models import Variant
from nexnotify.catalog.regions import place_names
from nexnotify.clock import utcnow
from nexnotify.customers.former import customer_of
from nexnotify.customers.models import ConsentEntry, ConsentWording, Contact
from nexnotify.customers.service import ERASED
from nexnotify.db import db, transaction
from nexnotify.inventory.service import status_of
from nexnotify.ledger.suppression import take_back
from nexnotify.outcomes.marks import mark_contacts
from nexnotify.outcomes.page_orders import forget_visitors
from nexnotify.receipts.erasing import erase_shopper, erased_with
from nexnotify.reports.demand import Place, count_words, most_wanted, status_counts
from nexnotify.reports.message import without_address
from nexnotify.reports.trace import contact_of, trace
from nexnotify.stores.service import audit
from nexnotify.stores.settings import NEWS, store_settings
from nexnotify.waitlist.models import INTENTS, OPEN, STATUSES, AlertRequest
from nexnotify.waitlist.scope import skus_wanted
from nexnotify.waitlist.service import close
from nexnotify.web.admin.access import current_store, require, requires, staff_guard
from nexnotify.web.admin.erasing import erase_named
from nexnotify.web.admin.filters import asked, chosen
from nexnotify.web.admin.live import IDLE, SOON, live_page
from nexnotify.web.admin.loading import load
from nexnotify.web.admin.paging import by_value, keyset
from nexnotify.words import N_

bp = Blueprint("admin_waitlist", __name__)
bp.before_request(staff_guard)

#: What happened → (title, kind of its dot)
_TITLES = {
    "asked": (N_("Asked to be told"), "info"),
    "consent_granted": (N_("Consent given"), "ok"),
    "consent_confirmed": (N_("Consent confirmed"), "ok"),
    "question_asked": (N_("Asked back"), "info"),
    "question_answered": (N_("Answered yes"), "ok"),
    "consent_revoked": (N_("Consent taken back"), "bad"),
    "clicked": (N_("Opened the link"), "ok"),
    "place_kept": (N_("Place kept"), "ok"),
    "place_back": (N_("Waits again"), "ok"),
    "corrected_send": (N_("Correction planned"), "info"),
    "corrected_hold": (N_("Correction held back"), "warn"),
    "corrected_skip": (N_("No correction"), "warn"),
    "decided_send": (N_("Planned"), "info"),
    "decided_hold": (N_("Held back"), "warn"),
    "decided_skip": (N_("Passed over"), "warn"),
    "restock_on": (N_("Back in stock"), "info"),
    "back_in_stock": (N_("Back in stock"), "ok"),
    "journey_entered": (N_("Entered a journey"), "info"),
    "journey_waits": (N_("Waits in a journey"), "info"),
    "journey_inside": (N_("Held back"), "warn"),
    "journey_sent": (N_("Planned"), "info"),
    "journey_left": (N_("Left a journey"), "neutral"),
    "restock_ended": (N_("A restock ended first"), "warn"),
    "message_held": (N_("Message held"), "warn"),
    "message_queued": (N_("Message queued"), "info"),
    "message_claimed": (N_("Handing it to the gateway"), "info"),
    "message_accepted": (N_("Taken by the gateway"), "info"),
    "message_sent": (N_("Handed to the carrier"), "info"),
    "message_delivered": (N_("Delivered"), "ok"),
    "message_undelivered": (N_("Not delivered"), "bad"),
    "message_rejected": (N_("Rejected"), "bad"),
    "message_expired": (N_("Message expired"), "neutral"),
    "message_suppressed": (N_("Message not sent"), "warn"),
    "message_cancelled": (N_("Message taken back"), "neutral"),
    "message_uncertain": (N_("Outcome unknown"), "warn"),
    "hold_asked": (N_("Unit asked for"), "info"),
    "hold_held": (N_("Unit held"), "ok"),
    "hold_refused": (N_("No unit left"), "warn"),
    "hold_redeemed": (N_("Unit bought"), "ok"),
    "hold_released": (N_("Unit given back"), "neutral"),
    "hold_lapsed": (N_("Unit lapsed"), "neutral"),
    "cancelled": (N_("Ended"), "neutral"),
    "expired": (N_("Ended"), "neutral"),
    "bought": (N_("Bought"), "ok"),
    "alerted": (N_("Told"), "ok"),
}


@bp.get("")
def index() -> ResponseReturnValue:
    """Demand by variant, most wanted first."""
    store, search = current_store(), asked("q", 200)
    page = by_value(
        lambda place, limit, back: most_wanted(
            store, search, None if place is None else Place(*place), limit, back=back
        ),
        lambda row: (row.waiting, row.variant.id),
    )
    return live_page(
        "admin/waitlist/index.html", "admin/waitlist/_list.html", IDLE, page=page, q=search, status_of=status_of
    )


@bp.get("/variants/<int:variant_id>")
def variant(variant_id: int) -> ResponseReturnValue:
    """The requests of one variant, newest first."""
    item = load(Variant, variant_id, joinedload(Variant.product))
    wanted = request.args.get("status", "open")
    wanted = wanted if wanted in (*STATUSES, "all") else "open"
    shown: Any = sa.select(AlertRequest, Contact).join(
        Contact, sa.and_(Contact.store_id == AlertRequest.store_id, Contact.id == AlertRequest.contact_id)
    )
    mine = sa.select(AlertRequest.id).where(
        AlertRequest.store_id == current_store().id, AlertRequest.variant_id == item.id
    )
    intent = chosen("intent", INTENTS)
    if intent:
        mine = mine.where(AlertRequest.intent == intent)
    statuses = tuple(STATUSES) if wanted == "all" else OPEN if wanted == "open" else (wanted,)
    page = keyset(shown, [mine.where(AlertRequest.status == status) for status in statuses], count=False)
    counts = status_counts(item)
    return live_page(
        "admin/waitlist/variant.html",
        "admin/waitlist/_variant.html",
        None if page.prev_url else IDLE,
        variant=item,
        status=status_of(item),
        page=page,
        any_of=skus_wanted(item.store_id, [row[0] for row in page.rows]),
        places=place_names(item.store_id, {row[0].region_id for row in page.rows}),
        tabs=_tabs(item, counts, wanted),
        wanted=wanted,
        intent=intent,
        intents=INTENTS,
        choices=[("", N_("Whatever they want to hear")), *INTENTS.items()],
        news=any(store_settings(current_store()).switches.but(item.product.switches).offered(name) for name in NEWS),
        open_count=count_words([counts.get(status, 0) for status in OPEN]),
    )


def _tabs(item: Variant, counts: dict[str, int], wanted: str) -> list[tuple[str, str, bool, str]]:
    words = {
        "pending": N_("To be confirmed"),
        "waiting": N_("Waiting"),
        "alerted": N_("Alerted"),
        "bought": N_("Bought"),
        "cancelled": N_("Cancelled"),
        "expired": N_("Expired"),
    }
    shown = {"open": (N_("Open"), [counts.get(status, 0) for status in OPEN])}
    shown |= {
        status: (words[status], [counts.get(status, 0)]) for status in words if status in counts or wanted == status
    }
    shown |= {"all": (N_("All"), list(counts.values()))}
    return [
        (
            word,
            url_for("admin_waitlist.variant", variant_id=item.id, status=status),
            status == wanted,
            count_words(each),
        )
        for status, (word, each) in shown.items()
    ]


@bp.get("/requests/<int:request_id>", endpoint="request")
def story(request_id: int) -> ResponseReturnValue:
    """One request: everything that happened to it, and why."""
    item = load(AlertRequest, request_id)
    contact = contact_of(item)
    told = trace(item)
    return live_page(
        "admin/waitlist/request.html",
        "admin/waitlist/_request.html",
        IDLE if item.status in OPEN or (item.alerted_at and utcnow() - item.alerted_at < SOON) else None,
        item=item,
        contact=contact,
        variant=load(Variant, item.variant_id, joinedload(Variant.product)),
        summary=told["summary"],
        ends_at=datetime.fromisoformat(told["ends_at"]) if told["ends_at"] else None,
        events=[_event(event, contact) for event in told["events"]],
        consents=_consents(item),
        is_open=item.status in OPEN,
        is_erased=contact.unreachable_reason == ERASED,
        intents=INTENTS,
        any_of=skus_wanted(item.store_id, [item]).get(item.id),
        place=place_names(item.store_id, {item.region_id}).get(item.region_id or 0),
    )


def _event(event: dict[str, Any], contact: Contact) -> dict[str, Any]:
    title, kind = _TITLES.get(event["what"], (event["what"].replace("_", " ").capitalize(), "neutral"))
    return {
        **event,
        "at": datetime.fromisoformat(event["at"]),
        "until": datetime.fromisoformat(event["until"]) if event.get("until") else None,
        "held_until": datetime.fromisoformat(event["held_until"]) if event.get("held_until") else None,
        "title": title,
        "kind": kind,
        "detail": without_address(event.get("detail", ""), contact.address),
    }


def _consents(item: AlertRequest) -> list[Any]:
    """The proofs of this request: what was agreed to, word for word, where and when."""
    return list(
        db.session.execute(
            sa.select(ConsentEntry, ConsentWording.text)
            .outerjoin(ConsentWording, ConsentWording.version == ConsentEntry.wording_version)
            .where(
                ConsentEntry.store_id == item.store_id,
                ConsentEntry.contact_id == item.contact_id,
                ConsentEntry.at >= item.created_at,
            )
            .order_by(ConsentEntry.id)
        )
    )


@bp.route("/requests/<int:request_id>/erase", methods=["GET", "POST"])
@requires("admin", fresh=True)
def erase(request_id: int) -> ResponseReturnValue:
    """Erase the person who asked, once the number of the request is typed; a customer on the customer's own page."""
    contact = load(Contact, load(AlertRequest, request_id).contact_id)
    if (customer := customer_of(contact)) is not None:
        return redirect(url_for("admin_customers.erase", customer_id=customer.id))

    def work(now: datetime) -> None:
        locked = load(Contact, contact.id, lock=True)
        contacts = erased_with(locked)
        mark_contacts(current_store(), contacts)
        erase_shopper(locked, now)
        forget_visitors(locked.store_id, contacts)
        audit(current_store(), "shopper.erased", current_user.id, now, request=request_id)

    page = url_for(".request", request_id=request_id)
    return erase_named(str(request_id), erased_with(contact), page, work, N_("The person is erased."), page)


@bp.post("/requests/<int:request_id>/cancel")
def cancel(request_id: int) -> ResponseReturnValue:
    """End a request on the shopper's behalf, with what it has queued."""
    require("staff")
    contact_id, now = load(AlertRequest, request_id).contact_id, utcnow()
    with transaction():
        contact = load(Contact, contact_id, lock=True)
        item = load(AlertRequest, request_id, lock=True)
        done = close(item, "merchant", now)
        if done:
            take_back(contact, "request_closed", now, variant_id=item.variant_id)
            audit(current_store(), "request.cancelled", current_user.id, now, request=item.id)
    if done:
        flash(N_("Request cancelled. Nothing more goes out for it."), "success")
    else:
        flash(N_("That request had ended already."), "warning")
    return redirect(url_for("admin_waitlist.request", request_id=request_id))
