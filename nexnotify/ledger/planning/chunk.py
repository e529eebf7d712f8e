"""Deciding about the next people of a restock, and writing down what was decided."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from nexnotify.ledger.paying import ASK_AGAIN, NO_CREDIT, Funds, funds
from nexnotify.ledger.planning.audience import decider
from nexnotify.ledger.planning.decisions import record_decisions
from nexnotify.ledger.planning.drafts import NoText, Text, Waiting
from nexnotify.ledger.planning.facts import ChunkFacts, gather
from nexnotify.ledger.planning.failover import keep_behind
from nexnotify.ledger.planning.job import Job
from nexnotify.ledger.planning.offers import without_offers
from nexnotify.ledger.planning.overlap import closed_since, one_by_one, planned_before, under_way
from nexnotify.ledger.planning.writing import write_alerts
from nexnotify.policy.bundling import wait_for_others
from nexnotify.policy.eligibility import Hold, Send, Skip, Verdict
from nexnotify.restock.models import RestockEvent

#: Holds that are one person's own: others of the same wave hear earlier, and the next wave does not wait for these.
_PERSONAL = ("frequency_cap", "told_lately", "no_hours", "best_hour")


class Going(NamedTuple):
    """Somebody who gets a message, now or later."""

    person: Waiting
    verdict: Send | Hold
    text: Text


class Decided(NamedTuple):
    """What was decided about one request."""

    request_id: int
    verdict: Verdict
    #: What exactly is missing, where something is.
    words: str | None


@dataclass(slots=True)
class Chunk:
    """People who were looked at, in their order."""

    decided: list[Decided] = field(default_factory=list)
    going: list[Going] = field(default_factory=list)
    #: Of those whom the text of an earlier restock tells: that text goes without another decision about this one.
    coming: list[Send | Hold] = field(default_factory=list)
    #: Request → who stands for its shopper, of those in the draw of who is told (``control_group``); mostly empty.
    shoppers: Mapping[int, int] = field(default_factory=dict)
    #: The last request that was looked at; 0: none.
    last: int = 0
    #: Requests whose shopper has a place already, by the message on another channel; how many of them are going.
    counted: Collection[int] = ()
    again: int = 0

    @property
    def places(self) -> int:
        """How many of a wave's people they are."""
        return len(self.going) + len(self.coming) - self.again

    def without_credits(self, short: Collection[int], now: datetime) -> None:
        """Those at these places of ``going`` wait for credits."""
        if not short:
            return
        wait = Hold(NO_CREDIT, now + ASK_AGAIN)
        poor = {self.going[place].person.request_id for place in short}
        self.going = [item._replace(verdict=wait) if item.person.request_id in poor else item for item in self.going]
        self.decided = [item._replace(verdict=wait) if item.request_id in poor else item for item in self.decided]

    def without_unit(self, request_ids: Collection[int]) -> None:
        """These are not told: the storefront would have no unit to keep for them."""
        self.going = [item for item in self.going if item.person.request_id not in request_ids]
        self.decided = [
            item._replace(verdict=Skip("no_unit")) if item.request_id in request_ids else item for item in self.decided
        ]

    def take_order(self, going: Sequence[Going]) -> None:
        """The same people in another order, or with another moment."""
        verdicts = {item.person.request_id: item.verdict for item in going}
        self.going = list(going)
        self.decided = [item._replace(verdict=verdicts.get(item.request_id, item.verdict)) for item in self.decided]

    def wait_for_others(self, job: Job) -> None:
        """Those who could go now wait for other products of the same people, where the store tells them in one message.

        News of what can be ordered without stock goes alone: the one message says "back in stock".
        """
        if (minutes := job.settings.bundle_minutes) and job.offer is None:
            self.take_order(
                [item._replace(verdict=wait_for_others(item.verdict, minutes, job.now)) for item in self.going]
            )

    def heard_at(self, now: datetime) -> datetime | None:
        """When the first of them hears, but for those who are held for a reason of their own; None: nobody does."""
        verdicts = [*(item.verdict for item in self.going), *self.coming]
        held = (verdict for verdict in verdicts if isinstance(verdict, Hold) and verdict.reason not in _PERSONAL)
        moments = [max(verdict.until, now) for verdict in held]
        return now if any(isinstance(verdict, Send) for verdict in verdicts) else min(moments, default=None)


def decide_chunk(
    job: Job,
    rows: Sequence[Waiting],
    room: int | None,
    busy: Mapping[int, Send | Hold],
    closed: Collection[int] = (),
    facts: ChunkFacts | None = None,
) -> Chunk:
    """Decide about people in their order, until ``room`` of them get a message (None: all). Nothing is written.

    :param busy: requests with a message on its way (:func:`under_way`); they take a place, as they are told by that one.
    :param closed: requests that have ended since they were read.
    :param facts: what the rules need to know of them; read where it is not given.
    """
    facts = facts or gather(job, rows)
    decide, recent = decider(job, facts), facts.recent.counted
    behind, counted = facts.behind.reasons, facts.behind.counted
    away, shoppers = facts.drawn
    chunk = Chunk(counted=counted, shoppers=shoppers)
    for person in rows:
        if room is not None and chunk.places >= room and not _takes_none(person, behind, counted):
            break
        chunk.last = person.request_id
        if person.request_id in closed:
            continue
        words = None
        if (coming := busy.get(person.request_id)) is not None:
            verdict: Verdict = Skip("told_already")
            chunk.coming.append(coming)
        else:
            verdict = decide(person)
        if behind and person.request_id in behind and not isinstance(verdict, Skip):
            verdict = Skip(behind[person.request_id])
        if not isinstance(verdict, Skip):
            text = _draft(job, person)
            if isinstance(text, NoText):
                verdict, words = Skip(text.reason), text.words
            elif away and person.request_id in away:
                # Last, so that they are people who would have been told, and it is known when.
                verdict = Skip("holdout", verdict.until if isinstance(verdict, Hold) else None)
            else:
                chunk.going.append(Going(person, verdict, text))
                chunk.again += bool(counted) and person.request_id in counted
                # What is planned now counts for the same contact's next item.
                recent[person.contact_id].append(verdict.until if isinstance(verdict, Hold) else job.now)
        chunk.decided.append(Decided(person.request_id, verdict, words))
    return chunk


def _takes_none(person: Waiting, behind: Mapping[int, str], counted: Collection[int]) -> bool:
    """Whether this one takes no place in a wave: its shopper has one, or gets it by another channel."""
    return person.request_id in behind or person.request_id in counted


def plan_chunk(
    job: Job, rows: Sequence[Waiting], room: int | None, expect: Callable[[Job, Chunk], None] | None = None
) -> tuple[Chunk, Sequence[int]]:
    """Decide about these people, and write it down.

    :param expect: puts those who get a message into the order in which they go; who they are is decided by then.
    :returns: what was decided, and the ids of the messages.
    """
    facts = gather(job, rows)
    request_ids = [person.request_id for person in rows]
    if any(person.is_wide for person in rows):
        one_by_one(job.store.id)
    busy = under_way(job.store.id, request_ids)
    for request_id in without_offers(job, busy, job.now):
        del busy[request_id]
    closed = closed_since(request_ids)  # after the line above: who was told in between is in neither
    if job.event.wave > 1 or job.event.part:  # whose priority has changed meanwhile may be met again
        closed |= planned_before(job.store.id, job.event.id, request_ids)
    chunk = decide_chunk(job, rows, room, busy, closed, facts)
    found: Funds = funds(
        job.store.id, job.settings, [(item.person.channel, item.text.segments) for item in chunk.going]
    )
    chunk.without_credits(found.short, job.now)
    if expect is not None:
        paid = {item.person.request_id: credits for item, credits in zip(chunk.going, found.credits, strict=True)}
        expect(job, chunk)
        found = replace(found, credits=[paid[item.person.request_id] for item in chunk.going])
    chunk.wait_for_others(job)
    ids = write_alerts(job, chunk.going, found)
    decided = [(item.request_id, job.event.id, item.verdict, item.words) for item in chunk.decided]
    record_decisions(job.store.id, "plan", decided, job.now, chunk.shoppers)
    if facts.behind.reasons:
        waiting_behind = {item.request_id for item in chunk.decided} & facts.behind.reasons.keys()
        keep_behind(waiting_behind, job.event.id, job.now)
    return chunk, ids


def count_decided(event: RestockEvent, chunk: Chunk) -> None:
    """Lists of restocks show these; counting decisions anew would read all of them."""
    mine = [item for item in chunk.decided if item.request_id not in chunk.counted] if chunk.counted else chunk.decided
    held, passed = (sum(isinstance(item.verdict, kind) for item in mine) for kind in (Hold, Skip))
    event.told += len(mine) - held - passed
    event.held += held + len(chunk.coming)
    event.passed += passed - len(chunk.coming)


def _draft(job: Job, person: Waiting) -> Text | NoText:
    if job.lanes[person.channel] is None:
        return NoText("no_gateway")
    return job.drafts.text(person)
