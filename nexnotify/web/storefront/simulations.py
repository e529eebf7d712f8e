"""What would happen if so many came in: the real lists, an invented restock."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from flask import jsonify
from flask.typing import ResponseReturnValue
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

from nexnotify.catalog.regions import named_place
from nexnotify.catalog.service import find_variant
from nexnotify.clock import utcnow
from nexnotify.errors import Invalid
from nexnotify.reports.plan import preview_json, simulated
from nexnotify.web.guards import the_store
from nexnotify.web.payloads import MAX_COUNT, OneVariant, Text, in_utc, moment, moment_text, read_body
from nexnotify.web.storefront import blueprint

#: A restock is not invented for another year: what is waited for by then is another list.
FARTHEST = timedelta(days=366)


class SimulationPayload(OneVariant):
    """An invented restock."""

    units: Annotated[int, Field(ge=1, le=MAX_COUNT)] | None = Field(description="Null is unlimited.")
    location: Text | None = Field(None, description="Where they come in, for those who wait there; this or `region`.")
    region: Text | None = None
    at: Annotated[AwareDatetime | None, Field(strict=False), BeforeValidator(moment_text), AfterValidator(in_utc)] = (
        Field(None, description="When it comes in; now, unless told.")
    )


@blueprint.post("/simulations")
def add_simulation() -> ResponseReturnValue:
    """The plan of a restock that is not there. Nothing is written."""
    asked, store = read_body(SimulationPayload), the_store()
    variant = find_variant(store, sku=asked.sku, variant_id=asked.variant_id)
    if variant is None:
        raise Invalid("There is no such product.", fields={"sku" if asked.sku else "variant_id": "Unknown."})
    now = utcnow()
    at = asked.at or now
    if not now - FARTHEST <= at <= now + FARTHEST:
        raise Invalid("Some fields are not right.", fields={"at": "Choose a moment within a year."})
    about = {"sku": variant.sku, "variant_id": variant.external_id, "product": variant.product.title}
    region_id = named_place(store, location=asked.location, region=asked.region)
    forecast = simulated(store, variant, asked.units, at, region_id)
    place = {"location": asked.location, "region": asked.region}
    return jsonify(**about, **place, units=asked.units, at=moment(at), forecast=preview_json(forecast))
