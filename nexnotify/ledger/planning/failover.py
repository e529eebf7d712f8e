"""One shopper on several channels, told on the first that works: who stands behind another, and what becomes of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from nexnotify.catalog.models import Variant
from nexnotify.customers.models import Contact
from nexnotify.db import IdIn, db, is_postgresql
from nexnotify.gateways.service import lane_for_new
from nexnotify.ledger.models import Alert, Message
from nexnotify.ledger.planning.drafts import KIND
from nexnotify.policy.channels import Way, in_the_way, standing
from nexnotify.stores.models import Store
from nexnotify.stores.settings import StoreSettings
from nexnotify.waitlist.models import AlertRequest, Decision

#: How soon it is looked again whether the message on the first channel came.
AGAIN = timedelta(minutes=1)

_own, _other = AlertRequest.__table__, AlertRequest.__table__.alias("other")
_contact, _alert, _message, _decision = Contact.__table__, Alert.__table__, Message.__table__, Decision.__table__
# Not the bare column: SQLite would read the index of all who ever asked on several channels. No group is 0.
_group = sa.func.coalesce(_own.c.asked_with, 0)
_same_group = sa.and_(_other.c.store_id == _own.c.store_id, _other.c.asked_with == _group, _other.c.id != _own.c.id)
#: A verdict that waits for another message is none.
_WAITS = ("other_channel", "told_already")
_SKIPPED = sa.exists().where(
    _decision.c.store_id == _other.c.store_id,
    _decision.c.request_id == _other.c.id,
    # Not the bare column: SQLite would read all that was decided at the restock, for each person once more.
    _decision.c.restock_id + 0 == sa.bindparam("b_restock", type_=_decision.c.restock_id.type),
    _decision.c.verdict == "skip",
)
_PASSED_OVER = _SKIPPED.where(_decision.c.reason.not_in(_WAITS))
#: The message of an earlier restock was still on its way: what comes of that one counts for this restock too.
_BY_EARLIER = _SKIPPED.where(_decision.c.reason == "told_already")
OTHERS = (
    sa.select(
        _own.c.id,
        _other.c.id,
        _other.c.status,
        _other.c.asked_status,
        _contact.c.channel,
        sa.and_(_contact.c.opted_out_at.is_(None), _contact.c.unreachable_at.is_(None)),
        _alert.c.restock_id,
        _message.c.status,
        sa.func.coalesce(_message.c.accepted_at, _message.c.created_at),
        _PASSED_OVER,
        _BY_EARLIER,
    )
    .join(_other, _same_group)
    .join(_contact, sa.and_(_contact.c.store_id == _other.c.store_id, _contact.c.id == _other.c.contact_id))
    .outerjoin(
        _alert,
        sa.and_(_alert.c.store_id == _other.c.store_id, _alert.c.request_id == _other.c.id, _alert.c.kind == KIND),
    )
    .outerjoin(_message, sa.and_(_message.c.store_id == _alert.c.store_id, _message.c.id == _alert.c.message_id))
    .where(IdIn(_own.c.id))
    .order_by(_alert.c.id)
)
_GROUPS = sa.select(_group).where(IdIn(_own.c.id), _group > 0).distinct()


@dataclass(frozen=True, slots=True)
class Behind:
    """How far the shoppers of some requests have been told on their other channels."""

    #: Those who are not told on their own channel now, with the reason.
    reasons: Mapping[int, str] = field(default_factory=dict)
    #: Those of whom another channel has a message of this restock: the shopper is counted by that.
    counted: Collection[int] = ()


def stand_back(
    store: Store,
    settings: StoreSettings,
    variant: Variant | None,
    asking: Mapping[int, tuple[str, int]],
    now: datetime,
    *,
    sending: bool = False,
) -> Behind:
    """Who of these requests is not told on their channel now, and why.

    :param asking: request → its channel, and the restock it is about; all of one restock, unless ``sending``.
    :param sending: see :func:`nexnotify.policy.channels.in_the_way`. Until the transaction ends, no other worker decides
        about sending to these shoppers.
    """
    if settings.channels == "together" or not asking:
        return Behind()
    if sending:
        _one_by_one(list(asking))
    switches = settings.switches.but(variant.product.switches if variant else None)
    usable = {channel: _is_usable(store, settings, channel) for channel in settings.channel_order}
    ways: dict[int, dict[int, Way]] = {}
    restock = 0 if sending else next(iter(asking.values()))[1]
    where = {"b_ids": list(asking), "b_restock": restock}
    counted = set()
    rows = db.session.connection().execute(OTHERS, where)
    for own, other, status, asked, channel, reachable, of, message, since, passed, by_earlier in rows:
        if of is not None and of == asking[own][1]:
            counted.add(own)
        elif status == "waiting" and not by_earlier:
            message = since = None  # of an earlier restock, after which it waits again
        is_usable = reachable and usable[channel] and channel in switches.offered(asked)
        ways.setdefault(own, {})[other] = Way(channel, status, is_usable, message, since, bool(passed))
    after = None if settings.failover_minutes is None else timedelta(minutes=settings.failover_minutes)
    reasons: dict[int, str] = {}
    for own, others in ways.items():
        how = [(way.channel, standing(way, after, now, twice=settings.resend_uncertain)) for way in others.values()]
        reason = in_the_way(asking[own][0], how, settings.channel_order, sending=sending)
        if reason is not None:
            reasons[own] = reason
    return Behind(reasons, counted)


def _one_by_one(request_ids: Sequence[int]) -> None:
    """Two workers that claim messages of one shopper on two lanes, at the same moment, decide one after the other.

    Else each would find the other's message still to come. SQLite's writers wait anyway.
    """
    if is_postgresql():
        connection = db.session.connection()
        for group in sorted(connection.scalars(_GROUPS, {"b_ids": list(request_ids)})):
            connection.execute(_LOCK, {"group": -group})  # what is locked by the installation is not negative


_LOCK = sa.select(sa.func.pg_advisory_xact_lock(sa.bindparam("group", type_=sa.BigInteger)))


def _is_usable(store: Store, settings: StoreSettings, channel: str) -> bool:
    return not settings.is_paused(channel) and lane_for_new(store, channel) is not None


def keep_behind(request_ids: Collection[int], restock_id: int, now: datetime) -> None:
    """What comes of the channel before them is looked at shortly, and until it is known."""
    db.session.execute(
        sa.update(AlertRequest)
        .where(AlertRequest.id.in_(request_ids), (AlertRequest.status + "") == "waiting")
        .values(behind_restock_id=restock_id, behind_until=now + AGAIN)
        .execution_options(synchronize_session=False)
    )


def looked_at(request_ids: Collection[int], now: datetime) -> None:
    """Those that are not to be looked at again are done with."""
    db.session.execute(
        sa.update(AlertRequest)
        .where(AlertRequest.id.in_(request_ids), AlertRequest.behind_until <= now)
        .values(behind_restock_id=None, behind_until=None)
        .execution_options(synchronize_session=False)
    )


class WaitsBehind(NamedTuple):
    """A request that stands behind another channel, and its own."""

    id: int
    channel: str


_FIRST = (
    sa.select(_own.c.behind_restock_id)
    .where(_own.c.store_id == sa.bindparam("b_store"), _own.c.behind_until <= sa.bindparam("b_now"))
    .where(sa.text("alert_request.behind_until IS NOT NULL"))  # literally, as in the partial index
    .order_by(_own.c.behind_until, _own.c.id)
    .limit(1)
)
_DUE = (
    sa.select(_own.c.id, _contact.c.channel)
    .join(_contact, sa.and_(_contact.c.store_id == _own.c.store_id, _contact.c.id == _own.c.contact_id))
    .where(_own.c.store_id == sa.bindparam("b_store"), _own.c.behind_until <= sa.bindparam("b_now"))
    .where(sa.text("alert_request.behind_until IS NOT NULL"))
    .where(_own.c.behind_restock_id == sa.bindparam("b_restock"))
    .order_by(_own.c.behind_until, _own.c.id)
    .limit(sa.bindparam("b_most", type_=sa.Integer))
)


def due_restock(store: Store, now: datetime) -> int | None:
    """The restock whose people are to be looked at first; None where nobody ever stood behind another channel."""
    return db.session.connection().scalar(_FIRST, {"b_store": store.id, "b_now": now})


def due(store: Store, restock_id: int, now: datetime, most: int) -> list[WaitsBehind]:
    """Requests about a (locked) restock whose time to look has come, those that came first first."""
    where = {"b_store": store.id, "b_now": now, "b_restock": restock_id, "b_most": most}
    return [WaitsBehind(*row) for row in db.session.connection().execute(_DUE, where)]
