"""What the storefront API answers about what alerts earned."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from nexnotify.web.storefront.answers import Answer, Channel

Count = Annotated[int, Field(ge=0)]
Rate = Annotated[float | None, Field(ge=0, description="A share, 0.25 being 25 %; null: nothing to divide by.")]


class RevenueAnswer(Answer):
    """Money of one currency."""

    currency: str
    revenue: Annotated[str, Field(description="Of orders won and assisted.")]
    revenue_won: Annotated[str, Field(description="Of orders won.")]


class FiguresAnswer(Answer):
    """Requests by the day they were made on, messages by the day they were written on, orders by the day they were placed
    on."""

    requests: Count
    requests_for_one_variant: Count
    sent: Annotated[int, Field(ge=0, description="Messages that a gateway took.")]
    sent_in_time: Annotated[int, Field(ge=0, description="Those taken within 10 seconds of becoming due.")]
    in_time_rate: Rate
    delivered: Count
    delivery_rate: Rate
    not_delivered: Count
    taken_for_spam: Count
    alerts: Annotated[int, Field(ge=0, description="Alerts and reminders that a gateway took.")]
    alerts_clicked: Annotated[int, Field(ge=0, description="Those of whose links a person opened one.")]
    click_rate: Rate
    won: Annotated[int, Field(ge=0, description="Orders of people who opened their link before ordering.")]
    assisted: Annotated[int, Field(ge=0, description="Orders of people who were told and did not open it.")]
    conversion: Annotated[float | None, Field(ge=0, description="Orders won for each alert whose link was opened.")]
    within_hour: Annotated[int, Field(ge=0, description="Orders within an hour of being told.")]
    within_day: Annotated[int, Field(ge=0, description="Orders within a day of being told.")]
    revenue: list[RevenueAnswer]


class ChannelFigures(FiguresAnswer):
    channel: Channel


class TemplateFigures(FiguresAnswer):
    template: str
    kind: str
    channel: Channel


class DayFigures(FiguresAnswer):
    day: date


class OutcomesReport(Answer):
    first_day: date
    last_day: date
    zone: Annotated[str, Field(description="Whose days they are.")]
    total: FiguresAnswer
    signup_rate: Rate
    restocks: Count
    opt_outs: Annotated[int | None, Field(ge=0, description="People who said STOP; null for one product.")]
    opt_outs_per_1000: Annotated[float | None, Field(ge=0, description="For each 1,000 messages sent.")]
    by_channel: list[ChannelFigures]
    by_template: list[TemplateFigures]
    by_day: list[DayFigures]
