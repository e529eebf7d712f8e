"""Where gateways call us. Kept first, answered exactly as the provider wants, never waiting for sending."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, request
from flask.typing import ResponseReturnValue

from nexnotify.clock import utcnow
from nexnotify.db import transaction
from nexnotify.errors import NotFound, Unavailable
from nexnotify.gateways.contract import CallbackRequest
from nexnotify.gateways.loader import UnknownGateway
from nexnotify.gateways.service import find_by_token
from nexnotify.nudge import nudge
from nexnotify.receipts.service import take_callback

blueprint = Blueprint("callbacks", __name__)

MAX_BODY = 65_536


@blueprint.before_request
def _small_bodies_only() -> None:
    request.max_content_length = MAX_BODY


@blueprint.route("/<int:gateway_id>/<token>/<any(receipts, inbound):kind>", methods=["GET", "POST"])
def callback(gateway_id: int, token: str, kind: str) -> ResponseReturnValue:
    """Receipts and inbound texts of one configured gateway; the token in the address is a secret of its own."""
    instance = find_by_token(gateway_id, token)
    if instance is None:
        raise NotFound("There is no gateway at this address.")
    call = _as_it_came()
    try:
        with transaction():
            reply = take_callback(instance, call, "receipts" if kind == "receipts" else "inbound", utcnow())
    except UnknownGateway:
        raise Unavailable("This gateway's plugin is not loaded; please call again later.") from None
    nudge("receipts" if kind == "receipts" else "send")
    return Response(reply.body, reply.status, content_type=reply.content_type)


def _as_it_came() -> CallbackRequest:
    public = current_app.extensions["nexnotify"].settings.public_url
    query = request.query_string.decode("utf-8", "replace")
    body = request.get_data(cache=True)
    return CallbackRequest(
        method=request.method,
        url=f"{public}{request.path}" + (f"?{query}" if query else ""),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
        query={name: list(values) for name, values in request.args.lists()},
        form={name: list(values) for name, values in request.form.lists()},
    )
