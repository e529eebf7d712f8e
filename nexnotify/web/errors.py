"""Every error, in the one shape: JSON for programs, a page for people. No stack trace reaches a client."""

from __future__ import annotations

import logging
import uuid

from flask import Flask, Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from werkzeug.exceptions import HTTPException

from nexnotify.db import db
from nexnotify.errors import Invalid, NexnotifyError, TooLarge, Unavailable
from nexnotify.words import N_

log = logging.getLogger(__name__)

#: What people meet that is written elsewhere: Werkzeug's words and the docstrings of our faults. Here for the catalogues.
_ELSEWHERE = (
    N_(
        "The requested URL was not found on the server. If you entered the URL manually please check your spelling "
        "and try again."
    ),
    N_("The method is not allowed for the requested URL."),
    N_("Something went wrong."),
    N_("The request could not be read."),
    N_("You may not do this."),
    N_("There is no such thing in this store."),
    N_("This does not fit the present state."),
    N_("The request body is too large; send fewer rows at a time."),
    N_("Too many requests; try again later."),
    N_("We cannot reach our database at the moment; please send the same again."),
)

#: Addresses that programs call; people get pages everywhere else.
_PROGRAMS = ("/api/", "/widget/", "/callbacks/", "/healthz", "/readyz", "/metrics")
#: Addresses that shoppers open from a message or a shop's page.
_SHOPPERS = ("/s/", "/l/")
_CODES = {400: "bad_request", 401: "unauthorised", 403: "forbidden", 404: "not_found", 405: "method_not_allowed"}


def init_errors(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(NexnotifyError, _ours)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(OperationalError, _database_away)
    app.register_error_handler(InterfaceError, _database_away)
    app.register_error_handler(DataError, _not_storable)
    app.register_error_handler(Exception, _fault)


def _ours(error: NexnotifyError) -> ResponseReturnValue:
    if request.path.startswith(_PROGRAMS):
        return jsonify(error.as_json()), error.status
    return _page(error.status, error.message)


def _http(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None or error.code is None or error.code < 400:
        return error.get_response()
    if error.code == 413:
        return _ours(TooLarge())
    if not request.path.startswith(_PROGRAMS):
        return _page(error.code, error.description or error.name)
    shaped = NexnotifyError(error.description or error.name, code=_CODES.get(error.code, "http_error"))
    answer: Response = jsonify(shaped.as_json())
    if error.code == 405 and (allowed := error.get_response().headers.get("Allow")):
        answer.headers["Allow"] = allowed
    return answer, error.code


def _database_away(error: Exception) -> ResponseReturnValue:
    db.session.rollback()
    log.error("database away", extra={"fault": type(error).__name__})
    return _ours(Unavailable())


def _not_storable(_error: Exception) -> ResponseReturnValue:
    db.session.rollback()
    return _ours(Invalid(N_("There is a value that the database cannot hold, such as the character NUL.")))


def _fault(error: Exception) -> ResponseReturnValue:
    reference = uuid.uuid4().hex[:12]
    db.session.rollback()
    log.error("unexpected fault", exc_info=error, extra={"fault_reference": reference, "path": request.path})
    return _ours(
        NexnotifyError(
            N_("Something went wrong on our side; trying again is safe. Reference: %(reference)s.", reference=reference)
        )
    )


def _page(status: int, message: str) -> ResponseReturnValue:
    # A shopper has no start page with us, and gets no cookie.
    page = "shopper/problem.html" if request.path.startswith(_SHOPPERS) else "errors/error.html"
    return render_template(page, status=status, message=message), status
