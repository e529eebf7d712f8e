"""RULE: which activities a journey, or an audience, is about. Plain Python."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Item:
    """What an activity is about."""

    sku: str | None
    #: The storefront's id of the product.
    product: str
    tags: Collection[str] = ()
    #: The key of the location whose stock brought it back; None where no stock moved.
    location: str | None = None


@dataclass(frozen=True, slots=True)
class Where:
    """Conditions on an activity. Each that is named has to be met, by any one of its values; an empty one is met by all.

    Names are compared as they are written, but for capitals.
    """

    skus: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    #: Where the request came from: "widget", "api", or what the caller named.
    sources: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Where:
        """What a row of a journey or a send holds."""
        return cls(**{name: tuple(stored.get(name, ())) for name in NAMES})

    def stored(self) -> dict[str, list[str]]:
        """As a row holds it: only what is named."""
        return {name: list(values) for name, values in asdict(self).items() if values}

    def takes_item(self, item: Item) -> bool:
        """Whether what an activity is about meets the conditions."""
        return (
            _meets(self.skus, (item.sku,))
            and _meets(self.products, (item.product,))
            and _meets(self.tags, item.tags)
            and _meets(self.locations, (item.location,))
        )

    def takes_source(self, source: str) -> bool:
        """Whether a request from there meets them."""
        return _meets(self.sources, (source,))


NAMES = ("skus", "products", "tags", "sources", "locations")


def _meets(wanted: Collection[str], found: Collection[str | None]) -> bool:
    return not wanted or not {value.casefold() for value in wanted}.isdisjoint(
        value.casefold() for value in found if value is not None
    )
