"""Payment by invoice: the buyer pays as the two have agreed, and an owner confirms that it was paid."""

from __future__ import annotations

from wtforms import TextAreaField
from wtforms.validators import Length

from nexnotify.credits.contract import Begun, Order, Payment, PaymentSettings


class InvoiceSettings(PaymentSettings):
    instructions = TextAreaField(
        "How to pay",
        [Length(max=1000, message="1,000 characters is the most.")],
        description="What the buyer reads on the purchase's page, such as the bank account.",
    )


class PAYMENT(Payment):
    key = "invoice"
    label = "Invoice"
    hint = "The credits come when an owner has confirmed that it was paid."
    by_hand = True
    Settings = InvoiceSettings

    def begin(self, order: Order) -> Begun:
        return Begun()
