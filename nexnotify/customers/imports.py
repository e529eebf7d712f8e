"""Reader of customer files: our own columns, or a Shopify customer export. Plain Python, as ``catalog.imports`` is."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any, TextIO

from nexnotify.catalog.imports.rows import ABSENT, RefusedRow, UnreadableFile
from nexnotify.catalog.imports.table import BadCell, Row, Table, fold, read_table, refuse_unknown
from nexnotify.customers.field_values import BadValue, no_such_field, read_value
from nexnotify.customers.field_values import fold as fold_field
from nexnotify.customers.people import CustomerData
from nexnotify.phone import InvalidEmail, InvalidPhone, normalise_email, to_e164

COLUMNS = ("id", "first_name", "last_name", "email", "phone", "country", "region")
#: Our own form has a column of this beginning for each custom field.
FIELD = "field:"
#: Column of a Shopify customer export → ours; its other columns are left alone.
SHOPIFY = {
    "customer id": "id",
    "first name": "first_name",
    "last name": "last_name",
    "email": "email",
    "phone": "phone",
    "default address country code": "country",
    "default address province code": "region",
}
SHOPIFY_OPT_IN = "accepts sms marketing"
MAX_TEXT = 255


@dataclass(frozen=True, slots=True)
class FieldRule:
    """A custom field as the reader needs it."""

    name: str
    type: str
    choices: tuple[str, ...]
    is_sms_opt_in: bool


@dataclass(frozen=True, slots=True)
class ParsedCustomer:
    """A row understood."""

    data: CustomerData
    line: int


def read_customers(
    stream: TextIO, *, country: str, fields: Collection[FieldRule]
) -> Iterator[ParsedCustomer | RefusedRow]:
    """The customers in ``stream`` and the rows refused, in the order of their lines; the header tells the form.

    :param country: national numbers are read in it.
    :raises UnreadableFile: at once, before anything is given out.
    """
    table = read_table(stream)
    if "customer id" in table.names:
        opt_in = next(rule for rule in fields if rule.is_sms_opt_in)
        columns = {SHOPIFY_OPT_IN: opt_in} if SHOPIFY_OPT_IN in table.names else {}
        return _customers(table.renamed(SHOPIFY), columns, country)
    if "id" not in table.names:
        raise UnreadableFile(
            "A customer file needs the column id, the storefront's id of the customer; a Shopify customer export has "
            "Customer ID. The other columns are first_name, last_name, email, phone, country, region, and field: with a field's name."
        )
    columns = _field_columns(table, fields)
    refuse_unknown(table, [*COLUMNS, *columns])
    return _customers(table, columns, country)


def _field_columns(table: Table, fields: Collection[FieldRule]) -> dict[str, FieldRule]:
    """Folded column name → its field."""
    known = {fold_field(rule.name): rule for rule in fields}
    found = {}
    for column, written in table.names.items():
        if column.startswith(FIELD):
            name = written[len(FIELD) :].strip()
            rule = known.get(fold_field(name))
            if rule is None:
                raise UnreadableFile(f"{no_such_field(name, [each.name for each in fields])} Mend the column’s name.")
            found[fold(written)] = rule
    return found


def _customers(table: Table, columns: dict[str, FieldRule], country: str) -> Iterator[ParsedCustomer | RefusedRow]:
    found: list[ParsedCustomer | RefusedRow] = list(table.refused)
    seen: dict[tuple[str, Any], int] = {}
    for row in table.rows:
        try:
            data = _data(row, columns, country)
            _refuse_repeated(row, data, seen)
        except BadCell as bad:
            found.append(bad.on(row))
            continue
        found.append(ParsedCustomer(data, row.line))
    yield from sorted(found, key=lambda one: one.line)


def _data(row: Row, columns: dict[str, FieldRule], country: str) -> CustomerData:
    # Shopify writes an apostrophe before the id, so that a spreadsheet leaves its digits alone.
    external_id = row.get("id").removeprefix("'")
    if not external_id:
        raise row.bad("id", "Fill in the customer's id in the storefront.")
    for name in ("id", "first_name", "last_name"):
        if len(row.get(name)) > MAX_TEXT:
            raise row.bad(name, f"Write at most {MAX_TEXT} characters.")
    return CustomerData(
        id=external_id,
        first_name=row.get("first_name") or ABSENT,
        last_name=row.get("last_name") or ABSENT,
        email=_address(row, "email", normalise_email),
        phone=_address(row, "phone", lambda text: to_e164(text.removeprefix("'"), country)),
        country=_code(row, "country", r"[A-Z]{2}"),
        region=_code(row, "region", r"[A-Z0-9]{1,10}"),
        fields={rule.name: _value(row, column, rule) for column, rule in columns.items() if row.get(column)},
    )


def _address(row: Row, column: str, normalise: Callable[[str], str]) -> Any:
    text = row.get(column)
    if not text:
        return ABSENT
    try:
        return normalise(text)
    except (InvalidPhone, InvalidEmail) as problem:
        raise row.bad(column, str(problem)) from None


def _code(row: Row, column: str, form: str) -> Any:
    """A code of an address. Nobody is refused for one that is none: it only helps to tell the hour."""
    text = row.get(column).upper()
    return text if re.fullmatch(form, text) else ABSENT


def _value(row: Row, column: str, rule: FieldRule) -> Any:
    try:
        return read_value(rule.type, rule.choices, row.get(column))
    except BadValue as problem:
        raise row.bad(column, str(problem)) from None


def _refuse_repeated(row: Row, data: CustomerData, seen: dict[tuple[str, Any], int]) -> None:
    """A file says one thing of a customer, and gives an address to one of them."""
    told = [("id", data.id), ("email", data.email), ("phone", data.phone)]
    for column, value in told:
        if value is not ABSENT and (column, value) in seen:
            raise row.bad(column, f"Line {seen[column, value]} has the same one already; remove one of the two.")
    seen.update({(column, value): row.line for column, value in told if value is not ABSENT})
