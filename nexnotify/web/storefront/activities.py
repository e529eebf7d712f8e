"""Activities of contacts."""

from __future__ import annotations

from typing import Annotated, Any

from flask import jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import Field
from typing_extensions import TypeAliasType

from nexnotify.catalog.service import find_variant
from nexnotify.errors import Invalid
from nexnotify.reports.activities import Occurred, activities
from nexnotify.waitlist.activities import BACK_IN_STOCK, NAMES, WAITING
from nexnotify.web.guards import the_store
from nexnotify.web.payloads import moment, next_address, page_of, refuse_unknown_filters
from nexnotify.web.storefront import blueprint
from nexnotify.web.storefront.answers import Answer, Channel, Moment, Next, Sku, one_of

ActivityName = TypeAliasType("ActivityName", Annotated[str, one_of(WAITING, BACK_IN_STOCK)])


class ActivityAnswer(Answer):
    activity: ActivityName
    at: Annotated[Moment, Field(description="When the shopper asked, or when it came back.")]
    request_id: int
    sku: Sku
    variant_id: str
    product: Annotated[str, Field(description="The product's title.")]
    channel: Channel
    to: Annotated[str, Field(description="The number or email address.", examples=["+12015550123"])]
    first_name: str | None
    source: Annotated[str, Field(examples=["widget"])]
    location: Annotated[str | None, Field(description="Whose stock brought it back, where one did.")]
    available: Annotated[int | None, Field(description="Units that came back; null: unlimited, or nothing came yet.")]


class ActivityList(Answer):
    activities: list[ActivityAnswer]
    next: Next


@blueprint.get("/activities")
def get_activities() -> ResponseReturnValue:
    """ "Waiting on stock" (unless told otherwise) or "Back in stock" of contacts, newest first, as long as they are kept."""
    refuse_unknown_filters(("activity", "sku", "variant_id"))
    store, (after, limit) = the_store(), page_of("after")
    activity = request.args.get("activity", WAITING)
    if activity not in NAMES:
        raise Invalid(f"An activity is one of {', '.join(NAMES)}.", fields={"activity": "unknown"})
    variant_ids = None
    if "sku" in request.args or "variant_id" in request.args:
        variant = find_variant(store, sku=request.args.get("sku"), variant_id=request.args.get("variant_id"))
        variant_ids = [variant.id] if variant else []
    which = BACK_IN_STOCK if activity == BACK_IN_STOCK else WAITING
    found = activities(store, which, variant_ids, after, limit + 1)
    page = found[:limit]
    return jsonify(
        activities=[_row(item) for item in page], next=next_address(page[-1].place if len(found) > limit else None)
    )


def _row(item: Occurred) -> dict[str, Any]:
    change = item.change
    return {
        "activity": item.activity,
        "at": moment(change.at if change else item.request.created_at),
        "request_id": item.request.id,
        "sku": item.variant.sku,
        "variant_id": item.variant.external_id,
        "product": item.variant.product.title,
        "channel": item.contact.channel,
        "to": item.contact.address,
        "first_name": item.request.first_name,
        "source": item.request.source,
        "location": change.location_key if change else None,
        "available": change.available_after if change else None,
    }
