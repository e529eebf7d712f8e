"""The part of a store's settings that is about the life of a request; ``stores.settings`` has the rest."""

from __future__ import annotations

from pydantic import BaseModel, Field, ValidationInfo, field_validator


class RequestSettings(BaseModel):
    """How requests are confirmed, kept, renewed and reminded of."""

    #: A sign-up is pending until its address has said yes; unanswered, it lapses after so many hours.
    double_opt_in: bool = False
    confirm_hours: int = Field(72, ge=1, le=720)
    #: For how many days a request waits, unless it is renewed; null: for ever. The next stands below it.
    request_days: int | None = Field(90, ge=2, le=3650)
    #: So many days before the end the shopper is asked whether it is still wanted.
    renewal_days: int = Field(10, ge=1, le=60)
    #: How often, and after how many hours each, who was told and has not bought is reminded.
    reminders: int = Field(0, ge=0, le=2)
    reminder_hours: int = Field(24, ge=1, le=720)
    #: A number of which nothing was heard for so many months confirms again before it is texted; null: never.
    reconfirm_months: int | None = Field(None, ge=1, le=120)

    @field_validator("renewal_days")
    @classmethod
    def _asked_in_time(cls, days: int, info: ValidationInfo) -> int:
        kept = info.data.get("request_days")
        if kept is not None and days >= kept:
            raise ValueError(f"must be less than request_days, which is {kept}.")
        return days
