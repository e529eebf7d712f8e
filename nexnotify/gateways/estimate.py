"""RULE: what a gateway costs in a month."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from nexnotify.words import N_

ZERO = Decimal(0)
#: Currencies that are not counted in hundredths (ISO 4217): decimals of an amount.
_DECIMALS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
}
_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "CAD": "CA$", "AUD": "A$", "NZD": "NZ$"}


@dataclass(frozen=True, slots=True)
class Prices:
    """A provider's prices in one currency; all of them 0 or more."""

    #: For the account, a month.
    month: Decimal = ZERO
    #: For each number, a month.
    number: Decimal = ZERO
    #: For each segment of a text.
    text: Decimal = ZERO
    #: Three letters, ISO 4217.
    currency: str = "USD"


def month_cost(prices: Prices, texts: int, numbers: int = 1) -> Decimal:
    """What a month of ``texts`` segments from ``numbers`` numbers costs, before tax and the carriers' own fees.

    Exact, not rounded: :func:`money` rounds what is shown. Raises ValueError for counts below 0.
    """
    if texts < 0 or numbers < 0:
        raise ValueError("texts and numbers are 0 or more")
    return prices.month + prices.number * numbers + prices.text * texts


def money(amount: Decimal, currency: str, *, exact: bool = False) -> str:
    """An amount as people write it: "$1,018.50", "1,018.50 CHF", "¥1,019"; half a cent is rounded up.

    With ``exact`` no digit is lost, as a price for one text needs: "$0.0075".
    """
    decimals = _DECIMALS.get(currency, 2)
    if exact:
        digits = amount.normalize().as_tuple().exponent
        decimals = max(decimals, -digits if isinstance(digits, int) else 0)
    text = f"{amount.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP):,f}"
    sign = _SIGNS.get(currency)
    return f"{sign}{text}" if sign else f"{text} {currency}"


def price_words(prices: Prices | None) -> str | None:
    """Prices in one line, exact: "$10.00 a month, $1.00 a number, $0.0075 a text"."""
    if prices is None:
        return None
    parts = ((prices.month, N_("a month")), (prices.number, N_("a number")), (prices.text, N_("a text")))
    priced = [money(amount, prices.currency, exact=True) + " " + words for amount, words in parts]
    return priced[0] + ", " + priced[1] + ", " + priced[2]
