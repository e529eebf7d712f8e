"""Which customers a merchant means: by address, by name, by what the opt-in field says."""

from __future__ import annotations

import re

import sqlalchemy as sa

from nexnotify.customers.people import named, of_contacts
from nexnotify.customers.service import search_contacts
from nexnotify.stores.models import Store

#: Word in an address → what the opt-in field says.
OPT_INS = {"yes": True, "no": False, "unknown": None}
#: What is looked for as a number rather than as a name.
_NUMBER = re.compile(r"[…+(]?[\d\s().+/-]*\d{3}[\d\s().+/-]*", re.ASCII)


def found_by(store: Store, search: str) -> sa.ColumnElement[bool]:
    """Customers with this address, whose number ends so, or whose name begins so.

    :raises InvalidPhone: digits that are no number.
    :raises InvalidEmail: not an email address.
    """
    if "@" in search or _NUMBER.fullmatch(search):
        return of_contacts(store, search_contacts(store, search))
    return named(store, search)
