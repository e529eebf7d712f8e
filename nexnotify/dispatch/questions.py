"""Deciding again about questions: what was answered, or needs no answer any more, is not asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from nexnotify.db import IdIn, db
from nexnotify.dispatch.due import Due
from nexnotify.ledger.asking.questions import AT_ONCE
from nexnotify.ledger.models import Question
from nexnotify.policy.eligibility import Facts, Policy, Verdict, decide_answer, decide_question
from nexnotify.policy.places import Known
from nexnotify.stores.settings import StoreSettings
from nexnotify.waitlist.models import AlertRequest, ChangedWish

_question, _request, _wish = Question.__table__, AlertRequest.__table__, ChangedWish.__table__
_ABOUT = (
    sa.select(
        _question.c.message_id,
        _question.c.cause,
        _request.c.status,
        _request.c.asked_status,
        _request.c.confirm_by,
        _request.c.renewal_asked_at,
        _question.c.asked_at,
        _wish.c.wished_at,
        _wish.c.confirm_by.label("wish_by"),
    )
    .join(_request, sa.and_(_request.c.store_id == _question.c.store_id, _request.c.id == _question.c.request_id))
    .outerjoin(
        _wish,
        sa.and_(
            _wish.c.store_id == _question.c.store_id,
            _wish.c.request_id == _question.c.request_id,
            _wish.c.ended_at.is_(None),
        ),
    )
    .where(_question.c.store_id == sa.bindparam("b_store"), IdIn(_question.c.message_id))
)


class Questions:
    """What the questions among the messages of one claim are about."""

    def __init__(self, store_id: int, message_ids: Sequence[int], settings: StoreSettings) -> None:
        self._settings = settings
        self._about: dict[int, Any] = {}
        if message_ids:
            where = {"b_store": store_id, "b_ids": list(message_ids)}
            self._about = {row.message_id: row for row in db.session.connection().execute(_ABOUT, where)}

    def decide(self, due: Due, policy: Policy, known: Known | None, now: datetime) -> Verdict:
        """May it be asked now? ``known``: of where the person is."""
        about = self._about.get(due.id)
        facts = Facts(
            opted_out=due.opted_out_at is not None,
            reachable=due.unreachable_at is None,
            request_open=about is not None and _is_open(about, now),
            switched_on=about is not None and due.channel in self._settings.switches.offered(about.asked_status),
            paused=self._settings.is_paused(due.channel),
            known=known,
        )
        if about is not None and about.cause in AT_ONCE and facts.request_open:
            return decide_answer(facts)
        return decide_question(facts, policy, now)


def _is_open(about: Any, now: datetime) -> bool:
    """Whether a yes would still change something."""
    if about.cause == "renewal":
        return bool(about.status == "waiting" and about.renewal_asked_at is not None)
    if about.cause == "wish":
        is_meant = about.wish_by is not None and about.wish_by > now and about.wished_at <= about.asked_at
        return bool(about.status == "waiting" and is_meant)
    return bool(about.status == "pending" and about.confirm_by is not None and about.confirm_by > now)
