"""What the storefront API answers about what telling adds."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from nexnotify.reports.lift import VERDICTS
from nexnotify.web.storefront.answers import Answer, Moment, status
from nexnotify.web.storefront.report_answers import Count, Rate

Money = Annotated[str, Field(description="In the store's currency.")]


class ShareInterval(Answer):
    """A share, 0.02 being two of a hundred, and its 95 % interval."""

    value: float
    low: float
    high: float


class MoneyInterval(Answer):
    """A sum in the store's currency, and its 95 % interval."""

    value: str
    low: str
    high: str


class GroupAnswer(Answer):
    """People whose days for buying are over."""

    people: Count
    buyers: Count
    conversion: Rate
    revenue: Money
    revenue_per_person: Annotated[str | None, Field(description="In the store's currency; null: nobody.")]


class LiftReport(Answer):
    """People who were told of restocks against those who by chance were not. Null: too few data to say."""

    first_day: Annotated[date | None, Field(description="Null for one restock.")]
    last_day: date | None
    zone: Annotated[str, Field(description="Whose days they are.")]
    currency: str
    window_days: Annotated[int, Field(ge=1, description="Orders within so many days of being told count.")]
    verdict: Annotated[str, status(VERDICTS)]
    words: Annotated[str, Field(description="The verdict, for people.")]
    restocks: Annotated[int, Field(ge=0, description="That had a control group, with days for buying that are over.")]
    told: GroupAnswer
    control: GroupAnswer
    pending: Annotated[int, Field(ge=0, description="People whose days for buying are not over.")]
    counted_at: Annotated[Moment | None, Field(description="When the oldest of these figures was counted.")]
    conversion_lift: Annotated[
        ShareInterval | None, Field(description="Share of buyers among those told, less that of the control group.")
    ]
    relative_lift: Annotated[ShareInterval | None, Field(description="The same as a share of the control group's.")]
    revenue_per_person_lift: MoneyInterval | None
    revenue_added: Annotated[MoneyInterval | None, Field(description="For all the people told.")]
    revenue_added_per_restock: MoneyInterval | None
    revenue_forgone: Annotated[
        MoneyInterval | None, Field(description="What was not made because the control group was not told.")
    ]
