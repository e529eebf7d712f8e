"""The shopper's own page, by signed link: what they wait for, and the way out. GET shows, POST acts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from itsdangerous import BadSignature
from sqlalchemy.orm import contains_eager, joinedload

from nexnotify.catalog.models import Product, Variant
from nexnotify.clock import utcnow
from nexnotify.customers.consent import Proof
from nexnotify.customers.models import Contact
from nexnotify.db import db, transaction
from nexnotify.errors import NotFound
from nexnotify.inventory.available import IN_STOCK
from nexnotify.inventory.regions import status_at
from nexnotify.ledger.asking.questions import change_text, follow_up, say_start, say_yes
from nexnotify.ledger.forgetting import ERASED
from nexnotify.ledger.models import Message
from nexnotify.ledger.planning.bundles import items_of
from nexnotify.ledger.suppression import stop, take_back
from nexnotify.ledger.values import read_confirm_token, read_preference_token, read_products_token, stop_url
from nexnotify.nudge import nudge
from nexnotify.phone import mask_address
from nexnotify.stores.models import Store
from nexnotify.waitlist.life import answerable
from nexnotify.waitlist.models import AlertRequest
from nexnotify.waitlist.service import close, open_requests
from nexnotify.waitlist.wishes import open_wishes
from nexnotify.web.languages import speak_of
from nexnotify.web.private import keep_private
from nexnotify.words import N_

blueprint = Blueprint("shopper", __name__)
keep_private(blueprint)


@blueprint.get("/yes/<token>")
def question(token: str) -> ResponseReturnValue:
    """What we asked about a request. Looking changes nothing: mail scanners follow links."""
    asked, now = _asked(token), utcnow()
    contact = _contact_of(asked)
    store = db.session.get_one(Store, contact.store_id)
    wishes = {wish.request_id: change_text(store, wish) for wish in open_wishes(contact, now)}
    return _question_page(asked, [*answerable(contact, now), *wishes], wishes)


@blueprint.post("/yes/<token>")
def say_yes_here(token: str) -> ResponseReturnValue:
    """Yes to everything this address was asked."""
    asked, now = _asked(token), utcnow()
    proof = Proof("page", ip=request.remote_addr, user_agent=request.headers.get("User-Agent"))
    with transaction():
        contact = _contact_of(asked, lock=True)
        store = db.session.get_one(Store, contact.store_id)
        answered = say_yes(store, contact, proof, now)
        follow_up(store, contact, answered, now, by_text=False)
    nudge("send")
    return _question_page(asked, [item.id for item in answered], {}, done=True)


def _asked(token: str) -> AlertRequest:
    try:
        store_id, request_id = read_confirm_token(token)
    except (BadSignature, ValueError, TypeError):
        raise NotFound(N_("This link is not complete. Open it again from the message we sent you.")) from None
    found = db.session.scalar(
        sa.select(AlertRequest).where(AlertRequest.store_id == store_id, AlertRequest.id == request_id)
    )
    if found is None:
        raise NotFound(N_("This link is not valid any more."))
    speak_of(db.session.get_one(Store, store_id))
    return found


def _question_page(
    asked: AlertRequest, request_ids: Sequence[int], wishes: Mapping[int, str], *, done: bool = False
) -> str:
    """The question about these requests, or with ``done`` what the yes brought; none: there is nothing to answer.

    :param wishes: request → what it is to be from now on.
    """
    contact = _contact_of(asked)
    rows = db.session.execute(
        sa.select(AlertRequest, Variant)
        .options(contains_eager(Variant.product))
        .join(Variant, sa.and_(Variant.store_id == AlertRequest.store_id, Variant.id == AlertRequest.variant_id))
        .join(Product, sa.and_(Product.store_id == Variant.store_id, Product.id == Variant.product_id))
        .where(AlertRequest.store_id == asked.store_id, AlertRequest.id.in_(request_ids or [asked.id]))
        .order_by(AlertRequest.id)
        .execution_options(populate_existing=True)
    ).all()
    return render_template(
        "shopper/question.html",
        store=db.session.get_one(Store, asked.store_id),
        contact=contact,
        masked=mask_address(contact.address),
        rows=[(item, variant, status_at(variant, item.region_id) == IN_STOCK) for item, variant in rows],
        wishes=wishes,
        asked=bool(request_ids),
        done=done,
        preferences=stop_url(contact.store_id, contact.id),
    )


@blueprint.get("/products/<token>")
def products(token: str) -> ResponseReturnValue:
    """What a message serves that tells of several products, and what of it is still there."""
    try:
        store_id, message_id = read_products_token(token)
    except (BadSignature, ValueError, TypeError):
        raise NotFound(N_("This link is not complete. Open it again from the message we sent you.")) from None
    message = db.session.scalar(sa.select(Message).where(Message.store_id == store_id, Message.id == message_id))
    if message is None or message.body == ERASED:
        raise NotFound(N_("This link is not valid any more."))
    store = db.session.get_one(Store, store_id)
    speak_of(store)
    different = {item.variant.id: item for item in items_of(store_id, [message_id])}
    rows = [(item, _is_there(item.variant, item.region_id)) for item in different.values()]
    return render_template(
        "shopper/products.html", store=store, rows=rows, preferences=stop_url(store_id, message.contact_id)
    )


def _is_there(variant: Variant, region_id: int | None) -> bool:
    """Whether a shopper finds it, and can buy it at their place."""
    return variant.product.published and status_at(variant, region_id) == IN_STOCK


def _contact_of(asked: AlertRequest, *, lock: bool = False) -> Contact:
    statement = sa.select(Contact).where(Contact.store_id == asked.store_id, Contact.id == asked.contact_id)
    if lock:
        statement = statement.with_for_update(key_share=True)
    return db.session.execute(statement.execution_options(populate_existing=True)).scalar_one()


@blueprint.get("/<token>")
def preferences(token: str) -> ResponseReturnValue:
    """What this address waits for. Looking changes nothing: mail scanners follow links."""
    return _page(_contact(token), None)


@blueprint.post("/<token>")
def act(token: str) -> ResponseReturnValue:
    """Cancel one request (``request``), or everything (anything else, as mail programs' one-click does).

    With ``start`` an address that has ended everything is written to again: whoever has the link reads its mails. A number
    texts START instead, and a browser is ticked again in the shop.
    """
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
        if "start" in request.form and contact.channel == "email":
            say_start(db.session.get_one(Store, contact.store_id), contact, proof, now)
            done = N_("We write to you again when something that you ask for can be bought.")
        elif wanted is None:
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
    rows = [(item, by_id[item.variant_id]) for item in requests]
    return render_template(
        "shopper/preferences.html",
        store=store,
        contact=contact,
        masked=mask_address(contact.address),
        rows=rows,
        done=done,
    )
