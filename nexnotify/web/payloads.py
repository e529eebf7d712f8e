"""From request bodies to values: every problem of a body is found before anything is answered."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode

from flask import request
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from nexnotify.clock import not_too_early
from nexnotify.errors import BadRequest, Invalid
from nexnotify.stores.settings import field_errors
from nexnotify.waitlist.names import has_link

#: Largest and default page of a list.
MAX_PAGE, PAGE = 200, 50
#: The largest id a database keeps.
MAX_ID = 2**63 - 1
#: Postgres' bigint would take more, but nobody has more.
MAX_COUNT = 10**12


def _price(value: Any) -> Any:
    """Prices come as text; a float is read by its shortest written form, so that 19.9 is 19.9."""
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def moment_text(value: Any) -> Any:
    """Moments come as ISO 8601 text; a bare number could be seconds or milliseconds."""
    if value is not None and not (isinstance(value, str) and re.match(r"\s*\d{4}-\d\d-\d\d[Tt ]", value)):
        raise ValueError("Write a moment with its zone, such as 2026-01-05T10:00:00Z.")
    return value


def in_utc(value: datetime | None) -> datetime | None:
    """The same moment in UTC.

    :raises ValueError: too far away to be written so.
    """
    try:
        return None if value is None else not_too_early(value.astimezone(UTC))
    except (OverflowError, ValueError):
        raise ValueError("This moment is out of range.") from None


#: White space, control characters, and those that turn the direction of what follows.
_GAPS = re.compile("[\\s\0-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+")


def one_line(value: Any) -> Any:
    """A text on one line, without gaps and control characters."""
    return _GAPS.sub(" ", value).strip() if isinstance(value, str) else value


def _no_link(name: str) -> str:
    """Anybody can have a confirmation sent to anybody, so a name must not carry a message of its own."""
    if has_link(name):
        raise ValueError("Write a name only, without a link or an address.")
    return name


def plain_name(name: str | None) -> str | None:
    """The name, or None where it carries a link."""
    try:
        return _no_link(name) if name else None
    except ValueError:
        return None


Text = Annotated[str, Field(min_length=1, max_length=255)]
Options = Annotated[dict[Text, Annotated[str, Field(max_length=255)]], Field(max_length=20)]
Address = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^https?://")]
Name = Annotated[str, Field(max_length=60), BeforeValidator(one_line), AfterValidator(_no_link)]
#: A minimum in units; as many as the store's own may be.
Units = Annotated[int, Field(ge=1, le=1_000_000)]
Price = Annotated[Decimal, BeforeValidator(_price), Field(ge=0, max_digits=12, decimal_places=4, allow_inf_nan=False)]


def _parts(value: Any) -> Iterable[Any]:
    """What could be text in a field: itself, the items of a list, or the names and values of an object."""
    if isinstance(value, dict):
        return chain(*value.items())
    return value if isinstance(value, list) else (value,)


class Payload(BaseModel):
    """Base of every body: unknown fields are refused, so that a typing error is not silently lost."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, str_strip_whitespace=True)

    @model_validator(mode="before")
    @classmethod
    def _no_nul(cls, row: Any) -> Any:
        values = row.values() if isinstance(row, dict) else ()
        texts = [text for value in values for text in _parts(value)]
        if any(isinstance(text, str) and "\0" in text for text in texts):
            raise ValueError("A text holds the character NUL, which no database keeps.")
        return row


class OneVariant(Payload):
    """Whatever takes ``sku`` also takes ``variant_id``."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [{"required": [name], "properties": {name: {"type": "string"}}} for name in ("sku", "variant_id")]
        }
    )

    sku: Text | None = None
    variant_id: Text | None = None

    @model_validator(mode="after")
    def _names_one(self) -> OneVariant:
        if (self.sku is None) == (self.variant_id is None):
            raise ValueError("Name the variant by sku or by variant_id, one of the two.")
        return self

    @property
    def ref(self) -> str:
        """What names the variant."""
        return self.sku or self.variant_id or ""


class LevelPayload(OneVariant):
    location: Text = "main"
    on_hand: Annotated[int, Field(ge=-MAX_COUNT, le=MAX_COUNT)] | None = Field(description="Null is unlimited.")
    committed: Annotated[int, Field(ge=0, le=MAX_COUNT)] = 0
    safety_stock: Annotated[int, Field(ge=0, le=MAX_COUNT)] = 0
    as_of: Annotated[
        AwareDatetime | None, Field(strict=False), BeforeValidator(moment_text), AfterValidator(in_utc)
    ] = Field(None, description="When the level was so; now, unless told.")


#: What tells one page, or one browser, from others that know the same address.
Secret = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{16,64}$")]
#: What a browser that agreed to it is told apart by: made by the tracking code, random, of no other meaning.
Visitor = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{16,64}$")]

Row = TypeVar("Row", bound=BaseModel)


def read_json() -> Any:
    """The body as JSON, whatever content type it claims (text/plain spares a browser the preflight).

    :raises BadRequest: not JSON.
    """
    try:
        body = json.loads(request.get_data() or b"")
        "".join(body if isinstance(body, dict) else ()).encode()  # names come back in answers, so they must be text
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"The body is not JSON: {error}.", code="bad_json") from None
    return body


def read_body(model: type[Row]) -> Row:
    """The whole body as one value.

    :raises Invalid: with every field that is not right.
    """
    body = read_json()
    if not isinstance(body, dict):
        raise Invalid("The body must be a JSON object.", fields={"body": "not an object"})
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise Invalid("Some fields are not right.", fields=field_errors(error)) from None


# --- lists ---------------------------------------------------------------------------------------------------------


def page_of(key: str, default: int = PAGE) -> tuple[int | None, int]:
    """Where a list goes on (``after``) and how long a page is (``limit``).

    :raises Invalid: not numbers.
    """
    try:
        after = int(request.args[key]) if request.args.get(key) else None
        limit = int(request.args.get("limit", default))
    except ValueError:
        raise Invalid(f"{key} and limit must be numbers.", fields={key: "a number"}) from None
    if after is not None and not 0 <= after <= MAX_ID:
        raise Invalid(f"There is nothing after {key}={after}.", fields={key: "out of range"})
    if not 1 <= limit <= MAX_PAGE:
        raise Invalid(f"limit must be from 1 to {MAX_PAGE}.", fields={"limit": f"1 to {MAX_PAGE}"})
    return after, limit


def refuse_unknown_filters(known: Iterable[str], *, is_paged: bool = True) -> None:
    """A misspelt filter must not show everything.

    :param is_paged: whether there are pages to ask for; a report is whole.
    :raises Invalid: a query field that this list does not have.
    """
    allowed = {*known, *(("after", "limit") if is_paged else ())}
    unknown = {name: "There is no such filter." for name in request.args if name not in allowed}
    if unknown:
        raise Invalid(f"The filters of this list are {', '.join(sorted(allowed))}.", fields=unknown)
    if found := [name for name, value in request.args.items(multi=True) if "\0" in value]:
        raise Invalid("No text holds the character NUL.", fields=dict.fromkeys(found, "holds a NUL"))


def next_address(last_id: int | None) -> str | None:
    """The address of the next page; None when this is the last."""
    if last_id is None:
        return None
    query = {name: value for name, value in request.args.items() if name != "after"}
    return f"{request.path}?{urlencode({**query, 'after': last_id})}"


def moment(value: datetime | None) -> str | None:
    """A moment as answers write it."""
    from nexnotify.clock import isoformat

    return isoformat(value)
