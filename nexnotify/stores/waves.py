"""How many people of a restock are told at a time, as a merchant sets it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

#: Minutes between two waves: what is measured in less says little, and after a week it is another restock.
Minutes = Annotated[int, Field(ge=1, le=10_080)]


class _Kind(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class PerUnit(_Kind):
    """So many people for each unit there is; after so many minutes the same again for what is left."""

    kind: Literal["per_unit"]
    people: int = Field(1, ge=1, le=100)
    minutes: Minutes = 60


class Paced(_Kind):
    """So many people, and after so many minutes as many again."""

    kind: Literal["paced"]
    people: int = Field(ge=1, le=1_000_000)
    minutes: Minutes


class Staged(_Kind):
    """A share of the list first; after so many minutes another, as long as what has sold says there is enough."""

    kind: Literal["staged"]
    percent: int = Field(30, ge=1, le=100)
    minutes: Minutes = 30


class Automatic(_Kind):
    """Each wave sized from what is left and from how many of those told before have bought."""

    kind: Literal["automatic"]
    minutes: Minutes = 15


KINDS: Mapping[str, type[_Kind]] = {"per_unit": PerUnit, "paced": Paced, "staged": Staged, "automatic": Automatic}


def _known(value: Any) -> Any:
    """One sentence for what is neither, in place of one for each thing that it might have been."""
    kind = value.get("kind") if isinstance(value, Mapping) else None
    if value == "all" or isinstance(value, _Kind) or (isinstance(kind, str) and kind in KINDS):
        return value
    raise ValueError(f'must be "all", or an object whose "kind" is one of {", ".join(KINDS)}.')


#: "all": everybody at once.
Waves = Annotated[
    Literal["all"] | Annotated[PerUnit | Paced | Staged | Automatic, Field(discriminator="kind")],
    BeforeValidator(_known),
]
