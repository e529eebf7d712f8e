"""The emails of a new store."""

from nexnotify.content.default import BYE, Default

EMAILS = (
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
        "bundle",
        "email",
        "Several back in stock",
        "Hello [[firstname]],\n\nthese are back in stock:\n\n[[products]]\n\nWhat is still there: [[products_url]]\n\n"
        "You asked for this message." + BYE,
        subject="Back in stock: what you waited for",
    ),
    Default(
        "back_in_stock",
        "email",
        "Can be preordered",
        "Hello [[firstname]],\n\nyou can preorder [[product]] [[variant]] now.\n[[url|]]\n\n"
        "You asked us to tell you. To get no more of these: [[stop_url]]\n\n[[store]]",
        subject="You can preorder [[product]]",
        product_status="can_preorder",
    ),
    Default(
        "back_in_stock",
        "email",
        "Can be backordered",
        "Hello [[firstname]],\n\nyou can order [[product]] [[variant]] now, it ships when it is here.\n[[url|]]\n\n"
        "You asked us to tell you. To get no more of these: [[stop_url]]\n\n[[store]]",
        subject="You can order [[product]]",
        product_status="can_backorder",
    ),
    Default(
        "reminder",
        "email",
        "Reminder",
        "Hello [[firstname]],\n\n[[product]] [[variant]] is still in stock.\n[[url|]]" + BYE,
        subject="[[product]] is still in stock",
    ),
    Default(
        "double_opt_in",
        "email",
        "Please confirm",
        "Hello [[firstname]],\n\nsomebody, we hope you, asked us to write to this address when [[product]] [[variant]] is "
        "available. Please confirm it:\n[[confirm_url]]\n\nIf it was not you, do nothing, and we will not write again."
        + BYE,
        subject="Please confirm: [[product]]",
    ),
    Default(
        "change",
        "email",
        "Change your request?",
        "Hello [[firstname]],\n\nyou wait for [[product]] [[variant]]. Somebody, we hope you, asked us to change that to: "
        "[[change]]. Please confirm it:\n[[confirm_url]]\n\nIf it was not you, do nothing, and it stays as it is."
        + BYE,
        subject="Change your request for [[product]]?",
    ),
    Default(
        "renewal",
        "email",
        "Still wanted?",
        "Hello [[firstname]],\n\nyou asked us to tell you when [[product]] [[variant]] is available, and it is not yet. "
        "Do you still want it? Tell us, or your request ends soon:\n[[confirm_url]]" + BYE,
        subject="Do you still want [[product]]?",
    ),
    # Storefronts send emails of their own about orders and tickets.
    Default(
        "order_new",
        "email",
        "Order received",
        "Hello [[firstname]],\n\nwe have received your order [[ordernumber]]. Thank you!" + BYE,
        subject="Your order [[ordernumber]]",
        active=False,
    ),
    Default(
        "order_sent",
        "email",
        "Order sent",
        "Hello [[firstname]],\n\nyour order [[ordernumber]] is on its way." + BYE,
        subject="Your order [[ordernumber]] is on its way",
        active=False,
    ),
    Default(
        "ticket_answered",
        "email",
        "Ticket answered",
        'Hello [[firstname]],\n\nwe have answered your ticket "[[subject]]".' + BYE,
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
