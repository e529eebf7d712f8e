"""What a merchant is told of a template: what it is for, and what its eye does."""

from __future__ import annotations

from nexnotify.content.models import KEYWORD_REPLIES, TITLES, Template
from nexnotify.reports.words import QUESTIONS
from nexnotify.stores.settings import NEWS
from nexnotify.words import N_

#: Template kind → what follows when none of it is in use; for the others, that nobody is told of their event.
OFF_MEANS = {
    "back_in_stock": N_("nobody who waits is told by this channel; they keep waiting and keep their place."),
    "bundle": N_("each product is told in a message of its own, one after another."),
    "confirmation": N_("who asks is not told that it was heard. Carriers in many countries want that text."),
    "double_opt_in": N_(
        "nobody can be asked to confirm: with double opt-in on, nobody new gets on a list by this channel."
    ),
    "change": N_(
        "nobody can be asked to confirm a change, so requests of this channel change only from their own browser."
    ),
    "renewal": N_("nobody is asked by this channel, and requests end when their time is over."),
    "custom": N_("it is not offered when you write to people."),
}
#: The same, for a template of one product status.
OFF_STATUS_MEANS = N_("who asked at that status gets the general text.")


def title_of(template: Template) -> str:
    """ "Customer: back in stock, Backordered" """
    title = TITLES.get(template.kind, template.kind)
    return title + ", " + QUESTIONS[template.product_status] if template.product_status else title


def off_means(template: Template) -> str:
    """What follows when a template is switched off."""
    if template.product_status in NEWS:
        return OFF_MEANS["back_in_stock"]
    if template.product_status:
        return OFF_STATUS_MEANS
    return OFF_MEANS.get(template.kind, N_("nobody is told of it by this channel."))


def can_switch(template: Template) -> bool:
    """Whether its eye does something: an answer to a keyword that is in use can only be replaced by another."""
    return not (template.active and template.kind in KEYWORD_REPLIES)
