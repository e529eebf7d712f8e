"""The part of a store's settings that is about shoppers who ask on several channels; ``stores.settings`` has the rest."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import BaseModel, Field, field_validator


class ChannelSettings(BaseModel):
    """On which channels somebody is told who asked on several."""

    #: On all of them, or on the first that can be used, and on the next when that fails.
    channels: Literal["together", "in_order"] = "together"
    #: All channels, first choice first.
    channel_order: list[Literal["sms", "email", "push"]] = ["sms", "email", "push"]
    #: Without a delivery receipt for so many minutes a message has failed; null: only when the gateway says so.
    failover_minutes: int | None = Field(None, ge=1, le=1440)

    #: Where the shop's own domain has the file by which browsers take pushes; empty: nowhere, and the widget offers none.
    push_worker: str = Field("", max_length=200)

    @field_validator("push_worker")
    @classmethod
    def _a_script_of_the_shop(cls, path: str) -> str:
        if path and not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+\.js", path):
            raise ValueError('must be a path on your shop\'s own domain that ends in .js, such as "/nexnotify-sw.js".')
        return path

    @field_validator("channel_order")
    @classmethod
    def _each_once(cls, order: list[str]) -> list[str]:
        if sorted(order) != ["email", "push", "sms"]:
            raise ValueError("must name sms, email and push, each once.")
        return order
