"""One guess at a password or a code: counted, looked at, and answered in words that tell nothing about the account."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import request

from nexnotify.clock import utcnow
from nexnotify.db import transaction
from nexnotify.stores import guesses
from nexnotify.stores.models import StaffUser
from nexnotify.stores.people import audit_person
from nexnotify.web.signups import network_of
from nexnotify.words import N_

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Verdict:
    """Whether it was right; if not, what to tell the person beside "wrong"."""

    right: bool
    #: A sentence with the time to come back, where they have to wait.
    wait: str = ""


def one_guess(kind: str, who: str, check: Callable[[], bool], user: StaffUser | None) -> Verdict:
    """Let ``check`` look at what was typed, unless there were too many wrong ones for ``who``, or from this address.

    The address counts for a password at the door alone. Who is past it is known: strangers at the same address must not
    stand in their way.

    :param kind: a name of :data:`nexnotify.stores.guesses.LIMITS`.
    :param user: the account, where there is one: its stores' audit trails say that it was locked.
    """
    now, address = utcnow(), network_of(request.remote_addr)
    outside = [("address", address)] if kind == "password" else []
    with transaction():
        taken = guesses.take([(kind, who), *outside], now)
    if taken.refused_until:
        return Verdict(False, come_back(taken.refused_until, now))
    if check():
        with transaction():
            guesses.forget(kind, who)
            for target in outside:
                guesses.give_back(*target)
        return Verdict(True)
    if taken.then_until is None:
        return Verdict(False)
    log.warning("too many wrong guesses", extra={"kind": kind, "client": address})
    if user is not None:
        with transaction():
            audit_person(user, f"sign_in.{kind}_locked", None, now, until=clock_time(taken.then_until), client=address)
    return Verdict(False, come_back(taken.then_until, now))


def come_back(until: datetime, now: datetime) -> str:
    """When guessing is open again, in words."""
    minutes = max(1, math.ceil((until - now).total_seconds() / 60))
    if minutes == 1:
        return N_("Too many tries. Come back in 1 minute, at %(until)s.", until=clock_time(until))
    return N_(
        "Too many tries. Come back in %(minutes)s minutes, at %(until)s.", minutes=minutes, until=clock_time(until)
    )


def clock_time(moment: datetime) -> str:
    """ "14:05 UTC": whoever is outside has no store, so no time zone of their own."""
    return f"{moment:%H:%M} UTC"
