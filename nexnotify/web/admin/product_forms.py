"""Forms of a product's page."""

from __future__ import annotations

from collections.abc import Sequence

from flask_wtf import FlaskForm
from wtforms import TextAreaField
from wtforms.validators import Length

from nexnotify.words import N_

#: Products that do as well as another, at most.
MOST = 50


class SubstitutesForm(FlaskForm):
    """Products that do as well as this one."""

    substitutes = TextAreaField(
        N_("Products that do as well"),
        [Length(max=20_000)],
        description=N_(
            "One a line: the product's id in your storefront, or a SKU of it. Write this product's own id where any of "
            "its variants does."
        ),
    )

    @property
    def names(self) -> list[str]:
        """What was typed, each once."""
        lines = (line.strip() for line in (self.substitutes.data or "").splitlines())
        return list(dict.fromkeys(filter(None, lines)))

    def validate_substitutes(self, field: TextAreaField) -> None:
        """Not too many."""
        if len(self.names) > MOST:
            raise ValueError(N_("%(most)s products are the most.", most=MOST))

    def refuse(self, unknown: Sequence[str]) -> None:
        """Say which of them are none of the store's."""
        words = N_("Your catalogue has no product with this id or SKU: %(names)s.", names=", ".join(unknown[:5]))
        self.substitutes.errors = [*self.substitutes.errors, words]
