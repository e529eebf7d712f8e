"""The OpenAPI 3.1 document, made of the operations, the payloads and the answers."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

from nexnotify import __version__
from nexnotify.stores.settings import StoreSettings
from nexnotify.web.apidoc.examples import ANSWERS, BODIES
from nexnotify.web.apidoc.operations import FILTERS, OPERATIONS, Operation, Rows
from nexnotify.web.bulk import MAX_ROWS
from nexnotify.web.payloads import MAX_ID, MAX_PAGE, PAGE
from nexnotify.web.storefront.answers import ErrorAnswer

_REF = "#/components/schemas/"

#: Heading → what every caller needs to know once.
ABOUT = {
    "Keys": "Send `Authorization: Bearer <api_key>` with each call. `nexnotify store create` prints a store's first key "
    "once. A key is good for one store and sees nothing of others.",
    "JSON": "Bodies and answers are JSON in UTF-8. Moments are ISO 8601 with a zone; answers write them in UTC. Whatever "
    "takes `sku` also takes `variant_id`. More fields may come in answers; those described here stay.",
    "Bulk": f"A body holds up to {MAX_ROWS} rows. The answer is 200 even when some rows are bad: good rows are kept, bad "
    "ones are named under `errors` with their `index`, counted from 0. The same call again gives the same ids and sends "
    "no second message.",
    "Lists": f"`limit` is the length of a page, {PAGE} unless told, {MAX_PAGE} at most. `next` is the address of the next "
    "page, or null. A filter that a list does not have is refused, so that a misspelt one does not show everything.",
    "Errors": 'Every error looks like `{"error": {"code", "message", "fields"}}`: `code` for programs, `message` for '
    "people, `fields` with what is wrong where. After a 503 send it again: what was saved before is not saved twice. A "
    "500 is a fault of ours; its message holds a reference that is also in the log.",
}
_ERRORS = {
    400: "The body is not JSON.",
    401: "No valid API key was sent.",
    404: "This store has none with that id.",
    413: "The body is too large; send fewer rows at a time.",
    422: "Some fields are not right; nothing was changed.",
    503: "Our database cannot be reached at the moment; send it again.",
}


@cache
def document() -> dict[str, Any]:
    """The whole document. It is the same for every store and every installation of this version."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "nexnotify storefront API",
            "version": __version__,
            "summary": "Products and stock in, alert requests in and out, and what became of each.",
            "description": "\n\n".join(f"## {heading}\n\n{text}" for heading, text in ABOUT.items()),
        },
        "servers": [{"url": "/api/v1"}],
        "security": [{"apiKey": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(map(_tag, OPERATIONS))],
        "paths": paths,
        "components": {
            "schemas": _components(),
            "responses": {_response_name(status): _error(status) for status in _ERRORS},
            "securitySchemes": {"apiKey": {"type": "http", "scheme": "bearer", "description": ABOUT["Keys"]}},
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    answer: dict[str, Any] = {"schema": {"$ref": _REF + operation.answer.__name__}}
    if operation.name in ANSWERS:
        answer["example"] = ANSWERS[operation.name]
    described: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [_tag(operation)],
        "summary": operation.summary,
        "description": operation.description,
        "parameters": [*_path_parameters(operation), *_query_parameters(operation)],
        "responses": {
            "200": {"description": "Done.", "content": {"application/json": answer}},
            **{
                str(status): {"$ref": "#/components/responses/" + _response_name(status)} for status in operation.errors
            },
        },
    }
    if operation.body is not None:
        body = {"schema": _body_schema(operation.body), "example": BODIES[operation.name]}
        described["requestBody"] = {"required": True, "content": {"application/json": body}}
    return described


def _body_schema(body: Rows | type[BaseModel]) -> dict[str, Any]:
    if body is StoreSettings:
        return {"$ref": f"{_REF}{body.__name__}Changes"}
    if not isinstance(body, Rows):
        return {"$ref": f"{_REF}{body.__name__}"}
    rows = {"type": "array", "items": {"$ref": _REF + body.model.__name__}, "maxItems": MAX_ROWS}
    return {"type": "object", "properties": {body.name: rows}, "required": [body.name], "additionalProperties": False}


def _path_parameters(operation: Operation) -> list[dict[str, Any]]:
    names = [part[1:-1] for part in operation.path.split("/") if part.startswith("{")]
    schema = {"type": "integer", "minimum": 0}
    return [{"name": name, "in": "path", "required": True, "schema": schema} for name in names]


def _query_parameters(operation: Operation) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name in operation.filters:
        component, words = FILTERS[name]
        schema: dict[str, Any] = {"$ref": _REF + component} if component else {"type": "string"}
        found.append({"name": "status" if component else name, "in": "query", "description": words, "schema": schema})
    if operation.is_list:
        limit = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": PAGE}
        after = {"type": "integer", "minimum": 0, "maximum": MAX_ID}
        found.append({"name": "limit", "in": "query", "description": "Length of a page.", "schema": limit})
        words = "Where to go on; take it from `next`."
        found.append({"name": "after", "in": "query", "description": words, "schema": after})
    return found


def _tag(operation: Operation) -> str:
    return operation.path.split("/")[1]


def _response_name(status: int) -> str:
    return HTTPStatus(status).phrase.title().replace(" ", "")


def _error(status: int) -> dict[str, Any]:
    schema = {"$ref": _REF + ErrorAnswer.__name__}
    described: dict[str, Any] = {"description": _ERRORS[status], "content": {"application/json": {"schema": schema}}}
    if status == 401:
        described["headers"] = {"WWW-Authenticate": {"required": True, "schema": {"const": "Bearer"}}}
    return described


# --- schemas -------------------------------------------------------------------------------------------------------


class _Complete(GenerateJsonSchema):
    """Answers from models with defaults: every field is always there."""

    def field_is_required(self, field: Any, total: bool) -> bool:
        return True


def _components() -> dict[str, Any]:
    bodies = [operation.body for operation in OPERATIONS if operation.body not in (None, StoreSettings)]
    rows = [body.model if isinstance(body, Rows) else body for body in bodies if body is not None]
    answers = [operation.answer for operation in OPERATIONS if operation.answer is not StoreSettings]
    changes = _schemas([StoreSettings], "validation", suffix="Changes", defaults=False)
    complete = _schemas([StoreSettings], "serialization", generator=_Complete, defaults=False)
    for schema in complete.values():
        schema.pop("additionalProperties", None)  # more settings may come in answers
    changes["StoreSettingsChanges"]["description"] = "What to change; everything else stays as it is."
    return {
        **_schemas(rows, "validation"),
        **changes,
        **complete,
        **_schemas([ErrorAnswer, *answers], "serialization", defaults=False),
    }


def _schemas(
    models: Iterable[type[BaseModel]],
    mode: JsonSchemaMode,
    *,
    suffix: str = "",
    defaults: bool = True,
    generator: type[GenerateJsonSchema] = GenerateJsonSchema,
) -> dict[str, Any]:
    """The models and all they refer to, by name; ``suffix`` tells two forms of one model apart."""
    wanted = [(model, mode) for model in dict.fromkeys(models)]
    template = f"{_REF}{{model}}{suffix}"
    _, made = models_json_schema(wanted, ref_template=template, schema_generator=generator)
    return {name + suffix: _tidy(schema, defaults) for name, schema in made["$defs"].items()}


def _tidy(schema: dict[str, Any], defaults: bool) -> dict[str, Any]:
    """Without the titles that only repeat names, and without defaults where nothing is filled in."""
    schema = {name: value for name, value in schema.items() if name != "title"}
    if "description" in schema:
        schema["description"] = schema["description"].replace("``", "`")
    drop = {"title"} if defaults else {"title", "default"}
    for name, described in schema.get("properties", {}).items():
        schema["properties"][name] = {key: value for key, value in described.items() if key not in drop}
    return schema
