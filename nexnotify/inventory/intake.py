"""Products in: stock that waited for them, or that their publishing makes buyable, takes effect at once."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import datetime

from nexnotify.catalog.models import Product
from nexnotify.catalog.service import ProductData, upsert_product
from nexnotify.inventory.minimums import rules_change
from nexnotify.inventory.service import apply_unmatched, record_offer, record_publishing
from nexnotify.stores.models import Store


def take_product(store: Store, data: ProductData, now: datetime) -> Product:
    """Make or change a product with all that follows for stock.

    :raises Invalid: a SKU or variant id that another product of the store has.
    """
    with rules_change(store, data.id, now) if data.has_rules else nullcontext():
        done = upsert_product(store, data, now)
    if done.published_before is not None:
        record_publishing(done.product, now)
    else:  # publishing tells of all variants by itself
        for variant in done.other_status:
            record_offer(variant, now)
    for variant in done.new_variants:
        apply_unmatched(store, variant, now)
    return done.product
