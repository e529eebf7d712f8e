"""Every answer of the API that any test sees is held against the API's own document."""

from __future__ import annotations

import copy
import re
from functools import cache
from typing import Any

import jsonschema_rs
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from nexnotify.web.apidoc.document import document

PREFIX = "/api/v1"


def strict(described: dict[str, Any]) -> dict[str, Any]:
    """The document with no room for fields in answers that it does not describe."""
    described = copy.deepcopy(described)
    for schema in described["components"]["schemas"].values():
        if schema.get("type") == "object" and "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return described


def resolve(described: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference."""
    while "$ref" in part:
        found: Any = described
        for step in part["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        part = found
    return part


@cache
def validator(method: str, path: str, status: str) -> Any:
    """What checks the body of this answer; None where the document does not know the answer."""
    described = strict(document())
    operation = described["paths"].get(path, {}).get(method.lower(), {})
    answer = operation.get("responses", {}).get(status)
    if answer is None:
        return None
    schema = resolve(described, answer)["content"]["application/json"]["schema"]
    return jsonschema_rs.validator_for(
        {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "components": described["components"]},
        validate_formats=True,
    )


def template_of(path: str) -> str | None:
    """The document's path that an address means."""
    for template in document()["paths"]:
        if re.fullmatch(re.sub(r"\{[^}]+\}", r"\\d+", template), path):
            return str(template)
    return None


def hold_to_document(method: str, path: str, answer: TestResponse) -> None:
    """Fails unless the document describes this answer of this address, field by field."""
    template = template_of(path.removeprefix(PREFIX))
    if template is None or method.lower() not in document()["paths"][template]:
        return
    status = str(answer.status_code)
    checks = validator(method, template, status)
    assert checks is not None, f"{method} {path} answered {status}, which its document does not know"
    assert answer.mimetype == "application/json"
    wrong = [f"{error.instance_path}: {error.message}" for error in checks.iter_errors(answer.get_json())]
    assert not wrong, f"{method} {path} ({status}) is not as documented: {wrong}"


class Client(FlaskClient):
    """A test client that holds what it gets from the API against the document."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        answer = super().open(*args, **kwargs)
        if answer.request.path.startswith(PREFIX + "/"):
            hold_to_document(answer.request.method, answer.request.path, answer)
        return answer
