"""The widget's endpoints: what can be asked for, and asking. No cookie, no session, any origin the store allows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from nexnotify.catalog.service import find_variant
from nexnotify.content.disclosure import disclosure
from nexnotify.content.widget_texts import pick_language
from nexnotify.errors import Forbidden, Invalid, NotFound
from nexnotify.gateways.push import PushGateway
from nexnotify.stores.models import Store
from nexnotify.stores.service import find_store
from nexnotify.stores.settings import can_reply, store_settings
from nexnotify.waitlist.offers import offered_channels, offered_intents
from nexnotify.web.payloads import read_body
from nexnotify.web.pushing import push_gateway
from nexnotify.web.request_payloads import WidgetRequestPayload
from nexnotify.web.signups import take_signup
from nexnotify.web.widget_config import config_json, find_offer

blueprint = Blueprint("widget", __name__)

MAX_BODY = 16_384


@blueprint.before_request
def small_bodies_only() -> None:
    """Nobody's page has much to say."""
    request.max_content_length = MAX_BODY


@blueprint.after_request
def cross_origin(response: Response) -> Response:
    """The page's own script may read the answer; whether the origin is allowed was decided before."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    if request.method == "OPTIONS":  # pages that send JSON as JSON; our own widget needs no preflight
        response.headers["Access-Control-Allow-Headers"] = "content-type"
        response.headers["Access-Control-Allow-Methods"] = "GET, POST"
        response.headers["Access-Control-Max-Age"] = "86400"
    return response


@blueprint.get("/<store_key>/variants")
def variants(store_key: str) -> ResponseReturnValue:
    """Status and offered channels of the variants asked for by ``sku`` or ``variant_id``; the key that pushes need."""
    store = store_of(store_key)
    skus, ids = request.args.getlist("sku"), request.args.getlist("variant_id")
    if not skus and not ids:
        raise Invalid("Name a variant: ?sku= or ?variant_id=.", fields={"sku": "missing"})
    found = [find_variant(store, sku=sku) for sku in skus[:50]]
    found += [find_variant(store, variant_id=variant_id) for variant_id in ids[:50]]
    known = [variant for variant in found if variant is not None and variant.product.published]
    if not known:
        raise NotFound("This store does not have that product.")
    offers = [(variant, *offered_channels(store, variant), offered_intents(store, variant)) for variant in known]
    wished = {
        channel for _, _, channels, intents in offers for found in (channels, *intents.values()) for channel in found
    }
    gateway = push_gateway(store) if "push" in wished else None
    rows = []
    for variant, status, channels, intents in offers:
        row: dict[str, Any] = {"sku": variant.sku, "variant_id": variant.external_id, "status": status}
        row["channels"] = _without_push(channels, gateway)
        if some := {intent: left for intent, each in intents.items() if (left := _without_push(each, gateway))}:
            row["intents"] = some
        rows.append(row)
    words = {"consent_text": disclosure(store.name, can_reply=can_reply(store))}
    answer = jsonify(variants=rows, **words, **({"push_key": gateway.push_key()} if gateway else {}))
    answer.headers["Cache-Control"] = "public, max-age=5"
    return answer


def _without_push(channels: Iterable[str], gateway: PushGateway | None) -> list[str]:
    """These channels; push only where something sends it."""
    return [channel for channel in channels if gateway or channel != "push"]


@blueprint.get("/<store_key>/config")
def config(store_key: str) -> ResponseReturnValue:
    """All that one widget needs, for the product of ``sku``, ``variant_id`` or ``product``, in the page's ``lang``."""
    store = store_of(store_key)
    sku, variant_id, product = (request.args.get(name) for name in ("sku", "variant_id", "product"))
    if not (sku or variant_id or product):
        raise Invalid("Name a product: ?sku=, ?variant_id= or ?product=.", fields={"sku": "missing"})
    worker = store_settings(store).push_worker
    offer = find_offer(store, sku, variant_id, product, can_push=bool(worker))
    gateway = push_gateway(store) if offer and offer.has_push else None
    if offer and offer.has_push and gateway is None:
        offer = find_offer(store, sku, variant_id, product)
    if offer is None:
        raise NotFound("This store does not have that product.")
    language = pick_language(request.args.get("lang"), store.locale)
    push = {"key": gateway.push_key(), "worker": worker} if gateway else None
    answer = jsonify(config_json(store, offer, language, push))
    answer.headers["Cache-Control"] = "public, max-age=5"
    return answer


@blueprint.post("/<store_key>/requests")
def ask(store_key: str) -> ResponseReturnValue:
    """Join the waitlist. The answer is the same whether the contact was known or not."""
    store = store_of(store_key)
    take_signup(store, read_body(WidgetRequestPayload), method="widget", source="widget")
    return jsonify(status="waiting"), 202


def store_of(key: str) -> Store:
    """The store of a public key, if the page that asks may speak for it.

    :raises NotFound: there is none.
    :raises Forbidden: the page's origin is not among the store's domains.
    """
    store = find_store(key)
    if store is None:
        raise NotFound("There is no store with this key.")
    origin = request.headers.get("Origin")
    domains = store_settings(store).domains
    if origin and domains and origin.lower() not in domains:
        raise Forbidden("This page may not use the store's widget; the merchant can add it under Settings, Domains.")
    return store
