"""Which customers a merchant means: by address, by name, by what the opt-in field says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from nexnotify.customers.models import Customer
from nexnotify.customers.people import named, of_contacts
from nexnotify.customers.service import search_contacts
from nexnotify.stores.models import Store

#: Word in an address → what the opt-in field says.
OPT_INS = {"yes": True, "no": False, "unknown": None}
#: What is looked for as a number rather than as a name.
_NUMBER = re.compile(r"[…+(]?[\d\s().+/-]*\d{3}[\d\s().+/-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found."""

    condition: sa.ColumnElement[bool]
    #: The ids, where they are few enough to be gathered; None: walk the list until a page is full.
    ids: sa.CompoundSelect[Any] | None


def found_by(store: Store, search: str) -> sa.ColumnElement[bool]:
    """Customers with this address, whose number ends so, or whose name begins so.

    :raises InvalidPhone: digits that are no number.
    :raises InvalidEmail: not an email address.
    """
    return find(store, search).condition


def find(store: Store, search: str) -> Found:
    """The same, with the way to read it."""
    if "@" in search or _NUMBER.fullmatch(search):
        ids = of_contacts(store, search_contacts(store, search))
        return Found(Customer.id.in_(ids), ids)
    gathered, condition = named(store, search)
    return Found(condition if gathered is None else Customer.id.in_(gathered), gathered)
