"""Pages for one person, or for a try: search engines do not list them, and nobody keeps a copy."""

from __future__ import annotations

from flask import Blueprint, Response


def keep_private(blueprint: Blueprint) -> None:
    """Say so with every answer of a blueprint."""

    @blueprint.after_request
    def say_so(response: Response) -> Response:
        response.headers["X-Robots-Tag"] = "noindex"
        response.headers["Cache-Control"] = "no-store"
        return response
