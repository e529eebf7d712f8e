"""Templates: saved with checks, rendered with tokens, counted in segments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from nexnotify.content.defaults import DEFAULTS
from nexnotify.content.defaults_german import german
from nexnotify.content.endings import without_replies
from nexnotify.content.models import MESSAGE_KINDS, Template, TemplateVersion, token_kind
from nexnotify.content.segments import count, smart
from nexnotify.content.tokens import TOKENS, Compiled, check, compile_template
from nexnotify.db import db
from nexnotify.errors import Invalid
from nexnotify.stores.models import Store
from nexnotify.stores.settings import NEWS, can_reply
from nexnotify.words import N_

#: Longest text of a template, in characters before tokens are filled (Twilio takes 1,600 after).
MAX_SMS = 1000
MAX_EMAIL = 20_000
#: More than browsers show.
MAX_PUSH = 500
#: Channels whose messages have a subject; that of a push is its title.
TITLED = ("email", "push")
#: Instead of its id, for a wording that nobody has saved yet.
UNSAVED = 0


@dataclass(frozen=True, slots=True)
class Wording:
    """A template version, compiled, for rendering many messages."""

    #: None: words that no template has.
    version_id: int | None
    channel: str
    body: Compiled
    subject: Compiled | None

    def uses(self, *tokens: str) -> bool:
        """Whether it has any of these tokens."""
        mine = self.body.tokens + (self.subject.tokens if self.subject else ())
        return any(token in mine for token in tokens)

    def render(self, values: Mapping[str, str | None]) -> Rendered:
        """The message for one recipient.

        :raises UnresolvedToken: a token has neither value nor fallback; such a message is never sent.
        """
        subject = tidy(self.subject.fill(values)) if self.subject else None
        return render_text(self.channel, self.body.fill(values), subject)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message's text as it goes out."""

    body: str
    subject: str | None
    encoding: str
    segments: int


def render_text(channel: str, body: str, subject: str | None = None) -> Rendered:
    """The final form of a text on a channel, with its segments."""
    body = tidy(body)
    if channel != "sms":
        return Rendered(body, subject, "utf8", 1)
    body = smart(body)
    counted = count(body)
    return Rendered(body, None, counted.encoding, max(counted.segments, 1))


def tidy(text: str) -> str:
    """Take out the gaps that empty tokens leave."""
    text = re.sub(r"[ \t]{2,}", " ", text)
    return re.sub(r" +([.,:;!?])(?=\s|$)", r"\1", text).strip()


def add_default_templates(store: Store, now: datetime) -> None:
    """Give a new store its templates, in German where that is its language."""
    for default in map(german, DEFAULTS) if store.locale.startswith("de") else DEFAULTS:
        template = Template(
            store_id=store.id,
            kind=default.kind,
            channel=default.channel,
            name=default.name,
            product_status=default.product_status,
            active=default.active,
            standard=True,
        )
        db.session.add(template)
        db.session.flush()
        add_version(template, default.body, default.subject, None, now)


def save_template(template: Template, body: str, subject: str | None, user_id: int | None, now: datetime) -> None:
    """Save a new version of a template; the same text again saves nothing.

    :raises Invalid: empty, too long, or a token that does not exist.
    """
    problems = template_problems(template.channel, body, subject, template.kind)
    if problems:
        raise Invalid(N_("The template was not saved."), fields=problems)
    current = current_version(template)
    subject = subject if template.channel in TITLED else None
    if (current.body, current.subject) == (body, subject):
        return
    template.version += 1
    add_version(template, body, subject, user_id, now)


def template_problems(channel: str, body: str, subject: str | None, kind: str | None = None) -> dict[str, str]:
    """What stands against a template, field → sentence; empty when it can be saved.

    With the template's ``kind``, also tokens that its messages have no value for.
    """
    message_kind = token_kind(kind) if kind else None
    problems = {}
    limit = {"sms": MAX_SMS, "push": MAX_PUSH}.get(channel, MAX_EMAIL)
    if not body.strip():
        problems["body"] = N_("Write a text.")
    elif len(body) > limit:
        problems["body"] = N_("The text has %(body)s characters; %(limit)s is the most.", body=len(body), limit=limit)
    elif found := check(body, message_kind):
        problems["body"] = " ".join(problem.message for problem in found)
    if channel in TITLED:
        if not (subject or "").strip():
            problems["subject"] = N_("Write a subject.")
        elif found := check(subject or "", message_kind):
            problems["subject"] = " ".join(problem.message for problem in found)
    return problems


def add_version(template: Template, body: str, subject: str | None, user_id: int | None, now: datetime) -> None:
    """Keep a wording as the template's current version; it has been checked."""
    db.session.add(
        TemplateVersion(
            store_id=template.store_id,
            template_id=template.id,
            number=template.version,
            body=body,
            subject=subject,
            created_by=user_id,
            created_at=now,
        )
    )
    db.session.flush()


def current_version(template: Template) -> TemplateVersion:
    """The version in use."""
    return db.session.scalars(
        sa.select(TemplateVersion).where(
            TemplateVersion.store_id == template.store_id,
            TemplateVersion.template_id == template.id,
            TemplateVersion.number == template.version,
        )
    ).one()


_template, _version = Template.__table__, TemplateVersion.__table__
_CURRENT = (
    sa.select(_version.c.id, _version.c.body, _version.c.subject, _template.c.product_status)
    .join(
        _template,
        sa.and_(
            _template.c.store_id == _version.c.store_id,
            _template.c.id == _version.c.template_id,
            _template.c.version == _version.c.number,
        ),
    )
    .where(
        _template.c.store_id == sa.bindparam("store_id"),
        _template.c.kind == sa.bindparam("kind"),
        _template.c.channel == sa.bindparam("channel"),
        _template.c.active,
        sa.or_(_template.c.product_status.is_(None), _template.c.product_status == sa.bindparam("product_status")),
    )
    .order_by(_template.c.product_status.is_(None))
    .limit(1)
)


def wording(store: Store, kind: str, channel: str, product_status: str | None = None) -> Wording:
    """The wording for a kind and channel: the product status's own template, else the general one.

    That something can be ordered without stock has no general one: "back in stock" would not be true.

    :raises LookupError: the store has none in use for this kind and channel.
    """
    where = {"store_id": store.id, "kind": kind, "channel": channel, "product_status": product_status}
    version = db.session.connection().execute(_CURRENT, where).first()
    if version is None or (product_status in NEWS and version.product_status is None):
        raise LookupError(f"No {channel} template of the kind {kind} is in use.")
    return _compiled(store, kind, version, channel)


def wording_of(template: Template) -> Wording:
    """The wording of a template as it is now."""
    store = db.session.get_one(Store, template.store_id)
    return _compiled(store, template.kind, current_version(template), template.channel)


def _compiled(store: Store, kind: str, version: Any, channel: str) -> Wording:
    subject = compile_template(version.subject) if version.subject else None
    return Wording(version.id, channel, compile_template(as_sent(store, kind, channel, version.body)), subject)


def as_sent(store: Store, kind: str, channel: str, body: str) -> str:
    """A template as it is sent: texts to shoppers that come from a name have a link to end, since nobody can reply.

    :param kind: the template's.
    """
    is_answer = MESSAGE_KINDS.get(kind) in ("keyword_reply", "merchant")
    return body if channel != "sms" or is_answer or can_reply(store) else without_replies(body)


def active_templates(store: Store, kind: str) -> list[Template]:
    """The store's templates of a kind that are in use, texts before emails."""
    statement = sa.select(Template).where(Template.store_id == store.id, Template.kind == kind, Template.active)
    return list(db.session.scalars(statement.order_by(Template.channel.desc(), Template.id)))


def custom_templates(store: Store, channel: str) -> list[Template]:
    """The templates that staff pick from when they write to people: those of the kind ``custom`` in use, by name."""
    mine = (Template.store_id == store.id, Template.kind == "custom", Template.channel == channel, Template.active)
    return list(db.session.scalars(sa.select(Template).where(*mine).order_by(Template.name)))


def samples() -> dict[str, str | None]:
    """A plausible value for each token, for previews."""
    return {token.name: token.sample for token in TOKENS.values()}
