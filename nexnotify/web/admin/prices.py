"""What a gateway costs: its prices, and the month's estimate from them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from flask import request
from flask_wtf import FlaskForm
from wtforms import DecimalField, StringField
from wtforms.validators import NumberRange, Optional, Regexp

from nexnotify.gateways.contract import Gateway
from nexnotify.gateways.estimate import ZERO, Prices, money, month_cost
from nexnotify.gateways.models import GatewayInstance
from nexnotify.gateways.service import OUTBOXES
from nexnotify.reports.costs import segments_since
from nexnotify.words import N_

#: The texts of a month that are reckoned with while a gateway has sent nothing.
EXAMPLE = 1000
MAX_TEXTS = 100_000_000
MAX_NUMBERS = 10_000
_RANGE = NumberRange(0, 1_000_000, N_("Write an amount from 0 to 1,000,000."))


class PricesForm(FlaskForm):
    """What the provider charges. All empty: nobody knows."""

    price_month = DecimalField(N_("A month"), [Optional(), _RANGE], places=None, description=N_("For the account."))
    price_number = DecimalField(N_("A number a month"), [Optional(), _RANGE], places=None)
    price_text = DecimalField(
        N_("A text"),
        [Optional(), _RANGE],
        places=None,
        description=N_("For each part of one: 160 plain characters, or 70."),
    )
    price_currency = StringField(
        N_("Currency"),
        [Regexp(r"^[A-Z]{3}$", message=N_("Write three letters, such as USD."))],
        filters=[lambda text: text.strip().upper() if text else text],
    )

    @classmethod
    def of(cls, prices: Prices | None, currency: str) -> PricesForm:
        """The form, filled with known prices."""
        data: dict[str, Decimal | str] = {"price_currency": currency}
        if prices:
            data = {
                "price_month": _plain(prices.month),
                "price_number": _plain(prices.number),
                "price_text": _plain(prices.text),
                "price_currency": prices.currency,
            }
        return cls(formdata=None, data=data)

    def prices(self) -> Prices | None:
        """What was typed; None when no amount was."""
        amounts = (self.price_month.data, self.price_number.data, self.price_text.data)
        if all(amount is None for amount in amounts):
            return None
        month, number, text = (amount or ZERO for amount in amounts)
        return Prices(month, number, text, self.price_currency.data)


def _plain(amount: Decimal) -> Decimal:
    """Without the zeros that the column adds: 10, 0.0075."""
    return amount.quantize(Decimal(1)) if amount == amount.to_integral() else amount.normalize()


@dataclass(frozen=True, slots=True)
class Estimate:
    """A month in words: (what, how it is reckoned, amount) and the sum."""

    texts: int
    numbers: int
    lines: tuple[tuple[str, str, str], ...]
    total: str


@dataclass(frozen=True, slots=True)
class PricesCard:
    """The prices of a gateway as its page shows them."""

    form: PricesForm
    #: The prices are the plugin's suggestion, which nobody has looked at yet.
    is_suggestion: bool
    #: Segments of the last 30 days.
    sent: int
    estimate: Estimate | None


def prices_card(
    gateway: GatewayInstance, plugin: type[Gateway], currency: str, now: datetime, form: PricesForm | None = None
) -> PricesCard | None:
    """Prices and estimate, for the texts and numbers that the address names; None for a kind that costs nothing."""
    if gateway.channel != "sms" or gateway.kind in OUTBOXES:
        return None
    prices = gateway.prices or plugin.prices
    sent = segments_since(gateway, now - timedelta(days=30))
    texts = _count("texts", MAX_TEXTS, sent or EXAMPLE)
    return PricesCard(
        form or PricesForm.of(prices, currency),
        gateway.prices is None and plugin.prices is not None,
        sent,
        _estimate(prices, texts, _count("numbers", MAX_NUMBERS, 1)) if prices else None,
    )


def _count(name: str, most: int, default: int) -> int:
    """A number of the address; what is none, or beyond all sense, is the default."""
    number = request.args.get(name, type=int)
    return number if number is not None and 0 <= number <= most else default


def _estimate(prices: Prices, texts: int, numbers: int) -> Estimate:
    def exact(amount: Decimal) -> str:
        return money(amount, prices.currency, exact=True)

    def rounded(amount: Decimal) -> str:
        return money(amount, prices.currency)

    return Estimate(
        texts,
        numbers,
        (
            (N_("Account"), N_("a month"), rounded(prices.month)),
            (N_("Numbers"), f"{numbers:,} × {exact(prices.number)}", rounded(prices.number * numbers)),
            (N_("Texts"), f"{texts:,} × {exact(prices.text)}", rounded(prices.text * texts)),
        ),
        rounded(month_cost(prices, texts, numbers)),
    )
