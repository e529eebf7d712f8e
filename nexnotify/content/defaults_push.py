"""The pushes of a new store. Their link is not shown: a click on them opens it."""

from nexnotify.content.default import Default

PUSHES = (
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
        "back_in_stock",
        "push",
        "Can be preordered",
        "[[store]]: you can preorder [[product]] [[variant]] now. [[url|]]",
        subject="You can preorder [[product]]",
        product_status="can_preorder",
    ),
    Default(
        "back_in_stock",
        "push",
        "Can be backordered",
        "[[store]]: you can order [[product]] [[variant]] now, it ships when it is here. [[url|]]",
        subject="You can order [[product]]",
        product_status="can_backorder",
    ),
    Default(
        "bundle",
        "push",
        "Several back in stock",
        "[[store]]: [[products]] can be bought again. [[products_url]]",
        subject="Back in stock: what you waited for",
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
)
