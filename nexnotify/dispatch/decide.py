"""Deciding again, at the moment of sending: what changed since the plan wins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from nexnotify.campaigns.stopped import AGAIN, PAUSED
from nexnotify.dispatch.about import About
from nexnotify.dispatch.due import Due
from nexnotify.dispatch.house import ALERTS, House, is_bundle
from nexnotify.holds.units import Unit
from nexnotify.inventory.available import OFFERS
from nexnotify.ledger.asking.questions import CAUSES
from nexnotify.ledger.planning.drafts import KIND
from nexnotify.ledger.planning.facts import COUNTED
from nexnotify.ledger.planning.failover import AGAIN as LOOK_AGAIN
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
    house = House(store_id, ruled, now) if ruled else None
    return {due.id: _decide(due, house, now) for due in rows}


def _decide(due: Due, house: House | None, now: datetime) -> Decided:
    if due.kind == "keyword_reply":
        return Decided(Send())
    opted_out, reachable = due.opted_out_at is not None, due.unreachable_at is None
    if house is None or due.kind not in _RULED:
        return Decided(decide_answer(Facts(opted_out=opted_out, reachable=reachable)))
    if due.kind in CAUSES.values():
        return Decided(house.questions.decide(due, house.policy, house.whereabouts(due, None), now))
    if due.kind == "journey":
        return Decided(_decide_follow_up(due, house, now))
    if due.kind not in ALERTS:
        return Decided(_decide_sent(due, house, now))
    about = house.about.get(due.id, [])
    if is_bundle(due):
        return _decide_bundle(due, about, house, now)
    unit = house.units.get(due.id)
    verdict = _decide_alert(due, due.variant_id, about, house, now, is_kept=unit is not None and unit.is_held)
    _count(due, verdict, house, now)
    return Decided(verdict, about, unit=unit)


def _decide_bundle(due: Due, about: Sequence[About], house: House, now: datetime) -> Decided:
    """Of each product for itself; those that may not go now are taken out of the message before it goes."""
    each = [_decide_alert(due, house.variant_of.get(item.restock_id), [item], house, now) for item in about]
    verdict = together(each) if each else Skip("request_closed")
    _count(due, verdict, house, now)
    for item, own in zip(about, each, strict=True):
        if isinstance(own, Send):
            house.recent.told[due.contact_id, house.variant_of[item.restock_id]] = now
    return Decided(verdict, list(about), each)


def _decide_alert(
    due: Due, variant_id: int | None, about: Sequence[About], house: House, now: datetime, *, is_kept: bool = False
) -> Verdict:
    """:param is_kept: a unit is kept for this person, so that it does not matter how many others there are."""
    waits = any(item.status == ALERTS[due.kind] for item in about)
    facts = Facts(
        opted_out=due.opted_out_at is not None,
        reachable=due.unreachable_at is None,
        wanted=not about or any(not item.recalled for item in about),
        request_open=waits or (due.kind == KIND and any(item.is_asked(now) for item in about)),
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


def _decide_sent(due: Due, house: House, now: datetime) -> Verdict:
    """A text that staff sent; one about an order or a ticket may also be news, which nobody can stop."""
    if over := house.news.get(due.id):
        return Skip(over)
    is_news = due.id in house.news and due.variant_id is not None
    if is_news and not house.is_in_stock(due.variant_id, house.about.get(due.id, [])):
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


def _decide_follow_up(due: Due, house: House, now: datetime) -> Verdict:
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


def _count(due: Due, verdict: Verdict, house: House, now: datetime) -> None:
    """What goes counts at once: the same person's next message in this very claim must see it."""
    if isinstance(verdict, Send) and due.kind in COUNTED:
        house.recent.counted[due.contact_id].append(now)
        if due.kind in ("back_in_stock", "bulk") and due.variant_id is not None:
            house.recent.told[due.contact_id, due.variant_id] = now
