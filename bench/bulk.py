"""A text to many: freezing and planning it against the bare insert of the rows it made, in one run."""

from __future__ import annotations

import time
from pathlib import Path

import sqlalchemy as sa

from bench.fanout import bare_insert
from bench.house import add_waiting, installation
from nexnotify.campaigns import service
from nexnotify.clock import utcnow
from nexnotify.customers.models import ConsentEntry, Contact, Customer
from nexnotify.db import db, transaction
from nexnotify.stores.models import Store
from nexnotify.workers.steps import run_campaigns

#: What a send writes, in the order in which the rows refer to each other.
TABLES = ("message", "message_event", "send_recipient")
WORDS = "Hello [[firstname]], we are back from holiday. Reply STOP to end."


def bulk_vs_insert(people: int = 50_000) -> float:
    """Seconds from the confirmation to the last planned message, divided by those of inserting the same rows ready-made.

    Both leave the same pause between two chunks.
    """
    with installation(more_settings={"send_undo_seconds": 0}) as house:
        add_waiting(house.app, house.store_id, people)
        _opt_in(house.store_id)
        with transaction():
            store, now = db.session.get_one(Store, house.store_id), utcnow()
            send = service.draft_to_all(store, "customers", {}, None, now)
            service.save_draft(send, WORDS, None, None, now)
        with transaction():
            service.confirm(send, None, utcnow())
        begun = time.monotonic()
        run_campaigns()
        planned = time.monotonic() - begun
        db.session.remove()
        db.engine.dispose()
        return planned / bare_insert(Path(house.settings.database_url.removeprefix("sqlite:///")), TABLES)


def _opt_in(store_id: int) -> None:
    """Every contact becomes a customer who has opted in, without ceremony."""
    now = utcnow()
    with transaction():
        ids = db.session.scalars(sa.select(Contact.id).where(Contact.store_id == store_id)).all()
        shared = {"store_id": store_id, "sms_opt_in": True, "created_at": now, "updated_at": now}
        named = {"first_name": "Ann", "name_key": "ann", "last_name_key": "ann"}
        rows = [{**shared, **named, "external_id": f"c{number}", "sms_contact_id": number} for number in ids]
        db.session.execute(sa.insert(Customer), rows)
        yes = {"store_id": store_id, "purpose": "marketing", "action": "granted", "method": "import", "evidence": {}}
        db.session.execute(sa.insert(ConsentEntry), [{**yes, "contact_id": number, "at": now} for number in ids])
