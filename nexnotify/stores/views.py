"""Saved views: the filter and order of a list under a name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from nexnotify.db import db
from nexnotify.errors import Conflict, Invalid
from nexnotify.stores.models import Membership, SavedView, Store
from nexnotify.words import N_

LONGEST_NAME = 60
#: Views of one person for one list; more are no help.
MOST = 20


def views_of(store_id: int, user_id: int, list_name: str) -> list[SavedView]:
    """One's own views of a list and those shared with the store, by name."""
    mine = sa.or_(SavedView.user_id == user_id, SavedView.shared.is_(True))
    statement = sa.select(SavedView).where(SavedView.store_id == store_id, SavedView.list == list_name, mine)
    return list(db.session.scalars(statement.order_by(sa.func.lower(SavedView.name), SavedView.id)))


def save_view(
    store: Store, user_id: int, list_name: str, name: str, query: Mapping[str, str], shared: bool, now: datetime
) -> SavedView:
    """Keep a filter under a name.

    :raises Invalid: no name, a long one, or one that the person has used for this list.
    :raises Conflict: the person has very many already.
    """
    # The store's row is locked, so that two saves at once do not both find the name free.
    db.session.get_one(Store, store.id, with_for_update=True)
    name = _checked(store.id, user_id, list_name, name)
    own = sa.select(sa.func.count()).where(
        SavedView.store_id == store.id, SavedView.user_id == user_id, SavedView.list == list_name
    )
    if (db.session.scalar(own) or 0) >= MOST:
        raise Conflict(N_("You have %(most)s views of this list. Delete one first.", most=MOST))
    view = SavedView(
        store_id=store.id,
        user_id=user_id,
        list=list_name,
        name=name,
        query=dict(query),
        shared=shared,
        created_at=now,
    )
    db.session.add(view)
    db.session.flush()
    return view


def change_view(view: SavedView, name: str, shared: bool) -> dict[str, list[object]]:
    """Rename a view, share it or take it back.

    :returns: field → before and after, of what changed.
    :raises Invalid: as for :func:`save_view`.
    """
    db.session.get_one(Store, view.store_id, with_for_update=True)
    before = {"name": view.name, "shared": view.shared}
    view.name = _checked(view.store_id, view.user_id, view.list, name, but=view.id)
    view.shared = shared
    db.session.flush()
    after = {"name": view.name, "shared": view.shared}
    return {key: [before[key], after[key]] for key in before if before[key] != after[key]}


def delete_view(view: SavedView) -> None:
    """It is gone, for everybody."""
    db.session.delete(view)
    db.session.flush()


def forget_views(membership: Membership) -> None:
    """Somebody leaves the store: their own views go, those they shared stay."""
    db.session.execute(
        sa.delete(SavedView).where(
            SavedView.store_id == membership.store_id,
            SavedView.user_id == membership.user_id,
            SavedView.shared.is_(False),
        )
    )


def _checked(store_id: int, user_id: int, list_name: str, name: str, but: int = 0) -> str:
    name = " ".join(name.split())
    words = ""
    if not name:
        words = N_("Give it a name.")
    elif len(name) > LONGEST_NAME:
        words = N_("%(longest_name)s characters is the most.", longest_name=LONGEST_NAME)
    else:
        same = sa.select(SavedView.id).where(
            SavedView.store_id == store_id,
            SavedView.user_id == user_id,
            SavedView.list == list_name,
            SavedView.name == name,
            SavedView.id != but,
        )
        if db.session.scalar(same) is not None:
            words = N_("There is a view of this name already.")
    if words:
        raise Invalid(words, fields={"name": words})
    return name
