"""RULE: how likely somebody is to buy, from what is known of them, and why. A logistic regression, as plain numbers.

Nothing here learns: ``outcomes.training`` does. The same function makes the features for both, so that what is asked of
the model is what it was trained on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from nexnotify.words import N_, Phrase

#: Alerts whose outcome is known, and purchases (or else clicks) among them, before anything is learned.
NEEDED_TOLD: Final = 1000
NEEDED_YES: Final = 100
#: The share of history, its latest part, that a model is tested on and does not learn from.
HELD_BACK: Final = 0.3
#: A reason is worth a word when it changes the odds by a tenth or more.
_WORTH: Final = math.log(1.1)


class Asking(NamedTuple):
    """What a request itself tells."""

    created_at: datetime
    quantity: int
    channel: str
    source: str


class Told(NamedTuple):
    """An alert that somebody got, and what came of it."""

    request_id: int
    restock_id: int
    at: datetime
    #: When a person first opened its link; when they ordered because of it.
    clicked_at: datetime | None
    bought_at: datetime | None


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of a contact from before."""

    told: Sequence[Told] = ()
    #: When its person ordered anything.
    orders: Sequence[datetime] = ()


class Feature(NamedTuple):
    """One thing that a model looks at."""

    #: What one more of it is, for the model's page.
    words: str
    #: What is said of somebody who has more of it than others, and of somebody who has less.
    more: str
    less: str


#: Name → what it is, in the order of a model's columns.
FEATURES: Final[Mapping[str, Feature]] = {
    "weeks": Feature(N_("each week of waiting, up to 26"), N_("has waited long"), N_("asked a short while ago")),
    "units": Feature(N_("each unit wanted, up to 5"), N_("wants several units"), N_("wants few units")),
    "orders": Feature(N_("each order before, up to 10"), N_("has ordered before"), N_("has not ordered much before")),
    "clicks": Feature(
        N_("each alert opened before, up to 5"), N_("has opened alerts before"), N_("has not opened many alerts before")
    ),
    "missed": Feature(
        N_("each time told before without buying, up to 5"),
        N_("was told before without buying"),
        N_("was not often told in vain"),
    ),
    "text": Feature(N_("told by text message, not by email"), N_("is told by text message"), N_("is told by email")),
    "widget": Feature(
        N_("asked in the widget, not in another way"), N_("asked in the widget"), N_("did not ask in the widget")
    ),
}


def features(asking: Asking, past: Past, at: datetime) -> tuple[float, ...]:
    """What the model looks at, as it stood at a moment: nothing that came later."""
    before = [told for told in past.told if told.at < at]
    clicks = sum(told.clicked_at is not None and told.clicked_at < at for told in before)
    missed = sum(told.bought_at is None or told.bought_at >= at for told in before)
    orders = sum(ordered < at for ordered in past.orders)
    return (
        min(max((at - asking.created_at) / timedelta(weeks=1), 0.0), 26.0),
        float(min(asking.quantity, 5)),
        float(min(orders, 10)),
        float(min(clicks, 5)),
        float(min(missed, 5)),
        float(asking.channel == "sms"),
        float(asking.source == "widget"),
    )


@dataclass(frozen=True, slots=True)
class Model:
    """What was learned: the weight of one more of each feature, in log-odds, and what is usual."""

    intercept: float
    weights: Mapping[str, float]
    means: Mapping[str, float]

    def likelihood(self, values: Sequence[float]) -> float:
        """The share of people like this one who buy."""
        z = self.intercept + sum(self.weights[name] * value for name, value in zip(FEATURES, values, strict=True))
        return 1 / (1 + math.exp(-max(-40.0, min(40.0, z))))

    def reasons(self, values: Sequence[float], *, likelier: bool = True) -> list[tuple[str, bool]]:
        """At most two features that make this one likelier (or less likely) than usual, the strongest first.

        :returns: (feature, whether there is more of it than usual) each.
        """
        sign = 1 if likelier else -1
        parts = [
            (sign * self.weights[name] * (value - self.means[name]), name, value > self.means[name])
            for name, value in zip(FEATURES, values, strict=True)
        ]
        return [(name, more) for part, name, more in sorted(parts, reverse=True)[:2] if part >= _WORTH]


def is_better(figures: Mapping[str, float]) -> bool:
    """Whether a model told buyers from others better than plain order did, in history that it had not seen.

    By more than twice the standard error of its AUC, so that it is no luck, and with likelihoods closer to what happened
    (Brier score) than saying the same of everybody.
    """
    beaten = max(0.5, figures["auc_plain"])
    return figures["auc"] - 2 * figures["auc_error"] > beaten and figures["brier"] < figures["brier_same"]


def ordered(likelihoods: Sequence[float]) -> list[int]:
    """Places in the order of telling, the likeliest first; who is as likely as another keeps the plain order."""
    return sorted(range(len(likelihoods)), key=lambda place: -likelihoods[place])


def order_words(detail: Mapping[str, Any]) -> Phrase | str | None:
    """Why somebody's text went where it did in the wave; None where the model did not move it."""
    order = detail.get("order")
    if not order:
        return None
    because = [FEATURES[name].more if more else FEATURES[name].less for name, more in order["because"]]
    words = N_(
        "Likelihood to buy made it number %(place)s of the %(people)s people told together; in plain order it was number %(plain)s.",
        place=order["place"],
        people=order["people"],
        plain=order["plain"],
    )
    for reason in because:
        words = words + " " + N_("Because: %(reason)s.", reason=reason)
    return words
