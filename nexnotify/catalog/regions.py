"""Regions: which locations they are of, and the places that shoppers may name."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from nexnotify.catalog.models import Location, Region, RegionLocation
from nexnotify.catalog.service import find_or_make_location
from nexnotify.db import db, insert_ignore
from nexnotify.errors import Invalid
from nexnotify.stores.models import Store
from nexnotify.words import N_

#: Regions of one store; a form lists them.
MOST = 200

#: The place of a location that nobody has asked for: no row has this id.
NOBODYS: Final = 0


@dataclass(frozen=True, slots=True)
class RegionData:
    """A region as the merchant sets it."""

    key: str
    name: str
    #: Keys of its locations; one that is not known is made.
    locations: Collection[str]
    delivery: str | None = None
    offered: bool = True


def wanted_region(store: Store, *, location: str | None, region: str | None) -> int | None:
    """The id of the place that a request names; None: it names none.

    :raises Invalid: there is no such place, or two are named.
    """
    found = named_place(store, location=location, region=region)
    return _make_of(store, location) if location and found == NOBODYS else found


def named_place(store: Store, *, location: str | None, region: str | None) -> int | None:
    """The same, only looked at: :data:`NOBODYS` for a location that nobody has asked for yet.

    :raises Invalid: there is no such place, or two are named.
    """
    if location and region:
        raise _no_place("region", N_("Name a location or a region, not both."))
    if region:
        found = find_region(store, region)
        if found is None:
            raise _no_place("region", N_("This store has no region %(key)s.", key=region))
        return found.id
    if not location:
        return None
    known = known_location(store, location)
    if known is None:
        _location(store, location)
    return NOBODYS if known is None else known


def _location(store: Store, key: str) -> Location:
    location = db.session.scalar(sa.select(Location).where(Location.store_id == store.id, Location.key == key))
    if location is None:
        raise _no_place("location", N_("This store has no location %(key)s.", key=key))
    return location


def _no_place(field: str, words: str) -> Invalid:
    return Invalid(words, fields={field: words})


def find_region(store: Store, key: str) -> Region | None:
    """The region that the merchant gave this key."""
    return db.session.scalar(
        sa.select(Region).where(Region.store_id == store.id, Region.of_location.is_(False), Region.key == key)
    )


def known_location(store: Store, key: str) -> int | None:
    """A location as a place of its own, where somebody has asked for it before."""
    mine = (Region.store_id == store.id, Region.of_location.is_(True), Region.key == key)
    return db.session.scalar(sa.select(Region.id).where(*mine))


def _make_of(store: Store, key: str) -> int:
    location = _location(store, key)
    place = {"store_id": store.id, "of_location": True, "key": key, "name": location.name, "offered": False}
    db.session.execute(insert_ignore(Region).values(**place))
    made = known_location(store, key)
    assert made is not None
    _add(store, made, [location.id])
    return made


def regions_of(store: Store, *, offered: bool = False) -> Sequence[Region]:
    """The merchant's regions by name, or those that shoppers can choose."""
    statement = sa.select(Region).where(Region.store_id == store.id, Region.of_location.is_(False))
    if offered:
        statement = statement.where(Region.offered)
    return db.session.scalars(statement.order_by(Region.name, Region.id)).all()


def places_of(store: Store) -> Sequence[Region]:
    """All places that a request can name, or has named: the merchant's regions, then locations, by name."""
    mine = sa.select(Region).where(Region.store_id == store.id)
    return db.session.scalars(mine.order_by(Region.of_location, Region.name, Region.id)).all()


def locations_of(store: Store, region_ids: Collection[int]) -> dict[int, list[str]]:
    """Region → keys of its locations."""
    found: dict[int, list[str]] = {id: [] for id in region_ids}
    if found:
        rows = db.session.execute(
            sa.select(RegionLocation.region_id, Location.key)
            .join(
                Location,
                sa.and_(Location.store_id == RegionLocation.store_id, Location.id == RegionLocation.location_id),
            )
            .where(RegionLocation.store_id == store.id, RegionLocation.region_id.in_(found))
            .order_by(Location.key)
        )
        for region_id, key in rows:
            found[region_id].append(key)
    return found


def save_region(store: Store, data: RegionData, known: Region | None = None) -> Region:
    """Make or change a region; whom a change of its locations brings stock, the check of stock finds.

    :param known: the one that is changed, also its key; else the one with this key, where there is one.
    :raises Invalid: another one has the key, or there are too many.
    """
    same_key = find_region(store, data.key)
    region = known or same_key
    if same_key is not None and same_key is not region:
        raise Invalid(fields={"key": N_("Another region has this key.")})
    if region is None:
        if len(regions_of(store)) >= MOST:
            raise Invalid(fields={"key": N_("A store has at most %(most)s regions.", most=MOST)})
        region = Region(store_id=store.id, of_location=False)
        db.session.add(region)
    region.key, region.name, region.delivery, region.offered = data.key, data.name, data.delivery, data.offered
    db.session.flush()
    wanted = [find_or_make_location(store, key).id for key in sorted(set(data.locations))]
    db.session.execute(
        sa.delete(RegionLocation).where(
            RegionLocation.store_id == store.id,
            RegionLocation.region_id == region.id,
            RegionLocation.location_id.not_in(wanted),
        )
    )
    _add(store, region.id, wanted)
    return region


def remove_region(region: Region) -> None:
    """Delete a region that no request names."""
    mine = (RegionLocation.store_id == region.store_id, RegionLocation.region_id == region.id)
    db.session.execute(sa.delete(RegionLocation).where(*mine))
    db.session.delete(region)
    db.session.flush()


def _add(store: Store, region_id: int, location_ids: Sequence[int]) -> None:
    rows = [{"store_id": store.id, "region_id": region_id, "location_id": id} for id in location_ids]
    if rows:
        db.session.execute(insert_ignore(RegionLocation), rows)


def place_names(store_id: int, region_ids: Collection[int | None]) -> Mapping[int, tuple[str, str, str]]:
    """Region → ("location" or "region", its key, its name)."""
    wanted = {id for id in region_ids if id is not None}
    if not wanted:
        return {}
    rows = db.session.scalars(sa.select(Region).where(Region.store_id == store_id, Region.id.in_(wanted)))
    return {row.id: ("location" if row.of_location else "region", row.key, row.name) for row in rows}
