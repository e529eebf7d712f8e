"""Forms of a product's page: what it, or one of its variants, has otherwise than the store, and its substitutes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, IntegerField, SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from nexnotify.catalog.models import Product, Variant
from nexnotify.inventory.available import STATUSES
from nexnotify.stores.settings import CHANNELS, NEWS
from nexnotify.words import N_

_UNITS = NumberRange(1, 1_000_000, N_("Write a number from 1 to 1,000,000."))
#: Products that do as well as another, at most.
MOST = 50


def _switch(label: str) -> SelectField:
    choices = [
        SelectChoice("", N_("As the store")),
        SelectChoice("on", N_("On")),
        SelectChoice("off", N_("Off")),
    ]
    return SelectField(label, choices=choices)


class ProductAlertsForm(FlaskForm):
    """Whether, from how many units on and by which channels people are told of a product."""

    alerts = BooleanField(
        N_("Alerts"),
        description=N_("Off: shoppers are not asked, and nobody is told. Who waits keeps the place."),
    )
    threshold = IntegerField(
        N_("Minimum units"),
        [Optional(), _UNITS],
        description=N_(
            "Empty: as the store. With fewer, nobody is told; sending goes on when there are as many again."
        ),
    )
    preordered_sms = _switch(N_("Preordered, text message"))
    preordered_email = _switch(N_("Preordered, email"))
    preordered_push = _switch(N_("Preordered, push"))
    backordered_sms = _switch(N_("Backordered, text message"))
    backordered_email = _switch(N_("Backordered, email"))
    backordered_push = _switch(N_("Backordered, push"))
    sold_out_sms = _switch(N_("Sold Out, text message"))
    sold_out_email = _switch(N_("Sold Out, email"))
    sold_out_push = _switch(N_("Sold Out, push"))
    can_preorder_sms = _switch(N_("Can be preordered, text message"))
    can_preorder_email = _switch(N_("Can be preordered, email"))
    can_preorder_push = _switch(N_("Can be preordered, push"))
    can_backorder_sms = _switch(N_("Can be backordered, text message"))
    can_backorder_email = _switch(N_("Can be backordered, email"))
    can_backorder_push = _switch(N_("Can be backordered, push"))

    @classmethod
    def of(cls, product: Product) -> ProductAlertsForm:
        """The form, filled with what is set."""
        data: dict[str, Any] = {"alerts": product.alerts, "threshold": product.threshold}
        for status, channels in (product.switches or {}).items():
            data |= {f"{status}_{channel}": "on" if on else "off" for channel, on in channels.items()}
        return cls(formdata=None, data=data)

    @property
    def switches(self) -> dict[str, dict[str, bool]] | None:
        """What differs from the store's switches; None: nothing."""
        found: dict[str, dict[str, bool]] = {}
        for status in (*STATUSES, *NEWS):
            chosen = {channel: self[f"{status}_{channel}"].data for channel in CHANNELS}
            if own := {channel: value == "on" for channel, value in chosen.items() if value}:
                found[status] = own
        return found or None


class VariantMinimumForm(FlaskForm):
    """From how many units on people are told of a variant, and how many an order takes."""

    threshold = IntegerField(
        N_("Minimum units"),
        [Optional(), _UNITS],
        description=N_(
            "Empty: as the product. With fewer, nobody is told; sending goes on when there are as many again."
        ),
    )
    min_order_quantity = IntegerField(
        N_("Units an order takes at least"),
        [InputRequired(N_("Write a number.")), _UNITS],
        description=N_("Fewer cannot be bought, so they are no restock."),
    )

    @classmethod
    def of(cls, variant: Variant) -> VariantMinimumForm:
        """The form, filled with what is set."""
        data = {"threshold": variant.threshold, "min_order_quantity": variant.min_order_quantity}
        return cls(formdata=None, data=data)


class SubstitutesForm(FlaskForm):
    """Products that do as well as this one."""

    substitutes = TextAreaField(
        N_("Products that do as well"),
        [Length(max=20_000)],
        description=N_(
            "One a line: the product's id in your storefront, or a SKU of it. Write this product's own id where any of "
            "its variants does."
        ),
    )

    @property
    def names(self) -> list[str]:
        """What was typed, each once."""
        lines = (line.strip() for line in (self.substitutes.data or "").splitlines())
        return list(dict.fromkeys(filter(None, lines)))

    def validate_substitutes(self, field: TextAreaField) -> None:
        """Not too many."""
        if len(self.names) > MOST:
            raise ValueError(N_("%(most)s products are the most.", most=MOST))

    def refuse(self, unknown: Sequence[str]) -> None:
        """Say which of them are none of the store's."""
        words = N_("Your catalogue has no product with this id or SKU: %(names)s.", names=", ".join(unknown[:5]))
        self.substitutes.errors = [*self.substitutes.errors, words]
