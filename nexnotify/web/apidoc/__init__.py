"""The API's own description, for programs (``openapi.json``) and people (a page). Public: it holds no store's data."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, render_template
from flask.typing import ResponseReturnValue

from nexnotify.web.apidoc.document import document
from nexnotify.web.apidoc.page import page_context, with_code

blueprint = Blueprint("apidoc", __name__)


@blueprint.get("/openapi.json")
def openapi() -> ResponseReturnValue:
    """OpenAPI 3.1; pages of any origin may read it, so that editors and generators can."""
    answer = jsonify(document())
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer


@blueprint.get("/")
def page() -> ResponseReturnValue:
    """The same, to read."""
    return render_template("api/page.html", **page_context(document()), with_code=with_code)


@blueprint.after_request
def _cacheable(response: Response) -> Response:
    """It changes with a new version only."""
    response.headers["Cache-Control"] = "public, max-age=300"
    return response
