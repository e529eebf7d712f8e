"""The widget's two endpoints: what can be asked for, and asking. No cookie, no session, any origin the store allows."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, jsonify, request
from flask.typing import ResponseReturnValue

from nexnotify.catalog.service import find_variant
from nexnotify.clock import utcnow
from nexnotify.content.disclosure import disclosure
from nexnotify.customers.service import count_signup
from nexnotify.db import transaction
from nexnotify.errors import Forbidden, Invalid, NotFound
from nexnotify.nudge import nudge
from nexnotify.stores.models import Store
from nexnotify.stores.service import find_store
from nexnotify.stores.settings import store_settings
from nexnotify.waitlist.service import offered_channels
from nexnotify.web.payloads import RequestPayload, read_body
from nexnotify.web.signups import sign_up, wanted_addresses

blueprint = Blueprint("widget", __name__)

MAX_BODY = 16_384


@blueprint.before_request
def _small_bodies_only() -> None:
    request.max_content_length = MAX_BODY


@blueprint.after_request
def _cross_origin(response: Response) -> Response:
    """The page's own script may read the answer; whether the origin is allowed was decided before."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@blueprint.route("/<store_key>/<path:_rest>", methods=["OPTIONS"])
def preflight(store_key: str, _rest: str) -> ResponseReturnValue:
    """For pages that send JSON as JSON."""
    headers = {"Access-Control-Allow-Headers": "content-type", "Access-Control-Allow-Methods": "GET, POST"}
    return "", 204, {**headers, "Access-Control-Max-Age": "86400"}


@blueprint.get("/<store_key>/variants")
def variants(store_key: str) -> ResponseReturnValue:
    """Status and offered channels of the variants asked for by ``sku`` or ``variant_id``."""
    store = _store(store_key)
    skus, ids = request.args.getlist("sku"), request.args.getlist("variant_id")
    if not skus and not ids:
        raise Invalid("Name a variant: ?sku= or ?variant_id=.", fields={"sku": "missing"})
    found = [find_variant(store, sku=sku) for sku in skus[:50]]
    found += [find_variant(store, variant_id=variant_id) for variant_id in ids[:50]]
    known = [variant for variant in found if variant is not None]
    if not known:
        raise NotFound("This store does not have that product.")
    rows = []
    for variant in known:
        status, channels = offered_channels(store, variant)
        row = {"sku": variant.sku, "variant_id": variant.external_id, "status": status, "channels": list(channels)}
        rows.append(row)
    answer = jsonify(variants=rows, consent_text=disclosure(store.name))
    answer.headers["Cache-Control"] = "public, max-age=5"
    return answer


@blueprint.post("/<store_key>/requests")
def ask(store_key: str) -> ResponseReturnValue:
    """Join the waitlist. The answer is the same whether the contact was known or not."""
    store = _store(store_key)
    payload = read_body(RequestPayload)
    settings, now = current_app.extensions["nexnotify"].settings, utcnow()
    with transaction():
        count_signup(store, f"ip {request.remote_addr}", settings.signups_per_ip, now)
    addresses = wanted_addresses(store, payload)
    with transaction():
        for address in addresses.values():
            count_signup(store, address, settings.signups_per_contact, now)
    with transaction():
        sign_up(store, payload, addresses, method="widget", source="widget", confirm=True, now=now)
    nudge("send")
    return jsonify(status="waiting"), 202


def _store(key: str) -> Store:
    store = find_store(key)
    if store is None:
        raise NotFound("There is no store with this key.")
    origin = request.headers.get("Origin")
    domains = store_settings(store).domains
    if origin and domains and origin.lower() not in domains:
        raise Forbidden("This page may not use the store's widget; the merchant can add it under Settings, Domains.")
    return store
