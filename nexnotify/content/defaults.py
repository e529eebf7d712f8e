"""The templates of a new store. Each SMS fits one segment with ordinary names."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Default:
    """A template as every store starts with it."""

    kind: str
    channel: str
    body: str
    subject: str | None = None
    product_status: str | None = None


STOP_HINT = "Reply STOP to end."

DEFAULTS = (
    Default(
        "confirmation",
        "sms",
        "[[store]]: we will text you once when [[product]] [[variant]] is available. "
        "Msg&data rates may apply. Reply HELP for help, STOP to end.",
    ),
    Default("back_in_stock", "sms", "[[store]]: [[product]] [[variant]] is back in stock. [[url|]] " + STOP_HINT),
    Default(
        "back_in_stock",
        "sms",
        "[[store]]: [[product]] [[variant]], which was on backorder, is here and ships now. [[url|]] " + STOP_HINT,
        product_status="backordered",
    ),
    Default(
        "back_in_stock",
        "sms",
        "[[store]]: [[product]] [[variant]] has been released, you can buy it now. [[url|]] " + STOP_HINT,
        product_status="preordered",
    ),
    Default("stop_reply", "sms", "[[store]]: you are unsubscribed and get no more texts from us. Reply START to undo."),
    Default("start_reply", "sms", "[[store]]: you can get our texts again. Reply HELP for help, STOP to end."),
    Default(
        "help_reply",
        "sms",
        "[[store]]: we text you when a product you asked for is available. "
        "Msg&data rates may apply. Reply STOP to end.",
    ),
    Default(
        "order_new",
        "sms",
        "[[store]]: hello [[firstname]], we have received your order [[ordernumber]]. Thank you! " + STOP_HINT,
    ),
    Default(
        "order_sent", "sms", "[[store]]: hello [[firstname]], your order [[ordernumber]] is on its way. " + STOP_HINT
    ),
    Default(
        "ticket_answered",
        "sms",
        '[[store]]: hello [[firstname]], we have answered your ticket "[[subject]]". ' + STOP_HINT,
    ),
    Default("merchant_order_new", "sms", "[[store]]: new order [[ordernumber]] [[total]] from [[fullname|a guest]]."),
    Default(
        "merchant_order_paid", "sms", "[[store]]: order [[ordernumber]] [[total]] from [[fullname|a guest]] is paid."
    ),
    Default("merchant_ticket_new", "sms", "[[store]]: new ticket from [[fullname|a customer]]: [[subject]]"),
    Default(
        "confirmation",
        "email",
        "Hello [[firstname]],\n\nwe will write to you once when [[product]] [[variant]] is available.\n\n"
        "Changed your mind? [[stop_url]]\n\n[[store]]",
        subject="You are on the list for [[product]]",
    ),
    Default(
        "back_in_stock",
        "email",
        "Hello [[firstname]],\n\n[[product]] [[variant]] is back in stock.\n[[url|]]\n\n"
        "You asked us to tell you. To get no more of these: [[stop_url]]\n\n[[store]]",
        subject="[[product]] is back in stock",
    ),
)
