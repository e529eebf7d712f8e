"""Regions: locations whose stock alone counts for those who ask there."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user
from flask_wtf import FlaskForm
from wtforms import BooleanField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, Optional

from nexnotify.catalog.models import Location, Region
from nexnotify.catalog.regions import RegionData, locations_of, regions_of, remove_region, save_region
from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.errors import Invalid, NotFound
from nexnotify.stores.models import Store
from nexnotify.stores.service import audit
from nexnotify.waitlist.queries import waiting_in, was_named
from nexnotify.web.admin.access import current_store, requires, staff_guard
from nexnotify.web.admin.forms import put_errors
from nexnotify.web.admin.loading import load
from nexnotify.web.admin.settings import settings_tabs
from nexnotify.words import N_

bp = Blueprint("admin_regions", __name__)
bp.before_request(staff_guard)

_SHORT = Length(max=255, message=N_("255 characters is the most."))


class RegionForm(FlaskForm):
    """A region as the merchant sets it."""

    name = StringField(
        N_("Name"), [DataRequired(N_("Give it a name.")), _SHORT], description=N_("As shoppers read it.")
    )
    key = StringField(
        N_("Key"),
        [DataRequired(N_("Give it a key.")), _SHORT],
        description=N_("By which your shop’s pages, files and programs name it, such as north."),
    )
    locations = TextAreaField(
        N_("Locations"), description=N_("Whose stock counts there, one on each line."), render_kw={"rows": 4}
    )
    delivery = StringField(
        N_("Delivery promise"),
        [Optional(), Length(max=200, message=N_("200 characters is the most."))],
        description=N_("For [[delivery]] in a template, such as “Arrives in 2 to 3 days”. Say what is so."),
    )
    offered = BooleanField(N_("Shoppers can choose it in the form"), default=True)

    def data_of(self, store: Store) -> RegionData:
        """What was typed.

        :raises Invalid: a location of which no stock was ever told, most likely mistyped.
        """
        keys = dict.fromkeys(line.strip() for line in (self.locations.data or "").splitlines() if line.strip())
        known = set(location_keys(store))
        unknown = [key for key in keys if key not in known]
        if unknown:
            words = N_("No stock was ever told at %(keys)s.", keys=", ".join(unknown))
            raise Invalid(fields={"locations": words})
        name, key, delivery = ((self[name].data or "").strip() for name in ("name", "key", "delivery"))
        return RegionData(key, name, list(keys), delivery or None, bool(self.offered.data))


def location_keys(store: Store) -> list[str]:
    """All locations that hold stock, or did."""
    return list(db.session.scalars(sa.select(Location.key).where(Location.store_id == store.id).order_by(Location.key)))


def _region(region_id: int, *, lock: bool = False) -> Region:
    """One that the merchant has set; a single location's is none of them."""
    found = load(Region, region_id, lock=lock)
    if found.of_location:
        raise NotFound()
    return found


@bp.get("")
@requires("admin")
def index() -> ResponseReturnValue:
    """The regions, and a form for another."""
    return _list(RegionForm(formdata=None))


def _list(form: RegionForm) -> str:
    store = current_store()
    found = regions_of(store)
    return render_template(
        "admin/regions/index.html",
        regions=found,
        locations=locations_of(store, [region.id for region in found]),
        known=location_keys(store),
        waiting=waiting_in(store),
        form=form,
        tabs=settings_tabs("admin_regions.index"),
    )


@bp.post("")
@requires("admin")
def add() -> ResponseReturnValue:
    """Add a region."""
    form, store = RegionForm(), current_store()
    if not form.validate():
        return _list(form), 422
    try:
        with transaction():
            # Two who add the same region at once do so one after the other.
            db.session.get_one(Store, store.id, with_for_update={"key_share": True}, populate_existing=True)
            data = form.data_of(store)
            if any(region.key == data.key for region in regions_of(store)):
                raise Invalid(fields={"key": N_("Another region has this key.")})
            save_region(store, data)
            audit(store, "region.added", current_user.id, utcnow(), **_said(data))
    except Invalid as error:
        put_errors(form, error.fields)
        return _list(form), 422
    flash(N_("Added: %(name)s.", name=data.name), "success")
    return redirect(url_for(".index"))


def _said(data: RegionData) -> dict[str, object]:
    told = {"name": data.name, "key": data.key, "locations": list(data.locations), "offered": data.offered}
    return told | ({"delivery": data.delivery} if data.delivery else {})


@bp.route("/<int:region_id>", methods=["GET", "POST"])
@requires("admin")
def region(region_id: int) -> ResponseReturnValue:
    """Change a region."""
    store, item = current_store(), _region(region_id)
    said = {name: getattr(item, name) for name in ("name", "key", "delivery", "offered")}
    form = RegionForm(data=said | {"locations": "\n".join(locations_of(store, [item.id])[item.id])})
    if request.method == "GET" or not form.validate():
        return _edit(item, form), 200 if request.method == "GET" else 422
    try:
        with transaction():
            data = form.data_of(store)
            save_region(store, data, _region(region_id, lock=True))
            audit(store, "region.changed", current_user.id, utcnow(), **_said(data))
    except Invalid as error:
        put_errors(form, error.fields)
        return _edit(_region(region_id), form), 422
    flash(N_("Saved: %(name)s.", name=data.name), "success")
    return redirect(url_for(".index"))


def _edit(item: Region, form: RegionForm) -> str:
    store = current_store()
    return render_template(
        "admin/regions/region.html",
        region=item,
        form=form,
        known=location_keys(store),
        waiting=waiting_in(store).get(item.id, 0),
        named=was_named(store, item.id),
    )


@bp.post("/<int:region_id>/delete")
@requires("admin")
def delete(region_id: int) -> ResponseReturnValue:
    """Delete a region for which nobody has ever asked."""
    _region(region_id)
    store = current_store()
    with transaction():
        item = _region(region_id, lock=True)
        name, named = item.name, was_named(store, item.id)
        if not named:
            remove_region(item)
            audit(store, "region.deleted", current_user.id, utcnow(), name=name)
    if named:
        flash(
            N_("People have asked for %(name)s, so it stays. Untick that shoppers can choose it.", name=name), "error"
        )
        return redirect(url_for(".region", region_id=region_id))
    flash(N_("Deleted: %(name)s.", name=name), "success")
    return redirect(url_for(".index"))
