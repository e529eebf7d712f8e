"""The API document laid out for the page: schemas as rows of a table, examples as text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from markupsafe import Markup, escape

from nexnotify.web.apidoc.document import ABOUT

#: Schemas whose values have a table of their own on the page.
_LISTED = ("RequestStatus", "MessageStatus", "Reason")


def page_context(document: dict[str, Any]) -> dict[str, Any]:
    """What the template draws: ``about``, ``groups`` of operations and the ``words`` of the answers."""
    groups: dict[str, list[dict[str, Any]]] = {tag["name"]: [] for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            groups[operation["tags"][0]].append(_operation(document, path, method, operation))
    schemas = document["components"]["schemas"]
    return {
        "info": document["info"],
        "base": document["servers"][0]["url"],
        "about": ABOUT,
        "groups": groups,
        "words": {name: schemas[name]["x-enumDescriptions"] for name in _LISTED},
    }


def with_code(text: str) -> Markup:
    """Words with `code` in them, escaped."""
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if index % 2 else escape(part)
        for index, part in enumerate(re.split(r"`([^`]*)`", text))
    )


def _operation(document: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    answer = operation["responses"]["200"]["content"]["application/json"]
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": operation["summary"],
        "description": operation["description"],
        "parameters": [_row(document, item["name"], item, item["schema"]) for item in operation["parameters"]],
        "body": list(_rows(document, body["schema"])) if body else [],
        "body_example": _text(body["example"]) if body else None,
        "answer": list(_rows(document, answer["schema"])),
        "answer_example": _text(answer["example"]) if "example" in answer else None,
        "errors": {
            status: _resolve(document, answer)["description"]
            for status, answer in operation["responses"].items()
            if status != "200"
        },
    }


def _rows(document: dict[str, Any], schema: dict[str, Any], path: str = "") -> Iterator[dict[str, Any]]:
    """Each field of an object, and the fields of what lies in it."""
    schema = _resolve(document, schema)
    required = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        yield _row(document, path + name, {"required": name in required, **field}, field)
        yield from _inner(document, field, path + name)


def _inner(document: dict[str, Any], schema: dict[str, Any], path: str) -> Iterator[dict[str, Any]]:
    schema = _resolve(document, schema)
    for choice in schema.get("anyOf", ()):
        yield from _inner(document, choice, path)
    if "items" in schema:
        yield from _inner(document, schema["items"], path + "[]")
    elif "properties" in schema:
        yield from _rows(document, schema, path + ".")


def _row(document: dict[str, Any], name: str, outer: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    inner = _resolve(document, schema)
    default = schema.get("default", inner.get("default"))
    return {
        "name": name,
        "type": _type(document, schema),
        "required": outer.get("required", False),
        "description": outer.get("description") or inner.get("description", ""),
        "default": None if default in (None, [], {}) else json.dumps(default),
    }


def _type(document: dict[str, Any], schema: dict[str, Any]) -> str:
    """A schema in words: "text, null" or "whole number, 1 to 200"."""
    name = schema.get("$ref", "").rpartition("/")[2]
    schema = _resolve(document, schema)
    if name in _LISTED:
        return f"one of {name}"
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(schema["enum"])
    if "anyOf" in schema:
        return ", ".join(dict.fromkeys(_type(document, choice) for choice in schema["anyOf"]))
    kind = schema.get("type", "")
    if kind == "array":
        return f"list of {_type(document, schema['items'])}".replace("list of object", "list of objects")
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object: name → {_type(document, schema['additionalProperties'])}"
    words = {"string": "text", "integer": "whole number", "boolean": "true | false"}.get(kind, kind)
    return words + _limits(schema)


def _limits(schema: dict[str, Any]) -> str:
    if schema.get("format") == "date-time":
        return ", a moment"
    if "maxLength" in schema:
        return f", up to {schema['maxLength']} characters"
    if "minimum" in schema and "maximum" in schema:
        return f", {schema['minimum']} to {schema['maximum']}"
    return f", from {schema['minimum']}" if "minimum" in schema else ""


def _resolve(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Follow references into the document's components."""
    while "$ref" in schema:
        found: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema


def _text(example: Any) -> str:
    return json.dumps(example, indent=2, ensure_ascii=False)
