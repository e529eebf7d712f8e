"""Audiences of those whom a restock has told, each on the channel on which it did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from nexnotify.campaigns.models import Send, SendRecipient
from nexnotify.customers.models import Contact, Customer
from nexnotify.db import IdIn, db
from nexnotify.ledger.models import Alert, Message
from nexnotify.ledger.planning.decisions import record_decisions
from nexnotify.ledger.planning.facts import GONE
from nexnotify.ledger.planning.places import give_told_back
from nexnotify.policy.eligibility import Skip, Verdict
from nexnotify.restock.models import RestockEvent
from nexnotify.waitlist.models import AlertRequest

#: Stage of the decisions about corrections.
STAGE = "correction"
#: Statuses of a message that has told somebody, or may have.
TOLD = ("accepted", "sent", "delivered", "uncertain")
_NOBODY = sa.cast(sa.null(), sa.BigInteger)


def of_told() -> sa.Select[Any]:
    """Alerts that have told somebody, or may have, as rows of an audience."""
    by_number, by_email = sa.orm.aliased(Customer), sa.orm.aliased(Customer)
    theirs = Message.contact_id
    columns: tuple[Any, ...] = (
        (Alert.id + 0).label("id"),  # the bare column would have SQLite read all alerts of the store in their order
        sa.func.coalesce(by_number.id, by_email.id).label("customer_id"),
        _NOBODY.label("order_id"),
        _NOBODY.label("ticket_id"),
        Alert.request_id.label("request_id"),
        theirs.label("contact_id"),
        sa.func.coalesce(by_number.first_name, by_email.first_name, AlertRequest.first_name).label("first_name"),
        sa.func.coalesce(by_number.last_name, by_email.last_name).label("last_name"),
    )
    return (
        sa.select(*columns)
        .join(Message, sa.and_(Message.store_id == Alert.store_id, Message.id == Alert.message_id))
        .join(AlertRequest, sa.and_(AlertRequest.store_id == Alert.store_id, AlertRequest.id == Alert.request_id))
        .outerjoin(by_number, sa.and_(by_number.store_id == Alert.store_id, by_number.sms_contact_id == theirs))
        .outerjoin(by_email, sa.and_(by_email.store_id == Alert.store_id, by_email.email_contact_id == theirs))
        # Not the bare column: the databases would read its index, and with it all that the store has ever sent.
        .where((Message.status + "").in_(TOLD))
    )


def told_by(filter_: Mapping[str, Any]) -> list[Any]:
    """Conditions on these alerts: the restock, and that no earlier correction of it has reached their contact."""
    earlier = filter_.get("not_by", [])
    # The last column of the index too: where a store has few restocks, SQLite would read all of its alerts instead.
    return [Alert.restock_id == filter_["restock"], Alert.message_id > 0, *([~_reached_by(earlier)] if earlier else [])]


def _reached_by(send_ids: Sequence[int]) -> Any:
    """A correction that was stopped on its way had reached this contact."""
    word = sa.orm.aliased(Message)
    return (
        sa.exists()
        .where(
            SendRecipient.store_id == Alert.store_id,
            SendRecipient.send_id.in_(send_ids),
            SendRecipient.contact_id == Message.contact_id,
            word.store_id == SendRecipient.store_id,
            word.id == SendRecipient.message_id,
            (word.status + "").in_(GONE),
        )
        .correlate(Alert, Message)
    )


def channels_told(store_id: int, restock_id: int) -> Mapping[str, int]:
    """Channel → people whom a restock has told on it, or may have; those being told at this moment included."""
    statement = (
        sa.select(Contact.channel, sa.func.count(Contact.id.distinct()))
        .select_from(Alert)
        .join(Message, sa.and_(Message.store_id == Alert.store_id, Message.id == Alert.message_id))
        .join(Contact, sa.and_(Contact.store_id == Message.store_id, Contact.id == Message.contact_id))
        .where(
            Alert.store_id == store_id, Alert.restock_id == restock_id, (Message.status + "").in_((*TOLD, "claimed"))
        )
        .group_by(Contact.channel)
    )
    found = {channel: people for channel, people in db.session.execute(statement)}  # noqa: C416 - rows are no pairs
    return {channel: found[channel] for channel in ("sms", "email", "push") if channel in found}


def is_being_told(store_id: int, restock_id: int) -> bool:
    """Whether a gateway is called for somebody of a restock at this moment: who has been told is known after that."""
    statement = (
        sa.select(Alert.id)
        .join(Message, sa.and_(Message.store_id == Alert.store_id, Message.id == Alert.message_id))
        .where(Alert.store_id == store_id, Alert.restock_id == restock_id, (Message.status + "") == "claimed")
    )
    return db.session.scalar(statement.limit(1)) is not None


_alert, _message, _recipient, _send = Alert.__table__, Message.__table__, SendRecipient.__table__, Send.__table__
_later, _anew = _alert.alias(), _message.alias()
_mistake, _since = RestockEvent.__table__.alias(), RestockEvent.__table__.alias()
#: A later restock has told the same request, or, where they asked anew, the same person of the same product; or will.
_TOLD_ANEW = sa.exists().where(
    _anew.c.store_id == _message.c.store_id,
    _anew.c.contact_id == _message.c.contact_id,
    (_anew.c.status + "").in_((*TOLD, "queued", "claimed")),
    _later.c.store_id == _anew.c.store_id,
    _later.c.message_id == _anew.c.id,
    _later.c.restock_id > _alert.c.restock_id,
    _mistake.c.store_id == _alert.c.store_id,
    _mistake.c.id == _alert.c.restock_id,
    _since.c.store_id == _later.c.store_id,
    _since.c.id == _later.c.restock_id,
    sa.or_(
        _later.c.request_id == _alert.c.request_id,
        sa.and_(
            _since.c.variant_id == _mistake.c.variant_id,
            _since.c.region_id.is_not_distinct_from(_mistake.c.region_id),
        ),
    ),
)
_TOLD = sa.and_(_message.c.store_id == _alert.c.store_id, _message.c.id == _alert.c.message_id)
#: What the corrections of one restock are about, by contact.
_OF_CONTACTS = (
    sa.select(_message.c.contact_id, _alert.c.request_id, _TOLD_ANEW.label("told_anew"))
    .join(_message, _TOLD)
    .where(
        _alert.c.store_id == sa.bindparam("b_store"),
        _alert.c.restock_id == sa.bindparam("b_restock"),
        IdIn(_message.c.contact_id),
        (_message.c.status + "").in_(TOLD),
    )
)
_OF_MESSAGES = (
    sa.select(_recipient.c.message_id, sa.case((_TOLD_ANEW, "told_anew"), else_=""))
    .join(_send, sa.and_(_send.c.store_id == _recipient.c.store_id, _send.c.id == _recipient.c.send_id))
    .join(
        _alert,
        sa.and_(
            _alert.c.store_id == _recipient.c.store_id,
            _alert.c.request_id == _recipient.c.request_id,
            _alert.c.restock_id == _send.c.restock_id,
        ),
    )
    .join(_message, _TOLD)
    .where(
        _recipient.c.store_id == sa.bindparam("b_store"),
        IdIn(_recipient.c.message_id),
        # As in ``stopped``: it keeps SQLite from the index of a send's messages.
        _recipient.c.contact_id.is_not(None),
        (_message.c.status + "").in_(TOLD),
    )
)


def who_was_told(send: Send, contact_ids: Sequence[int]) -> dict[int, dict[int, bool]]:
    """Contact → each of its requests that the restock has told, and whether a later restock has told it anew."""
    where = {"b_store": send.store_id, "b_restock": send.restock_id, "b_ids": list(contact_ids)}
    found: dict[int, dict[int, bool]] = {}
    for contact_id, request_id, told_anew in db.session.connection().execute(_OF_CONTACTS, where):
        found.setdefault(contact_id, {})[request_id] = bool(told_anew)
    return found


def not_owed(told: Mapping[int, bool]) -> Skip | None:
    """Why nothing is owed to a contact; None: a correction is."""
    if not told:
        return Skip("not_told")
    return Skip("told_anew") if all(told.values()) else None


def wait_again(
    send: Send, told: Mapping[int, Mapping[int, bool]], verdicts: Mapping[int, Verdict], now: datetime
) -> None:
    """What these contacts were told was not so: their requests wait again, at the place they had.

    :param verdicts: contact → what was decided about its correction.
    """
    event = db.session.get_one(RestockEvent, send.restock_id)
    mine = {id: contact_id for contact_id, ids in told.items() for id, is_told_anew in ids.items() if not is_told_anew}
    back = give_told_back(event, list(mine), now)
    for words, ids in (("place_back", sorted(back)), (None, sorted(mine.keys() - back))):
        decided = [(id, event.id, verdicts[mine[id]], words) for id in ids]
        record_decisions(send.store_id, STAGE, decided, now)


def not_to_correct(store_id: int, message_ids: Sequence[int]) -> Mapping[int, str]:
    """Those of these corrections that are not to go any more, with the reason."""
    if not message_ids:
        return {}
    rows = db.session.connection().execute(_OF_MESSAGES, {"b_store": store_id, "b_ids": list(message_ids)})
    told = dict(tuple(row) for row in rows)
    found = {id: told.get(id, "not_told") for id in message_ids}
    return {id: reason for id, reason in found.items() if reason}
