"""The fields that a merchant gives customers: defined, renamed, put in order, deleted."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from nexnotify.customers.field_values import TYPES, fold
from nexnotify.customers.models import CustomField, CustomFieldValue
from nexnotify.db import db
from nexnotify.errors import Conflict, Invalid
from nexnotify.stores.models import Store
from nexnotify.words import N_

#: The name under which every store finds its opt-in.
OPT_IN = "I would like to receive SMS messages"
MAX_FIELDS, MAX_CHOICES = 50, 100
MAX_NAME = 200


def make_opt_in_field(store: Store) -> None:
    """The field whose yes is consent to marketing by text message; each store is opened with it."""
    field = CustomField(
        store_id=store.id, name=OPT_IN, name_key=fold(OPT_IN), type="yes_no", choices=[], position=1, is_sms_opt_in=True
    )
    db.session.add(field)
    db.session.flush()


def fields_of(store_id: int) -> Sequence[CustomField]:
    """A store's fields in the merchant's order."""
    statement = sa.select(CustomField).where(CustomField.store_id == store_id)
    return db.session.scalars(statement.order_by(CustomField.position, CustomField.id)).all()


def add_field(store: Store, name: str, type_: str, choices: Sequence[str]) -> CustomField:
    """A new field, last in order.

    :raises Invalid: with what is wrong with ``name``, ``type`` or ``choices``.
    """
    if type_ not in TYPES:
        raise Invalid(
            N_("A field's type is one of %(types)s.", types=", ".join(TYPES)), fields={"type": N_("Choose one.")}
        )
    others = fields_of(store.id)
    if len(others) >= MAX_FIELDS:
        raise Invalid(
            N_("A store has at most %(max_fields)s fields.", max_fields=MAX_FIELDS),
            fields={"name": N_("Delete a field first.")},
        )
    field = CustomField(
        store_id=store.id,
        name=_good_name(name, others),
        name_key=fold(name),
        type=type_,
        choices=_good_choices(choices) if type_ == "choice" else [],
        position=max((item.position for item in others), default=0) + 1,
        is_sms_opt_in=False,
    )
    db.session.add(field)
    db.session.flush()
    return field


def change_field(field: CustomField, name: str, choices: Sequence[str]) -> None:
    """Rename a field and, where it is a choice, set what can be chosen; values that customers have stay.

    :raises Invalid: as for :func:`add_field`.
    """
    others = [item for item in fields_of(field.store_id) if item.id != field.id]
    field.name, field.name_key = _good_name(name, others), fold(name)
    if field.type == "choice":
        field.choices = _good_choices(choices)
    db.session.flush()


def move_field(field: CustomField, up: bool) -> bool:
    """Let a field and its neighbour change places.

    :returns: False when it stands at that end already.
    """
    order = list(fields_of(field.store_id))
    place = next(index for index, item in enumerate(order) if item.id == field.id)
    new = place - 1 if up else place + 1
    if not 0 <= new < len(order):
        return False
    order[place], order[new] = order[new], order[place]
    for position, item in enumerate(order, start=1):
        item.position = position
    return True


def delete_field(field: CustomField) -> None:
    """Delete a field, with what every customer has in it.

    :raises Conflict: it is the opt-in.
    """
    if field.is_sms_opt_in:
        raise Conflict(N_("The opt-in cannot be deleted: without it nobody could say yes to texts. You can rename it."))
    db.session.execute(
        sa.delete(CustomFieldValue).where(
            CustomFieldValue.store_id == field.store_id, CustomFieldValue.custom_field_id == field.id
        )
    )
    db.session.delete(field)
    db.session.flush()


def _good_name(name: str, others: Sequence[CustomField]) -> str:
    text = " ".join(name.split())
    if not text:
        raise Invalid(fields={"name": N_("Write a name.")})
    if len(text) > MAX_NAME or len(fold(text)) > MAX_NAME:
        raise Invalid(fields={"name": N_("Write at most %(max_name)s characters.", max_name=MAX_NAME)})
    if any(item.name_key == fold(text) for item in others):
        raise Invalid(fields={"name": N_("Another field has this name.")})
    return text


def _good_choices(choices: Sequence[str]) -> list[str]:
    texts = [text for text in (" ".join(choice.split()) for choice in choices) if text]
    if not texts:
        raise Invalid(fields={"choices": N_("Write at least one choice.")})
    if len(texts) > MAX_CHOICES or any(len(text) > MAX_NAME for text in texts):
        raise Invalid(
            fields={
                "choices": N_(
                    "Write at most %(max_choices)s choices of %(max_name)s characters each.",
                    max_choices=MAX_CHOICES,
                    max_name=MAX_NAME,
                )
            }
        )
    if len({fold(text) for text in texts}) < len(texts):
        raise Invalid(fields={"choices": N_("A choice stands there twice.")})
    return texts
