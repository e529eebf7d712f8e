"""The templates of a new store. Each SMS fits one segment with ordinary names."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Default:
    """A template as every store starts with it."""

    kind: str
    channel: str
    name: str
    body: str
    subject: str | None = None
    product_status: str | None = None
    active: bool = True


STOP_HINT = "Reply STOP to end."

_BYE = "\n\nTo get no more of these: [[stop_url]]\n\n[[store]]"

DEFAULTS = (
    Default(
        "confirmation",
        "sms",
        "Waiting on stock",
        "[[store]]: we will text you once when [[product]] [[variant]] is available. "
        "Msg&data rates may apply. Reply HELP for help, STOP to end.",
    ),
    Default(
        "back_in_stock",
        "sms",
        "Back in stock",
        "[[store]]: [[product]] [[variant]] is back in stock. [[url|]] " + STOP_HINT,
    ),
    Default(
        "back_in_stock",
        "sms",
        "Back in stock, Backordered",
        "[[store]]: [[product]] [[variant]], which was on backorder, is here and ships now. [[url|]] " + STOP_HINT,
        product_status="backordered",
    ),
    Default(
        "back_in_stock",
        "sms",
        "Back in stock, Preordered",
        "[[store]]: [[product]] [[variant]] has been released, you can buy it now. [[url|]] " + STOP_HINT,
        product_status="preordered",
    ),
    Default(
        "reminder",
        "sms",
        "Reminder",
        "[[store]]: [[product]] [[variant]] is still in stock. [[url|]] " + STOP_HINT,
    ),
    Default(
        "double_opt_in",
        "sms",
        "Please confirm",
        "[[store]]: reply YES to get one text when [[product]] [[variant]] is available. "
        "Msg&data rates may apply. Reply STOP to end.",
    ),
    Default(
        "renewal",
        "sms",
        "Still wanted?",
        "[[store]]: do you still wait for [[product]] [[variant]]? Reply YES, or we stop looking soon. " + STOP_HINT,
    ),
    Default(
        "stop_reply",
        "sms",
        "Answer to STOP",
        "[[store]]: you are unsubscribed and get no more texts from us. Reply START to undo.",
    ),
    Default(
        "start_reply",
        "sms",
        "Answer to START",
        "[[store]]: you can get our texts again. Reply HELP for help, STOP to end.",
    ),
    Default(
        "help_reply",
        "sms",
        "Answer to HELP",
        "[[store]]: we text you when a product you asked for is available. "
        "Msg&data rates may apply. Reply STOP to end.",
    ),
    Default(
        "order_new",
        "sms",
        "Order received",
        "[[store]]: hello [[firstname]], we have received your order [[ordernumber]]. Thank you! " + STOP_HINT,
    ),
    Default(
        "order_sent",
        "sms",
        "Order sent",
        "[[store]]: hello [[firstname]], your order [[ordernumber]] is on its way. " + STOP_HINT,
    ),
    Default(
        "ticket_answered",
        "sms",
        "Ticket answered",
        '[[store]]: hello [[firstname]], we have answered your ticket "[[subject]]". ' + STOP_HINT,
    ),
    Default(
        "merchant_order_new",
        "sms",
        "New order",
        "[[store]]: new order [[ordernumber]] [[total]] from [[fullname|a guest]].",
    ),
    Default(
        "merchant_order_paid",
        "sms",
        "Order paid",
        "[[store]]: order [[ordernumber]] [[total]] from [[fullname|a guest]] is paid.",
    ),
    Default(
        "merchant_ticket_new",
        "sms",
        "New ticket",
        "[[store]]: new ticket from [[fullname|a customer]]: [[subject]]",
    ),
    Default(
        "merchant_long_waitlist",
        "sms",
        "Long waitlist",
        "[[store]]: [[waiting]] people wait for [[product]] [[variant]].",
    ),
    Default(
        "merchant_low_credit",
        "sms",
        "Low credit",
        "[[store]]: [[credits]] credits are left. Texts wait when there are none, so buy some in time.",
    ),
    Default(
        "confirmation",
        "email",
        "Waiting on stock",
        "Hello [[firstname]],\n\nwe will write to you once when [[product]] [[variant]] is available.\n\n"
        "Changed your mind? [[stop_url]]\n\n[[store]]",
        subject="You are on the list for [[product]]",
    ),
    Default(
        "back_in_stock",
        "email",
        "Back in stock",
        "Hello [[firstname]],\n\n[[product]] [[variant]] is back in stock.\n[[url|]]\n\n"
        "You asked us to tell you. To get no more of these: [[stop_url]]\n\n[[store]]",
        subject="[[product]] is back in stock",
    ),
    Default(
        "back_in_stock",
        "email",
        "Back in stock, Backordered",
        "Hello [[firstname]],\n\n[[product]] [[variant]], which was on backorder, is here and ships now.\n[[url|]]\n\n"
        "You asked us to tell you. To get no more of these: [[stop_url]]\n\n[[store]]",
        subject="[[product]] is here and ships now",
        product_status="backordered",
    ),
    Default(
        "back_in_stock",
        "email",
        "Back in stock, Preordered",
        "Hello [[firstname]],\n\n[[product]] [[variant]] has been released, you can buy it now.\n[[url|]]\n\n"
        "You asked us to tell you. To get no more of these: [[stop_url]]\n\n[[store]]",
        subject="[[product]] has been released",
        product_status="preordered",
    ),
    Default(
        "reminder",
        "email",
        "Reminder",
        "Hello [[firstname]],\n\n[[product]] [[variant]] is still in stock.\n[[url|]]" + _BYE,
        subject="[[product]] is still in stock",
    ),
    Default(
        "double_opt_in",
        "email",
        "Please confirm",
        "Hello [[firstname]],\n\nsomebody, we hope you, asked us to write to this address when [[product]] [[variant]] is "
        "available. Please confirm it:\n[[confirm_url]]\n\nIf it was not you, do nothing, and we will not write again."
        + _BYE,
        subject="Please confirm: [[product]]",
    ),
    Default(
        "renewal",
        "email",
        "Still wanted?",
        "Hello [[firstname]],\n\nyou asked us to tell you when [[product]] [[variant]] is available, and it is not yet. "
        "Do you still want it? Tell us, or your request ends soon:\n[[confirm_url]]" + _BYE,
        subject="Do you still want [[product]]?",
    ),
    # The link of a push is not shown: a click on it opens it.
    Default(
        "confirmation",
        "push",
        "Waiting on stock",
        "[[store]]: we will tell you here once when [[product]] [[variant]] is available.",
        subject="You are on the list",
    ),
    Default(
        "back_in_stock",
        "push",
        "Back in stock",
        "[[store]]: [[product]] [[variant]] can be bought again. [[url|]]",
        subject="[[product]] is back in stock",
    ),
    Default(
        "back_in_stock",
        "push",
        "Back in stock, Backordered",
        "[[store]]: [[product]] [[variant]], which was on backorder, ships now. [[url|]]",
        subject="[[product]] is here",
        product_status="backordered",
    ),
    Default(
        "back_in_stock",
        "push",
        "Back in stock, Preordered",
        "[[store]]: you can buy [[product]] [[variant]] now. [[url|]]",
        subject="[[product]] has been released",
        product_status="preordered",
    ),
    Default(
        "reminder",
        "push",
        "Reminder",
        "[[store]]: [[product]] [[variant]] can still be bought. [[url|]]",
        subject="[[product]] is still in stock",
    ),
    Default(
        "renewal",
        "push",
        "Still wanted?",
        "[[store]]: [[product]] [[variant]] is not available yet. Tell us that you still want it, or your request ends "
        "soon. [[confirm_url]]",
        subject="Do you still want [[product]]?",
    ),
    # Storefronts send emails of their own about orders and tickets.
    Default(
        "order_new",
        "email",
        "Order received",
        "Hello [[firstname]],\n\nwe have received your order [[ordernumber]]. Thank you!" + _BYE,
        subject="Your order [[ordernumber]]",
        active=False,
    ),
    Default(
        "order_sent",
        "email",
        "Order sent",
        "Hello [[firstname]],\n\nyour order [[ordernumber]] is on its way." + _BYE,
        subject="Your order [[ordernumber]] is on its way",
        active=False,
    ),
    Default(
        "ticket_answered",
        "email",
        "Ticket answered",
        'Hello [[firstname]],\n\nwe have answered your ticket "[[subject]]".' + _BYE,
        subject="An answer to your ticket",
        active=False,
    ),
    Default(
        "merchant_long_waitlist",
        "email",
        "Long waitlist",
        "[[waiting]] people wait for [[product]] [[variant]].\n[[url|]]\n\n[[store]]",
        subject="[[waiting]] people wait for [[product]]",
    ),
    Default(
        "merchant_low_credit",
        "email",
        "Low credit",
        "[[store]] has [[credits]] credits left for text messages. When there are none, texts wait until you buy some; "
        "people can sign up all the same.\n\nBuy credits under Settings, Credits.\n\n[[store]]",
        subject="[[credits]] credits are left",
    ),
)

#: What a custom template begins with; a store starts with none.
CUSTOM = (
    Default("custom", "sms", "", "[[store]]: hello [[firstname]]. " + STOP_HINT),
    Default("custom", "email", "", "Hello [[firstname]]," + _BYE, subject="From [[store]]"),
)
