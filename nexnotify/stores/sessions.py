"""Sign-ins of staff, one row for each browser: what is not there, or was not used for too long, opens nothing."""

from __future__ import annotations

import secrets as stdlib_secrets
from datetime import datetime, timedelta

import sqlalchemy as sa

from nexnotify.db import db
from nexnotify.secrets import token_hash
from nexnotify.stores.models import StaffSession, StaffUser

#: How often ``seen_at`` is written at most.
SEEN_EVERY = timedelta(minutes=5)


#: What browsers and systems call themselves, the more special names first: each also claims to be those after it.
_BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = ("iPhone", "iPad", "Android", "Windows", "Mac OS X", "Linux")


def browser_words(agent: str) -> str:
    """ "Firefox on Windows" for what a browser calls itself; its own words where they are of no known kind."""
    name = next((name for sign, name in _BROWSERS if sign in agent), "")
    system = next((system for system in _SYSTEMS if system in agent), "")
    return f"{name} on {system}" if name and system else agent[:60]


def open_session(user: StaffUser, agent: str, address: str, idle: timedelta, now: datetime) -> str:
    """A new session of a person. Those of theirs that ended by themselves are cleared away.

    :returns: its token, for the browser's cookie; kept nowhere else.
    """
    db.session.execute(
        sa.delete(StaffSession).where(StaffSession.user_id == user.id, StaffSession.seen_at <= now - idle)
    )
    token = stdlib_secrets.token_urlsafe(24)
    db.session.add(
        StaffSession(
            user_id=user.id, hash=token_hash(token), agent=agent[:200], address=address, created_at=now, seen_at=now
        )
    )
    user.signed_in_at = now
    db.session.flush()
    return token


def session_of(token: str, idle: timedelta, now: datetime) -> StaffSession | None:
    """The session with this token, unless it was ended or not used for as long as ``idle``."""
    return db.session.scalar(
        sa.select(StaffSession).where(StaffSession.hash == token_hash(token), StaffSession.seen_at > now - idle)
    )


def seen_is_stale(session: StaffSession, now: datetime) -> bool:
    """Whether ``seen_at`` is worth a write."""
    return now - session.seen_at > SEEN_EVERY


def was_seen(session: StaffSession, now: datetime) -> None:
    """Note that it is used, if it has not been ended meanwhile."""
    db.session.execute(sa.update(StaffSession).where(StaffSession.id == session.id).values(seen_at=now))


def sessions_of(user: StaffUser, idle: timedelta, now: datetime) -> list[StaffSession]:
    """A person's sessions that can still be used, the latest used first."""
    statement = sa.select(StaffSession).where(StaffSession.user_id == user.id, StaffSession.seen_at > now - idle)
    return list(db.session.scalars(statement.order_by(StaffSession.seen_at.desc(), StaffSession.id.desc())))


def end_session(user: StaffUser, session_id: int) -> bool:
    """End one of a person's sessions; whether there was one."""
    mine = sa.delete(StaffSession).where(StaffSession.user_id == user.id, StaffSession.id == session_id)
    return db.session.scalar(mine.returning(StaffSession.id)) is not None


def end_sessions(user: StaffUser, but: int | None = None) -> int:
    """End a person's sessions, all or all but one; how many."""
    statement = sa.delete(StaffSession).where(StaffSession.user_id == user.id)
    if but is not None:
        statement = statement.where(StaffSession.id != but)
    return len(db.session.scalars(statement.returning(StaffSession.id)).all())
