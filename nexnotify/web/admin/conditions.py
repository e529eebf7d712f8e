"""Conditions on activities, as journeys and audiences have them."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import Length, Optional

from nexnotify.waitlist.conditions import Where
from nexnotify.words import N_

#: Condition → what a merchant calls it.
CONDITIONS = {
    "skus": N_("SKU"),
    "products": N_("Product"),
    "tags": N_("Tag"),
    "sources": N_("Source"),
    "locations": N_("Location"),
}
_SHORT = [Optional(), Length(max=2000, message=N_("2,000 characters is the most."))]


class ConditionsForm(FlaskForm):
    """Which activities are meant. Several values stand with commas between; an empty field takes any."""

    skus = StringField(CONDITIONS["skus"], _SHORT)
    products = StringField(CONDITIONS["products"], _SHORT, description=N_("The id that your shop gives it."))
    tags = StringField(CONDITIONS["tags"], _SHORT, description=N_("As your shop tells it."))
    sources = StringField(
        CONDITIONS["sources"], _SHORT, description=N_("Where they asked: widget, api, or what your shop calls it.")
    )
    locations = StringField(
        CONDITIONS["locations"], _SHORT, description=N_("Whose stock came in. Not for those who wait.")
    )

    @property
    def where(self) -> Where:
        """What was typed."""
        return Where(**{name: _listed(self[name].data) for name in CONDITIONS})


def _listed(typed: str | None) -> tuple[str, ...]:
    """ "a, b" as values, each once."""
    return tuple(dict.fromkeys(part for part in (piece.strip() for piece in (typed or "").split(",")) if part))
