"""What payment providers tell us. The token in the address is a secret of its own, and the provider signs its calls."""

from __future__ import annotations

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from nexnotify.clock import utcnow
from nexnotify.credits.buying import find_purchase, opened, payment_at, pays
from nexnotify.credits.contract import BadCall, BadSignature, Call, News
from nexnotify.credits.models import Payment
from nexnotify.db import db, transaction
from nexnotify.errors import Conflict, Forbidden, Invalid, NotFound
from nexnotify.ledger.paying import close_purchase
from nexnotify.nudge import nudge
from nexnotify.stores.models import Store
from nexnotify.stores.service import audit

MAX_BODY = 256 * 1024

blueprint = Blueprint("hooks", __name__)


@blueprint.before_request
def _small_bodies_only() -> None:
    request.max_content_length = MAX_BODY


@blueprint.post("/<int:payment_id>/<token>")
def hook(payment_id: int, token: str) -> ResponseReturnValue:
    """One call of a payment provider's. What was heard before changes nothing, so it may come as often as it likes."""
    payment = payment_at(payment_id, token)
    if payment is None:
        raise NotFound("There is no way to pay at this address.")
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        news = opened(payment).receive(Call(request.method, headers, request.get_data()))
    except BadSignature as error:
        raise Forbidden(str(error)) from None
    except BadCall as error:
        raise Invalid(str(error)) from None
    if news is not None:
        _take(payment, news)
        nudge("send")
    return jsonify(status="ok")


def _take(payment: Payment, news: News) -> None:
    now = utcnow()
    with transaction():
        purchase = find_purchase(payment, news.reference, news.provider_id)
        if purchase is None:
            return
        if news.status == "paid" and not pays(purchase, news):
            raise Conflict("Less was paid than this purchase costs.")
        if close_purchase(purchase, news.status, None, now):
            store = db.session.get_one(Store, purchase.store_id)
            about = {"credits": purchase.credits, "purchase": purchase.id}
            audit(store, f"credits.{news.status}", None, now, by=payment.kind, **about)
