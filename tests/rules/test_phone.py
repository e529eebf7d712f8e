"""Phone numbers and email addresses: one spelling for each, and never shown whole in a log."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from nexnotify.phone import InvalidEmail, InvalidPhone, last_four, mask, mask_email, normalise_email, to_e164


@pytest.mark.parametrize(
    "text, country, number",
    [
        ("(201) 555-0123", "US", "+12015550123"),
        ("201.555.0123", "US", "+12015550123"),
        ("1 201 555 0123", "US", "+12015550123"),
        (" +1 201 555 0190 ", "US", "+12015550190"),
        ("2015550199", "us", "+12015550199"),
        ("२०१५५५०१२३", "US", "+12015550123"),
        ("07911 123456", "GB", "+447911123456"),
        ("+44 7911 123456", "US", "+447911123456"),
        ("0044 7911 123456", "US", "+447911123456"),
        ("011 44 7911 123456", "US", "+447911123456"),
        ("0151 12345678", "DE", "+4915112345678"),
        ("+4915112345678", "ZZ", "+4915112345678"),
        ("800 555 0123", "US", "+18005550123"),
    ],
)
def test_a_number_is_read_as_the_shopper_writes_it(text, country, number):
    assert to_e164(text, country) == number


@pytest.mark.parametrize("line", range(100, 200))
def test_the_fictional_us_numbers_are_good_for_trying_things_out(line):
    assert to_e164(f"201-555-0{line}", "US") == f"+12015550{line}"


@pytest.mark.parametrize(
    "text, country, code",
    [
        ("", "US", "empty"),
        ("  \n", "US", "empty"),
        ("call me", "US", "not_a_number"),
        ("+", "US", "not_a_number"),
        ("201", "US", "too_short"),
        ("555-0123", "US", "too_short"),
        ("2015550123456", "US", "too_long"),
        ("201555012345678901", "US", "too_long"),
        ("2015550123", "ZZ", "unknown_country"),
        ("2015550123", "", "unknown_country"),
        ("+999 1234567", "US", "unknown_country"),
        ("000 000 0000", "US", "not_valid"),
        ("111 222 3333", "US", "not_valid"),
        ("900 234 5678", "US", "cannot_text"),
        ("020 7946 0018", "GB", "cannot_text"),
        ("+44 7640 123456", "GB", "cannot_text"),
        ("0800 001 0000", "GB", "cannot_text"),
        ("201 555 0123 ext. 5", "US", "cannot_text"),
    ],
)
def test_a_number_that_cannot_be_used_is_refused_with_a_reason(text, country, code):
    with pytest.raises(InvalidPhone) as refused:
        to_e164(text, country)
    assert refused.value.code == code
    assert refused.value.message[0].isupper()
    assert refused.value.message.endswith(".")
    assert refused.value.message.count(".") == 1


MOBILES = {
    region: number
    for region in phonenumbers.SUPPORTED_REGIONS
    if (number := phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)) is not None
}


@pytest.mark.parametrize("region", sorted(MOBILES))
def test_a_mobile_of_every_country_is_read_in_its_national_and_its_international_form(region):
    number = MOBILES[region]
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    assert to_e164(phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL), region) == e164
    assert to_e164(phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL), "US") == e164
    assert to_e164(e164, region) == e164


@pytest.mark.parametrize(
    "number, shown",
    [
        ("+12015550123", "+1 201 ••• 0123"),
        ("+447911123456", "+44 791 ••• 3456"),
        ("+4915112345678", "+49 151 ••• 5678"),
        ("+4790123456", "+47 ••• 3456"),
        ("+290512345", "••• 2345"),
        ("12345", "••• 2345"),
        ("1234", "•••"),
        ("", "•••"),
        ("not a number", "•••"),
    ],
)
def test_a_masked_number_keeps_its_last_four(number, shown):
    assert mask(number) == shown


@given(st.from_regex(r"\+[1-9][0-9]{5,14}", fullmatch=True))
def test_a_mask_always_hides_at_least_one_digit_and_keeps_the_last_four(number):
    shown = mask(number)
    assert shown.endswith(number[-4:])
    assert sum(char.isdigit() for char in shown) < len(number) - 1


@given(st.text())
def test_masks_take_any_text(text):
    assert "•••" in mask(text)
    assert "•••" in mask_email(text)


def test_the_last_four_are_digits_only():
    assert last_four("+1 201 555-01 23") == "0123"
    assert last_four("99") == "99"


@pytest.mark.parametrize(
    "text, address",
    [
        ("Ann@Shop.Example", "ann@shop.example"),
        ("  ANN+tee@SHOP.COM\n", "ann+tee@shop.com"),
        ("ann@shop.test", "ann@shop.test"),
        ("ann@mail.shop.test", "ann@mail.shop.test"),
        ("ann@xn--mnchen-3ya.example", "ann@münchen.example"),
        ("ann@MÜNCHEN.example", "ann@münchen.example"),
    ],
)
def test_an_email_address_has_one_spelling(text, address):
    assert normalise_email(text) == address
    assert normalise_email(address) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "ann",
        "ann@",
        "@shop.example",
        "ann@test",
        "ann@localhost",
        "a b@shop.example",
        "ann@shop..example",
        "Ann <ann@shop.example>",
        "ann@shop.example, bob@shop.example",
        "ann@[127.0.0.1]",
    ],
)
def test_what_is_no_email_address_is_refused_in_words(text):
    with pytest.raises(InvalidEmail) as refused:
        normalise_email(text)
    assert refused.value.message[0].isupper()
    assert refused.value.message.endswith(".")


@given(st.emails())
def test_an_email_address_we_keep_stays_as_it_is(address):
    try:
        kept = normalise_email(address)
    except InvalidEmail:
        return
    assert normalise_email(kept) == kept
    assert kept == kept.lower()


@pytest.mark.parametrize(
    "address, shown",
    [("ann@shop.example", "a•••@shop.example"), ("a@shop.example", "•••@shop.example"), ("ann", "•••")],
)
def test_a_masked_email_address_keeps_one_letter_and_the_domain(address, shown):
    assert mask_email(address) == shown
