"""What an operation of the storefront API is made of."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel

#: Statuses of operations that look, that read a list, that read one thing, that take a body, that take one about a thing.
LOOKS = (401, 503)
LISTS = (401, 422, 503)
FINDS = (401, 404, 503)
TAKES = (400, 401, 413, 422, 503)
TAKES_ONE = (400, 401, 404, 409, 413, 422, 503)


@dataclass(frozen=True, slots=True)
class Rows:
    """A bulk body: ``{name: [rows of model]}``."""

    name: str
    model: type[BaseModel]


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path, as callers see it."""

    method: str
    path: str
    #: The function's name in generated clients.
    name: str
    summary: str
    description: str
    answer: type[BaseModel]
    errors: tuple[int, ...]
    body: Rows | type[BaseModel] | None = None
    #: Names in ``FILTERS``; a list also has ``after`` and ``limit``.
    filters: tuple[str, ...] = ()

    @property
    def is_list(self) -> bool:
        """Whether it answers page by page."""
        return "next" in self.answer.model_fields


#: Query field → (name of its schema, or None for any text; what it does).
FILTERS: dict[str, tuple[str | None, str]] = {
    "sku": (None, "Only this variant."),
    "variant_id": (None, "Only this variant, by the storefront's id."),
    "id": (None, "Only the one with this id, which is the storefront's."),
    "email": (None, "Only who has this email address."),
    "phone": (None, "Only who has this number. Write its `+` as `%2B`."),
    "to": (None, "Only to this number or email address. Write the `+` of a number as `%2B`."),
    "days": (None, "How many days, 30 unless told and 400 at most."),
    "sort": (None, "What comes first by: `money`, `units` or `people`; `money` unless told."),
    "product_id": (None, "Only about this product, by the storefront's id."),
    "restock_id": (None, "This restock instead, whenever it was; not together with another filter."),
    "customer_id": (None, "Only of this customer, by the storefront's id."),
    "activity": ("ActivityName", "Which of the two; `waiting_on_stock` unless told."),
    "order_status": ("OrderStatus", "Only orders that stand here."),
    "intent": (None, "Only requests with this intent."),
    "request_status": ("RequestStatus", "Only requests that stand here."),
    "message_status": ("MessageStatus", "Only messages that stand here."),
}
