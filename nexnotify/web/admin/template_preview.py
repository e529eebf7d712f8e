"""How a template will arrive: the preview beside the field it is typed in, its parts and its price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import request

from nexnotify.content.models import EVENT_TEMPLATES, Template, TemplateVersion, token_kind
from nexnotify.content.preview import Preview, preview, room, write_plainly
from nexnotify.content.service import as_sent, samples
from nexnotify.content.tokens import TOKENS, InvalidTemplate, UnresolvedToken, compile_template
from nexnotify.gateways.estimate import money
from nexnotify.gateways.service import sender_of
from nexnotify.reports.examples import Example, examples
from nexnotify.web.admin.access import current_store
from nexnotify.web.admin.forms import TemplateForm


@dataclass(frozen=True, slots=True)
class Shown:
    """The preview for one example, and the way to the next."""

    example: Example
    #: Its place among the examples, counted from 1, and how many there are.
    number: int
    count: int
    #: None when it cannot be written: the template is wrong, or a token of ``missing`` has no value.
    text: Preview | None
    missing: tuple[str, ...]
    #: What it costs to send, where the sender's price is known.
    cost: str | None

    @property
    def room(self) -> int:
        """Units that fit into the parts it takes."""
        return (
            room("gsm7" if self.text and self.text.encoding == "gsm7" else "ucs2", self.text.segments)
            if self.text
            else 0
        )


def preview_context(template: Template, form: TemplateForm) -> dict[str, Any]:
    """What the preview and the counter need, on the page and while somebody types."""
    body = form.body.data or ""
    return {
        "template": template,
        "form": form,
        "shown": shown_of(template, form),
        "has_other_ending": _as_sent(template, body) != body,
    }


def _as_sent(template: Template, body: str) -> str:
    return as_sent(current_store(), template.kind, template.channel, body)


def shown_of(template: Template, form: TemplateForm) -> Shown:
    """The preview for the example that the address or the form asks for."""
    choice = examples(current_store(), template.kind, template.product_status)
    asked = request.values.get("example", request.values.get("shown", 1, type=int), type=int)
    number = (asked - 1) % len(choice) + 1 if asked is not None else 1
    example = choice[number - 1]
    text: Preview | None = None
    missing: tuple[str, ...] = ()
    try:
        text = preview(template.channel, _as_sent(template, form.body.data or ""), form.subject.data, example.values)
    except UnresolvedToken as error:
        missing = error.names
    except InvalidTemplate:
        pass
    return Shown(example, number, len(choice), text, missing, _cost(template, text))


def _cost(template: Template, text: Preview | None) -> str | None:
    sender = sender_of(current_store(), template.channel)
    if template.channel != "sms" or text is None or sender is None or sender.prices is None:
        return None
    return money(sender.prices.text * text.segments, sender.prices.currency, exact=True)


def plainly(template: Template, form: TemplateForm) -> str:
    """What was typed, with the characters that force Unicode written plainly."""
    body = form.body.data or ""
    text = shown_of(template, form).text
    return write_plainly(body, text.culprits) if text else body


def parts_of(template: Template, version: TemplateVersion) -> int | None:
    """Parts of a text with values of ordinary length; None for an email."""
    if template.channel != "sms":
        return None
    values = {**samples(), "store": current_store().name}
    return preview("sms", _as_sent(template, version.body), None, values).segments


def may_lack_link(template: Template, *texts: str) -> bool:
    """Whether a product without an address would keep this message from being sent: ``[[url]]`` and nothing else."""
    if token_kind(template.kind) not in TOKENS["url"].kinds or template.kind in EVENT_TEMPLATES:
        return False
    values: dict[str, str | None] = {**samples(), "url": None}
    try:
        for text in texts:
            compile_template(text).fill(values)
    except UnresolvedToken:
        return True
    except InvalidTemplate:
        return False
    return False
