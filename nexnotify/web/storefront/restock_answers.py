"""What the storefront API answers about restocks, their plans, and simulations."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from nexnotify.campaigns.models import STATES as SEND_STATES
from nexnotify.inventory.available import IN_STOCK, OFFERS
from nexnotify.ledger.transitions import STATUSES as MESSAGE_STATUSES
from nexnotify.restock.models import STATES
from nexnotify.web.storefront.answers import (
    Answer,
    Channel,
    MessageStatus,
    Moment,
    Next,
    Reason,
    Sku,
    SpanAnswer,
    one_of,
    status,
)

Units = Annotated[int | None, Field(description="Null is unlimited.")]
Verdict = Annotated[str, one_of("send", "hold", "skip")]


class OutcomeAnswer(Answer):
    """What came of a restock. Money is in the store's currency."""

    messages: Annotated[int, Field(description="Made for it: people told and held back.")]
    clicked: Annotated[int, Field(description="People who opened their link; scanners do not count.")]
    won: Annotated[int, Field(description="Orders of people who opened their link before ordering.")]
    assisted: Annotated[int, Field(description="Orders of people who were told and did not open it.")]
    revenue: Annotated[str, Field(description="Of orders won and assisted.")]
    revenue_won: Annotated[str, Field(description="Of orders won.")]
    revenue_per_message: Annotated[str | None, Field(description="Null where no message was made.")]
    units: Annotated[int, Field(ge=0, description="That could be sold when it came back; 0 where there is no limit.")]
    units_sold: Annotated[int, Field(ge=0, description="Of them, by how much stock fell in the seven days after.")]
    time_to_purchase: Annotated[SpanAnswer | None, Field(description="From being told to the order; null: no order.")]


class RestockAnswer(Answer):
    id: int
    sku: Sku
    variant_id: str
    product: Annotated[str, Field(description="The product's title.")]
    available_before: Units
    available_after: Units
    status: Annotated[
        str,
        one_of(IN_STOCK, *OFFERS),
        Field(description="What people are told of: stock, or that it can be ordered before."),
    ]
    location: Annotated[str | None, Field(description="The location whose stock rose, for those who wait there.")]
    region: Annotated[str | None, Field(description="The region whose stock rose, for those who wait there.")]
    by_check: Annotated[bool, Field(description="No event told of it: the check of stock against who waits found it.")]
    at: Moment
    planned_at: Annotated[Moment | None, Field(description="When the last person was decided about.")]
    state: Annotated[str, status(STATES)]
    words: Annotated[str, Field(description="Where it stands and why, for people.")]
    next_at: Annotated[Moment | None, Field(description="When it goes on by itself; null: it waits, or is over.")]
    outcome: OutcomeAnswer


class RestockList(Answer):
    restocks: list[RestockAnswer]
    next: Next


class PlanLine(Answer):
    stage: Annotated[
        str,
        one_of(
            *("plan", "send", "reminder", "journey", "correction"),
            about="Decided when planned, again at the moment of sending, for a reminder, in a journey, or for a correction.",
        ),
    ]
    verdict: Verdict
    reason: Reason
    words: Annotated[str, Field(description="The reason, for people.")]
    people: Annotated[int, Field(ge=1)]


class WaveAnswer(Answer):
    """People who were told together."""

    number: Annotated[int, Field(ge=1)]
    at: Moment
    size: Annotated[int | None, Field(description="People at most; null: everybody who was left.")]
    told: Annotated[int, Field(ge=0, description="Those whose message is held included.")]
    units: Units
    words: Annotated[str, Field(description="Why it has its size, for people.")]


class ExpectedWave(Answer):
    """A wave that is still to come."""

    at: Moment
    people: Annotated[int, Field(ge=0)]
    units: Units
    words: str
    is_estimate: Annotated[
        bool, Field(description="True for all but the first: they hang on how many people buy until then.")
    ]


class ExpectedPeople(Answer):
    verdict: Verdict
    reason: Reason
    words: Annotated[str, Field(description="The reason, for people.")]
    people: Annotated[int, Field(ge=0)]


class ForecastAnswer(Answer):
    """What would still happen, decided by the code that plans."""

    waiting: Annotated[int, Field(ge=0, description="People about whom nothing is decided yet.")]
    looked_at: Annotated[int, Field(ge=0, description="Of these, how many were decided about one by one.")]
    is_estimate: Annotated[bool, Field(description="True where not all of them were: then all figures are estimates.")]
    starts_at: Moment | None
    ends_at: Annotated[
        Moment | None, Field(description="An estimate, from the waves and the rate of the sender's lane.")
    ]
    people: list[ExpectedPeople]
    messages: Annotated[dict[Channel, int], Field(description="Channel → messages, if stock lasts for all waves.")]
    segments: Annotated[int, Field(ge=0, description="Billable parts of these texts.")]
    credits: Annotated[int | None, Field(description="Null: the store does not pay with credits.")]
    money: Annotated[str | None, Field(description="What the gateway charges, where its price is known.")]
    currency: str | None
    keeps_units: Annotated[
        bool,
        Field(description="A unit is kept for each who is told: nobody is told beyond them, until one is free again."),
    ]
    waves: list[ExpectedWave]


class Wording(Answer):
    subject: Annotated[str | None, Field(description="Of an email, or the title of a push; null for a text message.")]
    body: str


class CorrectionAnswer(Answer):
    """The one word to those whom a recalled restock had told."""

    id: int
    state: Annotated[str, status(SEND_STATES)]
    confirmed_at: Annotated[Moment | None, Field(description="Null: it was only looked at.")]
    words: Annotated[
        dict[Channel, Wording],
        Field(description="Channel on which people were told → what it says on it, with tokens."),
    ]
    people: Annotated[int, Field(ge=0, description="Who gets it, now or later.")]
    left_out: Annotated[dict[Reason, int], Field(description="Reason → people who get none.")]
    segments: Annotated[int, Field(ge=0, description="Billable parts of the text messages.")]
    credits: Annotated[int | None, Field(description="Null: the store does not pay with credits.")]


class PlanAnswer(Answer):
    """Who is told, who is held back and who is left out, and why."""

    restock: RestockAnswer
    decisions: list[PlanLine]
    waves: list[WaveAnswer]
    messages: Annotated[
        dict[MessageStatus, int],
        Field(
            description="Status → how many of its messages stand there.",
            json_schema_extra={"propertyNames": {"enum": list(MESSAGE_STATUSES)}},
            examples=[{"delivered": 12}],
        ),
    ]
    segments: Annotated[int, Field(ge=0)]
    forecast: Annotated[ForecastAnswer | None, Field(description="What is still to come; null when nothing is.")]


class SimulationAnswer(Answer):
    """What would happen at an invented restock. Nothing was written, and nothing is sent."""

    sku: Sku
    variant_id: str
    product: Annotated[str, Field(description="The product's title.")]
    location: Annotated[str | None, Field(description="The location at which they come in.")]
    region: Annotated[str | None, Field(description="The region in which they come in.")]
    units: Units
    at: Moment
    forecast: ForecastAnswer
