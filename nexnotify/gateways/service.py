"""A store's configured gateways: added with a checked form, opened for sending, paused when they are refused."""

from __future__ import annotations

import json
import secrets as stdlib_secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import current_app
from wtforms import Field, FloatField, Form, validators

from nexnotify.db import db
from nexnotify.errors import Invalid
from nexnotify.gateways.contract import Gateway, Health
from nexnotify.gateways.estimate import Prices, price_words
from nexnotify.gateways.loader import Registry
from nexnotify.gateways.models import GatewayInstance, Lane
from nexnotify.plugin_settings import changes, form_of
from nexnotify.secrets import token_hash
from nexnotify.stores.models import Store
from nexnotify.words import N_

#: Kinds that only collect what they are given, so that a new store can be tried without a provider.
OUTBOXES = ("outbox", "outbox_email")
#: Why a gateway without a number does not send; ``paused_reason`` while it is so.
AWAITING = N_(
    "Awaiting number. Enter it in the gateway's settings when the provider has told you; texts wait until then."
)


def registry() -> Registry:
    """The plugins found at the start."""
    return current_app.extensions["nexnotify"].gateways


def settings_form(
    kind: type[Gateway], data: Mapping[str, Any] | None = None, stored: Mapping[str, Any] | None = None
) -> Form:
    """The plugin's form with the house's ``rate`` field, filled from ``data``; empty secrets keep what is stored."""

    class SettingsForm(kind.Settings):  # type: ignore[name-defined]
        rate = FloatField(
            N_("Segments per second"),
            [validators.InputRequired(), validators.NumberRange(0, 10_000)],
            description=N_("What your sender may send, such as 10 for 600 a minute; 0 is as fast as it goes."),
            default=kind.default_rate,
        )

    return form_of(SettingsForm, data, stored or {})


def add_gateway(store: Store, kind: str, name: str, values: Mapping[str, Any], now: datetime) -> GatewayInstance:
    """Add a gateway. The first real one of a channel becomes its sender; without a number yet, it keeps the queue.

    :raises UnknownGateway: there is no such kind.
    :raises Invalid: a field is malformed or unknown, or the name is taken.
    """
    plugin = registry().get(kind)
    clean = clean_settings(plugin, values)
    _check_name(store.id, name)
    token = stdlib_secrets.token_urlsafe(24)
    instance = GatewayInstance(
        store_id=store.id,
        kind=kind,
        name=name,
        channel=plugin.channel,
        settings=json.dumps(clean),
        callback_token=token,
        callback_token_hash=token_hash(token),
        created_at=now,
    )
    db.session.add(instance)
    db.session.flush()
    db.session.add(Lane(store_id=store.id, gateway_id=instance.id, rate=clean["rate"]))
    resume(instance, now)
    _follow_outbox(store, instance)
    return instance


def _follow_outbox(store: Store, instance: GatewayInstance) -> None:
    """The first real gateway of a channel takes the place of the outbox that the store began with."""
    current = sender_of(store, instance.channel)
    if current is None or (current.kind in OUTBOXES and instance.kind not in OUTBOXES):
        make_sender(instance)
    db.session.flush()


def change_gateway(instance: GatewayInstance, values: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Save new settings and lift a pause, since they may have been its cause. The number it awaited activates it.

    :returns: what changed, as the audit trail keeps it, see :func:`nexnotify.plugin_settings.changes`.
    :raises Invalid: a field is malformed.
    """
    plugin, awaited, before = registry().get(instance.kind), awaits_number(instance), json.loads(instance.settings)
    clean = clean_settings(plugin, values, before)
    instance.settings = json.dumps(clean)
    resume(instance, now)
    lane_of(instance).rate = clean["rate"]
    if awaited and not awaits_number(instance):
        _follow_outbox(db.session.get_one(Store, instance.store_id), instance)
    db.session.flush()
    return changes(settings_form(plugin), before, clean)


def rename_gateway(instance: GatewayInstance, name: str) -> None:
    """Give it another name.

    :raises Invalid: empty, or another gateway of the store has it.
    """
    _check_name(instance.store_id, name, instance.id)
    instance.name = name
    db.session.flush()


def _check_name(store_id: int, name: str, own_id: int | None = None) -> None:
    if not name.strip():
        raise Invalid(N_("A gateway needs a name."), fields={"name": N_("Write a name.")})
    holder = db.session.scalar(
        sa.select(GatewayInstance.id).where(GatewayInstance.store_id == store_id, GatewayInstance.name == name)
    )
    if holder is not None and holder != own_id:
        raise Invalid(
            N_("There is a gateway named %(name)s already.", name=name), fields={"name": N_("Choose another name.")}
        )


def clean_settings(
    plugin: type[Gateway], values: Mapping[str, Any], stored: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The validated values of a settings form.

    :raises Invalid: with one sentence for each field.
    """
    values = {"rate": (stored or {}).get("rate", plugin.default_rate), **values}
    form = settings_form(plugin, {name: str(value) for name, value in values.items()}, stored)
    unknown = {name: N_("There is no such field.") for name in values if name not in form}
    if not form.validate() or unknown:
        problems = {name: " ".join(map(str, errors)) for name, errors in form.errors.items() if name}
        problems |= {"settings": " ".join(map(str, form.form_errors))} if form.form_errors else {}
        raise Invalid(N_("The gateway's settings are not complete."), fields=problems | unknown)
    return {field.short_name: _plain(field) for field in form}


def _plain(field: Field) -> Any:
    return field.data.strip() if isinstance(field.data, str) else field.data


def awaits_number(instance: GatewayInstance) -> bool:
    """Whether its provider has still to hand out the number that it sends from."""
    plugin = registry().kinds.get(instance.kind)
    return plugin is not None and _lacks_number(plugin, json.loads(instance.settings))


def _lacks_number(plugin: type[Gateway], settings: Mapping[str, Any]) -> bool:
    return bool(plugin.number_fields) and not any(settings.get(name) for name in plugin.number_fields)


def set_prices(instance: GatewayInstance, prices: Prices | None) -> dict[str, list[str | None]]:
    """What its provider charges; None forgets it.

    :returns: what changed, name → [before, after], for the audit trail.
    """
    before = instance.prices
    instance.price_month, instance.price_number, instance.price_text, instance.price_currency = (
        (prices.month, prices.number, prices.text, prices.currency) if prices else (None, None, None, None)
    )
    db.session.flush()
    return {} if before == prices else {"prices": [price_words(before), price_words(prices)]}


def make_sender(instance: GatewayInstance) -> None:
    """New messages of its channel go through this gateway from now on."""
    mine = (GatewayInstance.store_id == instance.store_id, GatewayInstance.channel == instance.channel)
    # Waits for those who write messages for the present sender (see lane_for_new).
    db.session.execute(sa.select(GatewayInstance.id).where(*mine).order_by(GatewayInstance.id).with_for_update()).all()
    db.session.execute(sa.update(GatewayInstance).where(*mine).values(is_sender=False))
    instance.is_sender = True
    db.session.flush()


def sender_of(store: Store, channel: str) -> GatewayInstance | None:
    """The gateway that sends a channel's messages."""
    return db.session.scalar(
        sa.select(GatewayInstance).where(
            GatewayInstance.store_id == store.id,
            GatewayInstance.channel == channel,
            GatewayInstance.is_sender.is_(True),
        )
    )


_gateway, _lane = GatewayInstance.__table__, Lane.__table__
_SENDERS_LANE = (
    sa.select(_lane.c.id)
    .join(_gateway, sa.and_(_gateway.c.store_id == _lane.c.store_id, _gateway.c.id == _lane.c.gateway_id))
    .where(
        _gateway.c.store_id == sa.bindparam("store_id"),
        _gateway.c.channel == sa.bindparam("channel"),
        _gateway.c.is_sender.is_(True),
    )
    .with_for_update(of=_gateway, read=True, key_share=True)  # pausing the gateway meanwhile is no harm
)


def lane_for_new(store: Store, channel: str) -> int | None:
    """The sender's lane, for messages that are about to be written: until they are, no other takes the sender's place.

    The gateway that does takes over what it finds queued; a message written a moment later would stay behind.
    """
    connection, where = db.session.connection(), {"store_id": store.id, "channel": channel}
    # PostgreSQL finds nothing where the sender changed while it waited for the lock; then the second look finds it.
    return connection.scalar(_SENDERS_LANE, where) or connection.scalar(_SENDERS_LANE, where)


def lane_of(instance: GatewayInstance) -> Lane:
    """The gateway's queue."""
    return db.session.scalars(
        sa.select(Lane).where(Lane.store_id == instance.store_id, Lane.gateway_id == instance.id)
    ).one()


def gateway_of_lane(lane_id: int) -> GatewayInstance:
    """The gateway a lane belongs to, read afresh."""
    return db.session.scalars(
        sa.select(GatewayInstance)
        .join(Lane, sa.and_(Lane.store_id == GatewayInstance.store_id, Lane.gateway_id == GatewayInstance.id))
        .where(Lane.id == lane_id)
        .execution_options(populate_existing=True)
    ).one()


def gateways_of(store: Store) -> list[GatewayInstance]:
    """The store's gateways, oldest first."""
    statement = sa.select(GatewayInstance).where(GatewayInstance.store_id == store.id)
    return list(db.session.scalars(statement.order_by(GatewayInstance.id)))


def find_by_token(gateway_id: int, token: str) -> GatewayInstance | None:
    """The gateway behind a callback address."""
    return db.session.scalar(
        sa.select(GatewayInstance).where(
            GatewayInstance.id == gateway_id, GatewayInstance.callback_token_hash == token_hash(token)
        )
    )


def callback_url(instance: GatewayInstance, kind: str) -> str:
    """The address a provider calls for this gateway's ``receipts`` or ``inbound``."""
    base = current_app.extensions["nexnotify"].settings.public_url
    return f"{base}/callbacks/{instance.id}/{instance.callback_token}/{kind}"


def open_gateway(instance: GatewayInstance) -> Gateway:
    """The plugin with this gateway's settings.

    :raises UnknownGateway: its plugin is not there any more.
    """
    return registry().get(instance.kind)(
        json.loads(instance.settings), callback_url(instance, "receipts"), callback_url(instance, "inbound")
    )


def check_gateway(gateway: Gateway) -> Health:
    """Ask the provider, whatever happens; call it outside any transaction. A gateway without its number says so."""
    try:
        health = gateway.check()
    except Exception as error:
        health = Health(False, N_("The check failed: %(name)s.", name=type(error).__name__))
    if _lacks_number(type(gateway), gateway.settings):
        return Health(False, f"{AWAITING} {health.detail}")
    return health


def record_check(instance: GatewayInstance, health: Health, now: datetime) -> None:
    """Keep what a check said."""
    instance.checked_at, instance.check_ok, instance.check_detail = now, health.ok, health.detail[:400]


def pause(instance: GatewayInstance, reason: str, now: datetime) -> None:
    """Stop sending through it; the queue is kept."""
    instance.paused_at, instance.paused_reason = now, reason[:400]


def resume(instance: GatewayInstance, now: datetime) -> None:
    """Send through it again, if it has a number to send from; what waited goes out by itself."""
    if not awaits_number(instance):
        instance.paused_at = instance.paused_reason = None
    elif instance.paused_reason != AWAITING:
        pause(instance, AWAITING, now)
