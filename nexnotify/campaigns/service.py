"""What staff do with a send: draft, confirm, take back, hurry, stop. Each change is one conditional UPDATE."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from nexnotify.campaigns.audience import MOST_PICKED, belonging, ids_matching, newest
from nexnotify.campaigns.models import Selection, Send
from nexnotify.campaigns.stopped import release_paused
from nexnotify.clock import isoformat
from nexnotify.content.service import template_problems
from nexnotify.content.tokens import compile_template
from nexnotify.db import db, insert_ignore
from nexnotify.errors import Conflict, Invalid
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings
from nexnotify.words import N_

#: A send is not planned for later than this.
FARTHEST = timedelta(days=366)
_NOBODY = N_("Nobody is selected. Tick at least one row, or choose all that match.")


def draft_to_one(store: Store, source: str, row_id: int, user_id: int | None, now: datetime) -> Send:
    """A draft to the person of one order or ticket (about which it then is), or to one customer."""
    purpose = "marketing" if source == "customers" else "transactional"
    return _draft(store, source, [row_id], {"one": True}, purpose, user_id, now)


def draft_to_picked(store: Store, source: str, ids: Sequence[int], user_id: int | None, now: datetime) -> Send:
    """A draft to those who were ticked.

    :raises Invalid: nobody was.
    """
    picked = belonging(store, source, ids)
    if not picked:
        raise Invalid(_NOBODY)
    return _draft(store, source, picked, {}, "marketing", user_id, now)


def draft_to_all(store: Store, source: str, filter_: Mapping[str, Any], user_id: int | None, now: datetime) -> Send:
    """A draft to all that match a list's filter.

    :raises Invalid: nothing does.
    """
    found = ids_matching(store, source, filter_, MOST_PICKED + 1 if filter_.get("q") else 1)
    if not found:
        raise Invalid(N_("Nothing matches, so nobody would get it. Clear the filter, or look for something else."))
    # What was looked for may be somebody's number: then the rows it found are kept, and not the number.
    picked = sorted(found) if filter_.get("q") and len(found) <= MOST_PICKED else None
    return _draft(store, source, picked, dict(filter_) if picked is None else {}, "marketing", user_id, now)


def _draft(
    store: Store,
    source: str,
    picked: list[int] | None,
    filter_: dict[str, Any],
    purpose: str,
    user_id: int | None,
    now: datetime,
) -> Send:
    send = Send(
        store_id=store.id,
        source=source,
        purpose=purpose,
        state="draft",
        picked=picked,
        filter=filter_,
        body="",
        created_by=user_id,
        created_at=now,
    )
    db.session.add(send)
    db.session.flush()
    return send


def copy_draft(send: Send, user_id: int | None, now: datetime) -> Send:
    """A new draft with the words and the audience of another send."""
    store = db.session.get_one(Store, send.store_id)
    copy = _draft(store, send.source, send.picked, dict(send.filter), send.purpose, user_id, now)
    copy.body, copy.template_version_id, copy.words = send.body, send.template_version_id, dict(send.words)
    db.session.flush()
    return copy


def save_draft(
    send: Send,
    body: str,
    template_version_id: int | None,
    scheduled_for: datetime | None,
    now: datetime,
    subject: str | None = None,
) -> None:
    """Keep what was written in a (locked) draft.

    :param subject: of an email, or the title of a push.
    :param template_version_id: the template whose words these are, unchanged.
    :raises Invalid: the words cannot be sent, or the time is over.
    :raises Conflict: it is a draft no more.
    """
    if send.state != "draft":
        raise Conflict(N_("This text has been confirmed already, so its words stay as they are."))
    problems = problems_of(send, body, subject)
    if scheduled_for is not None and not now < scheduled_for <= now + FARTHEST:
        problems["scheduled_for"] = N_("Choose a time that is still to come, within a year.")
    if problems:
        raise Invalid(N_("The text was not saved."), fields=problems)
    send.body, send.template_version_id, send.scheduled_for = body, template_version_id, scheduled_for
    send.words = {} if send.by == "sms" else {send.by: {"subject": subject, "body": body}}
    db.session.flush()


def problems_of(send: Send, body: str, subject: str | None) -> dict[str, str]:
    """What stands against these words of a draft, field → sentence."""
    problems = template_problems(send.by, body, subject, send.words_kind)
    if problems:
        return problems
    names = compile_template(body).tokens + compile_template(subject or "").tokens
    if not send.needs_opt_in and send.source == "waitlist" and not {"product", "item"} & set(names):
        return {"body": N_("Say what is back, with [[product]]: that is what these people asked to be told.")}
    if send.by != "email" and "item" in names:
        return {"body": N_("[[item]] is for emails. Use [[product]], [[price]] and [[url]] here.")}
    return {}


def confirm(send: Send, user_id: int | None, now: datetime) -> bool:
    """A draft becomes a send.

    :returns: False when it is a draft no more: it was confirmed before, and goes once.
    """
    store = db.session.get_one(Store, send.store_id)
    undo = 0 if send.is_to_one else store_settings(store).send_undo_seconds
    starts_at = max(send.scheduled_for or now, now + timedelta(seconds=undo))
    return _change(
        send,
        ("draft",),
        state="scheduled",
        filter=_looking_back(send.filter, now),
        confirmed_by=user_id,
        confirmed_at=now,
        starts_at=starts_at,
        # A recalled restock tells nobody more.
        up_to=newest(store, send.source) if send.restock_id is None else None,
        work_at=now,
    )


def _looking_back(filter_: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The last days of an audience are those before it is confirmed: a draft may lie about for weeks."""
    days = filter_.get("days")
    return dict(filter_) | ({"since": isoformat(now - timedelta(days=days))} if days else {})


def take_back(send: Send, user_id: int | None, now: datetime) -> bool:
    """Before any of it has gone.

    :returns: False when it is too late for that.
    """
    return _change(send, ("scheduled",), state="cancelled", ended_at=now, ended_by=user_id, work_at=None)


def hurry(send: Send, now: datetime) -> bool:
    """Do not wait any longer."""
    return _change(send, ("scheduled",), starts_at=now, work_at=now)


def stop(send: Send, user_id: int | None, now: datetime) -> bool:
    """Cancel the rest: what has not been handed to the gateway by now does not go."""
    states = ("scheduled", "sending", "paused")
    return _change(send, states, state="cancelled", ended_at=now, ended_by=user_id, cursor=0, work_at=now)


def pause(send: Send) -> bool:
    """What has not been handed to the gateway by now waits until it goes on."""
    return _change(send, ("sending",), state="paused", work_at=None)


def resume(send: Send, now: datetime) -> bool:
    """Go on where it was paused."""
    if not _change(send, ("paused",), state="sending", work_at=now):
        return False
    release_paused(send, now)
    return True


def discard(send: Send) -> bool:
    """Throw a draft away."""
    return bool(
        db.session.execute(
            sa.delete(Send).where(Send.id == send.id, Send.store_id == send.store_id, Send.state == "draft")
        ).rowcount  # type: ignore[attr-defined]
    )


def _change(send: Send, states: Sequence[str], **values: Any) -> bool:
    done = db.session.execute(
        sa.update(Send)
        .where(Send.store_id == send.store_id, Send.id == send.id, Send.state.in_(states))
        .values(**values)
        .execution_options(synchronize_session=False)
    ).rowcount  # type: ignore[attr-defined]
    db.session.expire(send)
    return bool(done)


# --- what is ticked ------------------------------------------------------------------------------------------------


def picked_by(store: Store, user_id: int, source: str) -> list[int]:
    """What somebody has ticked in a list."""
    return (
        db.session.scalar(
            sa.select(Selection.picked).where(
                Selection.store_id == store.id, Selection.user_id == user_id, Selection.source == source
            )
        )
        or []
    )


def pick(
    store: Store, user_id: int, source: str, ticked: Sequence[int], unticked: Sequence[int], *, none: bool = False
) -> list[int]:
    """Add what was ticked to a selection, and take what was unticked out; with ``none`` start from nothing.

    :returns: the selection.
    :raises Invalid: it would hold more than :data:`MOST_PICKED` rows.
    """
    db.session.execute(insert_ignore(Selection).values(store_id=store.id, user_id=user_id, source=source, picked=[]))
    selection = db.session.scalars(
        sa.select(Selection)
        .where(Selection.store_id == store.id, Selection.user_id == user_id, Selection.source == source)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    before = set() if none else set(selection.picked)
    picked = sorted((before | set(ticked)) - (set(unticked) - set(ticked)))
    if len(picked) > MOST_PICKED:
        raise Invalid(
            N_(
                "At most %(most_picked)s rows are ticked one by one; for more, send to all that match a filter.",
                most_picked=f"{MOST_PICKED:,}",
            )
        )
    selection.picked = picked
    db.session.flush()
    return picked
