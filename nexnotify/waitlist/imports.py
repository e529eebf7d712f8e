"""Reader of files of people who wait, as another tool keeps them. Plain Python, as ``catalog.imports`` is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TextIO

from nexnotify.catalog.imports import cells
from nexnotify.catalog.imports.rows import RefusedRow, UnreadableFile
from nexnotify.catalog.imports.table import BadCell, Row, Table, read_table, refuse_unknown
from nexnotify.inventory.available import IN_STOCK, OFFERS
from nexnotify.phone import InvalidEmail, InvalidPhone, normalise_email, to_e164
from nexnotify.waitlist.names import has_link
from nexnotify.words import N_

COLUMNS = (
    *("sku", "variant_id", "phone", "email", "first_name", "consent", "consent_text", "asked_at", "page_url"),
    *("intent", "location", "region"),
)
#: As long as the widget takes them.
MAX_NAME, MAX_WORDING, MAX_URL = 60, 4000, 2000
_YES = frozenset({"yes", "y", "true", "1"})


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    """A row understood: one person who waits for one variant, on one channel or on both."""

    sku: str | None
    variant_id: str | None
    #: Channel → address, normalised.
    addresses: dict[str, str]
    first_name: str | None
    consent_text: str | None
    #: Aware; None: the file does not say.
    asked_at: datetime | None
    page_url: str | None
    #: One of ``models.INTENTS``.
    intent: str
    #: The place whose stock alone counts, by its key; at most one of the two.
    location: str | None
    region: str | None
    line: int


def read_requests(stream: TextIO, *, country: str) -> Iterator[ParsedRequest | RefusedRow]:
    """The requests in ``stream`` and the rows refused, in the order of their lines.

    :param country: national numbers are read in it.
    :raises UnreadableFile: at once, before anything is given out.
    """
    table = read_table(stream)
    names = set(table.names)
    if not {"sku", "variant_id"} & names or not {"phone", "email"} & names:
        lacking = N_("sku or variant_id") if not {"sku", "variant_id"} & names else N_("phone or email")
        raise UnreadableFile(
            N_(
                "A file of requests needs the columns sku or variant_id, and phone or email; this one lacks %(lacking)s. A number also needs the column consent.",
                lacking=lacking,
            )
        )
    refuse_unknown(table, list(COLUMNS))
    return _requests(table, country)


def _requests(table: Table, country: str) -> Iterator[ParsedRequest | RefusedRow]:
    found: list[ParsedRequest | RefusedRow] = list(table.refused)
    for row in table.rows:
        try:
            found.append(_request(row, country))
        except BadCell as bad:
            found.append(bad.on(row))
    yield from sorted(found, key=lambda one: one.line)


def _request(row: Row, country: str) -> ParsedRequest:
    sku, variant_id = cells.code(row, "sku"), cells.code(row, "variant_id")
    if sku is None and variant_id is None:
        raise row.bad("sku", N_("Fill in the SKU or the variant id of what this person waits for."))
    addresses = _addresses(row, country)
    if not addresses:
        raise row.bad("phone", N_("Fill in a number or an email address."))
    if "sms" in addresses and row.get("consent").casefold() not in _YES:
        raise row.bad("consent", N_("Write yes where this person agreed to be texted; nobody else can be imported."))
    for name, most in (("first_name", MAX_NAME), ("consent_text", MAX_WORDING)):
        if len(row.get(name)) > most:
            raise row.bad(name, N_("Write at most %(most)s characters.", most=f"{most:,}"))
    name = " ".join(row.get("first_name").split())
    if has_link(name):
        raise row.bad("first_name", N_("Write a name only, without a link or an address; it stands in texts."))
    page = cells.web_address(row, "page_url")
    if page and len(page) > MAX_URL:
        raise row.bad("page_url", N_("Write at most %(max_url)s characters.", max_url=f"{MAX_URL:,}"))
    location, region = cells.code(row, "location"), cells.code(row, "region")
    if location and region:
        raise row.bad("region", N_("Name a location or a region, not both."))
    return ParsedRequest(
        sku=sku,
        variant_id=None if sku else variant_id,
        addresses=addresses,
        first_name=name or None,
        consent_text=row.get("consent_text") or None,
        asked_at=cells.moment(row, "asked_at"),
        page_url=page,
        intent=_intent(row),
        location=location,
        region=region,
        line=row.line,
    )


def _intent(row: Row) -> str:
    found = row.get("intent").casefold() or IN_STOCK
    if found not in (IN_STOCK, *OFFERS):
        raise row.bad("intent", N_("Write one of %(names)s.", names=", ".join((IN_STOCK, *OFFERS))))
    return found


def _addresses(row: Row, country: str) -> dict[str, str]:
    found: dict[str, str] = {}
    if phone := row.get("phone"):
        try:
            found["sms"] = to_e164(phone.removeprefix("'"), country)
        except InvalidPhone as problem:
            raise row.bad("phone", str(problem)) from None
    if email := row.get("email"):
        try:
            found["email"] = normalise_email(email)
        except InvalidEmail as problem:
            raise row.bad("email", str(problem)) from None
    return found
