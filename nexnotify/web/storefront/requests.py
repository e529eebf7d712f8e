"""Alert requests in and out, and the story of each."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import joinedload

from nexnotify.catalog.models import Variant
from nexnotify.catalog.service import find_variant
from nexnotify.clock import utcnow
from nexnotify.customers.models import Contact
from nexnotify.db import db
from nexnotify.errors import Invalid, NotFound
from nexnotify.nudge import nudge
from nexnotify.reports.trace import trace
from nexnotify.stores.settings import StoreSettings, store_settings
from nexnotify.waitlist.life import ends_at
from nexnotify.waitlist.models import INTENTS, STATUSES, AlertRequest
from nexnotify.waitlist.scope import skus_wanted
from nexnotify.web.bulk import bulk
from nexnotify.web.guards import the_store
from nexnotify.web.payloads import (
    moment,
    next_address,
    page_of,
    refuse_unknown_filters,
)
from nexnotify.web.request_payloads import ApiRequestPayload
from nexnotify.web.signups import sign_up, wanted_addresses
from nexnotify.web.storefront import blueprint


@blueprint.post("/requests")
def post_requests() -> ResponseReturnValue:
    """Ask for shoppers; who waits already stays where it is and gets no second confirmation."""
    store, now = the_store(), utcnow()

    def save(row: ApiRequestPayload) -> list[dict[str, Any]]:
        addresses = wanted_addresses(store, row)
        joined = sign_up(store, row, addresses, method="api", source=row.source, confirm=row.confirm, now=now)
        return [{"id": item.request_id, "channel": item.contact.channel, "status": item.status} for item in joined]

    answer, saved = bulk("requests", ApiRequestPayload, save, lock_order=_lock_order)
    nudge("send")
    made = [{"index": index, **item} for index, items in saved for item in items]
    return jsonify({**answer, "requests": made})


def _lock_order(row: ApiRequestPayload) -> tuple[str, ...]:
    return row.ref, row.phone or "", row.email or "", row.push.address if row.push else ""


@blueprint.get("/requests")
def get_requests() -> ResponseReturnValue:
    """Requests, newest first, by ``sku`` (or ``variant_id``), ``status`` and ``intent``."""
    refuse_unknown_filters(("sku", "variant_id", "status", "intent"))
    store, (after, limit) = the_store(), page_of("after")
    statement = (
        sa.select(AlertRequest, Contact, Variant)
        .options(joinedload(Variant.product))
        .join(Contact, sa.and_(Contact.store_id == AlertRequest.store_id, Contact.id == AlertRequest.contact_id))
        .join(Variant, sa.and_(Variant.store_id == AlertRequest.store_id, Variant.id == AlertRequest.variant_id))
        .where(AlertRequest.store_id == store.id)
    )
    if "sku" in request.args or "variant_id" in request.args:
        variant = find_variant(store, sku=request.args.get("sku"), variant_id=request.args.get("variant_id"))
        statement = statement.where(AlertRequest.variant_id == (variant.id if variant else 0))
    if (status := request.args.get("status")) is not None:
        if status not in STATUSES:
            raise Invalid(f"A request's status is one of {', '.join(STATUSES)}.", fields={"status": "unknown"})
        statement = statement.where(AlertRequest.status == status)
    if (intent := request.args.get("intent")) is not None:
        if intent not in INTENTS:
            raise Invalid(f"A request's intent is one of {', '.join(INTENTS)}.", fields={"intent": "unknown"})
        statement = statement.where(AlertRequest.intent == intent)
    if after is not None:
        statement = statement.where(AlertRequest.id < after)
    rows = db.session.execute(statement.order_by(AlertRequest.id.desc()).limit(limit + 1)).all()
    any_of, settings = skus_wanted(store.id, [row[0] for row in rows[:limit]]), store_settings(store)
    page = [_row(*row, any_of.get(row[0].id, []), settings) for row in rows[:limit]]
    return jsonify(requests=page, next=next_address(page[-1]["id"] if len(rows) > limit else None))


@blueprint.get("/requests/<int:request_id>/trace")
def get_trace(request_id: int) -> ResponseReturnValue:
    """Everything that happened to a request, and why."""
    return jsonify(trace(find_request(request_id)))


def find_request(request_id: int) -> AlertRequest:
    """Found, and of this store, or 404."""
    found = db.session.scalar(
        sa.select(AlertRequest).where(AlertRequest.store_id == the_store().id, AlertRequest.id == request_id)
    )
    if found is None:
        raise NotFound("This store has no request with that id.")
    return found


def _row(
    item: AlertRequest, contact: Contact, variant: Variant, any_of: list[str], settings: StoreSettings
) -> dict[str, Any]:
    return {
        "id": item.id,
        "sku": variant.sku,
        "variant_id": variant.external_id,
        "product": variant.product.title,
        "channel": contact.channel,
        "to": contact.address,
        "first_name": item.first_name,
        "scope": item.scope,
        "any_of": any_of,
        "quantity": item.quantity,
        "intent": item.intent,
        "status": item.status,
        "asked_status": item.asked_status,
        "source": item.source,
        "created_at": moment(item.created_at),
        "alerted_at": moment(item.alerted_at),
        "closed_reason": item.closed_reason,
        "ends_at": moment(ends_at(item, settings, utcnow())),
    }
