"""What is typed about a restock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, DateTimeLocalField, IntegerField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, NumberRange, Optional, ValidationError

from nexnotify.catalog.models import Region
from nexnotify.clock import from_local
from nexnotify.stores.settings import StoreSettings
from nexnotify.words import N_

MAX_PEOPLE = 10**9
#: Formats of a browser's own field, and of a person without one.
_FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"]


#: Fields that each kind of waves has; the others are left alone.
_WAVE_FIELDS = {
    "all": (),
    "per_unit": ("people", "minutes"),
    "paced": ("people", "minutes"),
    "staged": ("percent", "minutes"),
    "automatic": ("minutes",),
}
_PLAIN = (
    *("channels", "failover_minutes", "bundle_minutes"),
    *("settle_seconds", "approval", "undo_seconds", "alert_order", "priority_field", "keep_place_minutes"),
    "holdout",
)


class TellingForm(FlaskForm):
    """How the people of a restock are told: the part of the settings form that is about it."""

    settle_seconds = IntegerField(
        N_("Seconds that stock has to stay"),
        [InputRequired(N_("Write a number; 0 waits for nothing.")), NumberRange(0, 86_400, N_("0 to 86,400 seconds."))],
        description=N_("Stock that is gone again by then tells nobody."),
    )
    approval = BooleanField(
        N_("Approve each restock"),
        description=N_("Nobody is told before one of your people has looked at the plan and approved it."),
    )
    undo_seconds = IntegerField(
        N_("Seconds to cancel a restock"),
        [InputRequired(N_("Write a number; 0 tells people at once.")), NumberRange(0, 3600, N_("0 to 3,600 seconds."))],
        description=N_("Where it need not be approved, it waits so long, with a button that cancels it."),
    )
    waves = SelectField(
        N_("Waves"),
        choices=[
            SelectChoice("all", N_("Everybody at once")),
            SelectChoice("per_unit", N_("So many people for each unit")),
            SelectChoice("paced", N_("So many people in so many minutes")),
            SelectChoice("staged", N_("A share of the list, then by what sells")),
            SelectChoice("automatic", N_("Automatic, by what sells")),
        ],
        description=N_("When stock is gone, the rest keep their place."),
    )
    waves_people = IntegerField(
        N_("People"),
        [Optional(), NumberRange(1, 1_000_000, N_("Write a number from 1."))],
        description=N_("For each unit (1 to 100), or in each wave."),
    )
    waves_percent = IntegerField(
        N_("Percent of the list"), [Optional(), NumberRange(1, 100, N_("Write a number from 1 to 100."))]
    )
    waves_minutes = IntegerField(
        N_("Minutes between two waves"), [Optional(), NumberRange(1, 10_080, N_("Write a number from 1 to 10,080."))]
    )
    alert_order = SelectField(
        N_("Who is told first"),
        choices=[
            SelectChoice("oldest", N_("Who has waited longest")),
            SelectChoice("newest", N_("Who asked last")),
            SelectChoice("priority", N_("Customers with priority, then who has waited longest")),
        ],
    )
    priority_field = StringField(
        N_("Field of customers with priority"),
        [Length(max=200)],
        description=N_("The name of a yes/no field of your customers, such as Friend of the house."),
        filters=[lambda text: text.strip() if text else ""],
    )
    channels = SelectField(
        N_("Shoppers who asked on several channels"),
        choices=[
            SelectChoice("together", N_("Are told on all of them")),
            SelectChoice("in_order", N_("Are told on the first that can be used, on the next if that fails")),
        ],
    )
    channel_order = SelectField(
        N_("Order of the channels"),
        choices=[
            SelectChoice("sms email push", N_("Text message, email, push")),
            SelectChoice("sms push email", N_("Text message, push, email")),
            SelectChoice("email sms push", N_("Email, text message, push")),
            SelectChoice("email push sms", N_("Email, push, text message")),
            SelectChoice("push sms email", N_("Push, text message, email")),
            SelectChoice("push email sms", N_("Push, email, text message")),
        ],
    )
    failover_minutes = IntegerField(
        N_("Minutes without a delivery receipt"),
        [Optional(), NumberRange(1, 1440, N_("Write a number from 1 to 1,440."))],
        description=N_(
            "After so long a message counts as failed. One that arrives later still makes two. "
            "Empty: only when the gateway says that it failed."
        ),
    )
    bundle_minutes = IntegerField(
        N_("Minutes in which several products become one message"),
        [InputRequired(N_("Write a number; 0 switches it off.")), NumberRange(0, 1440, N_("0 to 1,440 minutes."))],
        description=N_(
            "An alert waits so long for others to the same person. What the frequency cap or quiet hours hold back "
            "then goes along too. 0: each product has a message of its own, at once."
        ),
    )
    keep_place_minutes = IntegerField(
        N_("Minutes in which being told was too late"),
        [InputRequired(N_("Write a number; 0 switches it off.")), NumberRange(0, 1440, N_("0 to 1,440 minutes."))],
        description=N_(
            "Who was told so shortly before stock was gone, and has not bought, waits again at the old place. "
            "0 switches it off; your shop has to tell orders, or else buyers count as too late."
        ),
    )

    holdout = IntegerField(
        N_("Percent of people who are not told"),
        [InputRequired(N_("Write a number; 0 tells everybody.")), NumberRange(0, 50, N_("0 to 50 percent."))],
        description=N_(
            "Drawn by chance for each restock, to measure what telling is worth. This costs sales: people who are not "
            "told buy less. They keep their place, and whoever was drawn is told of the next restock of the same product. "
            "0 tells everybody."
        ),
    )

    def validate(self, extra_validators: Any = None) -> bool:
        """What a kind of waves cannot do without."""
        fine: bool = super().validate(extra_validators)
        people, minutes = self.waves_people, self.waves_minutes
        if self.waves.data == "paced" and not (people.errors or minutes.errors):
            if people.data is None or minutes.data is None:
                people.errors = [*people.errors, N_("Write how many people, and in how many minutes.")]
                fine = False
        if self.waves.data == "per_unit" and not people.errors and (people.data or 1) > 100:
            people.errors = [*people.errors, N_("Write a number from 1 to 100.")]
            fine = False
        return fine

    @staticmethod
    def telling_of(settings: StoreSettings) -> dict[str, Any]:
        """What is set, as the fields of the form."""
        data: dict[str, Any] = {name: getattr(settings, name) for name in _PLAIN} | {
            "channel_order": " ".join(settings.channel_order)
        }
        if settings.waves == "all":
            return data | {"waves": "all"}
        values = settings.waves.model_dump()
        return data | {"waves" if name == "kind" else f"waves_{name}": value for name, value in values.items()}

    def telling_changes(self) -> Mapping[str, Any]:
        """What was typed, as settings."""
        kind = self.waves.data
        typed = {name: self[f"waves_{name}"].data for name in _WAVE_FIELDS[kind]}
        waves = {"kind": kind, **{name: value for name, value in typed.items() if value is not None}}
        order = (self.channel_order.data or "").split()
        plain = {name: self[name].data for name in _PLAIN}
        return plain | {"channel_order": order, "waves": "all" if kind == "all" else waves}


class CapForm(FlaskForm):
    """How many people at the most."""

    most = IntegerField(
        N_("People at most"),
        [Optional(), NumberRange(1, MAX_PEOPLE, N_("Write a number from 1, or leave it empty."))],
        description=N_("Of all its waves together. The others keep their place."),
    )


class SimulationForm(FlaskForm):
    """An invented restock."""

    units = IntegerField(
        N_("Units that come in"),
        [InputRequired(N_("Write a number.")), NumberRange(1, MAX_PEOPLE, N_("Write a number from 1."))],
    )
    at = DateTimeLocalField(
        N_("When"), [Optional()], format=_FORMATS, description=N_("In the store's time zone; empty is now.")
    )

    place = SelectField(
        N_("Where they come in"),
        [Optional()],
        coerce=int,
        description=N_("Units that come in at a place are for those who wait there."),
    )

    def offer(self, places: Sequence[Region]) -> None:
        """Places to choose from; without any there is no such field."""
        if places:
            self.place.choices = [SelectChoice(0, N_("Anywhere")), *((place.id, place.name) for place in places)]
        else:
            del self.place

    def region_id(self) -> int | None:
        """The place that was chosen, if any."""
        return (self.place.data or None) if "place" in self else None

    def validate_at(self, field: DateTimeLocalField) -> None:
        """Years that no calendar of a restock needs would leave the range of moments."""
        if field.data is not None and not 2000 <= field.data.year <= 2100:
            raise ValidationError(N_("Choose a day of this century."))

    def moment(self, zone: str) -> datetime | None:
        """When, if a time was typed."""
        return from_local(self.at.data, zone) if self.at.data else None
