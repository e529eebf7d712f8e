"""Opt-outs that a gateway keeps itself: once a day its list becomes ours.

A STOP can reach the provider and not us: a callback that was lost, a text to another of the account's numbers, a call
to its support. The provider would refuse those texts anyway; we then neither try nor keep the shopper on a list.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from nexnotify.customers.consent import Proof
from nexnotify.customers.models import Contact
from nexnotify.customers.service import find_or_make_contact, normalise
from nexnotify.db import db, end_read, transaction
from nexnotify.gateways.loader import UnknownGateway
from nexnotify.gateways.models import GatewayInstance
from nexnotify.gateways.service import open_gateway, registry
from nexnotify.ledger.suppression import stop
from nexnotify.phone import InvalidEmail, InvalidPhone
from nexnotify.stores.models import Store
from nexnotify.stores.service import address_hash
from nexnotify.turns import let_others_write

log = logging.getLogger(__name__)

#: How often a gateway is asked, and how soon again when it could not answer.
SYNC_EVERY = timedelta(days=1)
SYNC_AGAIN = timedelta(hours=1)
#: Addresses in one transaction.
BATCH = 50


def sync_opt_outs(now: datetime) -> int:
    """Ask every gateway that lists opt-outs and was not asked for a day, and stop whom it names.

    It opens its own transactions, because the call to a gateway must lie between them.

    :returns: how many contacts are newly opted out.
    """
    stopped = 0
    for gateway_id in _due(now):
        instance = _take(gateway_id, now)
        if instance is None:
            continue  # another worker asks
        try:
            addresses = _ask(instance)
        except Exception as error:
            # A plugin's words may hold anything, so only the error's type is kept.
            log.warning("opt-outs cannot be read", extra={"gateway": gateway_id, "error": type(error).__name__})
            addresses = None
        if addresses is None:
            with transaction():
                _mark(gateway_id, now - SYNC_EVERY + SYNC_AGAIN)
            continue
        stopped += _stop_all(instance, addresses, now)
    return stopped


def _due(now: datetime) -> list[int]:
    """Gateways whose time has come; those that wait for it cost no write."""
    kinds = [key for key, kind in registry().kinds.items() if kind.capabilities.lists_opt_outs]
    statement = sa.select(GatewayInstance.id).where(GatewayInstance.kind.in_(kinds), _is_due(now))
    found = list(db.session.scalars(statement.order_by(GatewayInstance.id))) if kinds else []
    end_read()
    return found


def _is_due(now: datetime) -> sa.ColumnElement[bool]:
    asked = GatewayInstance.opt_outs_synced_at
    return sa.or_(asked.is_(None), asked <= now - SYNC_EVERY)


def _take(gateway_id: int, now: datetime) -> GatewayInstance | None:
    """Take the day's question; of several workers one gets it."""
    with transaction():
        taken = db.session.execute(
            sa.update(GatewayInstance)
            .where(GatewayInstance.id == gateway_id, _is_due(now))
            .values(opt_outs_synced_at=now)
            .returning(GatewayInstance.id)
            .execution_options(synchronize_session=False)
        ).scalar()
        return db.session.get(GatewayInstance, gateway_id, populate_existing=True) if taken else None


def _mark(gateway_id: int, moment: datetime) -> None:
    db.session.execute(
        sa.update(GatewayInstance)
        .where(GatewayInstance.id == gateway_id)
        .values(opt_outs_synced_at=moment)
        .execution_options(synchronize_session=False)
    )


def _ask(instance: GatewayInstance) -> list[str] | None:
    """The gateway's list, with no transaction open."""
    try:
        gateway = open_gateway(instance)
    except UnknownGateway:
        return None
    end_read()
    addresses = gateway.opted_out()
    return None if addresses is None else list(addresses)


def _stop_all(instance: GatewayInstance, addresses: Iterable[str], now: datetime) -> int:
    store = db.session.get_one(Store, instance.store_id)
    end_read()
    # In one order everywhere, so that two workers never wait for each other's contacts.
    wanted = sorted(_readable(store, instance.channel, addresses))
    stopped = 0
    for start in range(0, len(wanted), BATCH):
        if start:
            let_others_write()
        news = _not_yet(store, instance.channel, wanted[start : start + BATCH])
        end_read()
        if not news:
            continue
        with transaction():
            for address in news:
                # Unknown ones too: whoever signs up after a STOP must not be texted before a START.
                contact = find_or_make_contact(store, instance.channel, address, now)
                if contact.opted_out_at is None:
                    stop(contact, Proof("gateway", evidence={"gateway": instance.name, "list": "opt-outs"}), now)
                    stopped += 1
    return stopped


def _readable(store: Store, channel: str, addresses: Iterable[str]) -> set[str]:
    found = set()
    for address in addresses:
        try:
            found.add(normalise(store, channel, str(address)))
        except (InvalidPhone, InvalidEmail):
            continue  # a short code, a landline: nobody we could have reached
    return found


def _not_yet(store: Store, channel: str, addresses: Sequence[str]) -> list[str]:
    """Those of them that are not opted out here, by the look of it; without a write."""
    by_hash = {address_hash(store.id, channel, address): address for address in addresses}
    known = db.session.scalars(
        sa.select(Contact.address_hash).where(
            Contact.store_id == store.id,
            Contact.channel == channel,
            Contact.address_hash.in_(by_hash),
            Contact.opted_out_at.is_not(None),
        )
    )
    out = set(known)
    return [address for key, address in by_hash.items() if key not in out]
