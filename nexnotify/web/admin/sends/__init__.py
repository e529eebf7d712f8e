"""Sends: written, checked, confirmed, watched."""

from nexnotify.web.admin.sends import audience, picking, show, trial, write  # noqa: F401 - their views
from nexnotify.web.admin.sends.blueprint import bp

__all__ = ["bp"]
