"""For machines: is the process up, can it work?"""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from nexnotify.db import db

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    """The process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def readyz() -> ResponseReturnValue:
    """The database answers too; 503 in the one error shape when it does not."""
    db.session.execute(sa.text("SELECT 1"))
    return jsonify(status="ok")
