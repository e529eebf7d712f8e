"""Phone numbers and email addresses: read them into one spelling, and mask them, and browsers, for pages and logs."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Final, Literal

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneNumberType, ValidationResult

from nexnotify.words import N_

PhoneFault = Literal["empty", "not_a_number", "too_short", "too_long", "unknown_country", "not_valid", "cannot_text"]

_DOTS: Final = "•••"

_PHONE_MESSAGES: Final[dict[PhoneFault, str]] = {
    "empty": N_("Enter a mobile number."),
    "not_a_number": N_("Enter a mobile number, using digits only."),
    "too_short": N_("This number is too short; enter all of its digits, area code included."),
    "too_long": N_("This number is too long; enter one number and check its digits."),
    "unknown_country": N_("Start the number with + and a country code, such as +1 for the United States."),
    "not_valid": N_("This number is not in use anywhere; check its digits."),
    "cannot_text": N_("This number cannot receive texts; enter a mobile number."),
}

_PARSE_FAULTS: Final[dict[int, PhoneFault]] = {
    NumberParseException.INVALID_COUNTRY_CODE: "unknown_country",
    NumberParseException.NOT_A_NUMBER: "not_a_number",
    NumberParseException.TOO_SHORT_AFTER_IDD: "too_short",
    NumberParseException.TOO_SHORT_NSN: "too_short",
    NumberParseException.TOO_LONG: "too_long",
}

_LENGTH_FAULTS: Final[dict[int, PhoneFault]] = {
    ValidationResult.TOO_SHORT: "too_short",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "too_short",
    ValidationResult.TOO_LONG: "too_long",
    ValidationResult.INVALID_COUNTRY_CODE: "unknown_country",
}

# Where the numbering plan says for certain that no handset can be behind the number. FIXED_LINE_OR_MOBILE (all of
# North America), VOIP and personal numbers may well take texts and are let through.
_NEVER_TEXTED: Final = frozenset(
    {
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.PAGER,
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.UAN,
        PhoneNumberType.VOICEMAIL,
    }
)

_NORTH_AMERICA: Final = 1


class InvalidPhone(ValueError):
    """A number that cannot be used; ``code`` for programs, ``message`` is one sentence for the person who typed it."""

    def __init__(self, code: PhoneFault, message: str) -> None:
        super().__init__(message)
        self.code: PhoneFault = code
        self.message = message


class InvalidEmail(ValueError):
    """An email address that cannot be used; ``message`` is one sentence for the person who typed it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def _fault(code: PhoneFault) -> InvalidPhone:
    return InvalidPhone(code, _PHONE_MESSAGES[code])


def to_e164(text: str, country: str) -> str:
    """The number in E.164 ("+12015550123"), a national one read in ``country`` (ISO 3166, two letters).

    Raises InvalidPhone. The numbering plans are those of the phonenumbers library; they say what may exist, not what
    is switched on, and count the fictional US numbers 555-01xx of real area codes as valid.
    """
    typed = text.strip()
    if not typed:
        raise _fault("empty")
    number = _read_here_or_abroad(typed, country.strip().upper())
    if not _may_take_texts(number):
        raise _fault("cannot_text")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _read_here_or_abroad(text: str, country: str) -> phonenumbers.PhoneNumber:
    try:
        return _read(text, country)
    except InvalidPhone:
        # 00 is how most of the world dials abroad; a shopper there writes it whatever the store's country is.
        if text.startswith("00"):
            with suppress(InvalidPhone):
                return _read("+" + text[2:], country)
        raise


def _read(text: str, country: str) -> phonenumbers.PhoneNumber:
    """Parse and check against the numbering plan; raises InvalidPhone."""
    try:
        number = phonenumbers.parse(text, country)
    except NumberParseException as problem:
        raise _fault(_PARSE_FAULTS.get(problem.error_type, "not_a_number")) from None
    if phonenumbers.is_valid_number(number):
        return number
    raise _fault(_LENGTH_FAULTS.get(phonenumbers.is_possible_number_with_reason(number), "not_valid"))


def _may_take_texts(number: phonenumbers.PhoneNumber) -> bool:
    if number.extension:  # a switchboard
        return False
    kind = phonenumbers.number_type(number)
    if kind == PhoneNumberType.TOLL_FREE:
        return number.country_code == _NORTH_AMERICA  # where toll-free numbers can be text-enabled
    return kind not in _NEVER_TEXTED


def _digits(number: str) -> str:
    return "".join(char for char in number if char.isdecimal())


def last_four(number: str) -> str:
    """The last four digits, or as many as there are."""
    return _digits(number)[-4:]


def mask(number: str) -> str:
    """The number for a page or a log: "+1 201 ••• 0123".

    The last four digits stay; the country code and the first three stay only where at least three digits are still
    hidden. A text of four digits or fewer is hidden whole, so that no mask ever shows all of a number.
    """
    digits = _digits(number)
    if len(digits) <= 4:
        return _DOTS
    head = ""
    if number.strip().startswith("+"):
        code = _country_code(digits)
        national = digits[len(code) :]
        if len(national) >= 10:
            head = f"+{code} {national[:3]} "
        elif code and len(national) >= 7:
            head = f"+{code} "
    return f"{head}{_DOTS} {digits[-4:]}"


def _country_code(digits: str) -> str:
    """The country code the digits begin with, or "" (no code is the beginning of another: ITU-T E.164)."""
    for length in (1, 2, 3):
        if int(digits[:length]) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            return digits[:length]
    return ""


def normalise_email(text: str) -> str:
    """The address in the one spelling we keep: trimmed, Unicode NFC, a readable domain, all of it lower case.

    Raises InvalidEmail. Asks no name server. Domains under ``.example`` and ``.test`` are good, for trying things out.
    """
    typed = text.strip()
    if not typed:
        raise InvalidEmail(N_("Enter an email address."))
    try:
        # Lowered before the check as well: lower case can differ in form, and what we keep must itself be valid.
        checked = validate_email(typed.lower(), check_deliverability=False, test_environment=True)
    except EmailNotValidError as problem:
        reason = str(problem)
        raise InvalidEmail(
            N_("Check the email address: %(reason)s%(reason2)s", reason=reason[:1].lower(), reason2=reason[1:])
        ) from None
    if "." not in checked.domain:  # "ann@test", which the test environment would allow
        raise InvalidEmail(N_("Check the email address: the part after the @-sign should have a period."))
    return checked.normalized.lower()


def mask_email(address: str) -> str:
    """The address for a page or a log: "a•••@shop.example"; a one-letter name is hidden whole."""
    local, at, domain = address.strip().rpartition("@")
    if not at:
        return _DOTS
    return f"{local[:1] if len(local) > 1 else ''}{_DOTS}@{domain}"


_ENDPOINT: Final = re.compile(r'"endpoint": ?"https?://([^/"]*)')


def mask_address(address: str) -> str:
    """An address of any channel for a page or a log; of a browser's subscription only whose push service it is."""
    if address.startswith("{"):
        found = _ENDPOINT.search(address)
        return f"{found[1]}/{_DOTS}" if found else _DOTS
    return mask_email(address) if "@" in address else mask(address)


_ADDRESS: Final = re.compile(r"(?<!\w)\+?\d{8,15}(?!\w)|[\w.+-]+@[\w-]+\.[\w.]+")


def scrub(text: str) -> str:
    """The text with every phone number and email address in it masked."""
    return _ADDRESS.sub(lambda found: mask_email(found[0]) if "@" in found[0] else mask(found[0]), text)
