"""Deciding again, at the moment of sending: what changed since the plan wins."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from nexnotify.campaigns.stopped import AGAIN, PAUSED, halted_messages
from nexnotify.campaigns.told import not_to_correct
from nexnotify.campaigns.waitlist import news_among
from nexnotify.catalog.models import Variant
from nexnotify.customers.consent import may_be_sent_marketing
from nexnotify.db import db
from nexnotify.dispatch.about import About, about_of, variants_of
from nexnotify.dispatch.due import Due
from nexnotify.dispatch.questions import Questions
from nexnotify.holds.units import Unit, units_of
from nexnotify.inventory.available import IN_STOCK, OFFERS
from nexnotify.inventory.regions import Places
from nexnotify.inventory.service import needed_of
from nexnotify.journeys.follow_ups import follow_ups
from nexnotify.ledger.bought import have_bought
from nexnotify.ledger.drafts import KIND
from nexnotify.ledger.facts import COUNTED, GONE, recent_messages, store_policy
from nexnotify.ledger.failover import AGAIN as LOOK_AGAIN
from nexnotify.ledger.failover import stand_back
from nexnotify.ledger.pages import pages_gone
from nexnotify.ledger.questions import CAUSES
from nexnotify.ledger.whereabouts import addresses_of
from nexnotify.policy.bundling import together
from nexnotify.policy.eligibility import (
    Facts,
    Hold,
    Send,
    Skip,
    Verdict,
    decide_alert,
    decide_answer,
    decide_follow_up,
    decide_sent,
)
from nexnotify.policy.places import Known, area_of
from nexnotify.restock.detect import obstacle, offer_obstacle
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings

#: Kinds that more than a STOP can hold up.
_RULED = (
    "back_in_stock",
    "reminder",
    "renewal",
    "double_opt_in",
    "change",
    "journey",
    "bulk",
    "correction",
    "order",
    "ticket",
)
#: Kinds that are about a restock → the status of a request of which they still say something.
_ALERTS = {"back_in_stock": "waiting", "reminder": "alerted"}

#: Kinds of texts that staff send, but for those about one person's order or ticket → their purpose.
_PURPOSES = {"bulk": "marketing", "correction": "correction"}


@dataclass(slots=True)
class Decided:
    """A verdict, and the requests that it is about."""

    verdict: Verdict
    requests: list[About] = field(default_factory=list)
    #: Of a message that serves several products: what was decided about each of the requests.
    each: list[Verdict] = field(default_factory=list)
    #: The unit that the storefront keeps for its person, or is asked to.
    unit: Unit | None = None


def decide_all(store_id: int, rows: Sequence[Due], now: datetime) -> dict[int, Decided]:
    """Decide about claim candidates of one store, in their order.

    :returns: message id → verdict.
    """
    ruled = [due for due in rows if due.kind in _RULED]
    house = _House(store_id, ruled, now) if ruled else None
    return {due.id: _decide(due, house, now) for due in rows}


def _decide(due: Due, house: _House | None, now: datetime) -> Decided:
    if due.kind == "keyword_reply":
        return Decided(Send())
    opted_out, reachable = due.opted_out_at is not None, due.unreachable_at is None
    if house is None or due.kind not in _RULED:
        return Decided(decide_answer(Facts(opted_out=opted_out, reachable=reachable)))
    if due.kind in CAUSES.values():
        return Decided(house.questions.decide(due, house.policy, house.whereabouts(due, None), now))
    if due.kind == "journey":
        return Decided(_decide_follow_up(due, house, now))
    if due.kind not in _ALERTS:
        return Decided(_decide_sent(due, house, now))
    about = house.about.get(due.id, [])
    if is_bundle(due):
        return _decide_bundle(due, about, house, now)
    unit = house.units.get(due.id)
    verdict = _decide_alert(due, due.variant_id, about, house, now, is_kept=unit is not None and unit.is_held)
    _count(due, verdict, house, now)
    return Decided(verdict, about, unit=unit)


def is_bundle(due: Due) -> bool:
    """Whether it serves several products: then it speaks of no one variant."""
    return due.kind == KIND and due.variant_id is None


def _decide_bundle(due: Due, about: Sequence[About], house: _House, now: datetime) -> Decided:
    """Of each product for itself; those that may not go now are taken out of the message before it goes."""
    each = [_decide_alert(due, house.variant_of.get(item.restock_id), [item], house, now) for item in about]
    verdict = together(each) if each else Skip("request_closed")
    _count(due, verdict, house, now)
    for item, own in zip(about, each, strict=True):
        if isinstance(own, Send):
            house.recent.told[due.contact_id, house.variant_of[item.restock_id]] = now
    return Decided(verdict, list(about), each)


def _decide_alert(
    due: Due, variant_id: int | None, about: Sequence[About], house: _House, now: datetime, *, is_kept: bool = False
) -> Verdict:
    """:param is_kept: a unit is kept for this person, so that it does not matter how many others there are."""
    waits = any(item.status == _ALERTS[due.kind] for item in about)
    is_asked = due.kind == KIND and any(item.is_asked(now) for item in about)
    facts = Facts(
        opted_out=due.opted_out_at is not None,
        reachable=due.unreachable_at is None,
        wanted=not about or any(not item.recalled for item in about),
        request_open=waits or is_asked,
        unconfirmed=not waits,
        switched_on=any(house.offers(due.channel, variant_id, item.question) for item in about),
        paused=house.settings.is_paused(due.channel),
        buyable=is_kept or house.is_in_stock(variant_id, about) or any(item.told_of in OFFERS for item in about),
        obstacle=None if is_kept else house.obstacle(variant_id, about),
        bought=any(item.request_id in house.bought for item in about),
        page_gone=variant_id in house.pages_gone,
        told_at=house.recent.told.get((due.contact_id, variant_id or 0)) if due.kind == "back_in_stock" else None,
        recent=house.recent.counted[due.contact_id],
        known=house.whereabouts(due, next((item.zone for item in about if item.zone), None)),
    )
    verdict = decide_alert(facts, house.policy, now)
    in_the_way = {house.elsewhere.get(item.request_id) for item in about} - {None}
    if not in_the_way or isinstance(verdict, Skip):
        return verdict
    # Handed over on another channel and not known to have come: it may yet fail.
    return Skip("told_elsewhere") if "told_elsewhere" in in_the_way else Hold("other_channel", now + LOOK_AGAIN)


def _decide_sent(due: Due, house: _House, now: datetime) -> Verdict:
    """A text that staff sent; one about an order or a ticket may also be news, which nobody can stop."""
    if over := house.news.get(due.id):
        return Skip(over)
    if due.id in house.news and due.variant_id is not None:
        if not house.is_in_stock(due.variant_id, house.about.get(due.id, [])):
            return Skip("sold_out_again")
    facts = Facts(
        consent=due.kind != "bulk" or due.channel != "sms" or due.contact_id in house.willing,
        opted_out=due.opted_out_at is not None,
        reachable=due.unreachable_at is None,
        wanted=house.halted.get(due.id) != "cancelled",
        recent=house.recent.counted[due.contact_id],
        known=house.whereabouts(due, None),
    )
    if house.halted.get(due.id) == "paused":
        return Hold(PAUSED, now + AGAIN)
    verdict = decide_sent(facts, _PURPOSES.get(due.kind, "transactional"), house.policy, now)
    if not isinstance(verdict, Skip) and due.id in house.not_to_correct:
        verdict = Skip(house.not_to_correct[due.id])
    _count(due, verdict, house, now)
    return verdict


def _decide_follow_up(due: Due, house: _House, now: datetime) -> Verdict:
    """What a journey says to somebody who waits."""
    about = house.follow_ups.get(due.id)
    facts = Facts(
        opted_out=due.opted_out_at is not None,
        reachable=due.unreachable_at is None,
        wanted=about is None or about.is_on,
        request_open=about is not None and about.status == "waiting",
        switched_on=about is not None and house.offers(due.channel, due.variant_id, about.asked_status),
        paused=house.settings.is_paused(due.channel),
        recent=house.recent.counted[due.contact_id],
        known=house.whereabouts(due, about.zone if about else None),
    )
    verdict = decide_follow_up(facts, house.policy, now)
    _count(due, verdict, house, now)
    return verdict


def _count(due: Due, verdict: Verdict, house: _House, now: datetime) -> None:
    """What goes counts at once: the same person's next message in this very claim must see it."""
    if isinstance(verdict, Send) and due.kind in COUNTED:
        house.recent.counted[due.contact_id].append(now)
        if due.kind in ("back_in_stock", "bulk") and due.variant_id is not None:
            house.recent.told[due.contact_id, due.variant_id] = now


class _House:
    """What the rules need to know of a store and of the messages that are decided about, read once a claim."""

    def __init__(self, store_id: int, ruled: Sequence[Due], now: datetime) -> None:
        alerts = [due for due in ruled if due.kind in _ALERTS]
        asking = [due for due in ruled if due.kind in CAUSES.values()]
        sent = [due for due in ruled if due.kind not in (*_ALERTS, *CAUSES.values(), "journey")]
        bulk = [due.contact_id for due in sent if due.kind == "bulk"]
        store = db.session.get_one(Store, store_id, populate_existing=True)
        self.settings = store_settings(store)
        self.policy = store_policy(self.settings)
        #: Texts of campaigns that say that something is back → whether it has been told meanwhile.
        self.news = news_among(store_id, [due.id for due in sent if due.kind == "bulk"])
        told = [*(due.id for due in alerts), *self.news]
        self.about = about_of(store_id, told) if told else {}
        about_items = [due for due in ruled if due.kind in (*_ALERTS, "journey", "bulk")]
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
