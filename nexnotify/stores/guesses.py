"""Counting wrong passwords and codes, so that guessing soon takes longer than it is worth.

A guess is counted before it is looked at and given back when it was right; so any number of guesses at the same moment
is no more than as many one after another. Who is guessed at is kept as a keyed hash, whether there is such an account
or not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask_security import uia_email_mapper

from nexnotify.db import db, insert_ignore
from nexnotify.secrets import keyed_hash
from nexnotify.stores.models import GuessCounter, StaffUser
from nexnotify.stores.service import index_key

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)


@dataclass(frozen=True)
class Limit:
    """How many wrong guesses are free, and after how long without one they are forgotten."""

    free: int
    forgotten: timedelta


#: What is guessed at → its limit. Only somebody who is signed in reaches "confirm", and only somebody who knows the
#: password reaches "code". Neither counts for the address: so a stranger, also one who shares it, can neither end a
#: session's work nor close that door.
LIMITS: Mapping[str, Limit] = {
    "password": Limit(5, timedelta(hours=24)),
    "code": Limit(5, timedelta(hours=24)),
    "confirm": Limit(5, timedelta(hours=24)),
    "reset": Limit(3, timedelta(hours=1)),
    # One address may be a whole office.
    "address": Limit(20, timedelta(hours=1)),
}

#: (what is guessed at, whose)
Target = tuple[str, str]


@dataclass(frozen=True)
class Taken:
    """A guess that was counted, or refused."""

    #: Until when no guess is looked at; None where this one may be.
    refused_until: datetime | None = None
    #: Until when the next ones are refused if this one is wrong.
    then_until: datetime | None = None


def wait_after(failures: int, free: int) -> timedelta:
    """How long nobody may guess after so many wrong ones: a minute, and twice as long each time, up to an hour."""
    if failures < free:
        return timedelta(0)
    doublings = min(failures - free, 10)
    return min(FIRST_WAIT * 2**doublings, LONGEST_WAIT)


def take(targets: Sequence[Target], now: datetime) -> Taken:
    """Count one guess against each target, unless one of them is closed: then none is counted."""
    counters = [(_locked(kind, who, now), LIMITS[kind]) for kind, who in targets]
    closed = [row.locked_until for row, _ in counters if row.locked_until and row.locked_until > now]
    if closed:
        return Taken(refused_until=max(closed))
    for row, limit in counters:
        row.failures = 1 if now - row.failed_at > limit.forgotten else row.failures + 1
        row.failed_at = now
        wait = wait_after(row.failures, limit.free)
        row.locked_until = now + wait if wait else None
    db.session.flush()
    return Taken(then_until=max((row.locked_until for row, _ in counters if row.locked_until), default=None))


def forget(kind: str, who: str) -> bool:
    """Begin anew, after a right guess or by an owner's word; whether there was anything to forget."""
    gone = sa.delete(GuessCounter).where(GuessCounter.key == _key(kind, who)).returning(GuessCounter.key)
    return db.session.scalar(gone) is not None


def give_back(kind: str, who: str) -> None:
    """Take one guess back that was right. The others stay: a right one of one's own must not cover for them."""
    row = db.session.get(GuessCounter, _key(kind, who), with_for_update=True, populate_existing=True)
    if row is not None and row.failures:
        row.failures -= 1
        row.locked_until = None


def closed_until(kind: str, who: str, now: datetime) -> datetime | None:
    """Until when guesses are refused, None where they are not."""
    until = db.session.scalar(sa.select(GuessCounter.locked_until).where(GuessCounter.key == _key(kind, who)))
    return until if until and until > now else None


def whose(user: StaffUser | None, email: str = "") -> str:
    """Whose guesses count together: an account's, or at an email without one, however it is spelled.

    An email is read as signing in reads it, or each of its spellings would have guesses of its own.
    """
    return f"account {user.id}" if user else f"email {uia_email_mapper(email) or email}"


def doors_of(user: StaffUser) -> list[Target]:
    """What can be closed for a person by wrong guesses."""
    return [(kind, whose(user)) for kind in ("password", "code", "confirm", "reset")]


def forget_old(now: datetime) -> None:
    """Delete counters that count no more."""
    longest = max(limit.forgotten for limit in LIMITS.values())
    db.session.execute(sa.delete(GuessCounter).where(GuessCounter.failed_at < now - longest))


def _locked(kind: str, who: str, now: datetime) -> GuessCounter:
    """The counter's row, made where there is none, locked."""
    key = _key(kind, who)
    db.session.execute(insert_ignore(GuessCounter.__table__).values(key=key, failures=0, failed_at=now))
    return db.session.get_one(GuessCounter, key, with_for_update=True, populate_existing=True)


def _key(kind: str, who: str) -> str:
    return keyed_hash(index_key(), "guess", kind, who.lower())
