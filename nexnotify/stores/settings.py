"""A store's switches and policy: one frozen value, read from and written to ``Store.settings``."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from datetime import time
from functools import lru_cache
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from nexnotify.errors import Invalid
from nexnotify.phone import to_e164
from nexnotify.stores.channel_settings import ChannelSettings
from nexnotify.stores.home_settings import AT_HOME, HomeSettings, is_zone
from nexnotify.stores.link_settings import LinkSettings
from nexnotify.stores.models import Store
from nexnotify.stores.origins import read_origin
from nexnotify.stores.prediction_settings import PredictionSettings
from nexnotify.stores.request_settings import RequestSettings
from nexnotify.stores.senders import is_name, read_sender
from nexnotify.stores.storefront_code import StorefrontCode
from nexnotify.stores.waves import Waves
from nexnotify.stores.widget_look import WidgetLook
from nexnotify.words import N_

CHANNELS = ("sms", "email", "push")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ChannelSwitches(_Part):
    """Which channels are offered and used."""

    sms: bool = True
    email: bool = True
    push: bool = False


#: Switches, and templates, for the news that something can be ordered before it is in stock.
NEWS = ("can_preorder", "can_backorder")
_OFF = ChannelSwitches(sms=False, email=False, push=False)


class Switches(_Part):
    """On or off per product status and channel; and for the news that something not in stock can be ordered."""

    sold_out: ChannelSwitches = ChannelSwitches()
    backordered: ChannelSwitches = ChannelSwitches()
    preordered: ChannelSwitches = _OFF
    can_preorder: ChannelSwitches = _OFF
    can_backorder: ChannelSwitches = _OFF

    def offered(self, status: str) -> tuple[str, ...]:
        """The channels that are on for a product status, in fixed order."""
        switches = getattr(self, status)
        return tuple(channel for channel in CHANNELS if getattr(switches, channel))

    def but(self, own: Mapping[str, Mapping[str, bool]] | None) -> Switches:
        """These, with what a product has of its own: status → channel → on or off."""
        if not own:
            return self
        parts = {status: getattr(self, status).model_copy(update=dict(given)) for status, given in own.items()}
        return self.model_copy(update=parts)


class QuietHours(_Part):
    """Local hours without alerts, such as 20:00 to 09:00; across midnight or not."""

    from_: str = Field(alias="from", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    to: str = Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")

    @property
    def times(self) -> tuple[time, time]:
        """Start and end as local times."""
        return time.fromisoformat(self.from_), time.fromisoformat(self.to)


class FrequencyCap(_Part):
    """At most ``texts`` alerts for one contact in ``hours``."""

    texts: int = Field(ge=1, le=1000)
    hours: int = Field(ge=1, le=8784)


class AlertSubscription(_Part):
    """The store's text alert, as an administrator set it up: its name, and whether it runs."""

    name: str = Field(min_length=1, max_length=100, pattern=r"\S")
    active: bool = True


class StoreSettings(_Part, RequestSettings, LinkSettings, ChannelSettings, PredictionSettings, HomeSettings):
    """Everything a merchant switches, with the values of a new store."""

    switches: Switches = Switches()
    #: The merchant's own zero: with fewer units than this, sending pauses; a product or variant may have another.
    threshold: int = Field(1, ge=1, le=1_000_000)
    settle_seconds: int = Field(0, ge=0, le=86_400)
    #: A restock tells nobody before one of the staff has approved it; and can be cancelled for so long.
    approval: bool = False
    undo_seconds: int = Field(0, ge=0, le=3600)
    quiet_hours: QuietHours | None = QuietHours(**{"from": "20:00", "to": "09:00"})
    frequency_cap: FrequencyCap | None = FrequencyCap(texts=3, hours=168)
    #: An alert waits so many minutes for others to the same contact, and they go as one message. 0: each by itself.
    bundle_minutes: int = Field(0, ge=0, le=1440)
    confirmations: bool = True
    waves: Waves = "all"
    #: Who is told first; "priority": customers with a yes in the field named below, then the others, oldest first.
    alert_order: Literal["oldest", "newest", "priority"] = "oldest"
    priority_field: str = Field("", max_length=200)
    #: Told, and gone within so many minutes: who has not bought waits again, at the old place. 0: never.
    keep_place_minutes: int = Field(0, ge=0, le=1440)
    #: Who is told has a unit kept for so long, where the storefront can; null keeps none.
    hold_minutes: int | None = Field(None, ge=5, le=2880)
    #: So many percent of a restock's people are not told of it, to measure what telling is worth; they wait on.
    holdout: int = Field(0, ge=0, le=50)
    #: Whether texts are paid with credits; off, the store pays its gateway itself.
    credits: bool = False
    credits_per_segment: int = Field(12, ge=1, le=1000)
    #: The merchant is told when fewer credits are left; 0 tells nobody.
    low_credit_below: int = Field(50, ge=0, le=1_000_000)
    #: Whether a product's page is looked at before people are told of it.
    check_page: bool = False
    #: Nobody is told of what they ordered since asking, or in so many days before the restock; null tells them too.
    bought_days: int | None = Field(3, ge=0, le=365)
    #: A contact is not told of the same variant again within so many hours; 0: whenever there is reason to.
    told_hours: int = Field(0, ge=0, le=8784)
    #: After an unknown outcome that nobody can resolve: true sends again, "rather twice than never".
    resend_uncertain: bool = False
    #: Origins that may carry the widget, such as "https://shop.example"; empty allows all.
    domains: list[str] = []
    #: The shop's own pages, linked below the form of the widget; empty shows no link.
    terms_url: str = Field("", max_length=2000, pattern=r"^(https?://\S+)?$")
    privacy_url: str = Field("", max_length=2000, pattern=r"^(https?://\S+)?$")
    #: Null until it is set up; texts then follow the switches alone.
    alert: AlertSubscription | None = None
    #: The store's number on the platform that its other software runs on; five digits on most.
    platform_tenant_id: str = Field("", max_length=40, pattern=r"^[A-Za-z0-9-]*$")
    #: Colours of the widget; delivered with its config.
    widget: WidgetLook = WidgetLook()
    #: Whether the widget asks how many units a shopper wants.
    ask_quantity: bool = False
    #: Whether the widget offers any variant of a product, told about the first that can be bought.
    ask_any: bool = False
    #: The codes that count views and orders on the shop's pages.
    storefront_code: StorefrontCode = StorefrontCode()
    #: For how long a text that staff sent to many can be taken back before any of it goes.
    send_undo_seconds: int = Field(15, ge=0, le=600)
    #: Whether news of orders and tickets goes out as texts, to customers and to the merchant.
    order_texts: bool = True
    #: What texts come from, a name or a number; empty: as the gateway is set up. Stands below the country, as the next.
    sms_sender: str = Field("", max_length=60)
    #: The merchant is told when more people than this wait for a variant; 0: never.
    long_waitlist: int = Field(0, ge=0, le=1_000_000)
    #: Where the merchant is texted; empty: texts to the merchant cannot be sent. Stands below the country it is read in.
    merchant_number: str = Field("", max_length=60)

    def is_paused(self, channel: str) -> bool:
        """Whether the merchant has paused the alert of a channel; only texts have one."""
        return channel == "sms" and self.alert is not None and not self.alert.active

    @field_validator("merchant_number")
    @classmethod
    def _one_number(cls, number: str, info: ValidationInfo) -> str:
        """In E.164, a national one read in the store's country."""
        return to_e164(number, info.data.get("country", "US")) if number.strip() else ""

    @field_validator("sms_sender")
    @classmethod
    def _one_sender(cls, sender: str, info: ValidationInfo) -> str:
        """A name that was fine where the store was before stays; it is left out where carriers refuse it."""
        stored = (info.context or {}).get("sms_sender")
        return sender if sender == stored else read_sender(sender, info.data.get("country", "US"))

    @field_validator("domains")
    @classmethod
    def _origins(cls, domains: list[str], info: ValidationInfo) -> list[str]:
        kept = (info.context or {}).get("domains", ())  # what is stored must not stop the store, whatever it is
        return [domain if domain in kept else read_origin(domain) for domain in domains]


def store_settings(store: Store) -> StoreSettings:
    """The store's settings, defaults filled in."""
    zone = store.zone if is_zone(store.zone) else "UTC"  # none, or one that the zone data know no more
    return _read_settings(json.dumps(store.settings), store.country, zone, store.locale, store.currency)


@lru_cache(maxsize=256)
def _read_settings(stored_json: str, *at_home: str) -> StoreSettings:
    """The settings are the same for the same stored text, so it is checked once."""
    stored = {name: value for name, value in json.loads(stored_json).items() if name in StoreSettings.model_fields}
    stored |= zip(AT_HOME, at_home, strict=True)
    return StoreSettings.model_validate(stored, context=stored)


def can_reply(store: Store) -> bool:
    """Whether a shopper can reply to the store's texts: a name as sender takes no replies."""
    return not is_name(store_settings(store).sms_sender)


def settings_json(settings: StoreSettings) -> dict[str, Any]:
    """The settings as the API writes them."""
    return settings.model_dump(mode="json", by_alias=True)


def merge_settings(store: Store, changes: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Put top-level ``changes`` over the store's settings.

    :returns: what changed, name → [before, after], for the audit trail.
    :raises Invalid: an unknown name, a bad value, or a function this version does not have.
    """
    before = settings_json(store_settings(store))
    problems = {name: _unknown(name) for name in changes if name not in StoreSettings.model_fields}
    # Inside JSON it could be kept, and whoever looks for the text later would fail.
    nul = (name for name, value in changes.items() if "\\u0000" in json.dumps(value, default=str))
    problems |= dict.fromkeys(nul, N_("There is a value that the database cannot hold, such as the character NUL."))
    if problems:
        raise Invalid(N_("Some settings cannot be saved; nothing was changed."), fields=problems)
    try:
        after = settings_json(
            StoreSettings.model_validate({**before, **_with_switches(before, changes)}, context=before)
        )
    except ValidationError as error:
        raise Invalid(N_("Some settings cannot be saved; nothing was changed."), fields=field_errors(error)) from None
    quiet = after["quiet_hours"]
    if "quiet_hours" in changes and quiet and quiet["from"] == quiet["to"]:  # asked of changes alone: one may be stored
        words = N_("The two hours are the same, so it would never be quiet. Choose others, or switch quiet hours off.")
        raise Invalid(N_("Some settings cannot be saved; nothing was changed."), fields={"quiet_hours": words})
    for name in AT_HOME:
        setattr(store, name, after[name])
    store.settings = {name: value for name, value in after.items() if name not in AT_HOME}
    return {name: [before[name], after[name]] for name in after if before[name] != after[name]}


def _with_switches(before: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Switches that are not named stay as they are; everything else is replaced whole."""
    switches = changes.get("switches")
    if not isinstance(switches, Mapping):
        return dict(changes)
    merged = {
        status: {**before["switches"].get(status, {}), **given} if isinstance(given, Mapping) else given
        for status, given in switches.items()
    }
    return {**changes, "switches": {**before["switches"], **merged}}


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name, StoreSettings.model_fields, n=1)
    return f"There is no such setting{f'; did you mean {near[0]}?' if near else '.'}"


def field_errors(error: ValidationError) -> dict[str, str]:
    """pydantic's findings as field path → what is wrong, without the values (they may be addresses)."""
    found: dict[str, str] = {}
    for item in error.errors(include_url=False, include_input=False):
        path = ".".join(str(part) for part in item["loc"]) or "body"
        message = item["msg"].removeprefix("Value error, ")
        if item["type"] == "extra_forbidden":
            message = N_("There is no such field.")
        found.setdefault(path, message)
    return found
