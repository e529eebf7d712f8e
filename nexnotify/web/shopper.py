"""The shopper's own page, by signed link: what they wait for, and the way out. GET shows, POST acts."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from itsdangerous import BadSignature
from sqlalchemy.orm import joinedload

from nexnotify.catalog.models import Variant
from nexnotify.clock import utcnow
from nexnotify.customers.consent import Proof
from nexnotify.customers.models import Contact
from nexnotify.db import db, transaction
from nexnotify.errors import NotFound
from nexnotify.ledger.suppression import stop, take_back
from nexnotify.ledger.values import read_preference_token
from nexnotify.phone import mask, mask_email
from nexnotify.stores.models import Store
from nexnotify.waitlist.service import close, open_requests
from nexnotify.web.languages import speak_of
from nexnotify.words import N_

blueprint = Blueprint("shopper", __name__)


@blueprint.after_request
def _private(response: Response) -> Response:
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/<token>")
def preferences(token: str) -> ResponseReturnValue:
    """What this address waits for. Looking changes nothing: mail scanners follow links."""
    return _page(_contact(token), None)


@blueprint.post("/<token>")
def act(token: str) -> ResponseReturnValue:
    """Cancel one request (``request``), or everything (anything else, as mail programs' one-click does)."""
    contact = _contact(token)
    proof = Proof("page", ip=request.remote_addr, user_agent=request.headers.get("User-Agent"))
    now = utcnow()
    wanted = request.form.get("request")
    with transaction():
        contact = db.session.execute(
            sa.select(Contact)
            .where(Contact.store_id == contact.store_id, Contact.id == contact.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        ).scalar_one()
        if wanted is None:
            stop(contact, proof, now)
            done = N_("You will get no more messages from us.")
        else:
            mine = [item for item in open_requests(contact) if str(item.id) == wanted]
            for item in mine:
                close(item, "shopper", now)
                take_back(contact, "request_closed", now, variant_id=item.variant_id)
            done = N_("Cancelled.") if mine else N_("That one had ended already.")
    return _page(contact, done)


def _contact(token: str) -> Contact:
    try:
        store_id, contact_id = read_preference_token(token)
    except (BadSignature, ValueError, TypeError):
        raise NotFound(N_("This link is not complete. Open it again from the message we sent you.")) from None
    contact = db.session.scalar(sa.select(Contact).where(Contact.store_id == store_id, Contact.id == contact_id))
    if contact is None:
        raise NotFound(N_("This link is not valid any more."))
    speak_of(db.session.get_one(Store, store_id))
    return contact


def _page(contact: Contact, done: str | None) -> str:
    store = db.session.get_one(Store, contact.store_id)
    requests = open_requests(contact)
    variants = db.session.scalars(
        sa.select(Variant)
        .options(joinedload(Variant.product))
        .where(Variant.store_id == contact.store_id, Variant.id.in_([item.variant_id for item in requests]))
    )
    by_id = {variant.id: variant for variant in variants}
    masked = mask(contact.address) if contact.channel == "sms" else mask_email(contact.address)
    rows = [(item, by_id[item.variant_id]) for item in requests]
    return render_template(
        "shopper/preferences.html", store=store, contact=contact, masked=masked, rows=rows, done=done
    )
