"""What the storefront API answers about what alerts earned."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from nexnotify.web.storefront.answers import Answer, Channel, Sku, SpanAnswer

Count = Annotated[int, Field(ge=0)]
Rate = Annotated[float | None, Field(ge=0, description="A share, 0.25 being 25 %; null: nothing to divide by.")]


class RevenueAnswer(Answer):
    """Money of one currency."""

    currency: str
    revenue: Annotated[str, Field(description="Of orders won and assisted.")]
    revenue_won: Annotated[str, Field(description="Of orders won.")]
    per_alert: Annotated[str | None, Field(description="Revenue ÷ alerts that a gateway took; null without any.")]
    per_request: Annotated[str | None, Field(description="Revenue ÷ requests; null without any.")]
    per_restock: Annotated[str | None, Field(description="Revenue ÷ restocks; null without any.")]


class FiguresAnswer(Answer):
    """Requests by the day they were made on, messages by the day they were written on, orders by the day they were placed
    on."""

    requests: Count
    requests_for_one_variant: Count
    variant_specificity: Rate
    questioned: Annotated[int, Field(ge=0, description="Requests whose shopper had to say yes first.")]
    confirmed: Annotated[int, Field(ge=0, description="Those of them who did.")]
    confirmation_rate: Rate
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
    time_to_purchase: Annotated[SpanAnswer | None, Field(description="From being told to the order; null: no order.")]
    revenue: list[RevenueAnswer]
    opt_outs: Annotated[
        int, Field(ge=0, description="People who opted out, each once a day, by the last message before.")
    ]
    opt_outs_per_1000: Annotated[float | None, Field(ge=0, description="For each 1,000 messages sent.")]
    opt_outs_by_gateway: Annotated[
        int, Field(ge=0, description="Those a gateway or mailbox told of: complaints, and opt-outs made there.")
    ]
    restocks: Count
    units: Annotated[int, Field(ge=0, description="That could be sold when they came back, where there is a limit.")]
    units_sold: Annotated[int, Field(ge=0, description="Of them, by how much stock fell in the seven days after.")]
    sell_through: Rate


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
    opt_outs: Annotated[int, Field(ge=0, description="People who opted out; for a product, after a message about it.")]
    opt_outs_per_1000: Annotated[float | None, Field(ge=0, description="For each 1,000 messages sent.")]
    by_channel: list[ChannelFigures]
    by_template: list[TemplateFigures]
    by_day: list[DayFigures]


class WantedAnswer(Answer):
    """A variant that people wait for."""

    sku: Sku
    variant_id: str
    product: Annotated[str, Field(description="The product's title.")]
    waiting: Annotated[int, Field(ge=1, description="Open requests.")]
    units: Annotated[int, Field(ge=1, description="Units that they want.")]
    price: Annotated[str | None, Field(description="In the store's currency; null without one.")]
    worth: Annotated[str | None, Field(description="Units times price: what it would come to if everybody bought.")]
    expected: Annotated[
        str | None, Field(description="The same, if as many buy of those told as of late; null: unknown.")
    ]


class DemandReport(Answer):
    currency: str
    waiting: Count
    units: Count
    worth: str
    expected: str | None
    unpriced: Annotated[int, Field(ge=0, description="Units without a price in the store's currency, not in any sum.")]
    bought_of_told: Annotated[float | None, Field(ge=0, description="Orders for each alert of the last 90 days.")]
    wanted: list[WantedAnswer]
