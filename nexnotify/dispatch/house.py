"""What the rules are told of a store and of the messages of one claim that they decide about again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from nexnotify.campaigns.stopped import halted_messages
from nexnotify.campaigns.told import not_to_correct
from nexnotify.campaigns.waitlist import news_among
from nexnotify.catalog.models import Variant
from nexnotify.customers.consent import may_be_sent_marketing
from nexnotify.db import db
from nexnotify.dispatch.about import About, about_of, variants_of
from nexnotify.dispatch.due import Due
from nexnotify.dispatch.questions import Questions
from nexnotify.holds.units import units_of
from nexnotify.inventory.available import IN_STOCK, OFFERS
from nexnotify.inventory.regions import Places
from nexnotify.inventory.service import needed_of
from nexnotify.journeys.follow_ups import follow_ups
from nexnotify.ledger.asking.questions import CAUSES
from nexnotify.ledger.planning.bought import have_bought
from nexnotify.ledger.planning.drafts import KIND
from nexnotify.ledger.planning.facts import COUNTED, GONE, recent_messages, store_policy
from nexnotify.ledger.planning.failover import stand_back
from nexnotify.ledger.planning.pages import pages_gone
from nexnotify.ledger.planning.whereabouts import addresses_of
from nexnotify.policy.places import Known, area_of
from nexnotify.restock.detect import obstacle, offer_obstacle
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings

#: Kinds that are about a restock → the status of a request of which they still say something.
ALERTS = {"back_in_stock": "waiting", "reminder": "alerted"}


def is_bundle(due: Due) -> bool:
    """Whether it serves several products: then it speaks of no one variant."""
    return due.kind == KIND and due.variant_id is None


class House:
    """What the rules need to know of a store and of the messages that are decided about, read once a claim."""

    def __init__(self, store_id: int, ruled: Sequence[Due], now: datetime) -> None:
        alerts = [due for due in ruled if due.kind in ALERTS]
        asking = [due for due in ruled if due.kind in CAUSES.values()]
        sent = [due for due in ruled if due.kind not in (*ALERTS, *CAUSES.values(), "journey")]
        bulk = [due.contact_id for due in sent if due.kind == "bulk"]
        store = db.session.get_one(Store, store_id, populate_existing=True)
        self.settings = store_settings(store)
        self.policy = store_policy(self.settings)
        #: Texts of campaigns that say that something is back → whether it has been told meanwhile.
        self.news = news_among(store_id, [due.id for due in sent if due.kind == "bulk"])
        told = [*(due.id for due in alerts), *self.news]
        self.about = about_of(store_id, told) if told else {}
        about_items = [due for due in ruled if due.kind in (*ALERTS, "journey", "bulk")]
        may_hold = [due.id for due in alerts if due.kind == KIND]
        self.units = units_of(store_id, may_hold) if self.settings.hold_minutes is not None else {}
        bundles = [due.id for due in alerts if is_bundle(due)]
        #: Restock → its variant, of those that messages with several products serve.
        self.variant_of = variants_of([item.restock_id for id in bundles for item in self.about.get(id, ())])
        named = {due.variant_id for due in about_items if due.variant_id is not None}
        self.variants = _variants(named | set(self.variant_of.values()))
        regions = {item.region_id for items in self.about.values() for item in items}
        self.places = Places(store_id, self.variants, regions)
        self.pages_gone = pages_gone(store_id, set(self.variants), self.settings, now)
        behind = [
            (due.channel, item) for due in alerts for item in self.about.get(due.id, ()) if item.status == "waiting"
        ]
        others = {item.request_id: (channel, item.restock_id) for channel, item in behind}
        #: Request → why its shopper is not told on its channel now.
        self.elsewhere = stand_back(store, self.settings, None, others, now, sending=True).reasons
        asked = {
            item.request_id: due.variant_id or self.variant_of.get(item.restock_id, 0)
            for due in alerts
            for item in self.about.get(due.id, ())
        }
        self.bought = have_bought(store_id, asked, self.settings.bought_days, now)
        counted = [due.contact_id for due in ruled if due.kind in COUNTED]
        self.recent = recent_messages(store_id, counted, self.settings, now, GONE)
        timed = (*COUNTED, *CAUSES.values(), "correction")
        quiet = [due for due in ruled if due.kind in timed and due.channel == "sms" and self.settings.quiet_hours]
        self._addresses = addresses_of([due.contact_id for due in quiet])
        self.willing = may_be_sent_marketing(store_id, bulk)
        self.questions = Questions(store_id, [due.id for due in asking], self.settings)
        self.follow_ups = follow_ups(store_id, [due.id for due in ruled if due.kind == "journey"])
        self.halted = halted_messages(store_id, [due.id for due in sent])
        self.not_to_correct = not_to_correct(store_id, [due.id for due in sent if due.kind == "correction"])

    def offers(self, channel: str, variant_id: int | None, asked_status: str) -> bool:
        """Whether the merchant has the message's channel on for what was asked."""
        variant = self.variants.get(variant_id or 0)
        switches = self.settings.switches.but(variant.product.switches if variant else None)
        return channel in switches.offered(asked_status)

    def whereabouts(self, due: Due, zone: str | None) -> Known | None:
        """What is known of where a person is; None where only the store's clock counts."""
        if due.channel != "sms":
            return None
        country, region = self._addresses.get(due.contact_id, (None, None))
        return Known(zone, area_of(due.address), country, region)

    def is_in_stock(self, variant_id: int | None, about: Sequence[About]) -> bool:
        """Whether one of these finds it in stock at its place."""
        variant = self.variants.get(variant_id or 0)
        places = {item.region_id for item in about} or {None}
        return variant is not None and any(self.places.status(variant, place) == IN_STOCK for place in places)

    def obstacle(self, variant_id: int | None, about: Sequence[About]) -> str | None:
        """What is in the way of all these."""
        variant = self.variants.get(variant_id or 0)
        if variant is None or not about:
            return None
        if (told_of := about[0].told_of) in OFFERS:
            product = variant.product
            return offer_obstacle(product.alerts, product.published, told_of, self.places.status(variant, None))
        needed, alerts = needed_of(self.settings, variant), variant.product.alerts
        found = [
            obstacle(alerts, self.places.available(variant, item.region_id), needed, item.quantity) for item in about
        ]
        return None if None in found else found[0]


def _variants(variant_ids: Collection[int]) -> dict[int, Variant]:
    """What the messages speak of, read afresh with its product."""
    if not variant_ids:
        return {}
    statement = (
        sa.select(Variant)
        .options(joinedload(Variant.product))
        .where(Variant.id.in_(variant_ids))
        .execution_options(populate_existing=True)
    )
    return {variant.id: variant for variant in db.session.scalars(statement)}
