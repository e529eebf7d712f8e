"""Regions in and out."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from flask import jsonify
from flask.typing import ResponseReturnValue
from pydantic import Field

from nexnotify.catalog.models import Location
from nexnotify.catalog.regions import MOST, RegionData, locations_of, regions_of, save_region
from nexnotify.db import db
from nexnotify.web.bulk import bulk
from nexnotify.web.guards import the_store
from nexnotify.web.payloads import Payload, Text
from nexnotify.web.storefront import blueprint


class RegionPayload(Payload):
    key: Text = Field(description="By which requests name it.")
    name: Text = Field(description="As shoppers read it.")
    locations: Annotated[list[Text], Field(max_length=MOST)] = Field(
        description="Keys of the locations whose stock counts there; one that is not known is made."
    )
    delivery: Annotated[str, Field(max_length=200)] | None = Field(
        None, description="What `[[delivery]]` says to those who wait there."
    )
    offered: bool = Field(True, description="Shoppers can choose it in the form.")


@blueprint.put("/regions")
def put_regions() -> ResponseReturnValue:
    """Make or change regions; those that are left out stay."""
    store = the_store()

    def save(row: RegionPayload) -> dict[str, Any]:
        data = RegionData(row.key, row.name, row.locations, row.delivery or None, row.offered)
        return {"key": save_region(store, data).key}

    answer, saved = bulk("regions", RegionPayload, save, lock_order=lambda row: (row.key,))
    return jsonify({**answer, "regions": [region for _, region in saved]})


@blueprint.get("/regions")
def get_regions() -> ResponseReturnValue:
    """The store's regions, by name, and the locations there are."""
    store = the_store()
    found = regions_of(store)
    locations = locations_of(store, [region.id for region in found])
    keys = db.session.scalars(sa.select(Location.key).where(Location.store_id == store.id).order_by(Location.key))
    rows = [
        {
            "key": region.key,
            "name": region.name,
            "locations": locations[region.id],
            "delivery": region.delivery,
            "offered": region.offered,
        }
        for region in found
    ]
    return jsonify(regions=rows, locations=list(keys))
