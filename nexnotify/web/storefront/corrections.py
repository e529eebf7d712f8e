"""The correction of a recalled restock."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from flask import jsonify
from flask.typing import ResponseReturnValue
from pydantic import Field

from nexnotify.campaigns.corrections import correct, draft_of
from nexnotify.campaigns.models import Send
from nexnotify.campaigns.summary import summarise
from nexnotify.clock import utcnow
from nexnotify.content.service import MAX_EMAIL
from nexnotify.credits.rules import needed
from nexnotify.db import db, transaction
from nexnotify.errors import Invalid, NotFound
from nexnotify.nudge import nudge
from nexnotify.reports.sends import going_of
from nexnotify.restock.models import RestockEvent
from nexnotify.stores.models import Store
from nexnotify.stores.service import audit
from nexnotify.stores.settings import store_settings
from nexnotify.web.guards import the_store
from nexnotify.web.payloads import Payload, moment, read_body
from nexnotify.web.storefront import blueprint

_Text = Annotated[str, Field(max_length=MAX_EMAIL)]


class TitledPayload(Payload):
    """Words with a subject."""

    subject: Annotated[str, Field(max_length=200)]
    body: _Text


class CorrectionPayload(Payload):
    """Words for each channel on which the restock had told somebody; others are not looked at."""

    sms: _Text | None = Field(None, description="The text message, with tokens.")
    email: TitledPayload | None = Field(None, description="The email.")
    push: TitledPayload | None = Field(None, description="The push message.")
    preview: bool = Field(False, description="Only say what it would come to; nothing is written and nothing sent.")

    def words(self) -> dict[str, dict[str, str | None]]:
        """By channel."""
        titled = {"email": self.email, "push": self.push}
        found: dict[str, dict[str, str | None]] = {
            channel: {"subject": each.subject, "body": each.body} for channel, each in titled.items() if each
        }
        return found | ({"sms": {"subject": None, "body": self.sms}} if self.sms else {})


@blueprint.post("/restocks/<int:restock_id>/correction")
def add_correction(restock_id: int) -> ResponseReturnValue:
    """Tell those whom a recalled restock had told that it was not so. The same words again are the same correction."""
    store, asked, now = the_store(), read_body(CorrectionPayload), utcnow()
    try:
        if asked.preview:
            return jsonify(_looked_at(store, draft_of(_event(store, restock_id), asked.words(), None, now)))
        with transaction():
            send, is_new = correct(_event(store, restock_id, lock=True), asked.words(), None, now)
            if is_new:
                words = {channel: each["body"] for channel, each in send.words.items()}
                audit(store, "restock.corrected", None, now, restock=restock_id, words=words)
    except Invalid as error:
        raise Invalid(error.message, fields={_field(name): words for name, words in error.fields.items()}) from None
    nudge("campaigns")
    return jsonify(_gone(store, send))


def _field(name: str) -> str:
    """As the body names what the verb calls ``sms_body``, ``email_subject`` …"""
    channel, _, part = name.partition("_")
    return channel if channel == "sms" else f"{channel}.{part}"


def _event(store: Store, restock_id: int, *, lock: bool = False) -> RestockEvent:
    statement = sa.select(RestockEvent).where(RestockEvent.store_id == store.id, RestockEvent.id == restock_id)
    if lock:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    event = db.session.scalars(statement).first()
    if event is None:
        raise NotFound("This store has no restock with that id.")
    return event


def _looked_at(store: Store, draft: Send) -> dict[str, Any]:
    found = summarise(store, draft, utcnow())
    return _json(store, draft, found.people, found.left, found.segments)


def _gone(store: Store, send: Send) -> dict[str, Any]:
    """How it stands; before its people are written down, as counted."""
    if send.planned_at is None:
        found = summarise(store, send, utcnow())
        return _json(store, send, found.people, found.left, found.segments)
    going = going_of(send)
    return _json(store, send, going.written, going.left, send.segments)


def _json(store: Store, send: Send, people: int, left: Any, segments: int) -> dict[str, Any]:
    settings = store_settings(store)
    return {
        "id": send.id or 0,
        "state": send.state,
        "confirmed_at": moment(send.confirmed_at),
        "words": send.words,
        "people": people,
        "left_out": dict(left),
        "segments": segments,
        "credits": needed(segments, settings.credits_per_segment) if settings.credits else None,
    }
