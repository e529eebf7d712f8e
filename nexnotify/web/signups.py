"""One sign-up, from the widget, the hosted form or the API: addresses read, requests made, confirmations queued."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Any

from flask import current_app, request

from nexnotify.catalog.models import Variant
from nexnotify.catalog.regions import wanted_region
from nexnotify.catalog.service import find_variant, find_variant_locked
from nexnotify.clock import utcnow
from nexnotify.content.disclosure import disclosure
from nexnotify.content.widget_texts import pick_language, refusal
from nexnotify.customers.consent import Proof
from nexnotify.customers.models import Contact
from nexnotify.customers.service import count_signup, normalise
from nexnotify.db import db, transaction
from nexnotify.errors import Invalid, NexnotifyError, NotFound, TooMany
from nexnotify.ledger.answers import queue_confirmation
from nexnotify.ledger.asking.questions import ask_to_change, ask_to_confirm, is_asked, say_start
from nexnotify.nudge import nudge
from nexnotify.outcomes.page_orders import remember_visitor
from nexnotify.phone import InvalidEmail, InvalidPhone
from nexnotify.stores.models import Store
from nexnotify.stores.settings import can_reply, store_settings
from nexnotify.waitlist.joining import Asker, Joined, browser_hash, join
from nexnotify.waitlist.life import Asking
from nexnotify.waitlist.scope import Scope, lock_scope
from nexnotify.waitlist.together import together
from nexnotify.web.pushing import push_fault
from nexnotify.web.request_payloads import RequestPayload, WidgetRequestPayload

_FIELDS = {"sms": "phone", "email": "email"}
#: Channels a shopper can type an address for.
CHANNELS = tuple(_FIELDS)


def take_signup(store: Store, payload: RequestPayload, *, method: str, source: str) -> None:
    """A shopper's own sign-up, from the widget or the hosted form: checked, counted, saved, confirmed.

    Nobody learns from the outcome whether an address was known before.

    :raises Invalid: with every field that is missing or wrong.
    :raises TooMany: over the limit of one IP address.
    """
    now = utcnow()
    addresses = wanted_addresses(store, payload)  # before anything is counted: a slip of the finger costs nothing
    try:
        with transaction():
            _count_ip(store, now)
            joined = sign_up(store, payload, addresses, method=method, source=source, confirm=True, now=now)
            if isinstance(payload, WidgetRequestPayload) and payload.visitor:
                remember_visitor(store, payload.visitor, [result.request_id for result in joined], now)
    except NexnotifyError:
        with transaction():  # what is refused was undone, but counts all the same
            _count_ip(store, now)
        raise
    if store_settings(store).confirmations or store_settings(store).double_opt_in:
        nudge("send")


def _count_ip(store: Store, now: datetime) -> None:
    settings = current_app.extensions["nexnotify"].settings
    if not count_signup(store, f"ip {network_of(request.remote_addr)}", settings.signups_per_ip, now):
        raise TooMany("That is a lot of sign-ups in a short time. Please try again in ten minutes.")


def network_of(address: str | None) -> str:
    """Who is counted as one: an IPv4 address, or the /64 of an IPv6 address, which is what one customer is given."""
    try:
        ip = ip_address(address or "")
    except ValueError:
        return str(address)
    if not isinstance(ip, IPv6Address):
        return str(ip)
    return str(ip.ipv4_mapped or IPv6Network((int(ip), 64), strict=False))


def wanted_addresses(store: Store, payload: RequestPayload) -> dict[str, str]:
    """Channel → normalised address, for the channels asked for (or, when none are named, those with an address).

    :raises Invalid: with every field that is missing or wrong.
    """
    given = {"sms": payload.phone, "email": payload.email, "push": payload.push and payload.push.address}
    channels: list[str] = list(payload.channels or (channel for channel, address in given.items() if address))
    problems: dict[str, str] = {}
    addresses: dict[str, str] = {}
    for channel in dict.fromkeys(channels):
        typed = given[channel] or ""
        if channel == "push":
            addresses[channel] = typed
            problems |= [found] if (found := push_fault(store, typed or None)) else ()
            continue
        try:
            addresses[channel] = normalise(store, channel, typed)
        except InvalidPhone as error:
            problems[_FIELDS[channel]] = refusal(payload.language, error.code, error.message)
        except InvalidEmail as error:
            problems[_FIELDS[channel]] = refusal(payload.language, "email", error.message)
    if not channels:
        problems["phone"] = refusal(payload.language, "no_address", "Enter a mobile number or an email address.")
    if "sms" in channels and not payload.consent:
        problems["consent"] = refusal(payload.language, "consent", "Tick the box to agree to the text message.")
    if problems:
        raise Invalid("Some fields are not right.", fields=problems)
    return {channel: addresses[channel] for channel in given if channel in addresses}  # always locked in one order


def wanted_variant(store: Store, payload: RequestPayload) -> Variant:
    """The variant asked for, locked.

    :raises NotFound: the store does not have it.
    """
    variant = find_variant_locked(store, sku=payload.sku, variant_id=payload.variant_id)
    if variant is None or not variant.product.published:
        raise NotFound(f"This store has no product with the {'SKU' if payload.sku else 'variant id'} you sent.")
    return variant


def wanted_scope(store: Store, payload: RequestPayload, variant: Variant) -> Scope | None:
    """All that is asked for, locked, where it is more than one variant.

    :raises NotFound: the store does not have one of them.
    """
    if not payload.any_variant and not payload.or_variants:
        return None
    named = [variant]
    for other in payload.or_variants:
        found = find_variant(store, sku=other.sku, variant_id=other.variant_id)
        if found is None or not found.product.published:
            raise NotFound(f"This store has no product with the {'SKU' if other.sku else 'variant id'} {other.ref}.")
        named.append(found)
    return lock_scope(store, named, payload.any_variant)


def _named(store: Store, payload: RequestPayload) -> Variant:
    """The variant asked for: locked by itself where it is the only one, else with the others, in one order."""
    if not payload.any_variant and not payload.or_variants:
        return wanted_variant(store, payload)
    variant = find_variant(store, sku=payload.sku, variant_id=payload.variant_id)
    if variant is None or not variant.product.published:
        raise NotFound(f"This store has no product with the {'SKU' if payload.sku else 'variant id'} you sent.")
    return variant


def sign_up(
    store: Store,
    payload: RequestPayload,
    addresses: dict[str, str],
    *,
    method: str,
    source: str,
    confirm: bool,
    now: datetime,
) -> list[Joined]:
    """Make a request on each channel, in the caller's transaction; new ones are confirmed to the shopper.

    Over the limits of a contact or the store, a shopper's own sign-up is kept all the same, only not confirmed: whoever
    signs up somebody else's number can neither lock its owner out nor learn anything.
    """
    variant = _named(store, payload)
    scope = wanted_scope(store, payload, variant)
    from_shopper = method in ("widget", "page")
    proof = _proof(store, variant, payload, method, from_shopper)
    name = payload.first_name or None
    # A caller who says that nothing is to be confirmed vouches for the address.
    must_confirm = confirm and store_settings(store).double_opt_in
    asker = Asker(_made_with(store, payload)) if from_shopper or must_confirm else None
    wish: dict[str, Any] = {"quantity": payload.quantity, "intent": payload.intent, "scope": scope, "source": source}
    wish |= {"first_name": name, "zone": payload.zone}
    wish["region_id"] = wanted_region(store, location=payload.location, region=payload.region)
    # A browser's own yes is in its subscription, which nobody can type for somebody else.
    typed = {channel: channel != "push" for channel in addresses}
    joined = [
        join(
            *(store, variant, channel, address, proof, now),
            must_confirm=must_confirm and typed[channel],
            asker=asker if typed[channel] else None,
            **wish,
        )
        for channel, address in addresses.items()
    ]
    together(store.id, joined)
    if method == "widget":
        joined = [_ticked_again(store, result, proof, now) for result in joined]
    if confirm:
        # Counted after all joins, so that nobody who holds the store's counter waits for a contact.
        for result, address in zip(joined, addresses.values(), strict=True):
            if _is_answered(store, result, now) and (not from_shopper or _may_confirm(store, address, now)):
                _answer(store, variant, result, name, now, any_variant=payload.any_variant)
    return joined


def _proof(store: Store, variant: Variant, payload: RequestPayload, method: str, from_shopper: bool) -> Proof:
    language = pick_language(payload.language).code
    return Proof(
        method,
        # What a shop showed to its own shoppers we know only when it says so.
        wording=payload.consent_text or (disclosure(store.name, language, can_reply(store)) if from_shopper else None),
        page_url=payload.page_url,
        ip=request.remote_addr if from_shopper else None,
        user_agent=request.headers.get("User-Agent") if from_shopper else None,
        evidence={"variant": variant.external_id, "box_ticked": payload.consent},
    )


def _made_with(store: Store, payload: RequestPayload) -> str | None:
    return browser_hash(store, payload.secret if isinstance(payload, WidgetRequestPayload) else None)


def _ticked_again(store: Store, result: Joined, proof: Proof, now: datetime) -> Joined:
    """A browser that said STOP, and is ticked again: nobody but itself has its subscription, so that is its START."""
    if result.contact.channel != "push" or result.contact.opted_out_at is None:
        return result
    say_start(store, db.session.get_one(Contact, result.contact.id, populate_existing=True), proof, now)
    return replace(result, status="waiting", contact=result.contact._replace(opted_out_at=None))


def _is_answered(store: Store, result: Joined, now: datetime) -> bool:
    """Whether a sign-up brings a message: a question where none is out yet, else a confirmation where it is new."""
    if result.change is not None:
        return True
    if result.confirm_by is not None:
        return not is_asked(store, result.contact.id, now)
    return result.is_new and store_settings(store).confirmations


def _answer(
    store: Store, variant: Variant, result: Joined, name: str | None, now: datetime, *, any_variant: bool
) -> None:
    asking = Asking(result.request_id, variant.id, name, variant.unavailable_as, result.contact)
    if result.change is not None:
        ask_to_change(store, variant, asking, result.change, now)
    elif result.confirm_by is not None:
        ask_to_confirm(store, variant, asking, "sign_up", now)
    else:
        queue_confirmation(store, variant, result.contact, name, now, any_variant=any_variant)


def _may_confirm(store: Store, address: str, now: datetime) -> bool:
    settings = current_app.extensions["nexnotify"].settings
    return count_signup(store, address, settings.signups_per_contact, now) and count_signup(
        store, "store", settings.signups_per_store, now
    )
