"""Texts that staff send, made without their pages."""

from __future__ import annotations

from flask import Flask

from nexnotify.campaigns.service import confirm, draft_to_all, save_draft
from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.stores.service import find_store


def confirmed_and_draft(app: Flask, key: str, body: str) -> None:
    """Two texts to all customers: one is confirmed, one only written."""
    with app.app_context():
        store = find_store(key)
        assert store is not None
        with transaction():
            for is_confirmed in (True, False):
                send = draft_to_all(store, "customers", {}, None, utcnow())
                save_draft(send, body, None, None, utcnow())
                if is_confirmed:
                    assert confirm(send, None, utcnow())
        db.session.remove()
