"""Requests of one sign-up, each on its channel, know of each other."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from nexnotify.customers.models import Contact
from nexnotify.db import db
from nexnotify.waitlist.joining import Joined
from nexnotify.waitlist.models import AlertRequest


def together(store_id: int, joined: Sequence[Joined]) -> None:
    """What this sign-up has made is one shopper's, on several channels.

    Anybody can name an address that is not theirs. So a request that was there before becomes nobody else's, and one that
    is asked for again without all that it was asked for with stands for itself from now on: rather twice than never.
    """
    new = [one.request_id for one in joined if one.is_new]
    known = [one.request_id for one in joined if not one.is_new]
    if len(new) > 1:
        _write(store_id, AlertRequest.id.in_(new), min(new))
    if known:
        other = sa.orm.aliased(AlertRequest)
        elsewhere = sa.exists().where(
            other.store_id == AlertRequest.store_id,
            other.asked_with == AlertRequest.asked_with,
            other.id.not_in(known),
        )
        _write(store_id, sa.and_(AlertRequest.id.in_(known), AlertRequest.asked_with.is_not(None), elsewhere), None)


def _write(store_id: int, which: sa.ColumnElement[bool], asked_with: int | None) -> None:
    db.session.execute(
        sa.update(AlertRequest)
        .where(AlertRequest.store_id == store_id, which)
        .values(asked_with=asked_with)
        .execution_options(synchronize_session=False)
    )


def browsers_with(store_id: int, contact_ids: Sequence[int]) -> sa.Select[Contact]:
    """The browsers in which these contacts asked to be told as well: nothing else says whose a browser is."""
    theirs = _requests_with(store_id, contact_ids).with_only_columns(AlertRequest.contact_id)
    statement = sa.select(Contact).where(
        Contact.store_id == store_id, Contact.id.in_(theirs), Contact.channel == "push"
    )
    return statement.order_by(Contact.id)


def addresses_with(store_id: int, contact_ids: Sequence[int]) -> list[tuple[Contact, int]]:
    """Numbers and emails that were named in one form with these contacts, each with the last request that did so.

    Anybody can name an address that is not theirs, so they need not be the same person's.
    """
    last = (
        _requests_with(store_id, contact_ids)
        .with_only_columns(AlertRequest.contact_id, sa.func.max(AlertRequest.id).label("request_id"))
        .group_by(AlertRequest.contact_id)
        .subquery()
    )
    rows = db.session.execute(
        sa.select(Contact, last.c.request_id)
        .join(last, last.c.contact_id == Contact.id)
        .where(Contact.store_id == store_id, Contact.channel != "push", Contact.id.not_in(contact_ids))
        .order_by(Contact.id)
    )
    return [(contact, request_id) for contact, request_id in rows if contact.address]


def _requests_with(store_id: int, contact_ids: Sequence[int]) -> sa.Select[AlertRequest]:
    mine = sa.select(sa.func.coalesce(AlertRequest.asked_with, AlertRequest.id)).where(
        AlertRequest.store_id == store_id, AlertRequest.contact_id.in_(contact_ids)
    )
    return sa.select(AlertRequest).where(
        AlertRequest.store_id == store_id, AlertRequest.asked_with.in_(mine), AlertRequest.asked_with.is_not(None)
    )
