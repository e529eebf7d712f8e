"""What the templates say about a value: an address with its middle hidden, a body without its key."""

from __future__ import annotations

from flask import Flask

from nexnotify.phone import mask_address
from nexnotify.reports.words import without_keys


def masked(address: str) -> str:
    """An address for a page: its ends only."""
    return mask_address(address)


def register(app: Flask) -> None:
    app.add_template_filter(masked)
    app.add_template_filter(without_keys)
