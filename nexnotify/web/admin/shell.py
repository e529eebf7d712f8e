"""What every admin page shows around its content: the store, its switcher, what a role allows, what needs a look."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask import Flask, g
from sqlalchemy.orm.exc import ObjectDeletedError

from nexnotify.credits.service import can_send
from nexnotify.db import db
from nexnotify.dispatch.merchant import LEFT
from nexnotify.gateways.models import GatewayInstance
from nexnotify.ledger.models import Message
from nexnotify.reports.words import channel_word, kind_word, reason_words
from nexnotify.web.admin.access import current_store, may
from nexnotify.web.admin.saved_views import view_tabs
from nexnotify.web.admin.sends.blueprint import may_text
from nexnotify.words import translated


def init_shell(app: Flask) -> None:
    """The context of every admin page, and the words its templates use."""
    app.context_processor(_around)
    for words in (channel_word, kind_word, reason_words):
        app.add_template_filter(_said(words), words.__name__)


def _said(words: Callable[[Any], str]) -> Callable[[Any], str]:
    """The words for a code, in the reader's language."""
    return lambda code: translated(words(code))


def _around() -> dict[str, Any]:
    if "membership" not in g:
        return {}
    try:
        stores = [(item.store.name, item.store_id) for item in g.memberships]
    except ObjectDeletedError:
        return {}  # removed while they were at it, and this is the page that says so
    return {
        "store": g.store,
        "stores": stores,
        "may": may,
        "may_text": may_text,
        "nav_badges": nav_badges,
        "view_tabs": view_tabs,
        # Where it is false, no page offers to send a text.
        "can_send_texts": lambda: can_send(g.store),
    }


def nav_badges() -> dict[str, int]:
    """Endpoint → how many things there wait for a person. Asked by the shell only, so that error pages ask nothing."""
    store = current_store()
    uncertain = sa.select(sa.func.count()).where(
        Message.store_id == store.id, Message.status == "uncertain", Message.reason.is_distinct_from(LEFT)
    )
    paused = sa.select(sa.func.count()).where(
        GatewayInstance.store_id == store.id, GatewayInstance.paused_at.is_not(None)
    )
    return {
        "admin_messages.index": db.session.scalar(uncertain) or 0,
        "admin_gateways.index": db.session.scalar(paused) or 0,
    }
