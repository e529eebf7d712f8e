"""What keeps a store's messages from going out, or will: what is wrong, and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from nexnotify.db import db
from nexnotify.dispatch.merchant import LEFT
from nexnotify.gateways.models import GatewayInstance, Lane
from nexnotify.gateways.service import OUTBOXES, awaits_number, gateways_of, registry
from nexnotify.inventory.models import UnmatchedLevel
from nexnotify.ledger.models import Message
from nexnotify.reports.dashboard.figures import Messages
from nexnotify.reports.dashboard.restocks import found_by_check
from nexnotify.stores.models import Store
from nexnotify.stores.settings import CHANNELS, StoreSettings, store_settings
from nexnotify.waitlist.life import ending_soon
from nexnotify.words import N_

#: A message that is due this long waits for nothing but a worker.
OVERDUE = timedelta(minutes=5)
#: From this share of failures on, and this many of them, something is wrong with the sender rather than with phones.
FAILING_SHARE, FAILING_FEWEST = 0.03, 5
#: For how long a restock that no event told of is worth a word.
MISSED_OF_LATE = timedelta(days=7)
#: How many unknown SKUs are named.
NAMED = 3


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that needs a person."""

    #: Where the remedy is: "gateway", "gateways", "uncertain", "failed", "queue", "settings", "alerts", "widget",
    #: "products", "restocks", "waitlist".
    place: str
    #: "bad": messages do not go out; "warn": some do not, or will not; "info": worth knowing.
    level: str
    title: str
    text: str
    #: The gateway it is about, where it is about one.
    gateway_id: int | None = None


def troubles(store: Store, counted: Messages, widget_seen: bool, now: datetime) -> list[Trouble]:
    """Everything that needs somebody, the worst first.

    :param counted: the messages of the period that is looked at.
    :param widget_seen: whether the widget is known to work on the shop.
    """
    settings, gateways = store_settings(store), gateways_of(store)
    found = [
        *_stopped(gateways),
        *_overdue(store, now),
        *_uncertain(store),
        *_failing(counted),
        *_nowhere(settings, gateways),
        *_settings(settings),
        *_unknown_skus(store),
        *_missed(store, now),
        *_ending(store, settings, now),
    ]
    if not widget_seen:
        words = N_("Nobody has asked through it yet, and no check has found it on your shop.")
        found.append(Trouble("widget", "info", N_("The widget has not been seen on your shop"), words))
    return sorted(found, key=lambda trouble: ("bad", "warn", "info").index(trouble.level))


def _stopped(gateways: Sequence[GatewayInstance]) -> Iterator[Trouble]:
    """Gateways that do not send, or say that they could not."""
    for gateway in gateways:
        level = "bad" if gateway.is_sender else "warn"
        if gateway.kind not in registry().kinds:
            title, text = (
                N_("%(name)s has no plugin", name=gateway.name),
                N_("Its plugin is missing or broken, so it cannot send."),
            )
        elif gateway.paused_at is not None:
            awaits = awaits_number(gateway)
            state = N_("%(name)s has no number yet") if awaits else N_("%(name)s is paused")
            title, text = (
                state % {"name": gateway.name},
                N_("%(reason)s What waits for it is kept.", reason=gateway.paused_reason or ""),
            )
        elif gateway.check_ok is False:
            title, text = N_("%(name)s fails its check", name=gateway.name), gateway.check_detail or ""
        else:
            continue
        yield Trouble("gateway", level, title, text.strip(), gateway.id)


def _overdue(store: Store, now: datetime) -> Iterator[Trouble]:
    lanes = (
        sa.select(Lane.id)
        .join(
            GatewayInstance, sa.and_(GatewayInstance.store_id == Lane.store_id, GatewayInstance.id == Lane.gateway_id)
        )
        .where(Lane.store_id == store.id, GatewayInstance.paused_at.is_(None))
    )
    late = db.session.scalar(
        sa.select(sa.func.count())
        .where(sa.text("message.status = 'queued'"), Message.lane_id.in_(lanes), Message.due_at < now - OVERDUE)
        .select_from(Message)
    )
    if late:
        title = N_("%(late)s %(late2)s should have gone more than five minutes ago", late=late, late2=_messages(late))
        yield Trouble(
            "queue",
            "bad",
            title,
            N_("Is a worker running? The commands “nexnotify serve” and “nexnotify worker” start one."),
        )


def _uncertain(store: Store) -> Iterator[Trouble]:
    count = db.session.scalar(
        sa.select(sa.func.count()).where(
            Message.store_id == store.id, Message.status == "uncertain", Message.reason.is_distinct_from(LEFT)
        )
    )
    if count:
        words = N_(
            "The call to the gateway broke off, so each may have arrived or not. "
            "Look into the gateway’s own list, then send again or leave."
        )
        yield Trouble(
            "uncertain",
            "warn",
            N_("Nobody knows whether %(count)s %(count2)s arrived", count=count, count2=_messages(count)),
            words,
        )


def _failing(counted: Messages) -> Iterator[Trouble]:
    failed, sent = counted.not_delivered, max(counted.sent.now, counted.not_delivered)
    if failed >= FAILING_FEWEST and failed > FAILING_SHARE * sent:
        title = N_(
            "%(failed)s of %(sent)s %(sent2)s were not delivered", failed=failed, sent=sent, sent2=_messages(sent)
        )
        yield Trouble("failed", "warn", title, N_("That is more than 3 %. Each says why, and what you can do."))


def _nowhere(settings: StoreSettings, gateways: Sequence[GatewayInstance]) -> Iterator[Trouble]:
    """Channels that shoppers are offered and nothing real sends."""
    real = {gateway.channel for gateway in gateways if gateway.is_sender and gateway.kind not in OUTBOXES}
    statuses = type(settings.switches).model_fields
    offered = {channel for status in statuses for channel in settings.switches.offered(status)}
    missing = [channel for channel in CHANNELS if channel in offered - real]
    if missing:
        words = N_(
            "They are written down here and reach nobody. Fine for trying things out; add a gateway to send them."
        )
        yield Trouble("gateways", "warn", _nothing_sends(missing), words)


def _nothing_sends(channels: Sequence[str]) -> str:
    called = {"sms": N_("text messages"), "email": N_("emails"), "push": N_("browser pushes")}
    words = called[channels[0]]
    for channel in channels[1:]:
        words = N_("%(first)s and %(second)s", first=words, second=called[channel])
    return N_("Nothing sends your %(messages)s yet", messages=words)


def _settings(settings: StoreSettings) -> Iterator[Trouble]:
    if settings.is_paused("sms"):
        words = N_("Nobody is texted until you resume them. Shoppers can still ask, and keep their places.")
        yield Trouble("alerts", "bad", N_("Text alerts are paused"), words)
    if settings.quiet_hours is None:
        words = N_("Alerts go out at any hour of the night, which carriers and some laws do not like.")
        yield Trouble("settings", "info", N_("Quiet hours are off"), words)


def _unknown_skus(store: Store) -> Iterator[Trouble]:
    levels = UnmatchedLevel.store_id == store.id
    refs = list(db.session.scalars(sa.select(UnmatchedLevel.ref).where(levels).distinct().limit(NAMED)))
    if refs:
        count = db.session.scalar(sa.select(sa.func.count(UnmatchedLevel.ref.distinct())).where(levels)) or 0
        more = N_(" and %(refs)s more", refs=count - len(refs)) if count > len(refs) else ""
        title = N_("Stock was told for something that is no product of yours")
        words = N_("%(refs)s%(more)s: kept until a product with that code comes.", refs=", ".join(refs), more=more)
        yield Trouble("products", "info", title, words)


def _missed(store: Store, now: datetime) -> Iterator[Trouble]:
    """Restocks of late that only the check of stock found: people heard up to a minute later than they could have."""
    if count := found_by_check(store.id, now - MISSED_OF_LATE):
        title = N_("Restocks were found by the check, not by an event")
        words = N_(
            "In the last seven days: %(count)s. People were told all the same, only later. The log says of which store.",
            count=count,
        )
        yield Trouble("restocks", "info", title, words)


def _ending(store: Store, settings: StoreSettings, now: datetime) -> Iterator[Trouble]:
    """People who wait for long: their merchant hears of it before they age out."""
    people, days = ending_soon(store, now), settings.renewal_days
    if people:
        title = (
            N_("One person’s request ends within %(days)s days", days=days)
            if people == 1
            else N_("%(people)s people’s requests end within %(days)s days", people=people, days=days)
        )
        words = N_("Each is asked whether it is still wanted, and stays with a yes. Settings can keep them for longer.")
        yield Trouble("waitlist", "info", title, words)


def _messages(count: int) -> str:
    return N_("message") if count == 1 else N_("messages")
