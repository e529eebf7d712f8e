"""The part of a store's settings about links in messages, and the orders that come of them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from nexnotify.stores.origins import read_link_domain

#: A value as it may stand in an address without being encoded.
_Plain = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9._~-]+$")]


class Utm(BaseModel):
    """What the shop's own statistics call our visitors; ``utm_medium`` is the channel."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    source: _Plain = "nexnotify"
    campaign: _Plain = "back_in_stock"


class LinkSettings(BaseModel):
    """Where links lead, and what is counted of it."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    #: Whether ``[[url]]`` in alerts is a link of ours, which counts who opens it and is decided when it is opened.
    short_links: bool = True
    #: Origin of these links, pointed at this server; empty: its public address.
    link_domain: str = Field("", max_length=300)
    #: How the shop's product pages choose a variant without a page of its own, such as "variant={id}" or "v={sku}".
    variant_parameter: str = Field("", max_length=60, pattern=r"^([A-Za-z0-9._-]{1,50}=\{(id|sku)\})?$")
    #: Null adds none.
    utm: Utm | None = Utm()
    #: From being told to an order that counts as won or assisted, at most.
    attribution_days: int = Field(10, ge=1, le=90)

    @field_validator("link_domain")
    @classmethod
    def _one_domain(cls, domain: str, info: ValidationInfo) -> str:
        """What is stored must not stop the store, whatever it is."""
        stored = (info.context or {}).get("link_domain")
        return domain if domain == stored else read_link_domain(domain) if domain.strip() else ""
