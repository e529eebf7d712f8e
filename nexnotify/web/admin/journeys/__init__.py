"""Journeys: the two that every store has, and the merchant's own."""

from nexnotify.web.admin.journeys import show, write  # noqa: F401 - their views
from nexnotify.web.admin.journeys.blueprint import bp

__all__ = ["bp"]
