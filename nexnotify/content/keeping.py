"""A store's shelf of templates: new ones, names, which is in use, and what is deleted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from nexnotify.content.default import Default
from nexnotify.content.defaults import CUSTOM, DEFAULTS
from nexnotify.content.defaults_german import german
from nexnotify.content.models import KEYWORD_REPLIES, NAME, Template
from nexnotify.content.service import add_version
from nexnotify.db import db
from nexnotify.errors import Conflict, Invalid
from nexnotify.stores.models import Store
from nexnotify.stores.settings import Switches
from nexnotify.words import N_

#: Template kind → the channels that its messages go by.
CHANNELS: Mapping[str, frozenset[str]] = {
    kind: frozenset(item.channel for item in (*DEFAULTS, *CUSTOM) if item.kind == kind)
    for kind in {item.kind for item in (*DEFAULTS, *CUSTOM)}
}


def new_template(
    store: Store, kind: str, channel: str, name: str, product_status: str | None, user_id: int | None, now: datetime
) -> Template:
    """A template with the words that the standard one of its kind began with.

    It is switched off, so that it can be written first; a custom one is not, because it never goes out by itself.

    :raises Invalid: no such kind, a channel or status that it has not, or a name that is empty, long or taken.
    """
    problems = {}
    if kind not in CHANNELS:
        problems["kind"] = N_("Choose what it is for.")
    elif channel not in CHANNELS[kind]:
        texts_only = CHANNELS[kind] == {"sms"}
        words = N_("Messages of this kind are text messages only.") if texts_only else N_("No push is of this kind.")
        problems["channel"] = words
    if product_status is not None and (kind != "back_in_stock" or product_status not in Switches.model_fields):
        problems["product_status"] = N_("Only templates for back in stock speak of a product status.")
    problems |= _name_problems(store.id, channel, name)
    if problems:
        raise Invalid(N_("The template was not made."), fields=problems)
    start = _start(kind, channel, product_status)
    if store.locale.startswith("de"):
        start = german(start)
    template = Template(
        store_id=store.id,
        kind=kind,
        channel=channel,
        name=name,
        product_status=product_status,
        active=kind == "custom",
    )
    db.session.add(template)
    db.session.flush()
    add_version(template, start.body, start.subject, user_id, now)
    return template


def _start(kind: str, channel: str, product_status: str | None) -> Default:
    ours = [item for item in (*DEFAULTS, *CUSTOM) if (item.kind, item.channel) == (kind, channel)]
    return next((item for item in ours if item.product_status == product_status), ours[0])


def rename_template(template: Template, name: str) -> None:
    """Give a template another name.

    :raises Invalid: it is empty, long or taken.
    """
    problems = _name_problems(template.store_id, template.channel, name, template.id)
    if problems:
        raise Invalid(N_("The name was not changed."), fields=problems)
    template.name = name
    db.session.flush()


def _name_problems(store_id: int, channel: str, name: str, own_id: int | None = None) -> dict[str, str]:
    if not name.strip():
        return {"name": N_("Write a name.")}
    if len(name) > NAME:
        return {"name": N_("%(name)s characters is the most.", name=NAME)}
    same = sa.select(Template.id).where(
        Template.store_id == store_id,
        Template.channel == channel,
        Template.name == name,
        Template.deleted_at.is_(None),
        Template.id != own_id if own_id else sa.true(),
    )
    taken = db.session.scalar(same) is not None
    return {"name": N_("Another template of this channel has this name.")} if taken else {}


def switch_on(template: Template) -> Template | None:
    """Put a template into use. The store's row has to be locked: two at once would both take the same place.

    :returns: the template whose place it took.
    """
    before = None if template.kind == "custom" else in_place_of(template)
    if before is not None:
        before.active = False
        db.session.flush()
    template.active = True
    db.session.flush()
    return before


def in_place_of(template: Template) -> Template | None:
    """The other template of the same kind, channel and product status that is in use."""
    return db.session.scalar(
        sa.select(Template).where(
            Template.store_id == template.store_id,
            Template.kind == template.kind,
            Template.channel == template.channel,
            Template.product_status.is_not_distinct_from(template.product_status),
            Template.active,
            Template.id != template.id,
        )
    )


def switch_off(template: Template) -> None:
    """Take a template out of use: it is kept and not sent.

    :raises Conflict: it answers a keyword; carriers ask for that answer, so one is always in use.
    """
    if template.kind in KEYWORD_REPLIES:
        raise Conflict(N_("One answer to this word is always in use. Switch another on, and it takes its place."))
    template.active = False
    db.session.flush()


def delete_template(template: Template, now: datetime) -> None:
    """Take a template away for good; what was sent with it keeps its words.

    :raises Conflict: a standard one, which can only be switched off, or the answer to a keyword that is in use.
    """
    if template.standard:
        raise Conflict(N_("A standard template cannot be deleted; switch it off instead."))
    if template.active:
        switch_off(template)
    template.deleted_at = now
    db.session.flush()
