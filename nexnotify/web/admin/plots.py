"""Plots: what the canvas draws, the sentence that says the same, and the table behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nexnotify.reports.dashboard.figures import Daily


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
        totals = ", ".join(f"{series.total:,} {series.name.lower()}" for series in self.series)
        sums = [sum(series.values[number] for series in self.series) for number in range(len(self.days))]
        if not any(sums):
            return f"{self.title}: nothing from {self.days[0]} to {self.days[-1]}."
        most = max(range(len(sums)), key=sums.__getitem__)
        return (
            f"{self.title}, {self.days[0]} to {self.days[-1]}: {totals}. "
            f"Most on {self.days[most]}: {sums[most]:,}. The figures are in the table."
        )

    @property
    def data(self) -> dict[str, Any]:
        """What the script draws."""
        series = [{"name": item.name, "colour": item.colour, "values": item.values} for item in self.series]
        return {"days": self.days, "stacked": self.stacked, "series": series}


#: (series, its name, its colour); those of the first line are shown even where they are empty.
_REQUESTS = (("sms", "Text message", "text"), ("email", "Email", "email"), ("push", "Push", "push"))
_MESSAGES = (
    ("delivered", "Delivered", "ok"),
    ("under_way", "On the way", "info"),
    ("held", "Held", "warn"),
    ("uncertain", "Uncertain", "push"),
    ("not_delivered", "Not delivered", "bad"),
    ("not_sent", "Not sent, as decided", "ctl"),
)
_OTHER = (("opt_outs", "Opt-outs", "bad"), ("restocks", "Restocks", "brand"))


def plots(requests: Daily, messages: Daily, other: Daily) -> list[Plot]:
    """The three plots of the start page."""
    return [
        _plot("requests", "New requests", "Per day, by how people want to hear from you", requests, _REQUESTS, 2),
        _plot("messages", "Messages", "Per day they were written on, by what became of them", messages, _MESSAGES, 1),
        _plot("other", "Opt-outs and restocks", "Per day", other, _OTHER, 2, stacked=False),
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
    days = [f"{day.day} {day:%b}" for day in daily.dates]
    series = [
        Series(name, colour, daily.series[key])
        for number, (key, name, colour) in enumerate(known)
        if key in daily.series and (number < always or any(daily.series[key]))
    ]
    return Plot(id, title, lead, stacked, days, series)
