"""RULE: the packs that credits are sold in, and what they cost, as the operator of this installation set it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

#: What every installation sells.
SIZES = (1000, 2000, 5000)
#: Currencies without a smaller unit; the others that are taken have hundredths.
WHOLE = frozenset("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split())
#: Currencies with thousandths, which payment providers each round in their own way.
_THOUSANDTHS = frozenset("BHD IQD JOD KWD LYD OMR TND".split())


@dataclass(frozen=True, slots=True)
class Pack:
    """So many credits for so much money."""

    credits: int
    #: In the currency's smallest unit, such as cents.
    amount: int
    currency: str


def read_packs(prices: str, currency: str) -> tuple[Pack, ...]:
    """The packs, smallest first.

    :param prices: one price for each of :data:`SIZES`, comma-separated, such as "20.00, 38.00, 90.00".
    :raises ValueError: with what is wrong.
    """
    currency = currency.strip().upper()
    if len(currency) != 3 or not currency.isalpha() or currency in _THOUSANDTHS:
        raise ValueError(f"{currency!r} is no currency of three letters that credits can be sold in, such as USD.")
    parts = [part.strip() for part in prices.split(",")]
    if len(parts) != len(SIZES):
        raise ValueError(f"there must be {len(SIZES)} prices, one for each of the packs {SIZES}.")
    return tuple(Pack(size, _amount(part, currency), currency) for size, part in zip(SIZES, parts, strict=True))


def _amount(price: str, currency: str) -> int:
    try:
        amount = Decimal(price) * (1 if currency in WHOLE else 100)
    except InvalidOperation:
        raise ValueError(f"{price!r} is no price.") from None
    if not amount.is_finite() or amount != int(amount) or not 0 < amount < 100_000_000:
        raise ValueError(f"{price!r} is no price in {currency}.")
    return int(amount)


def price_words(amount: int, currency: str) -> str:
    """An amount for people: "20.00 USD"."""
    return f"{amount:,} {currency}" if currency in WHOLE else f"{Decimal(amount) / 100:,.2f} {currency}"
