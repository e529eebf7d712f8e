"""What the templates say about a value: a moment in the store's zone, an address with its middle hidden."""

from __future__ import annotations

from datetime import datetime

from flask import Flask, g

from nexnotify.clock import to_local
from nexnotify.phone import mask, mask_email
from nexnotify.reports.words import without_keys


def local(moment: datetime, zone: str | None = None, *, full: bool = False) -> str:
    """ "22 Nov 2026, 10:08" in the given zone, else in that of the request's store; ``full`` adds seconds and zone."""
    name = zone or getattr(g.get("store"), "zone", None) or "UTC"
    there = to_local(moment, name)
    day = f"{there.day} {there:%b %Y}"
    return f"{day}, {there:%H:%M:%S} {name}" if full else f"{day}, {there:%H:%M}"


def masked(address: str) -> str:
    """A phone number or an email address for a page: its ends only."""
    return mask_email(address) if "@" in address else mask(address)


def register(app: Flask) -> None:
    app.add_template_filter(local)
    app.add_template_filter(masked)
    app.add_template_filter(without_keys)
