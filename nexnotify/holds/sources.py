"""The storefront that keeps a store's units: configured, opened, and what it said last."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import current_app
from wtforms import Form

from nexnotify import outbound
from nexnotify.db import db
from nexnotify.errors import NotFound
from nexnotify.fetch import Unreachable
from nexnotify.holds.contract import Answer, Holds, NoAnswer
from nexnotify.holds.loader import HoldKinds
from nexnotify.holds.models import HoldSource
from nexnotify.plugin_settings import changes, form_of
from nexnotify.stores.models import Store
from nexnotify.words import N_


def hold_kinds() -> HoldKinds:
    """The plugins found at the start."""
    found: HoldKinds = current_app.extensions["nexnotify"].holds
    return found


def plugin_of(kind: str) -> type[Holds]:
    """The plugin of this key.

    :raises NotFound: there is none, or its file is broken.
    """
    if kind not in hold_kinds().kinds:
        raise NotFound(N_("There is no way to hold units called %(kind)s.", kind=kind))
    return hold_kinds().kinds[kind]


def source_of(store_id: int) -> HoldSource | None:
    """Where the store's units are kept; None: nowhere, or its plugin cannot be used."""
    source = _kept_for(store_id)
    return source if source is not None and source.kind in hold_kinds().kinds else None


def _kept_for(store_id: int) -> HoldSource | None:
    mine = sa.select(HoldSource).where(HoldSource.store_id == store_id)
    return db.session.scalar(mine.execution_options(populate_existing=True))


def source_form(kind: str, data: Mapping[str, str] | None, stored: Mapping[str, Any]) -> Form:
    """The plugin's form, filled from ``data``; empty secrets keep what is stored."""
    return form_of(plugin_of(kind).Settings, data, stored)


def configure(store: Store, kind: str, values: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Save where units are kept; the form has checked ``values``.

    :returns: what changed, for the audit trail; secrets only by name.
    """
    source = _kept_for(store.id)
    # What another plugin's settings hold may be secret by another name.
    own = json.loads(source.settings) if source and source.kind == kind else {}
    before = {**own, "kind": source.kind} if source else {}
    if source is None:
        source = HoldSource(store_id=store.id, created_at=now)
        db.session.add(source)
    source.kind, source.settings, source.trouble, source.trouble_at = kind, json.dumps(dict(values)), None, None
    db.session.flush()
    return changes(plugin_of(kind).Settings(), before, {**values, "kind": kind})


def opened(source: HoldSource) -> Holds:
    """The plugin with the store's settings, and a network that leads to public addresses alone."""
    private = current_app.extensions["nexnotify"].settings.readable_origins

    def post(url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        try:
            answer = outbound.post(url, body, headers, private)
        except Unreachable as error:
            raise NoAnswer(str(error)) from None
        return Answer(answer.status, answer.body)

    return plugin_of(source.kind)(json.loads(source.settings), post)


def heard(store_id: int, trouble: str | None, now: datetime) -> None:
    """Keep why the last call brought no answer, or that it did."""
    changed = sa.update(HoldSource).where(HoldSource.store_id == store_id)
    if trouble is None:
        changed = changed.where(HoldSource.trouble.is_not(None)).values(trouble=None, trouble_at=None)
    else:
        changed = changed.values(trouble=trouble[:400], trouble_at=now)
    db.session.execute(changed.execution_options(synchronize_session=False))
