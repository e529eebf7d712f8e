"""The templates of a new store. Each SMS fits one segment with ordinary names."""

from nexnotify.content.default import BYE, STOP_HINT, Default
from nexnotify.content.defaults_email import EMAILS
from nexnotify.content.defaults_push import PUSHES

_TEXTS = (
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
        "bundle",
        "sms",
        "Several back in stock",
        "[[store]]: back in stock: [[products]]. See all: [[products_url]] " + STOP_HINT,
    ),
    Default(
        "back_in_stock",
        "sms",
        "Can be preordered",
        "[[store]]: you can preorder [[product]] [[variant]] now. [[url|]] " + STOP_HINT,
        product_status="can_preorder",
    ),
    Default(
        "back_in_stock",
        "sms",
        "Can be backordered",
        "[[store]]: you can order [[product]] [[variant]] now, it ships when it is here. [[url|]] " + STOP_HINT,
        product_status="can_backorder",
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
        "change",
        "sms",
        "Change your request?",
        "[[store]]: you wait for [[product]] [[variant]]. Somebody asked to change that to: [[change]]. Was it you? Reply "
        "YES, else do nothing. " + STOP_HINT,
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
)

DEFAULTS = (*_TEXTS, *EMAILS, *PUSHES)

#: What a custom template begins with; a store starts with none.
CUSTOM = (
    Default("custom", "sms", "", "[[store]]: hello [[firstname]]. " + STOP_HINT),
    Default("custom", "email", "", "Hello [[firstname]]," + BYE, subject="From [[store]]"),
)
