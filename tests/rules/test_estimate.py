"""What a month costs: the provider's own prices, to the cent."""

from decimal import Decimal

import pytest

from nexnotify.gateways.estimate import Prices, money, month_cost, price_words

#: The prices that the Nexternal document names.
DOCUMENT = Prices(Decimal(10), Decimal(1), Decimal("0.0075"), "USD")


@pytest.mark.parametrize(
    "prices, texts, numbers, cost",
    [
        (DOCUMENT, 1000, 1, "18.50"),
        (DOCUMENT, 5000, 1, "48.50"),
        (DOCUMENT, 0, 1, "11"),
        (DOCUMENT, 0, 0, "10"),
        (DOCUMENT, 1, 1, "11.0075"),
        (DOCUMENT, 1000, 3, "20.50"),
        (Prices(), 5000, 1, "0"),
        (Prices(text=Decimal("0.000001")), 1_000_000, 1, "1"),
    ],
)
def test_a_month_is_the_account_its_numbers_and_its_texts(prices: Prices, texts: int, numbers: int, cost: str) -> None:
    assert month_cost(prices, texts, numbers) == Decimal(cost)


@pytest.mark.parametrize("texts, numbers", [(-1, 1), (1, -1)])
def test_less_than_nothing_cannot_be_sent(texts: int, numbers: int) -> None:
    with pytest.raises(ValueError, match="0 or more"):
        month_cost(DOCUMENT, texts, numbers)


@pytest.mark.parametrize(
    "amount, currency, shown",
    [
        ("18.5", "USD", "$18.50"),
        ("1018.5", "USD", "$1,018.50"),
        ("0.005", "USD", "$0.01"),
        ("0.0049", "USD", "$0.00"),
        ("18.5", "EUR", "€18.50"),
        ("18.5", "CHF", "18.50 CHF"),
        ("1850.5", "JPY", "¥1,851"),
        ("1.2345", "KWD", "1.235 KWD"),
    ],
)
def test_money_is_written_as_its_currency_is_counted(amount: str, currency: str, shown: str) -> None:
    assert money(Decimal(amount), currency) == shown


@pytest.mark.parametrize(
    "amount, shown",
    [("0.0075", "$0.0075"), ("0.007500", "$0.0075"), ("10.0000", "$10.00"), ("0", "$0.00"), ("1E+1", "$10.00")],
)
def test_the_price_of_one_text_loses_no_digit(amount: str, shown: str) -> None:
    assert money(Decimal(amount), "USD", exact=True) == shown


def test_prices_are_told_in_one_line() -> None:
    assert price_words(DOCUMENT) == "$10.00 a month, $1.00 a number, $0.0075 a text"
    assert price_words(None) is None
