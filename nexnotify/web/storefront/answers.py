"""What the storefront API answers. The API document is made of these; tests hold every real answer against them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, get_args

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypeAliasType

from nexnotify.content.segments import Encoding
from nexnotify.content.tokens import ALL_KINDS
from nexnotify.inventory.available import IN_STOCK
from nexnotify.inventory.available import STATUSES as UNAVAILABLE
from nexnotify.ledger.transitions import STATUSES as MESSAGE_STATUSES
from nexnotify.policy.eligibility import REASONS
from nexnotify.stores.settings import CHANNELS
from nexnotify.waitlist.models import INTENTS, SCOPES
from nexnotify.waitlist.models import STATUSES as REQUEST_STATUSES


def one_of(*values: str, about: str | None = None) -> Any:
    """A text that is one of ``values``, which the code keeps elsewhere."""
    return Field(json_schema_extra={"enum": list(values)}, description=about)


def status(meanings: Mapping[str, str]) -> Any:
    """One of the keys, each with its meaning."""
    return Field(json_schema_extra={"enum": list(meanings), "x-enumDescriptions": dict(meanings)})


# A TypeAliasType is one schema that the others refer to.
Moment = TypeAliasType(
    "Moment",
    Annotated[
        str,
        Field(
            description="UTC, ends in Z.",
            pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$",
            json_schema_extra={"format": "date-time"},
            examples=["2026-01-05T10:00:00Z"],
        ),
    ],
)
Channel = TypeAliasType("Channel", Annotated[str, one_of(*CHANNELS)])
ProductStatus = TypeAliasType("ProductStatus", Annotated[str, one_of(IN_STOCK, *UNAVAILABLE)])
Intent = TypeAliasType("Intent", Annotated[str, status(INTENTS)])
UnavailableAs = TypeAliasType("UnavailableAs", Annotated[str, one_of(*UNAVAILABLE)])
RequestStatus = TypeAliasType("RequestStatus", Annotated[str, status(REQUEST_STATUSES)])
MessageStatus = TypeAliasType("MessageStatus", Annotated[str, status(MESSAGE_STATUSES)])
MessageKind = TypeAliasType("MessageKind", Annotated[str, one_of(*sorted(ALL_KINDS))])
Reason = TypeAliasType("Reason", Annotated[str, status(REASONS)])
Next = TypeAliasType(
    "Next",
    Annotated[
        str | None,
        Field(
            description="The address of the next page; null on the last.",
            json_schema_extra={"format": "uri-reference"},
            examples=["/api/v1/products?after=50"],
        ),
    ],
)
Sku = Annotated[str | None, Field(description="Null where the variant has no SKU.")]


class Answer(BaseModel):
    """Base of every answer; each of its fields is always there unless it has a default."""

    model_config = ConfigDict(frozen=True)


# --- errors --------------------------------------------------------------------------------------------------------


class SpanAnswer(Answer):
    """The minutes between which the median lies."""

    after: Annotated[int, Field(ge=0)]
    upto: Annotated[int, Field(ge=1)]


class Fault(Answer):
    code: Annotated[str, Field(description="For programs.", examples=["invalid"])]
    message: Annotated[str, Field(description="For people: what to do.", examples=["Some fields are not right."])]
    fields: Annotated[
        dict[str, str],
        Field(
            description="Field → what is wrong with it.", examples=[{"threshold": "Input should be a valid integer"}]
        ),
    ]


class ErrorAnswer(Answer):
    """Every error has this shape."""

    error: Fault


class RowFault(Fault):
    """A row that was not saved; the others were."""

    index: Annotated[int, Field(ge=0, description="Which row of the request it is, counted from 0.")]


class BulkAnswer(Answer):
    """Good rows are kept, bad ones are named."""

    accepted: Annotated[int, Field(ge=0, description="Rows that were saved.")]
    errors: list[RowFault]


# --- products and stock --------------------------------------------------------------------------------------------


class SavedProduct(Answer):
    id: str


class ProductsSaved(BulkAnswer):
    products: Annotated[list[SavedProduct], Field(description="The products that were saved.")]


class StockSaved(BulkAnswer):
    unknown: Annotated[
        list[str],
        Field(description="SKUs and variant ids that we do not know yet; their levels apply when the product comes."),
    ]


class VariantAnswer(Answer):
    id: str
    sku: Sku
    options: dict[str, str]
    price: Annotated[str | None, Field(pattern=r"^\d+\.\d{2,4}$", examples=["20.00"])]
    currency: Annotated[str, Field(examples=["USD"])]
    url: str | None
    unavailable_as: UnavailableAs
    threshold: Annotated[
        int | None, Field(description="Fewest units at which people are told; null: as its product's.")
    ]
    min_order_quantity: Annotated[int, Field(ge=1, description="Units an order takes at least.")]
    available: Annotated[int | None, Field(description="Available to sell over all locations; null is unlimited.")]
    status: ProductStatus
    waiting: Annotated[int, Field(ge=0, description="Open alert requests.")]
    units_wanted: Annotated[int, Field(ge=0, description="Units that these want.")]


class ProductAnswer(Answer):
    id: str
    title: str
    url: str | None
    image_url: str | None
    published: bool
    tags: list[str]
    alerts: Annotated[bool, Field(description="False: nobody is asked for it and nobody told of it.")]
    threshold: Annotated[int | None, Field(description="Fewest units at which people are told; null: as the store's.")]
    switches: Annotated[
        dict[str, dict[str, bool]] | None,
        Field(description="What differs from the store's switches.", examples=[{"preordered": {"sms": True}}]),
    ]
    substitutes: Annotated[list[str], Field(description="Ids of products that do as well.")]
    variants: list[VariantAnswer]


class ProductList(Answer):
    products: list[ProductAnswer]
    next: Next


# --- regions -------------------------------------------------------------------------------------------------------


class SavedRegion(Answer):
    key: str


class RegionsSaved(BulkAnswer):
    regions: Annotated[list[SavedRegion], Field(description="The regions that were saved.")]


class RegionAnswer(Answer):
    key: str
    name: str
    locations: Annotated[list[str], Field(description="Keys of its locations.")]
    delivery: Annotated[str | None, Field(description="What `[[delivery]]` says to those who wait there.")]
    offered: Annotated[bool, Field(description="Shoppers can choose it in the form.")]


class RegionList(Answer):
    regions: list[RegionAnswer]
    locations: Annotated[list[str], Field(description="Keys of all locations that hold stock, or did.")]


# --- requests ------------------------------------------------------------------------------------------------------


class SavedRequest(Answer):
    index: Annotated[int, Field(ge=0, description="Which row asked for it, counted from 0.")]
    id: int
    channel: Channel
    status: RequestStatus


class RequestsSaved(BulkAnswer):
    requests: Annotated[
        list[SavedRequest], Field(description="One for each row and channel; who waits already keeps the same id.")
    ]


class RequestAnswer(Answer):
    id: int
    sku: Sku
    variant_id: str
    product: Annotated[str, Field(description="The product's title.")]
    channel: Channel
    to: Annotated[str, Field(description="The number or email address.", examples=["+12015550123"])]
    first_name: str | None
    scope: Annotated[str, status(SCOPES)]
    any_of: Annotated[list[str], Field(description="SKUs (or variant ids) that would do; empty where it is one alone.")]
    quantity: Annotated[int, Field(ge=1, description="Units wanted.")]
    intent: Annotated[
        Intent, Field(description="Of what the shopper is told: stock, or that it can be ordered before.")
    ]
    location: Annotated[str | None, Field(description="The location whose stock alone counts, by its key.")]
    region: Annotated[str | None, Field(description="The region whose stock alone counts, by its key.")]
    status: RequestStatus
    asked_status: Annotated[UnavailableAs, Field(description="The product status when the shopper asked.")]
    source: Annotated[str, Field(examples=["widget"])]
    created_at: Moment
    alerted_at: Moment | None
    closed_reason: str | None
    ends_at: Annotated[Moment | None, Field(description="When an open request ends, unless the shopper says yes.")]


class RequestList(Answer):
    requests: list[RequestAnswer]
    next: Next


class TraceEvent(Answer):
    """One line of a request's story. What is not known is left out."""

    at: Moment
    what: Annotated[str, Field(description="For programs.", examples=["asked", "decided_send", "message_delivered"])]
    words: Annotated[str, Field(description="For people.")]
    reason: Annotated[str, Field(min_length=1)] = ""
    detail: str = ""
    stage: Annotated[str, one_of("plan", "send", "reminder", "journey", "correction")] = ""
    restock_id: int = 0
    until: Annotated[Moment, Field(description="When what was held is decided again.")] = ""
    held_until: Annotated[Moment, Field(description="Until when the storefront keeps the unit.")] = ""
    rules_version: int = 0
    clock: Annotated[str, Field(description="Whose local hours a text was held against.")] = ""
    order: Annotated[str, Field(description="Why it went earlier or later than others of its wave.")] = ""
    purpose: str = ""
    method: str = ""
    source: str = ""
    reference: Annotated[str, Field(description="Of the message.")] = ""
    kind: MessageKind = ""


class Trace(Answer):
    id: int
    status: RequestStatus
    summary: Annotated[str, Field(description="One sentence that support can read to a shopper.")]
    ends_at: Annotated[Moment | None, Field(description="When an open request ends, unless the shopper says yes.")]
    events: Annotated[list[TraceEvent], Field(description="Oldest first.")]


# --- messages ------------------------------------------------------------------------------------------------------


class MessageAnswer(Answer):
    reference: Annotated[str, Field(description="Our id, which the gateway was given.")]
    kind: MessageKind
    channel: Channel
    to: Annotated[str, Field(examples=["+12015550123"])]
    sku: Sku
    status: MessageStatus
    reason: Annotated[str | None, Field(description="Why it stands where it stands, where the status does not say it.")]
    subject: Annotated[str | None, Field(description="Emails only.")]
    body: str
    segments: Annotated[int, Field(ge=0)]
    encoding: Annotated[str, one_of(*get_args(Encoding), "utf8", about="utf8 for emails.")]
    gateway: Annotated[str, Field(description="The name of the gateway.")]
    gateway_id: Annotated[str | None, Field(description="The gateway's id of the message.")]
    attempts: Annotated[int, Field(ge=0)]
    due_at: Moment
    created_at: Moment
    accepted_at: Moment | None
    delivered_at: Moment | None


class MessageList(Answer):
    messages: list[MessageAnswer]
    next: Next
