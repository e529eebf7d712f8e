"""The form of a store's switches and policy."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_pgettext
from flask_wtf import FlaskForm
from wtforms import BooleanField, IntegerField, StringField, TextAreaField, TimeField
from wtforms.validators import InputRequired, Length, NumberRange, Optional, Regexp

from nexnotify.inventory.available import STATUSES
from nexnotify.stores.settings import CHANNELS, NEWS, StoreSettings
from nexnotify.web.admin.forms import MayBeEmpty, refuse, unix_lines
from nexnotify.web.admin.home_forms import HomeForm
from nexnotify.web.admin.link_forms import LinksForm
from nexnotify.web.admin.request_fields import REQUEST_FIELDS, RequestFields
from nexnotify.web.admin.restock_forms import TellingForm
from nexnotify.words import N_


class SwitchesForm(FlaskForm):
    """Which channels are on for each product status."""

    sold_out_sms = BooleanField(N_("Sold Out, text message"))
    sold_out_email = BooleanField(N_("Sold Out, email"))
    backordered_sms = BooleanField(N_("Backordered, text message"))
    backordered_email = BooleanField(N_("Backordered, email"))
    preordered_sms = BooleanField(N_("Preordered, text message"))
    preordered_email = BooleanField(N_("Preordered, email"))


class NewsForm(FlaskForm):
    """Which channels are on for the news that something can be ordered before it is in stock."""

    can_preorder_sms = BooleanField(N_("Can be preordered, text message"))
    can_preorder_email = BooleanField(N_("Can be preordered, email"))
    can_backorder_sms = BooleanField(N_("Can be backordered, text message"))
    can_backorder_email = BooleanField(N_("Can be backordered, email"))


class PushForm(FlaskForm):
    """Whether push is on, for each product status and each news."""

    sold_out_push = BooleanField(N_("Sold Out, push"))
    backordered_push = BooleanField(N_("Backordered, push"))
    preordered_push = BooleanField(N_("Preordered, push"))
    can_preorder_push = BooleanField(N_("Can be preordered, push"))
    can_backorder_push = BooleanField(N_("Can be backordered, push"))
    push_worker = StringField(
        N_("Where your shop has the push file"),
        [
            Optional(),
            Regexp(
                r"^(/[A-Za-z0-9._~-]+)+\.js$", message=N_("A path on your shop’s domain, such as /nexnotify-sw.js.")
            ),
        ],
        filters=[lambda value: (value or "").strip()],
    )


class SettingsForm(SwitchesForm, NewsForm, PushForm, TellingForm, RequestFields, LinksForm, HomeForm):
    """The store's switches and policy."""

    #: Fields that hold a setting as it is.
    PLAIN = (
        "push_worker",
        *("threshold", "ask_any", "ask_quantity", "told_hours", "check_page", "confirmations"),
        *("send_undo_seconds", "resend_uncertain"),
    )

    threshold = IntegerField(
        N_("Minimum units"),
        [InputRequired(N_("Write a number.")), NumberRange(1, 1_000_000, N_("Write a number from 1 to 1,000,000."))],
        description=N_(
            "Your new zero: people are told when this many can be sold, and while there are fewer, sending pauses. "
            "Products and variants may have another one."
        ),
    )
    ask_any = BooleanField(
        N_("Offer “any of them”"),
        description=N_("Beside each size or colour the widget offers any: told once, about the first that is back."),
    )
    ask_quantity = BooleanField(
        N_("Ask how many a shopper wants"),
        description=N_("The widget has a field for it. Who wants three is told when three can be bought."),
    )
    quiet = BooleanField(N_("Quiet hours"), description=N_("Alerts that would go in these hours wait until they end."))
    quiet_from = TimeField(N_("From"), [MayBeEmpty()])
    quiet_to = TimeField(lazy_pgettext("until", "To"), [MayBeEmpty()])
    cap = BooleanField(
        N_("Frequency cap"), description=N_("Alerts above it wait. Confirmations and answers do not count.")
    )
    cap_texts = IntegerField(
        N_("Alerts at most"), [MayBeEmpty(), NumberRange(1, 1000, N_("Write a number from 1 to 1,000."))]
    )
    cap_hours = IntegerField(
        N_("In hours"), [MayBeEmpty(), NumberRange(1, 8784, N_("Write a number from 1 to 8,784."))]
    )
    told_hours = IntegerField(
        N_("Hours between two alerts about the same product"),
        [
            InputRequired(N_("Write a number; 0 sets no limit.")),
            NumberRange(0, 8784, N_("Write a number from 0 to 8,784.")),
        ],
        description=N_(
            "Who was told and asks again waits for so long, however often stock comes and goes. 0: no limit."
        ),
    )
    bought = BooleanField(
        N_("Leave out who has bought it"),
        description=N_(
            "Or a substitute, which you choose on a product's page. Cancelled and returned orders do not count."
        ),
    )
    bought_days = IntegerField(
        N_("Days before the restock that count"),
        [MayBeEmpty(), NumberRange(0, 365, N_("Write a number from 0 to 365."))],
        description=N_("Orders since somebody asked always count. 0: only those."),
    )
    check_page = BooleanField(
        N_("Look at the product's page first"),
        description=N_(
            "When it is gone, or shows another product of yours, alerts about it wait; nothing else does that."
        ),
    )
    confirmations = BooleanField(
        N_("Confirm each sign-up"), description=N_("A message at once, so that shoppers know they were heard.")
    )
    send_undo_seconds = IntegerField(
        N_("Seconds to take a text to many back"),
        [
            InputRequired(N_("Write a number; 0 sends at once.")),
            NumberRange(0, 600, N_("Write a number from 0 to 600.")),
        ],
        description=N_("A text that you send to several people is held for so long before any of it goes."),
    )
    resend_uncertain = BooleanField(
        N_("Rather twice than never"),
        description=N_(
            "Now and then the line breaks while a message is handed over, and nobody can say whether it went. "
            "Off: it is not sent again, so that nobody gets it twice; you decide about each. "
            "On: when the gateway cannot tell either, it is sent again, and a few shoppers may get it twice."
        ),
    )
    domains = TextAreaField(
        N_("Domains of your shop"),
        [Length(max=10_000)],
        description=N_(
            "One a line, such as https://shop.example. Only pages of these may sign shoppers up. "
            "Empty allows every page."
        ),
        filters=[unix_lines],
    )

    def validate(self, extra_validators: Any = None) -> bool:
        """What is on needs its numbers."""
        fine: bool = super().validate(extra_validators)
        if self.quiet.data and not (self.quiet_from.errors or self.quiet_to.errors):
            if self.quiet_from.data is None or self.quiet_to.data is None:
                fine = refuse(self.quiet_from, N_("Write both hours, such as 20:00 and 09:00."))
        if self.cap.data and not (self.cap_texts.errors or self.cap_hours.errors):
            if self.cap_texts.data is None or self.cap_hours.data is None:
                fine = refuse(self.cap_texts, N_("Write how many alerts, and in how many hours."))
        if self.bought.data and self.bought_days.data is None and not self.bought_days.errors:
            fine = refuse(self.bought_days, N_("Write how many days; 0 counts only orders since asking."))
        if self.request_days.data and self.renewal_days.data and self.renewal_days.data >= self.request_days.data:
            fine = refuse(self.renewal_days, N_("Write fewer days than requests are kept."))
        return fine

    @classmethod
    def of(cls, settings: StoreSettings) -> SettingsForm:
        """The form, filled with what is set; values of what is off are those it would begin with."""
        quiet = settings.quiet_hours or StoreSettings.model_validate({}).quiet_hours
        cap = settings.frequency_cap or StoreSettings.model_validate({}).frequency_cap
        assert quiet is not None
        assert cap is not None
        data: dict[str, Any] = {
            f"{status}_{channel}": getattr(getattr(settings.switches, status), channel)
            for status in (*STATUSES, *NEWS)
            for channel in CHANNELS
        }
        data |= {name: getattr(settings, name) for name in (*SettingsForm.PLAIN, *REQUEST_FIELDS)}
        days = StoreSettings.model_validate({}).bought_days if settings.bought_days is None else settings.bought_days
        data |= {"bought": settings.bought_days is not None, "bought_days": days}
        data |= {"domains": "\n".join(settings.domains)}
        data |= {"quiet": settings.quiet_hours is not None, "quiet_from": quiet.times[0], "quiet_to": quiet.times[1]}
        data |= {"cap": settings.frequency_cap is not None, "cap_texts": cap.texts, "cap_hours": cap.hours}
        return cls(data=data | cls.telling_of(settings) | cls.link_data(settings) | cls.home_data(settings))

    def changes(self, settings: StoreSettings) -> dict[str, Any]:
        """What was typed, as :func:`nexnotify.stores.settings.merge_settings` takes it."""
        switches = {
            status: {channel: self[f"{status}_{channel}"].data for channel in CHANNELS} for status in (*STATUSES, *NEWS)
        }
        quiet, cap = None, None
        if self.quiet.data:
            quiet = {"from": f"{self.quiet_from.data:%H:%M}", "to": f"{self.quiet_to.data:%H:%M}"}
        if self.cap.data:
            cap = {"texts": self.cap_texts.data, "hours": self.cap_hours.data}
        return {
            "switches": switches,
            **{name: self[name].data for name in (*self.PLAIN, *REQUEST_FIELDS)},
            "reminders": int(self.reminders.data),
            "quiet_hours": quiet,
            "frequency_cap": cap,
            "bought_days": self.bought_days.data if self.bought.data else None,
            "domains": [line.strip() for line in (self.domains.data or "").split("\n") if line.strip()],
            **self.home_changes(),
            **self.link_changes(),
            **self.telling_changes(),
        }
