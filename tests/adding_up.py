"""Days that are added up."""

from __future__ import annotations

from nexnotify.db import db
from nexnotify.workers.steps import run_outcomes
from tests.shop import Shop


def add_up(shop: Shop) -> None:
    with shop.app.app_context():
        run_outcomes()
        db.session.remove()
