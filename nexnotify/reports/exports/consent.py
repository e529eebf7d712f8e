"""The consent ledger: every yes and no, with what proves it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from nexnotify.customers.models import ConsentEntry, ConsentWording, Contact
from nexnotify.reports.exports.table import Export, in_batches
from nexnotify.reports.words import channel_word
from nexnotify.reports.xlsx import Column, Sheet
from nexnotify.stores.models import Store
from nexnotify.words import N_

_COLUMNS = (
    Column("Entry", 10, "number"),
    Column("At", 19, "moment"),
    Column("Channel", 14),
    Column("Address", 30),
    Column("Said", 8),
    Column("To", 16),
    Column("How", 12),
    Column("Wording", 60),
    Column("Page", 40),
    Column("IP address", 18),
    Column("Browser", 30),
    Column("Evidence", 40),
)
_SAID = {"granted": "Yes", "confirmed": "Yes, from the address itself", "revoked": "No"}
_PURPOSES = {
    "requested": "What was asked for",
    "transactional": "Orders and tickets",
    "marketing": "Marketing",
    "all": "Everything (STOP)",
}


def _chosen(store: Store, wanted: Mapping[str, str]) -> sa.Select[Any]:
    return sa.select(ConsentEntry.id).where(ConsentEntry.store_id == store.id)


def _sheets(store: Store, chosen: sa.Select[Any]) -> list[Sheet]:
    return [Sheet("Consent", _COLUMNS, _rows(chosen))]


def _rows(chosen: sa.Select[Any]) -> Iterator[tuple[Any, ...]]:
    statement = (
        chosen.with_only_columns(
            ConsentEntry.id,
            ConsentEntry.at,
            Contact.channel,
            Contact.address,
            ConsentEntry.action,
            ConsentEntry.purpose,
            ConsentEntry.method,
            ConsentWording.text,
            ConsentEntry.page_url,
            ConsentEntry.ip,
            ConsentEntry.user_agent,
            ConsentEntry.evidence,
        )
        .join(Contact, sa.and_(Contact.store_id == ConsentEntry.store_id, Contact.id == ConsentEntry.contact_id))
        .outerjoin(ConsentWording, ConsentWording.version == ConsentEntry.wording_version)
    )
    for batch in in_batches(statement, ConsentEntry.id):
        for number, at, channel, address, action, purpose, *rest, evidence in batch:
            yield (
                number,
                at,
                channel_word(channel),
                address,
                _SAID.get(action, action),
                _PURPOSES.get(purpose, purpose),
                *rest,
                json.dumps(evidence, ensure_ascii=False) if evidence else None,
            )


CONSENT = Export(
    "consent",
    N_("Consent"),
    N_("Every yes and no that was ever given, with its moment, its wording and what proves it."),
    (N_("entry"), N_("entries")),
    {},
    _chosen,
    ConsentEntry.id,
    _sheets,
)
