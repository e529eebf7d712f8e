"""Plots: what the canvas draws, the sentence that says the same, and the table behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nexnotify.reports.dashboard.figures import Daily
from nexnotify.web.languages import ENGLISH, day, in_sentence, language, number
from nexnotify.words import N_


@dataclass(frozen=True, slots=True)
class Series:
    """One row of bars. ``colour`` is a token of the style sheet, so that the canvas follows the theme."""

    name: str
    colour: str
    values: list[int]

    @property
    def total(self) -> int:
        """The sum of its days."""
        return sum(self.values)


@dataclass(frozen=True, slots=True)
class Plot:
    """Bars by day."""

    id: str
    title: str
    lead: str
    stacked: bool
    days: list[str]
    series: list[Series]

    @property
    def summary(self) -> str:
        """The plot in a sentence, for those who do not see it."""
        totals = ", ".join(f"{number(series.total)} {in_sentence(series.name)}" for series in self.series)
        sums = [sum(series.values[number] for series in self.series) for number in range(len(self.days))]
        if not any(sums):
            return N_(
                "%(title)s: nothing from %(days)s to %(days2)s.",
                title=self.title,
                days=self.days[0],
                days2=self.days[-1],
            )
        most = max(range(len(sums)), key=sums.__getitem__)
        return N_(
            "%(title)s, %(days)s to %(days2)s: %(totals)s. Most on %(most)s: %(most2)s. The figures are in the table.",
            title=self.title,
            days=self.days[0],
            days2=self.days[-1],
            totals=totals,
            most=self.days[most],
            most2=f"{sums[most]:,}",
        )

    @property
    def data(self) -> dict[str, Any]:
        """What the script draws."""
        series = [{"name": item.name, "colour": item.colour, "values": item.values} for item in self.series]
        return {"days": self.days, "stacked": self.stacked, "series": series}


#: (series, its name, its colour); those of the first line are shown even where they are empty.
_REQUESTS = (("sms", N_("Text message"), "text"), ("email", N_("Email"), "email"), ("push", N_("Push"), "push"))
_MESSAGES = (
    ("delivered", N_("Delivered"), "ok"),
    ("under_way", N_("On the way"), "info"),
    ("held", N_("Held"), "warn"),
    ("uncertain", N_("Uncertain"), "push"),
    ("not_delivered", N_("Not delivered"), "bad"),
    ("not_sent", N_("Not sent, as decided"), "ctl"),
)
_OTHER = (("opt_outs", N_("Opt-outs"), "bad"), ("restocks", N_("Restocks"), "brand"))


_ALERTS = (("taken", N_("Sent"), "text"), ("clicked", N_("Clicked"), "ok"))
_ORDERS = (("won", N_("Orders won"), "ok"), ("assisted", N_("Orders assisted"), "info"))


def metrics_plots(daily: Daily) -> list[Plot]:
    """The two plots of the metrics."""
    return [
        _plot(
            "sent",
            N_("Messages and clicks"),
            N_("Per day the messages were written on"),
            daily,
            _ALERTS,
            2,
            stacked=False,
        ),
        _plot("orders", N_("Orders after an alert"), N_("Per day they were placed on"), daily, _ORDERS, 2),
    ]


def plots(requests: Daily, messages: Daily, other: Daily) -> list[Plot]:
    """The three plots of the start page."""
    return [
        _plot(
            "requests", N_("New requests"), N_("Per day, by how people want to hear from you"), requests, _REQUESTS, 2
        ),
        _plot(
            "messages",
            N_("Messages"),
            N_("Per day they were written on, by what became of them"),
            messages,
            _MESSAGES,
            1,
        ),
        _plot("other", N_("Opt-outs and restocks"), N_("Per day"), other, _OTHER, 2, stacked=False),
    ]


def _plot(
    id: str,
    title: str,
    lead: str,
    daily: Daily,
    known: tuple[tuple[str, str, str], ...],
    always: int,
    *,
    stacked: bool = True,
) -> Plot:
    """``always``: so many series are there even where all their numbers are 0."""
    short = "d MMM" if language() == ENGLISH else "d. MMM"
    days = [day(date, short) for date in daily.dates]
    series = [
        Series(name, colour, daily.series[key])
        for number, (key, name, colour) in enumerate(known)
        if key in daily.series and (number < always or any(daily.series[key]))
    ]
    return Plot(id, title, lead, stacked, days, series)
