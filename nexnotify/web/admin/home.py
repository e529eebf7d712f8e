"""The start page, and the change of store."""

from __future__ import annotations

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue

from nexnotify.web.admin.access import staff_guard, switch_store

bp = Blueprint("admin", __name__)
bp.before_request(staff_guard)


@bp.get("")
@bp.get("/")
def index() -> ResponseReturnValue:
    """Who waits for what is what a merchant looks at first."""
    return redirect(url_for("admin_waitlist.index"))


@bp.post("/store/<int:store_id>")
def change_store(store_id: int) -> ResponseReturnValue:
    """Work in another of one's stores."""
    return switch_store(store_id)
