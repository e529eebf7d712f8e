"""Gateways."""

from __future__ import annotations

from typing import Any

import click

from nexnotify.cli.common import answer, find_the_store, in_app, json_option, store_option
from nexnotify.clock import utcnow
from nexnotify.db import db, end_read, transaction
from nexnotify.errors import Invalid, NotFound
from nexnotify.gateways.contract import Health
from nexnotify.gateways.loader import UnknownGateway
from nexnotify.gateways.models import GatewayInstance
from nexnotify.gateways.service import (
    add_gateway,
    awaits_number,
    callback_url,
    check_gateway,
    gateways_of,
    open_gateway,
    record_check,
    registry,
)
from nexnotify.ledger.opening import take_over_queue
from nexnotify.stores.service import audit


@click.group()
def gateway() -> None:
    """Gateways that send."""


@gateway.command("add")
@store_option
@click.option("--kind", required=True, help="A plugin, such as twilio or kannel.")
@click.option("--name", required=True, help="What you call it.")
@click.option("--set", "pairs", multiple=True, metavar="FIELD=VALUE", help="A setting; repeat for each.")
@json_option
def add(store_key: str, kind: str, name: str, pairs: tuple[str, ...], as_json: bool) -> None:
    """Add a gateway and check it. A failed check is printed; the gateway is saved all the same, also without number."""
    values = dict(_pair(pair) for pair in pairs)
    with in_app():
        store = find_the_store(store_key)
        try:
            with transaction():
                instance = add_gateway(store, kind, name, values, utcnow())
                if instance.is_sender:
                    take_over_queue(instance)
                audit(store, "gateway.added", None, utcnow(), kind=kind, name=name, by="command line")
        except UnknownGateway as error:
            raise Invalid(str(error), fields={"kind": str(error)}) from None
        health = _check(instance)
        answer(as_json, _row(instance, health), lambda: _lines(instance, health))


@gateway.command("check")
@store_option
@click.option("--name", required=True)
@json_option
def check(store_key: str, name: str, as_json: bool) -> None:
    """Ask the provider whether the settings work, without sending a text."""
    with in_app():
        store = find_the_store(store_key)
        found = [item for item in gateways_of(store) if item.name == name]
        if not found:
            raise NotFound(f"{store.name} has no gateway named {name}.")
        health = _check(found[0])
        answer(as_json, _row(found[0], health), lambda: _lines(found[0], health))


@gateway.command("list")
@store_option
@json_option
def list_(store_key: str, as_json: bool) -> None:
    """The store's gateways, and the kinds that can be added."""
    with in_app():
        rows = [_row(item, None) for item in gateways_of(find_the_store(store_key))]
        kinds = sorted(registry().kinds)
        broken = {item.name: item.reason for item in registry().broken}
        data = {"gateways": rows, "kinds": kinds, "broken": broken}

        def lines() -> str:
            text = [f"{row['name']} ({row['kind']}, {row['channel']}) {_state(row)}".rstrip() for row in rows]
            text += [f"Kinds: {', '.join(kinds)}"]
            return "\n".join(text + [f"Broken plugin {name}: {reason}" for name, reason in broken.items()])

        answer(as_json, data, lines)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise Invalid(f"--set takes field=value, not {text!r}.", fields={"set": "field=value"})
    return name.strip(), value


def _check(instance: GatewayInstance) -> Health:
    opened = open_gateway(instance)
    end_read()
    health = check_gateway(opened)
    with transaction():
        record_check(db.session.merge(instance), health, utcnow())
    return health


def _row(instance: GatewayInstance, health: Health | None) -> dict[str, Any]:
    return {
        "id": instance.id,
        "kind": instance.kind,
        "name": instance.name,
        "channel": instance.channel,
        "is_sender": instance.is_sender,
        "paused": instance.paused_reason,
        "awaiting_number": awaits_number(instance),
        "receipts_url": callback_url(instance, "receipts"),
        "inbound_url": callback_url(instance, "inbound"),
        "check": None if health is None else {"ok": health.ok, "detail": health.detail},
    }


def _state(row: dict[str, Any]) -> str:
    waits = "awaiting number" if row["awaiting_number"] else ""
    return ", ".join(filter(None, ("sends" if row["is_sender"] and not waits else "", waits)))


def _lines(instance: GatewayInstance, health: Health) -> str:
    state = "sends now" if instance.is_sender else "is saved"
    if awaits_number(instance):
        state = "is saved, awaiting number"
    return (
        f"{instance.name} ({instance.kind}) {state}.\n"
        f"  check     {'ok' if health.ok else 'FAILED'}: {health.detail}\n"
        f"  receipts  {callback_url(instance, 'receipts')}\n"
        f"  inbound   {callback_url(instance, 'inbound')}"
    )
