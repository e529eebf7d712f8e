"""The part of a store's settings that is about shoppers who ask on several channels; ``stores.settings`` has the rest."""

from __future__ import annotations

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

    @field_validator("channel_order")
    @classmethod
    def _each_once(cls, order: list[str]) -> list[str]:
        if sorted(order) != ["email", "push", "sms"]:
            raise ValueError("must name sms, email and push, each once.")
        return order
