"""What the storefront API answers about orders and tickets."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypeAliasType

from nexnotify.orders.models import AUTHORS, ORDER_STATUSES
from nexnotify.web.storefront.answers import Answer, BulkAnswer, Moment, Next, Sku, one_of, status

OrderStatus = TypeAliasType("OrderStatus", Annotated[str, status(ORDER_STATUSES)])
Money = Annotated[str | None, Field(pattern=r"^\d+\.\d{2}$", examples=["40.00"])]


class SavedOrder(Answer):
    index: Annotated[int, Field(ge=0, description="Which row told it, counted from 0.")]
    id: str
    status: Annotated[OrderStatus, Field(description="Not the one told, where that comes before the order's own.")]


class OrdersSaved(BulkAnswer):
    orders: Annotated[list[SavedOrder], Field(description="The orders that were saved.")]


class PersonAnswer(Answer):
    """What came with it goes before what the customer has."""

    customer_id: str | None
    first_name: str | None
    last_name: str | None
    phone: str | None
    email: str | None


class OrderLineAnswer(Answer):
    sku: Sku
    variant_id: Annotated[str | None, Field(description="Null while the catalogue has no such variant.")]
    title: str | None
    quantity: Annotated[int, Field(ge=0)]
    price: Annotated[Money, Field(description="Of one.")]


class OrderAnswer(PersonAnswer):
    id: str
    status: OrderStatus
    placed_at: Moment
    currency: Annotated[str, Field(examples=["USD"])]
    total: Money
    lines: list[OrderLineAnswer]


class OrderList(Answer):
    orders: list[OrderAnswer]
    next: Next


class SavedTicket(Answer):
    index: Annotated[int, Field(ge=0, description="Which row told it, counted from 0.")]
    id: str


class TicketsSaved(BulkAnswer):
    tickets: Annotated[list[SavedTicket], Field(description="The tickets that were saved.")]


class TicketMessageAnswer(Answer):
    id: str
    author: Annotated[str, one_of(*AUTHORS)] = Field(alias="from")
    text: str
    at: Moment


class TicketAnswer(PersonAnswer):
    id: str
    subject: str
    messages: Annotated[list[TicketMessageAnswer], Field(description="Oldest first.")]


class TicketList(Answer):
    tickets: list[TicketAnswer]
    next: Next
