"""What the file readers give back: rows understood, and rows refused with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Final, Literal

from nexnotify.errors import NexnotifyError


class UnreadableFile(NexnotifyError):
    """The file cannot be read."""

    status = 422
    code = "unreadable_file"


class Absent(Enum):
    """The type of :data:`ABSENT`."""

    ABSENT = "absent"


#: The file does not say. Different from None, which for a level means unlimited.
ABSENT: Final = Absent.ABSENT

UnavailableAs = Literal["sold_out", "backordered", "preordered"]


@dataclass(frozen=True, slots=True)
class ParsedVariant:
    #: The storefront's id where the file has one, else made from product and options; the same in every import.
    id: str
    sku: str | None
    options: dict[str, str]
    price: Decimal | None
    currency: str
    url: str | None = None
    image_url: str | None = None
    unavailable_as: UnavailableAs = "sold_out"
    #: None: unlimited. ABSENT: the file says nothing, leave the level alone.
    on_hand: int | Absent | None = ABSENT
    #: Whether the storefront counts this variant; None: the file does not say.
    tracked: bool | None = None
    #: Where `on_hand` lies; None: the store's usual place.
    location: str | None = None
    #: The line in the file, 1 being the header's first.
    line: int = 0


@dataclass(frozen=True, slots=True)
class ParsedProduct:
    id: str
    title: str
    url: str | None
    image_url: str | None
    published: bool
    variants: tuple[ParsedVariant, ...]
    #: Line numbers of all the rows that went into it, image-only rows included.
    rows: tuple[int, ...]
    #: Labels of the merchant's own. ABSENT: the file has no column for them, leave those that are there.
    tags: tuple[str, ...] | Absent = ABSENT


@dataclass(frozen=True, slots=True)
class ParsedLevel:
    #: At least one of the two is given.
    sku: str | None
    variant_id: str | None
    #: None: the store's usual place.
    location: str | None
    #: None: unlimited.
    on_hand: int | None
    committed: int | Absent
    safety_stock: int | Absent
    #: Aware, UTC; None: the moment of the import.
    as_of: datetime | None
    line: int


@dataclass(frozen=True, slots=True)
class RefusedRow:
    line: int
    #: One sentence that says what to do.
    reason: str
    #: The column as the file spells it; None when the row as a whole is at fault.
    column: str | None = None
    #: What stood there, clipped to 80 characters.
    value: str | None = None
