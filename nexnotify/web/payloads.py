"""From request bodies to values: every problem of a body is found before anything is answered."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlencode

from flask import request
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from nexnotify.db import db, transaction
from nexnotify.errors import BadRequest, Invalid, NexnotifyError
from nexnotify.stores.settings import field_errors

#: Rows of one bulk request, and of one transaction in it.
MAX_ROWS = 5000
ROWS_PER_TRANSACTION = 100
#: Largest and default page of a list.
MAX_PAGE, PAGE = 200, 50
#: Postgres' bigint would take more, but nobody has more.
MAX_COUNT = 10**12


def _price(value: Any) -> Any:
    """Prices come as text; a float is read by its shortest written form, so that 19.9 is 19.9."""
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


Text = Annotated[str, Field(min_length=1, max_length=255)]
Address = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^https?://")]
Price = Annotated[
    Decimal, BeforeValidator(_price), Field(ge=0, max_digits=12, decimal_places=4, allow_inf_nan=False)
]


class Payload(BaseModel):
    """Base of every body: unknown fields are refused, so that a typing error is not silently lost."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, str_strip_whitespace=True)


class VariantPayload(Payload):
    id: Text | None = None
    sku: Text | None = None
    options: dict[str, str] = {}
    price: Annotated[Price | None, Field(strict=False)] = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    url: Address | None = None
    image_url: Address | None = None
    unavailable_as: Literal["preordered", "backordered", "sold_out"] = "sold_out"


class ProductPayload(Payload):
    id: Text
    title: Text
    url: Address | None = None
    image_url: Address | None = None
    published: bool = True
    variants: list[VariantPayload] = Field([], max_length=2000)


class OneVariant(Payload):
    """Whatever takes ``sku`` also takes ``variant_id``."""

    sku: Text | None = None
    variant_id: Text | None = None

    @model_validator(mode="after")
    def _names_one(self) -> OneVariant:
        if (self.sku is None) == (self.variant_id is None):
            raise ValueError("Name the variant by sku or by variant_id, one of the two.")
        return self


class LevelPayload(OneVariant):
    location: Text = "main"
    on_hand: Annotated[int, Field(ge=-MAX_COUNT, le=MAX_COUNT)] | None
    committed: Annotated[int, Field(ge=0, le=MAX_COUNT)] = 0
    safety_stock: Annotated[int, Field(ge=0, le=MAX_COUNT)] = 0
    as_of: Annotated[AwareDatetime | None, Field(strict=False)] = None


class RequestPayload(OneVariant):
    """A sign-up, as the widget sends it."""

    phone: Annotated[str, Field(max_length=60)] | None = None
    email: Annotated[str, Field(max_length=254)] | None = None
    first_name: Annotated[str, Field(max_length=200)] | None = None
    channels: list[Literal["sms", "email", "push"]] | None = None
    consent: bool = False
    consent_text: Annotated[str, Field(max_length=4000)] | None = None
    page_url: Annotated[str, Field(max_length=2000)] | None = None


class ApiRequestPayload(RequestPayload):
    source: Annotated[str, Field(max_length=60)] = "api"
    confirm: bool = True


Row = TypeVar("Row", bound=BaseModel)


def read_json() -> Any:
    """The body as JSON, whatever content type it claims (text/plain spares a browser the preflight).

    :raises BadRequest: not JSON.
    """
    try:
        return json.loads(request.get_data() or b"")
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"The body is not JSON: {error}.", code="bad_json") from None


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


def bulk(name: str, model: type[Row], save: Callable[[int, Row], None]) -> dict[str, Any]:
    """Read ``{name: [rows]}`` and save each good row; a bad one is reported and does not spoil the others.

    :returns: the bulk answer: ``accepted`` and ``errors`` with index, code and message.
    """
    body = read_json()
    if not isinstance(body, dict) or not isinstance(body.get(name), list):
        raise Invalid(f'The body must look like {{"{name}": [ … ]}}.', fields={name: "a list is missing"})
    if unknown := [field for field in body if field != name]:
        raise Invalid("There are unknown fields.", fields={field: "There is no such field." for field in unknown})
    rows = body[name]
    if len(rows) > MAX_ROWS:
        raise Invalid(f"{len(rows)} rows are too many; send at most {MAX_ROWS} at a time.", fields={name: "too long"})
    errors: list[dict[str, Any]] = []
    accepted = 0
    for start in range(0, len(rows), ROWS_PER_TRANSACTION):
        with transaction():
            for index, row in enumerate(rows[start : start + ROWS_PER_TRANSACTION], start):
                problem = _save_row(index, row, model, save)
                accepted += problem is None
                if problem:
                    errors.append(problem)
    return {"accepted": accepted, "errors": errors}


def _save_row(index: int, row: Any, model: type[Row], save: Callable[[int, Row], None]) -> dict[str, Any] | None:
    try:
        value = model.model_validate(row)
    except ValidationError as error:
        fields = field_errors(error)
        message = " ".join(f"{field}: {words}" for field, words in fields.items())
        return {"index": index, "code": "invalid", "message": message, "fields": fields}
    try:
        with db.session.begin_nested():
            save(index, value)
    except NexnotifyError as error:
        return {"index": index, "code": error.code, "message": error.message, "fields": error.fields}
    return None


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
    if not 1 <= limit <= MAX_PAGE:
        raise Invalid(f"limit must be from 1 to {MAX_PAGE}.", fields={"limit": f"1 to {MAX_PAGE}"})
    return after, limit


def refuse_unknown_filters(known: Iterable[str]) -> None:
    """A misspelt filter must not show everything.

    :raises Invalid: a query field that this list does not have.
    """
    allowed = {*known, "after", "limit"}
    unknown = {name: "There is no such filter." for name in request.args if name not in allowed}
    if unknown:
        raise Invalid(f"The filters of this list are {', '.join(sorted(allowed))}.", fields=unknown)


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
