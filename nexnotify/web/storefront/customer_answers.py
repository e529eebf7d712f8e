"""What the storefront API answers about customers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from nexnotify.web.storefront.answers import Answer, BulkAnswer, Moment, Next


class SavedCustomer(Answer):
    id: str


class CustomersSaved(BulkAnswer):
    customers: Annotated[list[SavedCustomer], Field(description="The customers that were saved.")]


class CustomerAnswer(Answer):
    id: str
    first_name: str | None
    last_name: str | None
    email: str | None
    phone: Annotated[str | None, Field(examples=["+12015550123"])]
    country: str | None
    region: str | None
    fields: Annotated[
        dict[str, bool | int | float | str],
        Field(description="Name of a custom field → its value; fields without one are left out."),
    ]
    may_be_sent_marketing: Annotated[
        bool,
        Field(description="The consent ledger allows marketing texts to the phone: opted in, and no STOP since."),
    ]
    created_at: Moment
    updated_at: Moment


class CustomerList(Answer):
    customers: list[CustomerAnswer]
    next: Next
