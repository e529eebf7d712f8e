"""The words of the widget and the hosted form, one language each; ``config`` sends the one that fits the page.

A new language is a new entry of :data:`LANGUAGES` with the same keys; a test compares them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Language:
    """One language: which way it runs, its words, and its words for what a field lacks."""

    code: str
    texts: Mapping[str, str]
    #: Why an address was refused, by ``InvalidPhone.code`` or the names used in ``web/signups.py``; what is missing
    #: here is said in English.
    refusals: Mapping[str, str] = field(default_factory=dict)
    direction: Literal["ltr", "rtl"] = "ltr"

    def texts_for(self, *, must_confirm: bool) -> dict[str, str]:
        """The words of one store.

        :param must_confirm: new addresses are asked back. It is said to everybody: who was asked is nobody's business.
        """
        texts = dict(self.texts)
        first = texts.pop("confirm_first")
        if must_confirm:
            texts |= {name: f"{texts[name]} {first}" for name in _DONE}
        return texts


#: What stands there after asking.
_DONE = ("done_sms", "done_email", "done_both")


ENGLISH = Language(
    "en",
    {
        "cta": "Notify Me upon Availability",
        "title": "We’ll tell you when it’s here",
        "close": "Close",
        "preordered": "Preordered",
        "backordered": "Backordered",
        "sold_out": "Sold Out",
        "which": "Which one?",
        "choose": "Choose one",
        "any": "Any of them, whichever is back first",
        "intent": "Tell me when",
        "intent_in_stock": "it is in stock",
        "intent_preordered": "I can preorder it",
        "intent_backordered": "I can order it, to be sent later",
        "one_or_both": "Fill in one or both.",
        "one_or_more": "Choose one way or several.",
        "quantity": "How many?",
        "phone": "Mobile number",
        "country": "Country",
        "email": "Email",
        "push": "Notify me in this browser",
        "push_help": "Your browser then asks whether it may.",
        "submit": "Notify me",
        "sending": "Sending…",
        "terms": "Terms",
        "privacy": "Privacy policy",
        "done_title": "Done",
        "done_sms": "We’ll text {phone} once, when {product} is available.",
        "done_email": "We’ll email {email} once, when {product} is available.",
        "done_push": "This browser tells you once, when {product} is available.",
        "also_push": "This browser tells you too.",
        "done_both": "We’ll text {phone} and email {email} once, when {product} is available.",
        "confirm_first": "If we ask you to confirm it first, please say yes.",
        "err_which": "Choose which one you want.",
        "err_quantity": "Enter how many you want, from 1 on.",
        "err_none": "Enter a mobile number or an email address.",
        "err_none_sms": "Enter a mobile number.",
        "err_none_email": "Enter an email address.",
        "err_none_push": "Choose how you want to hear of it.",
        "err_push": "This browser cannot be set up for it. Remove the tick and choose another way.",
        "err_push_no": "This browser may not show notifications of this shop. Allow them in its settings for this page, or "
        "remove the tick.",
        "err_phone": "Check the mobile number: it needs 6 to 15 digits.",
        "err_email": "Enter an email address such as name@example.com.",
        "err_consent": "Tick the box to get a text, or remove the mobile number.",
        "err_consent_sms": "Tick the box to get a text.",
        "err_offline": "You seem to be offline. What you typed is still here; try again when you are back.",
        "err_failed": "That did not work. What you typed is still here; please try again in a moment.",
        "err_limit": "That was a lot in a short time. Nothing was saved; please try again in ten minutes.",
        "err_off": "This can’t be asked for any more. Nothing was saved.",
        "in_stock": "Good news: it is available right now. Reload the page to buy it.",
        "page_in_stock": "Good news: this is available right now.",
        "page_off": "This shop does not take requests for this product at the moment.",
        "page_unknown": "This shop does not have that product.",
        "page_back": "To the product",
    },
)

GERMAN = Language(
    "de",
    {
        "cta": "Bei Verfügbarkeit benachrichtigen",
        "title": "Wir sagen Bescheid, wenn es da ist",
        "close": "Schließen",
        "preordered": "Vorbestellbar",
        "backordered": "Nachbestellt",
        "sold_out": "Ausverkauft",
        "which": "Welche Ausführung?",
        "choose": "Bitte wählen",
        "any": "Irgendeine, was zuerst wieder da ist",
        "intent": "Bescheid sagen, sobald",
        "intent_in_stock": "es auf Lager ist",
        "intent_preordered": "ich es vorbestellen kann",
        "intent_backordered": "ich es zur späteren Lieferung bestellen kann",
        "one_or_both": "Füllen Sie eines oder beides aus.",
        "one_or_more": "Wählen Sie einen Weg oder mehrere.",
        "quantity": "Wie viele?",
        "phone": "Handynummer",
        "country": "Land",
        "email": "E-Mail",
        "push": "In diesem Browser benachrichtigen",
        "push_help": "Ihr Browser fragt dann, ob er das darf.",
        "submit": "Benachrichtigen",
        "sending": "Wird gesendet …",
        "terms": "AGB",
        "privacy": "Datenschutz",
        "done_title": "Erledigt",
        "done_sms": "Wir schicken einmal eine SMS an {phone}, sobald {product} verfügbar ist.",
        "done_email": "Wir schreiben einmal an {email}, sobald {product} verfügbar ist.",
        "done_push": "Dieser Browser meldet sich einmal, sobald {product} verfügbar ist.",
        "also_push": "Dieser Browser meldet sich auch.",
        "done_both": "Wir schicken einmal eine SMS an {phone} und schreiben an {email}, sobald {product} verfügbar ist.",
        "confirm_first": "Wenn wir Sie vorher um eine Bestätigung bitten, sagen Sie bitte Ja.",
        "err_which": "Wählen Sie eine Ausführung.",
        "err_quantity": "Geben Sie ein, wie viele Sie möchten, ab 1.",
        "err_none": "Geben Sie eine Handynummer oder eine E-Mail-Adresse ein.",
        "err_none_sms": "Geben Sie eine Handynummer ein.",
        "err_none_email": "Geben Sie eine E-Mail-Adresse ein.",
        "err_none_push": "Wählen Sie, wie Sie davon erfahren möchten.",
        "err_push": "Dieser Browser lässt sich dafür nicht einrichten. Entfernen Sie das Häkchen und wählen Sie einen anderen Weg.",
        "err_push_no": "Dieser Browser darf keine Mitteilungen dieses Shops zeigen. Erlauben Sie sie in seinen Einstellungen für "
        "diese Seite, oder entfernen Sie das Häkchen.",
        "err_phone": "Prüfen Sie die Handynummer: Sie braucht 6 bis 15 Ziffern.",
        "err_email": "Geben Sie eine E-Mail-Adresse ein, zum Beispiel name@beispiel.de.",
        "err_consent": "Setzen Sie das Häkchen, um eine SMS zu bekommen, oder entfernen Sie die Handynummer.",
        "err_consent_sms": "Setzen Sie das Häkchen, um eine SMS zu bekommen.",
        "err_offline": "Sie sind anscheinend offline. Ihre Eingaben sind noch da; versuchen Sie es wieder, "
        "sobald Sie verbunden sind.",
        "err_failed": "Das hat nicht geklappt. Ihre Eingaben sind noch da; versuchen Sie es gleich noch einmal.",
        "err_limit": "Das war viel in kurzer Zeit. Nichts wurde gespeichert; versuchen Sie es in zehn Minuten wieder.",
        "err_off": "Dafür nehmen wir keine Anfragen mehr an. Nichts wurde gespeichert.",
        "in_stock": "Gute Nachricht: Es ist jetzt verfügbar. Laden Sie die Seite neu, um es zu kaufen.",
        "page_in_stock": "Gute Nachricht: Das ist jetzt verfügbar.",
        "page_off": "Für dieses Produkt nimmt der Shop zurzeit keine Anfragen an.",
        "page_unknown": "Dieses Produkt hat der Shop nicht.",
        "page_back": "Zum Produkt",
    },
    {
        "empty": "Geben Sie eine Handynummer ein.",
        "not_a_number": "Geben Sie eine Handynummer ein, nur mit Ziffern.",
        "too_short": "Diese Nummer ist zu kurz; geben Sie alle Ziffern mit Vorwahl ein.",
        "too_long": "Diese Nummer ist zu lang; prüfen Sie die Ziffern.",
        "unknown_country": "Beginnen Sie die Nummer mit + und der Landesvorwahl, zum Beispiel +49.",
        "not_valid": "Diese Nummer gibt es nicht; prüfen Sie die Ziffern.",
        "cannot_text": "Diese Nummer kann keine SMS empfangen; geben Sie eine Handynummer ein.",
        "email": "Prüfen Sie die E-Mail-Adresse, zum Beispiel name@beispiel.de.",
        "no_address": "Geben Sie eine Handynummer oder eine E-Mail-Adresse ein.",
        "consent": "Setzen Sie das Häkchen, um der SMS zuzustimmen.",
    },
)

LANGUAGES: Mapping[str, Language] = {language.code: language for language in (ENGLISH, GERMAN)}


def pick_language(*wishes: str | None) -> Language:
    """The first wish ("de-AT", "en_US") that there is a language for, else English."""
    for wish in wishes:
        code = (wish or "").replace("_", "-").split("-")[0].strip().lower()
        if code in LANGUAGES:
            return LANGUAGES[code]
    return ENGLISH


def refusal(language: str | None, reason: str, english: str) -> str:
    """What to say beside a field, in the shopper's language where we have it."""
    return pick_language(language).refusals.get(reason, english)
