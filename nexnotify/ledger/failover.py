"""One shopper on several channels, told on the first that works: who stands behind another, and what becomes of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from nexnotify.catalog.models import Variant
from nexnotify.customers.models import Contact
from nexnotify.db import IdIn, db
from nexnotify.gateways.service import lane_for_new
from nexnotify.ledger.drafts import KIND
from nexnotify.ledger.models import Alert, Message
from nexnotify.policy.channels import Way, in_the_way, standing
from nexnotify.stores.models import Store
from nexnotify.stores.settings import StoreSettings
from nexnotify.waitlist.models import AlertRequest

#: How soon it is looked again whether the message on the first channel came.
AGAIN = timedelta(minutes=1)

_own, _other = AlertRequest.__table__, AlertRequest.__table__.alias("other")
_contact, _alert, _message = Contact.__table__, Alert.__table__, Message.__table__
_OTHERS = (
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
    )
    .join(
        _other,
        sa.and_(
            _other.c.store_id == _own.c.store_id, _other.c.asked_with == _own.c.asked_with, _other.c.id != _own.c.id
        ),
    )
    .join(_contact, sa.and_(_contact.c.store_id == _other.c.store_id, _contact.c.id == _other.c.contact_id))
    .outerjoin(
        _alert,
        sa.and_(_alert.c.store_id == _other.c.store_id, _alert.c.request_id == _other.c.id, _alert.c.kind == KIND),
    )
    .outerjoin(_message, sa.and_(_message.c.store_id == _alert.c.store_id, _message.c.id == _alert.c.message_id))
    .where(IdIn(_own.c.id), _own.c.asked_with.is_not(None))
    .order_by(_alert.c.id)
)


def stand_back(
    store: Store,
    settings: StoreSettings,
    variant: Variant | None,
    asking: Mapping[int, tuple[str, int]],
    now: datetime,
    *,
    sending: bool = False,
) -> dict[int, str]:
    """Those of these requests who are not told on their channel now, with the reason.

    :param asking: request → its channel, and the restock it is about.
    :param sending: see :func:`nexnotify.policy.channels.in_the_way`.
    """
    if settings.channels == "together" or not asking:
        return {}
    switches = settings.switches.but(variant.product.switches if variant else None)
    usable = {channel: _is_usable(store, settings, channel) for channel in settings.channel_order}
    ways: dict[int, dict[int, Way]] = {}
    found = db.session.connection().execute(_OTHERS, {"b_ids": list(asking)})
    for own, other, status, asked, channel, reachable, restock_id, message, since in found:
        if status == "waiting" and restock_id != asking[own][1]:
            message = since = None  # of an earlier restock, after which it waits again
        is_usable = reachable and usable[channel] and channel in switches.offered(asked)
        ways.setdefault(own, {})[other] = Way(channel, status, is_usable, message, since)
    after = None if settings.failover_minutes is None else timedelta(minutes=settings.failover_minutes)
    answers: dict[int, str] = {}
    for own, others in ways.items():
        how = [(way.channel, standing(way, after, now, twice=settings.resend_uncertain)) for way in others.values()]
        reason = in_the_way(asking[own][0], how, settings.channel_order, sending=sending)
        if reason is not None:
            answers[own] = reason
    return answers


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


def due(store: Store, now: datetime, most: int) -> Sequence[AlertRequest]:
    """Requests whose time to look has come; none where nobody ever stood behind another channel."""
    return db.session.scalars(
        sa.select(AlertRequest)
        .where(
            AlertRequest.store_id == store.id,
            AlertRequest.behind_until <= now,
            AlertRequest.behind_until.is_not(None),
        )
        .order_by(AlertRequest.behind_until, AlertRequest.id)
        .limit(most)
        .execution_options(populate_existing=True)
    ).all()
