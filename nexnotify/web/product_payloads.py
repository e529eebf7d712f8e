"""Products as a request body tells them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from nexnotify.catalog.service import variant_id_from
from nexnotify.web.payloads import Address, Options, Payload, Price, Text, Units

#: Variants of one product, which is saved in one piece.
MAX_VARIANTS = 500

Unavailable = Literal["preordered", "backordered", "sold_out"]
Switched = Literal["preordered", "backordered", "sold_out", "can_preorder", "can_backorder"]
SwitchedChannel = Literal["sms", "email", "push"]


class VariantPayload(Payload):
    id: Text | None = Field(None, description="Unless told, made of the product's id and the options.")
    sku: Text | None = None
    options: Options = {}
    price: Annotated[Price | None, Field(strict=False)] = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = Field(None, description="Unless told, the store's.")
    url: Address | None = None
    image_url: Address | None = None
    unavailable_as: Unavailable = "sold_out"
    threshold: Units | None = Field(
        None, description="Fewest units at which people are told of it; null: as its product's. Stays unless told."
    )
    min_order_quantity: Units = Field(
        1, description="Units an order takes at least; fewer cannot be bought. Stays unless told."
    )


class ProductPayload(Payload):
    id: Text
    title: Text
    url: Address | None = None
    image_url: Address | None = None
    published: bool = True
    alerts: bool = Field(True, description="False: nobody is asked for it and nobody told of it. Stays unless told.")
    threshold: Units | None = Field(
        None, description="Fewest units at which people are told; null: as the store's. Stays unless told."
    )
    switches: dict[Switched, dict[SwitchedChannel, bool]] | None = Field(
        None, description="What differs from the store's switches; null: nothing does. Stays unless told."
    )
    tags: Annotated[list[Text], Field(max_length=100)] = Field(
        [], description="Labels of your own, by which journeys and audiences choose. Stay unless told."
    )
    substitutes: Annotated[list[Text], Field(max_length=50)] | None = Field(
        None, description="Ids of products that do as well: who has ordered one is not told. Unless told, they stay."
    )
    variants: list[VariantPayload] = Field([], max_length=MAX_VARIANTS)

    @model_validator(mode="after")
    def _short_ids(self) -> ProductPayload:
        made = [variant_id_from(self.id, variant.options) for variant in self.variants if variant.id is None]
        if any(len(variant_id) > 255 for variant_id in made):
            raise ValueError("Give each variant an id: one made of the product's id and the options is too long.")
        return self
