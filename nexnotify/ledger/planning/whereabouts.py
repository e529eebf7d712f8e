"""What is known of where people are, for the rules about local hours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from nexnotify.customers.models import Contact, Customer
from nexnotify.db import IdIn, db
from nexnotify.policy.places import Known, area_of
from nexnotify.waitlist.models import AlertRequest

_request, _contact, _customer = AlertRequest.__table__, Contact.__table__, Customer.__table__
_OWNER = sa.and_(_customer.c.store_id == _contact.c.store_id, _customer.c.sms_contact_id == _contact.c.id)
_ASKED = (
    sa.select(_request.c.id, _request.c.zone, _contact.c.address, _customer.c.country, _customer.c.region)
    .join(_contact, sa.and_(_contact.c.store_id == _request.c.store_id, _contact.c.id == _request.c.contact_id))
    .outerjoin(_customer, _OWNER)
    .where(IdIn(_request.c.id), _contact.c.channel == "sms")
)
_HAVE = (
    sa.select(_contact.c.id, sa.null(), _contact.c.address, _customer.c.country, _customer.c.region)
    .outerjoin(_customer, _OWNER)
    .where(IdIn(_contact.c.id), _contact.c.channel == "sms")
)


_ADDRESSES = (
    sa.select(_contact.c.id, _customer.c.country, _customer.c.region)
    .join(_customer, _OWNER)
    .where(IdIn(_contact.c.id), _customer.c.country.is_not(None))
)


def of_requests(request_ids: Sequence[int]) -> dict[int, Known]:
    """Request → what is known of its shopper; only requests by text, emails follow the store's clock."""
    return _read(_ASKED, request_ids)


def of_contacts(contact_ids: Sequence[int]) -> dict[int, Known]:
    """The same of contacts who asked for nothing."""
    return _read(_HAVE, contact_ids)


def addresses_of(contact_ids: Sequence[int]) -> dict[int, tuple[str | None, str | None]]:
    """Contact → country and region of its customer's address, of those that have one."""
    if not contact_ids:
        return {}
    rows = db.session.connection().execute(_ADDRESSES, {"b_ids": list(contact_ids)})
    return {contact_id: (country, region) for contact_id, country, region in rows}


def _read(statement: sa.Select[Any], ids: Sequence[int]) -> dict[int, Known]:
    if not ids:
        return {}
    rows = db.session.connection().execute(statement, {"b_ids": list(ids)})
    return {id: Known(zone, area_of(address), country, region) for id, zone, address, country, region in rows}
