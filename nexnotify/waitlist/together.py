"""Requests of one sign-up, each on its channel, know of each other."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from nexnotify.db import db
from nexnotify.waitlist.models import AlertRequest


def together(store_id: int, request_ids: Sequence[int]) -> None:
    """These requests are one shopper's: asked for at once, on several channels."""
    if len(request_ids) > 1:
        db.session.execute(
            sa.update(AlertRequest)
            .where(AlertRequest.store_id == store_id, AlertRequest.id.in_(request_ids))
            .values(asked_with=min(request_ids))
            .execution_options(synchronize_session=False)
        )
