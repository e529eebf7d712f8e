"""A test of a send: one text or email to oneself, as the first of its people would get it."""

from __future__ import annotations

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user

from nexnotify.campaigns.items import items_of
from nexnotify.campaigns.models import Send
from nexnotify.campaigns.summary import Someone, some_people
from nexnotify.campaigns.texts import Texts
from nexnotify.clock import utcnow
from nexnotify.content.service import Rendered
from nexnotify.customers.service import find_or_make_contact, normalise
from nexnotify.db import transaction
from nexnotify.errors import TooMany
from nexnotify.ledger.answers import queue_trial
from nexnotify.nudge import nudge
from nexnotify.phone import InvalidEmail, InvalidPhone, mask_address
from nexnotify.policy.eligibility import Skip
from nexnotify.reports.words import reason_words
from nexnotify.stores.models import Store
from nexnotify.stores.service import audit
from nexnotify.web.admin.access import current_store, requires
from nexnotify.web.admin.sends.blueprint import TO_ONE, bp, load_own
from nexnotify.web.admin.sends.forms import trial_form
from nexnotify.web.admin.sends.write import check_page, too_late
from nexnotify.web.admin.trials import TOO_MANY, may_test
from nexnotify.words import N_


@bp.post("/<int:send_id>/test")
@requires(TO_ONE)
def test(send_id: int) -> ResponseReturnValue:
    """One message to oneself, as the first of its people would get it. No push: who tests has no browser to name."""
    send = load_own(send_id)
    if send.state != "draft" or not send.body or send.by == "push":
        return too_late(send)
    form = trial_form(send.by)
    store, now = current_store(), utcnow()
    if not form.validate():
        return check_page(send, form), 422
    try:
        address = normalise(store, send.by, form.to.data or "")
    except (InvalidPhone, InvalidEmail) as problem:
        form.to.errors = [str(problem)]
        return check_page(send, form), 422
    with transaction():
        allowed = may_test(store, address, now)
    if not allowed:
        form.to.errors = [TOO_MANY]
        return check_page(send, form), TooMany.status
    people = some_people(store, send, 1, send.by)
    with transaction():
        contact = find_or_make_contact(store, send.by, address, now)
        text = _trial_text(store, send, people[0] if people else None, contact.id)
        answer = queue_trial(store, contact, text, now) if text else Skip("no_text")
        if not isinstance(answer, Skip):
            audit(store, "send.tested", current_user.id, now, number=mask_address(address))
    if isinstance(answer, Skip):
        form.to.errors = [N_("No test was sent. %(reason)s", reason=reason_words(answer.reason))]
        return check_page(send, form), 422
    nudge("send")
    flash(N_("A test is on its way to %(number)s.", number=mask_address(address)), "success")
    return redirect(url_for("admin_sends.check", send_id=send_id))


def _trial_text(store: Store, send: Send, one: Someone | None, contact_id: int) -> Rendered | None:
    """The text as this person would get it, but for the link to end, which is the tester's own."""
    if one is None:
        return Texts(store, send, channel=send.by).text("Ann", "Lee", contact_id)
    item = items_of(store, send, {one.contact_id: one.request_id}).get(one.contact_id)
    # A short link is worth something in a message of its own only.
    texts = Texts(store, send, channel=send.by, has_links=False)
    return texts.text(one.first_name, one.last_name, contact_id, item.variant if item else None)
