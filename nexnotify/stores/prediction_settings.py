"""The part of a store's settings about what it expects of people; all of it is off in a new store."""

from __future__ import annotations

from pydantic import BaseModel, Field


class PredictionSettings(BaseModel):
    """Who goes first within a wave, at which hour, and when a text may say that there is little left."""

    #: Within a wave, who is likelier to buy goes first; the wave's people stay those who have waited longest.
    likely_first: bool = False
    #: Where there is plenty, who opens messages at certain hours is told in these.
    best_hour: bool = False
    #: So many units are few, however many wait: ``[[scarcity]]``.
    scarcity_units: int = Field(0, ge=0, le=1_000_000)
