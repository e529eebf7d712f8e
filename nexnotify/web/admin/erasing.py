"""Erasing a person: what is asked before, the same wherever it begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from nexnotify.clock import utcnow
from nexnotify.db import transaction
from nexnotify.errors import Conflict
from nexnotify.waitlist.together import addresses_with
from nexnotify.web.admin.access import current_store
from nexnotify.web.admin.customer_forms import TypedNameForm


def erase_named(
    name: str, contact_ids: Sequence[int], back: str, work: Callable[[datetime], None], done: str, then: str
) -> ResponseReturnValue:
    """Erase once the name is typed, in one transaction; its page else.

    :param contact_ids: those that will be erased; the page tells of others that were named together with them.
    :param back: address of the page it began on; ``then``: of the one that says ``done``.
    :param work: erases, and writes down that it was done; may raise :class:`Conflict`.
    """
    form = TypedNameForm()
    status = 200 if request.method == "GET" else 422
    if request.method == "POST" and form.matches(name):
        try:
            with transaction():
                work(utcnow())
        except Conflict as problem:
            form.form_errors, status = [problem.message], 409
        else:
            flash(done, "success")
            return redirect(then)
    others = addresses_with(current_store().id, contact_ids)
    return render_template("admin/customers/erase.html", form=form, name=name, back=back, others=others), status
