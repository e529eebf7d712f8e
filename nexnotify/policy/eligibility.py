"""RULE: may this message go to this person now? Decided at planning and again at the moment of sending."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from nexnotify.policy.frequency import next_allowed as next_allowed_by_cap
from nexnotify.policy.local_hours import allowed_from
from nexnotify.policy.places import Known, Place
from nexnotify.policy.quiet_hours import Window
from nexnotify.policy.quiet_hours import next_allowed as next_allowed_by_hours
from nexnotify.words import N_

#: Raised with every change of the rules; each decision names the version it was made by.
RULES_VERSION = 8
#: When a decision is made again that nothing but a change from outside can turn: the product's page, and the store's hours.
PAGE_AGAIN, HOURS_AGAIN = timedelta(minutes=10), timedelta(days=1)
#: The same of one that waits for a yes, which wakes it; this is for when no answer comes.
ANSWER_AGAIN = timedelta(hours=1)

#: Reason → what it means to a merchant. The trace and docs/reference.md read this list.
REASONS = {
    "eligible": N_("Nothing stood in the way."),
    "request_closed": N_("The request had ended before."),
    "not_confirmed": N_("The number was asked whether it is still theirs; the message waits for the answer."),
    "erased": N_("The person was erased."),
    "no_consent": N_("There is no consent to this kind of message."),
    "opted_out": N_("The contact has said STOP."),
    "unreachable": N_("The address cannot receive messages."),
    "switched_off": N_("This channel is switched off for this product status."),
    "alert_paused": N_("The store has paused its text alert; the request keeps its place."),
    "sold_out_again": N_("The product could not be bought any more; the request keeps its place."),
    "alerts_off": N_("Alerts of this product are switched off; the request keeps its place."),
    "below_minimum": N_("Fewer were there than the least at which people are told; the request keeps its place."),
    "too_few": N_("Fewer were there than this person wants; the request keeps its place."),
    "offer_over": N_("It could not be ordered any more as the message says; the request keeps its place."),
    "bought": N_("The person has ordered it, or a substitute of it, since asking or shortly before."),
    "told_lately": N_("The contact was told of the same product a short while ago; a repeat waits."),
    "page_gone": N_("The product's page is gone or shows another product; it is looked at again."),
    "frequency_cap": N_("The contact has had as many alerts and marketing texts as the store allows for now."),
    "bundling": N_("It waits a little for other products that come back, to go with them in one message."),
    "bundled": N_("It goes together with other products that are back, in one message."),
    "quiet_hours": N_("It is quiet hours; alerts and marketing texts wait until they end."),
    "no_hours": N_("The store's quiet hours and the law's hours leave no hour for texts to this person."),
    "best_hour": N_("The person opens messages at other hours, and there is plenty of stock; it goes in these hours."),
    "no_credit": N_("The store has not enough credits; the text goes when there are some again."),
    "no_unit": N_("The storefront had no unit to hold for this person any more; the request keeps its place."),
    "told_anew": N_("A later restock has told this person since, so a correction would confuse."),
    "not_told": N_("The message that would be corrected did not reach this person after all."),
    "told_already": N_("Another message about this request is on its way."),
    "other_channel": N_("This person is told on another channel first; this one follows if that fails."),
    "told_elsewhere": N_("This person was told on another channel on which they asked."),
    "holdout": N_(
        "In the control group: drawn by chance not to be told, to measure what telling is worth. "
        "The request keeps its place, and the next restock tells it."
    ),
    "no_number": N_("There is no mobile number."),
    "taken_back": N_("One of your people stopped it before it went."),
    "send_paused": N_("One of your people paused the send; the text goes when it goes on."),
    "no_gateway": N_("The store has no gateway for this channel."),
    "no_text": N_("No template is in use, or it has a token without a value for this person, so nothing was sent."),
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules need to know, gathered by the caller."""

    consent: bool = True
    opted_out: bool = False
    reachable: bool = True
    #: Only alerts: the request is open, its switch is on, the store has not paused them, the product can be bought.
    request_open: bool = True
    switched_on: bool = True
    paused: bool = False
    buyable: bool = True
    #: Only alerts: why it is too early though the product can be bought (``restock.detect.obstacle``).
    obstacle: str | None = None
    #: Only alerts: the person has ordered it meanwhile; its page, as last looked at, is gone or another product's.
    bought: bool = False
    page_gone: bool = False
    #: Only alerts: when the contact was last told of this very variant.
    told_at: datetime | None = None
    #: No one of the staff has stopped the send, or recalled the restock, meanwhile.
    wanted: bool = True
    #: Only alerts: since it was planned, the number was asked to confirm, and may still answer.
    unconfirmed: bool = False
    #: When the contact got (or is about to get) messages that count for the cap.
    recent: Sequence[datetime] = ()
    #: What is known of where the person is; None, for emails: the store's own clock, and no law's hours.
    known: Known | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """What the store allows; ``None`` switches a rule off."""

    zone: str
    #: On whole minutes. None: the law's hours are off as well.
    quiet_hours: Window | None = None
    cap_texts: int | None = None
    cap_hours: int = 0
    country: str = ""
    #: For how long nobody is told of the same variant again.
    told_for: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Send:
    """Go ahead."""

    reason: str = "eligible"
    #: Whose local hours were asked, for the record of the decision.
    detail: Mapping[str, Any] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Hold:
    """Not now: decide again at ``until``."""

    reason: str
    until: datetime
    #: As that of :class:`Send`.
    detail: Mapping[str, Any] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Skip:
    """Not for this restock."""

    reason: str
    #: Of "holdout": when the message would have gone, where that is later.
    until: datetime | None = field(default=None, compare=False)


Verdict = Send | Hold | Skip


def decide_alert(facts: Facts, policy: Policy, now: datetime) -> Verdict:
    """An alert a shopper asked for. What ends it comes before what delays it."""
    refusal = _refusal(facts) or (None if facts.wanted else Skip("taken_back")) or _not_asked_for(facts)
    if refusal:
        return refusal
    if facts.bought:
        return Skip("bought")
    if not facts.buyable:
        return Skip("sold_out_again")
    if facts.obstacle:
        return Skip(facts.obstacle)
    if facts.unconfirmed:
        return Hold("not_confirmed", now + ANSWER_AGAIN)
    if facts.told_at is not None and now < facts.told_at + policy.told_for:
        return Hold("told_lately", facts.told_at + policy.told_for)
    verdict = _delay(facts, policy, now)
    # Last, so that a page is looked at shortly before it is needed.
    return Hold("page_gone", now + PAGE_AGAIN) if facts.page_gone and isinstance(verdict, Send) else verdict


def decide_question(facts: Facts, policy: Policy, now: datetime) -> Verdict:
    """Asking about a request that waits: as an alert, but what nobody can buy can be asked about, and no cap counts it."""
    return _refusal(facts) or _not_asked_for(facts) or _delay(facts, replace(policy, cap_texts=None), now)


def decide_follow_up(facts: Facts, policy: Policy, now: datetime) -> Verdict:
    """What a journey says to somebody who waits: as a question, and it counts for the cap."""
    taken_back = None if facts.wanted else Skip("taken_back")
    return _refusal(facts) or taken_back or _not_asked_for(facts) or _delay(facts, policy, now)


def _not_asked_for(facts: Facts) -> Skip | None:
    """The request has ended, or the merchant has switched off what it asks for."""
    if not facts.request_open:
        return Skip("request_closed")
    if not facts.switched_on:
        return Skip("switched_off")
    if facts.paused:
        return Skip("alert_paused")
    return None


def decide_sent(facts: Facts, purpose: str, policy: Policy, now: datetime) -> Verdict:
    """A text that staff send: a ``marketing`` one needs consent and may wait, a ``transactional`` one does neither.

    A ``correction`` of what somebody was told needs no more consent than that did. It waits for the hour and not for the
    cap: nobody is to go on believing what is not so because they were told too much.
    """
    if not facts.wanted:
        return Skip("taken_back")
    if purpose == "transactional":
        return decide_answer(facts)
    policy = replace(policy, cap_texts=None) if purpose == "correction" else policy
    return _refusal(facts) or _delay(facts, policy, now)


def _delay(facts: Facts, policy: Policy, now: datetime) -> Send | Hold:
    """What puts off, and does not end: the cap, then local hours."""
    if policy.cap_texts is not None:
        until = next_allowed_by_cap(now, facts.recent, policy.cap_texts, policy.cap_hours)
        if until > now:
            return Hold("frequency_cap", until)
    if policy.quiet_hours is None:
        return Send()
    if facts.known is None:
        until = next_allowed_by_hours(now, policy.zone, policy.quiet_hours)
        return Hold("quiet_hours", until) if until > now else Send()
    at, place = allowed_from(facts.known, policy.zone, policy.country, policy.quiet_hours, now)
    if at is None:
        return Hold("no_hours", now + HOURS_AGAIN, _detail(place))
    return Hold("quiet_hours", at, _detail(place)) if at > now else Send(detail=_detail(place))


@lru_cache(maxsize=8192)
def _detail(place: Place) -> Mapping[str, Any]:
    """One and the same for a place, so that it is written as JSON once for many people."""
    return {"by": place.source, "zones": list(place.zones), "laws": [law.name for law in place.jurisdictions]}


def decide_answer(facts: Facts) -> Verdict:
    """A confirmation or other answer to what the contact just did: no cap, no quiet hours."""
    return _refusal(facts) or Send()


def _refusal(facts: Facts) -> Skip | None:
    if facts.opted_out:
        return Skip("opted_out")
    if not facts.consent:
        return Skip("no_consent")
    return None if facts.reachable else Skip("unreachable")
