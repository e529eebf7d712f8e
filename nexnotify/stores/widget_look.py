"""The part of a store's settings that says how the widget looks."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

#: A colour as browsers write it; nothing else reaches a style sheet.
_Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$"), AfterValidator(str.lower)]


class WidgetLook(BaseModel):
    """Colours and corner of the widget. What is None is as the widget wears it, or as the shop's own CSS says."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    accent: _Colour | None = None
    on_accent: _Colour | None = None
    text: _Colour | None = None
    background: _Colour | None = None
    border: _Colour | None = None
    error: _Colour | None = None
    #: Pixels.
    radius: Annotated[int, Field(ge=0, le=32)] | None = None

    @property
    def colours(self) -> dict[str, str | None]:
        """The colours by name, without the corner."""
        return self.model_dump(exclude={"radius"})

    @property
    def chosen(self) -> dict[str, str | int]:
        """Only what is set."""
        return self.model_dump(exclude_none=True)
