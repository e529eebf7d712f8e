"""Links of messages, ``/l/<code>``: a redirect to the product, or a page that helps. GET shows, POST acts.

That a link was opened is written down, and changes nothing for anybody.
"""

from __future__ import annotations

import logging

import sqlalchemy as sa
from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from itsdangerous import BadSignature
from sqlalchemy.exc import InterfaceError, OperationalError

from nexnotify.clock import utcnow
from nexnotify.customers.consent import Proof
from nexnotify.customers.service import count_signup
from nexnotify.db import db, end_read, transaction
from nexnotify.errors import NotFound
from nexnotify.holds.units import Unit, unit_for
from nexnotify.ledger.links import EXAMPLE, LENGTH
from nexnotify.ledger.values import place_token, read_place_token
from nexnotify.outcomes.clicks import Found, find_link, record_click
from nexnotify.outcomes.landing import Place, home, landing
from nexnotify.outcomes.places import Kept, can_be_had, keep, place, status_for
from nexnotify.outcomes.scanners import Opening
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings
from nexnotify.web.languages import speak_of
from nexnotify.web.private import keep_private
from nexnotify.web.signups import network_of
from nexnotify.words import N_

blueprint = Blueprint("short_links", __name__)
keep_private(blueprint)
log = logging.getLogger(__name__)

#: Clicks written down in ten minutes from one address: each is a row. Beyond it links go on leading where they lead.
CLICKS_PER_IP = 300
#: Headers by which browsers and apps say that nobody has tapped yet.
_PURPOSE = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")


@blueprint.get("/<code>")
def follow(code: str) -> ResponseReturnValue:
    """To the product, decided now: its address may have changed since the message went out."""
    if code == EXAMPLE:
        raise NotFound(N_("This link stands in an example. The messages that shoppers get have links of their own."))
    found = _find(code)
    if found is None:
        return _nowhere(_only_store())
    _record(found)
    unit = _unit(found)
    address = _address(found, unit)
    if address is None or not found.variant.product.published:
        return _nowhere(found.store, address)
    if unit is not None or can_be_had(found):
        return redirect(address)
    return _sold_out(found, address, place(found))


@blueprint.post("/<code>/place")
def keep_place(code: str) -> ResponseReturnValue:
    """It has sold out again: the shopper waits on, where they stood."""
    found = _find(code)
    try:
        fine = found is not None and read_place_token(request.form.get("token", "")) == found.link.id
    except (BadSignature, ValueError, TypeError):
        fine = False
    if found is None or not fine:
        raise NotFound(N_("This page is not complete. Open the link in the message we sent you again."))
    address, now = _address(found), utcnow()
    proof = Proof("page", ip=request.remote_addr, user_agent=request.headers.get("User-Agent"))
    with transaction():
        state = keep(found, proof, now)
    # Also what can be bought again by now gets a page: browsers do not let a form lead to another site.
    return _sold_out(found, address, state, pressed=True)


def _find(code: str) -> Found | None:
    found = find_link(code) if len(code) == LENGTH and code.isascii() and code.isalnum() else None
    if found is not None:
        speak_of(found.store)
    return found


def _unit(found: Found) -> Unit | None:
    """What is kept for the person of a message about this one product."""
    message = found.message
    if message is None or message.variant_id != found.link.variant_id:
        return None
    return unit_for(message.store_id, message.id, utcnow())


def _address(found: Found, unit: Unit | None = None) -> str | None:
    """Where it leads.

    :param unit: what is kept for its person: the shop is told which reservation it is.
    """
    settings, variant = store_settings(found.store), found.variant
    channel = found.message.channel if found.message else "sms"
    utm = settings.utm
    parameters = (
        {"utm_source": utm.source, "utm_medium": channel, "utm_campaign": utm.campaign} if utm is not None else {}
    )
    if unit is not None:
        parameters["reservation"] = unit.reference or unit.key
    there = Place(variant.url, variant.product.url, variant.external_id, variant.sku)
    return landing(there, settings.variant_parameter, parameters)


def _record(found: Found) -> None:
    """Write the click down. A shopper gets to the shop also when that fails."""
    network, agent = network_of(request.remote_addr), request.headers.get("User-Agent") or ""
    opening = Opening(
        method=request.method,
        user_agent=agent[:1000],
        purpose=" ".join(request.headers.get(name, "") for name in _PURPOSE),
        says_language=bool(request.headers.get("Accept-Language")),
    )
    now = utcnow()
    try:
        with transaction():
            if count_signup(found.store, f"click ip {network}", CLICKS_PER_IP, now):
                record_click(found, opening, f"{network} {agent}", now)
    except (OperationalError, InterfaceError):
        log.exception("a click could not be written down", extra={"link": found.link.id})
        end_read()


# --- pages -----------------------------------------------------------------------------------------------------------


def _sold_out(found: Found, address: str | None, state: Kept, *, pressed: bool = False) -> str:
    return render_template(
        "shopper/sold_out.html",
        store=found.store,
        variant=found.variant,
        status=status_for(found),
        address=address,
        state=state,
        pressed=pressed,
        code=found.link.code,
        token=place_token(found.link.id),
    )


def _nowhere(store: Store | None, address: str | None = None) -> ResponseReturnValue:
    """There is nothing behind the link, or not any more."""
    shop = None
    if store is not None:
        domains = store_settings(store).domains
        shop = home(domains[0] if domains else address)
    return render_template("shopper/no_link.html", store=store, shop=shop, gone=address is not None), 404


def _only_store() -> Store | None:
    """Whose link it was, where only one store can have made it."""
    stores = db.session.scalars(sa.select(Store).limit(2)).all()
    if len(stores) != 1:
        return None
    speak_of(stores[0])
    return stores[0]
