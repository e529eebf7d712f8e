"""The forms of credits."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, IntegerField, RadioField
from wtforms.validators import InputRequired, NumberRange

from nexnotify.credits.models import Payment
from nexnotify.credits.packs import Pack, price_words

_WHOLE = "Write a number from {} to {:,}."


class CreditSettingsForm(FlaskForm):
    """Whether texts are paid with credits, and when the merchant is warned."""

    credits = BooleanField(
        "Pay text messages with credits",
        description="Switched off, your gateway bills you itself, and nothing is counted here.",
    )
    credits_per_segment = IntegerField(
        "Credits for one segment",
        [InputRequired("Write a number."), NumberRange(1, 1000, _WHOLE.format(1, 1000))],
        description="A text of up to 160 plain characters is one segment.",
    )
    low_credit_below = IntegerField(
        "Warn me when fewer credits are left than",
        [InputRequired("Write a number."), NumberRange(0, 1_000_000, _WHOLE.format(0, 1_000_000))],
        description="You are told once, by text message where these go to you, else by email to the owners. "
        "0 never warns.",
    )


class BuyForm(FlaskForm):
    """A pack, and how it is paid."""

    pack = RadioField("Pack", [InputRequired("Choose a pack.")], coerce=int)
    payment = RadioField("Pay by", [InputRequired("Choose how to pay.")], coerce=int)

    @classmethod
    def of(cls, packs: tuple[Pack, ...], ways: Any, labels: dict[str, str], **options: Any) -> BuyForm:
        """With what there is to choose from; the only way to pay is chosen already."""
        form = cls(**options)
        form.pack.choices = [
            (pack.credits, f"{pack.credits:,} credits for {price_words(pack.amount, pack.currency)}") for pack in packs
        ]
        form.payment.choices = [(way.id, labels[way.kind]) for way in ways]
        if len(ways) == 1 and form.payment.data is None:
            only: Payment = ways[0]
            form.payment.data = only.id
        return form


class ActiveForm(FlaskForm):
    """What the house asks about any way to pay."""

    active = BooleanField("Offered when credits are bought", default=True)
