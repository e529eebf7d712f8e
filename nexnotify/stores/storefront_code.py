"""The part of a store's settings that says how the shop's pages tell of views and orders."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

#: A path as it stands in an address, without query; nothing in it could end an attribute of a page.
PATH = r"^/([^\s/\\?#\"'<>&][^\s\\?#\"'<>&]*)?$"


class StorefrontCode(BaseModel):
    """Which codes are made, and for which shop."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    #: The shop system, by its name in ``content.platforms``; empty until it is chosen.
    platform: str = Field(default="", max_length=40, pattern=r"^[a-z0-9_]*$")
    #: Path of the page that follows an order, such as "/thank-you".
    confirmation_url: str = Field(default="", max_length=500, pattern=rf"^$|{PATH}")
    #: Whether nothing is counted until the shop's consent tool says yes.
    require_consent: bool = False
