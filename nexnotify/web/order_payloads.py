"""Orders and tickets as the storefront API takes them."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, model_validator

from nexnotify.customers.service import normalise
from nexnotify.errors import Invalid
from nexnotify.orders.people import PersonData
from nexnotify.phone import InvalidEmail, InvalidPhone
from nexnotify.stores.models import Store
from nexnotify.web.payloads import OneVariant, Payload, Price, Text, in_utc, moment_text, one_line, plain_name

#: Lines of one order, and messages of one ticket, in one call.
MAX_PARTS = 1000

Moment = Annotated[AwareDatetime | None, Field(strict=False), BeforeValidator(moment_text), AfterValidator(in_utc)]
#: A name that carries a link is left out; an order is not refused for what somebody typed at the checkout.
PersonName = Annotated[
    Annotated[str, Field(max_length=255)] | None, BeforeValidator(one_line), AfterValidator(plain_name)
]
OrderStatus = Literal["new", "paid", "sent", "cancelled", "returned"]


class PersonPayload(Payload):
    """Whose it is: a customer by id, or somebody by name and addresses."""

    customer_id: Text | None = Field(None, description="As in PUT /customers; may also be told later.")
    first_name: PersonName = None
    last_name: PersonName = None
    phone: Annotated[str, Field(max_length=60)] | None = Field(None, description="Of a guest, or for this one only.")
    email: Annotated[str, Field(max_length=254)] | None = None

    def person(self, store: Store) -> PersonData:
        """With its addresses in their one written form.

        :raises Invalid: an address that cannot be one.
        """
        addresses: dict[str, str | None] = {"phone": None, "email": None}
        problems: dict[str, Any] = {}
        for name, channel in (("phone", "sms"), ("email", "email")):
            typed = getattr(self, name)
            if typed:
                try:
                    addresses[name] = normalise(store, channel, typed)
                except (InvalidPhone, InvalidEmail) as error:
                    problems[name] = str(error)
        if problems:
            raise Invalid(" ".join(problems.values()), fields=problems)
        return PersonData(self.customer_id, self.first_name, self.last_name, **addresses)


class LinePayload(OneVariant):
    title: Annotated[Text | None, BeforeValidator(one_line)] = None
    quantity: Annotated[int, Field(ge=0, le=1_000_000)] = 1
    price: Annotated[Price | None, Field(strict=False, description="Of one.")] = None


class OrderPayload(PersonPayload):
    id: Text
    status: OrderStatus
    placed_at: Moment = Field(None, description="Now, unless told.")
    status_at: Moment = Field(
        None,
        description="When it came to this status; now, unless told. An earlier status counts only with a later moment.",
    )
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = Field(None, description="The store's, unless told.")
    total: Annotated[Price | None, Field(strict=False, description="The sum of the lines, unless told.")] = None
    lines: list[LinePayload] | None = Field(None, max_length=MAX_PARTS, description="Replaced whole; null: left alone.")
    notify: bool = Field(True, description="False texts nobody about what this call brings.")

    @model_validator(mode="after")
    def _keepable(self) -> OrderPayload:
        if sum((line.price or Decimal(0)) * line.quantity for line in self.lines or ()) >= Decimal(10) ** 10:
            raise ValueError("The lines come to more than we can keep.")
        return self


class TicketMessagePayload(Payload):
    id: Text
    author: Literal["customer", "merchant"] = Field(alias="from")
    text: Annotated[str, Field(max_length=20_000)]
    at: Moment = Field(None, description="Now, unless told.")


class TicketPayload(PersonPayload):
    id: Text
    subject: Annotated[Text, BeforeValidator(one_line)]
    messages: list[TicketMessagePayload] = Field([], max_length=MAX_PARTS)
    notify: bool = Field(True, description="False texts nobody about what this call brings.")
