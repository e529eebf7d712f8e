"""What planning one restock event needs, read once for a chunk of people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from nexnotify.catalog.models import Variant
from nexnotify.db import db
from nexnotify.gateways.service import lane_for_new
from nexnotify.inventory.available import IN_STOCK
from nexnotify.inventory.regions import Places
from nexnotify.inventory.service import needed_of
from nexnotify.ledger.planning.drafts import Drafts
from nexnotify.ledger.planning.scarcity import is_scarce
from nexnotify.restock.detect import obstacle, offer_obstacle
from nexnotify.restock.models import RestockEvent
from nexnotify.stores.models import Store
from nexnotify.stores.settings import StoreSettings, store_settings

#: An alert is worth something for this long after it may first be sent.
ALERT_VALID = timedelta(hours=24)


@dataclass(slots=True)
class Job:
    """What planning one event needs, read once per chunk."""

    store: Store
    event: RestockEvent
    variant: Variant
    #: Units that can be sold to those whom it is for, in their region where they named one; and the status there.
    available: int | None
    status: str
    settings: StoreSettings
    now: datetime
    #: The sender's lane by channel.
    lanes: dict[str, int | None]
    drafts: Drafts
    #: Of what may go at once.
    valid_until: datetime

    @property
    def offer(self) -> str | None:
        """The product status that people are told of where it is not "in_stock": it can be ordered so."""
        return None if self.event.status == IN_STOCK else self.event.status

    @property
    def units(self) -> int | None:
        """Units for those who are told; None: as many as they want, as of what can be ordered without stock."""
        return self.available if self.offer is None else None


def open_job(
    event: RestockEvent,
    now: datetime,
    *,
    lane_of: Callable[[Store, str], int | None] = lane_for_new,
    stock: Places | None = None,
) -> Job:
    """Read what the plan of an event needs.

    :param stock: what can be sold where it is not read: a simulation invents it.
    """
    store = db.session.get_one(Store, event.store_id)
    variant = db.session.scalars(
        sa.select(Variant)
        .options(joinedload(Variant.product))
        .where(Variant.store_id == event.store_id, Variant.id == event.variant_id)
        .execution_options(populate_existing=True)
    ).one()
    lanes = {channel: lane_of(store, channel) for channel in ("sms", "email", "push")}
    settings = store_settings(store)
    region_id = event.region_id
    places = stock or Places(store.id, [variant.id], [region_id])
    available, status = places.available(variant, region_id), places.status(variant, region_id)
    drafts = Drafts(
        store, variant, region_id, is_scarce=lambda: is_scarce(variant, available, region_id, settings, now)
    )
    return Job(store, event, variant, available, status, settings, now, lanes, drafts, now + ALERT_VALID)


def is_buyable(job: Job) -> bool:
    """Whether the product can be bought now, as the restock has it, and there is enough of it to tell people."""
    product = job.variant.product
    if job.offer is not None:
        return offer_obstacle(product.alerts, product.published, job.offer, job.status) is None
    if job.status != IN_STOCK:
        return False
    needed = needed_of(job.settings, job.variant)
    return obstacle(product.alerts, job.available, needed, 1) is None
