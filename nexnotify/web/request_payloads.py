"""Bodies of sign-ups, as the API and the widget take them."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, model_validator

from nexnotify.policy.places import known_zone
from nexnotify.web.payloads import Name, OneVariant, Payload, Secret, Text, Units, Visitor


def _web_page(value: Any) -> Any:
    """The page, where it is the address of one. Nobody typed it, so a sign-up is not refused for it."""
    if not isinstance(value, str):
        return value
    try:
        value.encode()
        parts = urlsplit(value.strip())
    except ValueError:
        return None
    return value if parts.scheme in ("http", "https") and parts.hostname else None


class PushKeys(Payload):
    p256dh: Annotated[str, Field(max_length=120)]
    auth: Annotated[str, Field(max_length=60)]


class PushSubscriptionPayload(Payload):
    """A browser's subscription, as its ``toJSON()`` gives it."""

    endpoint: Annotated[str, Field(max_length=2000, pattern=r"^https?://")]
    keys: PushKeys
    expirationTime: float | None = None

    @property
    def address(self) -> str:
        """The one written form of it."""
        return json.dumps(self.model_dump(include={"endpoint", "keys"}), sort_keys=True, separators=(",", ":"))


class RequestPayload(OneVariant):
    """A sign-up, as the widget sends it."""

    phone: Annotated[str, Field(max_length=60)] | None = None
    email: Annotated[str, Field(max_length=254)] | None = None
    push: PushSubscriptionPayload | None = Field(None, description="A browser's subscription, as it gives it.")
    any_variant: bool = Field(False, description="Any variant of its product: the first that can be bought is told.")
    or_variants: Annotated[
        list[OneVariant],
        Field(max_length=20, description="Other variants that would do: the first of all that can be bought is told."),
    ] = []
    quantity: Units = Field(1, description="Units wanted: nobody is told before so many can be bought.")
    intent: Literal["in_stock", "preordered", "backordered"] = Field(
        "in_stock",
        description="Of what the shopper is told: stock, or that it can be ordered before; stock if it is first.",
    )
    location: Annotated[
        Text | None, Field(description="Only stock of this location counts, by the key that levels name it with.")
    ] = None
    region: Annotated[Text | None, Field(description="Only stock of this region counts, by its key.")] = None
    first_name: Annotated[Name | None, Field(description="On one line, without a link or an address.")] = None
    channels: list[Literal["sms", "email", "push"]] | None = Field(
        None, description="Unless told, all with an address."
    )
    consent: bool = Field(False, description="The shopper has agreed; a text needs it.")
    consent_text: Annotated[str, Field(max_length=4000)] | None = Field(None, description="The wording agreed to.")
    page_url: Annotated[Annotated[str, Field(max_length=2000)] | None, BeforeValidator(_web_page)] = Field(
        None, description="Kept if it is an http or https address."
    )
    zone: Annotated[
        Annotated[str, Field(max_length=60)] | None,
        BeforeValidator(known_zone),
        Field(description="The shopper's time zone as the browser tells it, an IANA name; kept if it is one."),
    ] = None

    @model_validator(mode="after")
    def _one_way_to_want_several(self) -> RequestPayload:
        if self.any_variant and self.or_variants:
            raise ValueError("Name other variants with or_variants, or take any_variant, not both.")
        return self

    @model_validator(mode="after")
    def _one_place(self) -> RequestPayload:
        if self.location and self.region:
            raise ValueError("Name a location or a region, not both.")
        return self

    #: The language the shopper was asked in; errors beside fields are in it where we have it.
    language: Annotated[str, Field(max_length=35)] | None = None


class WidgetRequestPayload(RequestPayload):
    secret: Secret | None = Field(
        None,
        description="A random number of the page: who sends it again may change the request at once, others by a yes.",
    )
    visitor: Visitor | None = Field(None, description="Only with the shopper's consent to be counted.")


class ApiRequestPayload(RequestPayload):
    source: Annotated[str, Field(max_length=60)] = "api"
    confirm: bool = Field(True, description="False sends no confirmation.")
