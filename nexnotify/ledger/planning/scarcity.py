"""Whether there is so little of a product that a text may say so: asked when it is written, and when it goes."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from nexnotify.catalog.models import Variant
from nexnotify.db import db
from nexnotify.stores.settings import StoreSettings
from nexnotify.waitlist.models import AlertRequest
from nexnotify.waitlist.queries import count_waiting_for

#: Who was told so lately may still come for it.
LATELY = timedelta(days=1)


def is_scarce(
    variant: Variant, units: int | None, region_id: int | None, settings: StoreSettings, now: datetime
) -> bool:
    """Whether no more units are left than people who wait for them or were told in the last day, or than the store calls few.

    :param units: that can be sold; None is unlimited.
    :param region_id: where they are; None: anywhere.
    """
    if units is None or units <= 0:
        return False
    if units <= settings.scarcity_units:
        return True
    waiting = count_waiting_for(variant.store_id, variant.id, region_id)
    return units <= waiting or units <= waiting + _told(variant, region_id, now)


def _told(variant: Variant, region_id: int | None, now: datetime) -> int:
    """People told lately who have not bought."""
    statement = sa.select(sa.func.count()).where(
        AlertRequest.store_id == variant.store_id,
        AlertRequest.alerted_at >= now - LATELY,
        sa.text("alert_request.alerted_at IS NOT NULL"),
        # Not the bare columns: a database would read all who ever asked for it.
        (AlertRequest.variant_id + 0) == variant.id,
        (AlertRequest.status + "") == "alerted",
        AlertRequest.region_id.is_not_distinct_from(region_id),
    )
    return db.session.scalar(statement) or 0
