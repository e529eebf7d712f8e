"""What the storefront API can do: one line for each method and path. Tests compare this table with the app's routes."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel

from nexnotify.stores.settings import StoreSettings
from nexnotify.web.order_payloads import OrderPayload, TicketPayload
from nexnotify.web.payloads import LevelPayload
from nexnotify.web.product_payloads import ProductPayload
from nexnotify.web.request_payloads import ApiRequestPayload
from nexnotify.web.storefront import answers, customer_answers, order_answers, restock_answers
from nexnotify.web.storefront.activities import ActivityList
from nexnotify.web.storefront.customers import CustomerPayload
from nexnotify.web.storefront.report_answers import OutcomesReport
from nexnotify.web.storefront.simulations import SimulationPayload

#: Statuses of operations that look, that read a list, that read one thing, that take a body.
LOOKS = (401, 503)
LISTS = (401, 422, 503)
FINDS = (401, 404, 503)
TAKES = (400, 401, 413, 422, 503)


@dataclass(frozen=True, slots=True)
class Rows:
    """A bulk body: ``{name: [rows of model]}``."""

    name: str
    model: type[BaseModel]


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path, as callers see it."""

    method: str
    path: str
    #: The function's name in generated clients.
    name: str
    summary: str
    description: str
    answer: type[BaseModel]
    errors: tuple[int, ...]
    body: Rows | type[BaseModel] | None = None
    #: Names in ``FILTERS``; a list also has ``after`` and ``limit``.
    filters: tuple[str, ...] = ()

    @property
    def is_list(self) -> bool:
        """Whether it answers page by page."""
        return "next" in self.answer.model_fields


#: Query field → (name of its schema, or None for any text; what it does).
FILTERS: dict[str, tuple[str | None, str]] = {
    "sku": (None, "Only this variant."),
    "variant_id": (None, "Only this variant, by the storefront's id."),
    "id": (None, "Only the one with this id, which is the storefront's."),
    "email": (None, "Only who has this email address."),
    "phone": (None, "Only who has this number. Write its `+` as `%2B`."),
    "to": (None, "Only to this number or email address. Write the `+` of a number as `%2B`."),
    "days": (None, "How many days, 30 unless told and 400 at most."),
    "product_id": (None, "Only about this product, by the storefront's id."),
    "customer_id": (None, "Only of this customer, by the storefront's id."),
    "activity": ("ActivityName", "Which of the two; `waiting_on_stock` unless told."),
    "order_status": ("OrderStatus", "Only orders that stand here."),
    "intent": (None, "Only requests with this intent."),
    "request_status": ("RequestStatus", "Only requests that stand here."),
    "message_status": ("MessageStatus", "Only messages that stand here."),
}

OPERATIONS = (
    Operation(
        "GET",
        "/settings",
        "getSettings",
        "Read the settings",
        "Everything a merchant can switch.",
        StoreSettings,
        LOOKS,
    ),
    Operation(
        "PUT",
        "/settings",
        "changeSettings",
        "Change settings",
        "Settings that are left out stay as they are, and so do single switches; everything else is replaced whole. "
        "A name that does not exist is refused, and then nothing is changed. The answer is all settings.",
        StoreSettings,
        TAKES,
        StoreSettings,
    ),
    Operation(
        "PUT",
        "/products",
        "putProducts",
        "Tell products",
        "Makes or replaces products and their variants by id. Variants that are left out stay.",
        answers.ProductsSaved,
        TAKES,
        Rows("products", ProductPayload),
    ),
    Operation(
        "GET",
        "/products",
        "listProducts",
        "List products",
        "Oldest first, with stock, status and how many wait.",
        answers.ProductList,
        LISTS,
        filters=("sku", "variant_id", "id"),
    ),
    Operation(
        "PUT",
        "/stock",
        "putStock",
        "Tell stock",
        "Sets levels. A location is made on first mention. A level older (`as_of`) than the one known is recorded, not "
        "applied. When a product can be bought again, those who wait are told.",
        answers.StockSaved,
        TAKES,
        Rows("levels", LevelPayload),
    ),
    Operation(
        "PUT",
        "/customers",
        "putCustomers",
        "Tell customers",
        "Makes or changes customers by id. What is left out stays, single fields too; null empties. The field that is the "
        "SMS opt-in also writes consent to marketing, or its end, into the consent ledger; a STOP wins over it.",
        customer_answers.CustomersSaved,
        TAKES,
        Rows("customers", CustomerPayload),
    ),
    Operation(
        "GET",
        "/customers",
        "listCustomers",
        "List customers",
        "Newest first, with their addresses and custom fields.",
        customer_answers.CustomerList,
        LISTS,
        filters=("id", "email", "phone"),
    ),
    Operation(
        "POST",
        "/orders",
        "addOrders",
        "Tell orders",
        "Makes or changes orders by id. Each status that an order comes to is news once: it is texted to the customer and "
        "to you by your templates, unless `notify` is false or it is over a day old. Lines are replaced whole; what else "
        "is left out stays. A SKU that is not known is kept as it is.",
        order_answers.OrdersSaved,
        TAKES,
        Rows("orders", OrderPayload),
    ),
    Operation(
        "GET",
        "/orders",
        "listOrders",
        "List orders",
        "The latest told first.",
        order_answers.OrderList,
        LISTS,
        filters=("id", "customer_id", "order_status"),
    ),
    Operation(
        "POST",
        "/tickets",
        "addTickets",
        "Tell tickets",
        "Makes tickets, or adds messages to them. One that a customer opens is news to you, and each answer of yours to "
        "its customer, once, by your templates. A ticket that you opened yourself is kept, and texts nobody.",
        order_answers.TicketsSaved,
        TAKES,
        Rows("tickets", TicketPayload),
    ),
    Operation(
        "GET",
        "/tickets",
        "listTickets",
        "List tickets",
        "The latest told first, with their messages.",
        order_answers.TicketList,
        LISTS,
        filters=("id", "customer_id"),
    ),
    Operation(
        "POST",
        "/requests",
        "addRequests",
        "Add alert requests",
        "Asks to be told for shoppers, as the widget does. A text needs the shopper's consent: true says that you have "
        "it. Who waits already stays in place and gets no second confirmation.",
        answers.RequestsSaved,
        TAKES,
        Rows("requests", ApiRequestPayload),
    ),
    Operation(
        "GET",
        "/requests",
        "listRequests",
        "List alert requests",
        "Newest first.",
        answers.RequestList,
        LISTS,
        filters=("sku", "variant_id", "request_status", "intent"),
    ),
    Operation(
        "GET",
        "/requests/{request_id}/trace",
        "traceRequest",
        "Trace an alert request",
        "Everything that happened to it and why: the answer to “I asked and never heard”.",
        answers.Trace,
        FINDS,
    ),
    Operation(
        "GET",
        "/activities",
        "listActivities",
        "List activities of contacts",
        "Who waits on stock, or what came back in stock for whom, newest first, for as long as the store keeps requests.",
        ActivityList,
        LISTS,
        filters=("activity", "sku", "variant_id"),
    ),
    Operation(
        "GET",
        "/restocks",
        "listRestocks",
        "List restocks",
        "Each time a variant could be bought again, newest first.",
        restock_answers.RestockList,
        LISTS,
        filters=("sku", "variant_id"),
    ),
    Operation(
        "GET",
        "/restocks/{restock_id}/plan",
        "readPlan",
        "Read a restock's plan",
        "Who was told, held back or left out, why, in which waves, how the messages stand now, and what is still to come.",
        restock_answers.PlanAnswer,
        FINDS,
    ),
    Operation(
        "POST",
        "/simulations",
        "simulateRestock",
        "Simulate a restock",
        "What would happen if so many units came in: the real lists, an invented restock, decided by the code that plans. "
        "Nothing is written, and nothing is sent.",
        restock_answers.SimulationAnswer,
        TAKES,
        SimulationPayload,
    ),
    Operation(
        "GET",
        "/messages",
        "listMessages",
        "List messages",
        "Newest first, of every kind and channel.",
        answers.MessageList,
        LISTS,
        filters=("sku", "variant_id", "to", "message_status"),
    ),
    Operation(
        "GET",
        "/reports/outcomes",
        "reportOutcomes",
        "Report what alerts earned",
        "Figures of the last days, today among them, in the store's zone: added up once a minute.",
        OutcomesReport,
        LISTS,
        filters=("days", "product_id"),
    ),
)
