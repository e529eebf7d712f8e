"""Learning from a store's own outcomes who is likely to buy, at most once a day, in stores that have it on."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from nexnotify.db import db
from nexnotify.ledger.models import Alert, Message, Prediction
from nexnotify.ledger.planning.drafts import KIND
from nexnotify.ledger.planning.likelihood import (
    FEATURES,
    HELD_BACK,
    NEEDED_TOLD,
    NEEDED_YES,
    Asking,
    Past,
    Told,
    features,
    is_better,
)
from nexnotify.outcomes.models import Click, OrderMatch
from nexnotify.outcomes.past import past_of
from nexnotify.settings import ROOT
from nexnotify.stores.models import Store
from nexnotify.stores.settings import store_settings
from nexnotify.waitlist.models import AlertRequest

#: It is learned anew after so long.
AGAIN = timedelta(days=1)
#: Alerts that are learned from, the latest; a shop changes, and a model of seven weights needs no more.
MOST = 20_000
#: Contacts whose past is read at a time.
_PIECE = 500
#: Seconds that fitting may take; it takes about three.
_PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class Data:
    """How much there is to learn from: alerts whose outcome is known, and what came of them, counted as far as needed."""

    told: int
    bought: int
    clicked: int

    @property
    def goal(self) -> str | None:
        """What the likelihood of can be learned: purchases where there are enough, else clicks."""
        if self.told < NEEDED_TOLD:
            return None
        return "bought" if self.bought >= NEEDED_YES else "clicked" if self.clicked >= NEEDED_YES else None


def data_of(store: Store, now: datetime) -> Data:
    """Count what there is, and stop where it is enough: a store may have told millions."""
    until = now - timedelta(days=store_settings(store).attribution_days)
    told = sa.select(Message.id).where(Message.store_id == store.id, Message.kind == KIND, Message.accepted_at <= until)
    bought = sa.select(OrderMatch.id).where(
        OrderMatch.store_id == store.id, OrderMatch.counts, OrderMatch.restock_id.is_not(None)
    )
    clicked = sa.select(Click.link_id).where(Click.store_id == store.id, Click.is_person).distinct()
    return Data(_count(told, NEEDED_TOLD), _count(bought, NEEDED_YES), _count(clicked, NEEDED_YES))


def _count(rows: sa.Select[Any], most: int) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(rows.limit(most).subquery())) or 0


def is_due(store: Store, now: datetime) -> bool:
    """Whether it is time to learn."""
    if not store_settings(store).likely_first:
        return False
    tried = db.session.scalar(sa.select(Prediction.tried_at).where(Prediction.store_id == store.id))
    return tried is None or tried <= now - AGAIN


def learn(examples: list[tuple[tuple[float, ...], int, int, float]]) -> dict[str, Any] | None:
    """Fit a model in a short process of its own; no transaction is open meanwhile.

    :raises subprocess.SubprocessError: it broke or took too long.
    """
    given = {"names": list(FEATURES), "examples": examples, "held_back": HELD_BACK}
    done = subprocess.run(
        [sys.executable, "-m", "nexnotify.outcomes.fit"],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        cwd=ROOT,  # where the package is found, wherever the worker was started
        check=True,
    )
    found: dict[str, Any] | None = json.loads(done.stdout)
    return found


def examples_of(store: Store, goal: str, now: datetime) -> list[tuple[tuple[float, ...], int, int, float]]:
    """Alerts with a known outcome, oldest first, as the model sees them: as they were when the text went."""
    until = now - timedelta(days=store_settings(store).attribution_days)
    rows = db.session.execute(
        sa.select(
            Message.contact_id,
            Alert.request_id,
            Alert.restock_id,
            AlertRequest.created_at,
            AlertRequest.quantity,
            Message.channel,
            AlertRequest.source,
        )
        .join(Alert, sa.and_(Alert.store_id == Message.store_id, Alert.message_id == Message.id))
        .join(AlertRequest, sa.and_(AlertRequest.store_id == Alert.store_id, AlertRequest.id == Alert.request_id))
        .where(Message.store_id == store.id, Message.kind == KIND, Message.accepted_at <= until)
        .order_by(Message.id.desc())
        .limit(MOST)
    ).all()
    past: dict[int, Past] = {}
    people = list(dict.fromkeys(row.contact_id for row in rows))
    for begin in range(0, len(people), _PIECE):
        past |= past_of(store.id, people[begin : begin + _PIECE])
    found = []
    for contact_id, request_id, restock_id, created_at, quantity, channel, source in reversed(rows):
        known, asking = past[contact_id], Asking(created_at, quantity, channel, source)
        told = _told(known, request_id, restock_id)
        if told is not None:
            yes = told.bought_at if goal == "bought" else told.clicked_at
            waited = (told.at - asking.created_at) / timedelta(days=1)
            found.append((features(asking, known, told.at), int(yes is not None), restock_id, waited))
    return found


def _told(past: Past, request_id: int, restock_id: int) -> Told | None:
    same = (told for told in past.told if (told.request_id, told.restock_id) == (request_id, restock_id))
    return next(same, None)


def put_off(store: Store, now: datetime) -> None:
    """Something broke: what was known stays, until it is tried again."""
    _row(store).tried_at = now
    db.session.flush()


def _row(store: Store) -> Prediction:
    db.session.get_one(Store, store.id, with_for_update=True)  # one after the other, where two workers have learned
    row = db.session.scalar(sa.select(Prediction).where(Prediction.store_id == store.id))
    if row is None:
        row = Prediction(store_id=store.id, told=0, bought=0, clicked=0)
        db.session.add(row)
    return row


def keep(store: Store, data: Data, goal: str | None, found: dict[str, Any] | None, now: datetime) -> Prediction:
    """Write down what was learned, in place of what was known; without a model, that there is none."""
    row = _row(store)
    row.tried_at, row.told, row.bought, row.clicked = now, data.told, data.bought, data.clicked
    row.goal, row.intercept = (goal, found["intercept"]) if found else (None, None)
    row.weights, row.means, row.figures = (found[part] if found else {} for part in ("weights", "means", "figures"))
    row.in_use = found is not None and is_better(row.figures)
    db.session.flush()
    return row
