"""The standard templates in German, for stores whose locale is German. Plain letters: each SMS is GSM-7."""

from __future__ import annotations

from nexnotify.content.default import Default

END = "Ende: STOP"

_BYE = "\n\nAbbestellen: [[stop_url]]\n\n[[store]]"
_ASKED = "\n[[url|]]\n\nSie hatten um diese Nachricht gebeten. Abbestellen: [[stop_url]]\n\n[[store]]"

_PRODUCT = "[[product]] [[variant]]"

#: (kind, channel, product status) → name, text, subject.
_WORDS: dict[tuple[str, str, str | None], tuple[str, str, str | None]] = {
    ("confirmation", "sms", None): (
        "Wartet auf Ware",
        f"[[store]]: Wir schreiben Ihnen einmal, sobald {_PRODUCT} da ist. "
        "Es können Kosten anfallen. Hilfe: HELP, Ende: STOP",
        None,
    ),
    ("back_in_stock", "sms", None): (
        "Wieder lieferbar",
        f"[[store]]: {_PRODUCT} ist wieder lieferbar. [[url|]] {END}",
        None,
    ),
    ("back_in_stock", "sms", "backordered"): (
        "Wieder lieferbar, Nachbestellt",
        f"[[store]]: {_PRODUCT} war nachbestellt, ist jetzt da und wird sofort verschickt. [[url|]] {END}",
        None,
    ),
    ("back_in_stock", "sms", "preordered"): (
        "Wieder lieferbar, Vorbestellt",
        f"[[store]]: {_PRODUCT} ist erschienen und kann jetzt gekauft werden. [[url|]] {END}",
        None,
    ),
    ("bundle", "sms", None): (
        "Mehreres wieder lieferbar",
        f"[[store]]: Wieder lieferbar: [[products]]. Alle: [[products_url]] {END}",
        None,
    ),
    ("back_in_stock", "sms", "can_preorder"): (
        "Kann vorbestellt werden",
        f"[[store]]: Sie können {_PRODUCT} jetzt vorbestellen. [[url|]] {END}",
        None,
    ),
    ("back_in_stock", "sms", "can_backorder"): (
        "Kann nachbestellt werden",
        f"[[store]]: Sie können {_PRODUCT} jetzt bestellen, geliefert wird, sobald es da ist. [[url|]] {END}",
        None,
    ),
    ("reminder", "sms", None): (
        "Erinnerung",
        f"[[store]]: {_PRODUCT} ist noch lieferbar. [[url|]] {END}",
        None,
    ),
    ("double_opt_in", "sms", None): (
        "Bitte bestätigen",
        f"[[store]]: Mit JA antworten, und Sie bekommen eine SMS, sobald {_PRODUCT} da ist. "
        f"Es können Kosten anfallen. {END}",
        None,
    ),
    ("change", "sms", None): (
        "Anfrage ändern?",
        f"[[store]]: Sie warten auf {_PRODUCT}. Jemand möchte das ändern: [[change]]. Waren Sie das? Bitte mit JA antworten, "
        f"sonst nichts tun. {END}",
        None,
    ),
    ("renewal", "sms", None): (
        "Noch gewünscht?",
        f"[[store]]: Warten Sie noch auf {_PRODUCT}? Bitte mit JA antworten, sonst endet Ihre Anfrage bald. {END}",
        None,
    ),
    ("stop_reply", "sms", None): (
        "Antwort auf STOP",
        "[[store]]: Sie sind abgemeldet und bekommen keine SMS mehr von uns. Wieder anmelden: START",
        None,
    ),
    ("start_reply", "sms", None): (
        "Antwort auf START",
        "[[store]]: Sie können unsere SMS wieder bekommen. Hilfe: HELP, Ende: STOP",
        None,
    ),
    ("help_reply", "sms", None): (
        "Antwort auf HELP",
        "[[store]]: Wir schreiben Ihnen, wenn ein Produkt da ist, nach dem Sie gefragt haben. "
        "Es können Kosten anfallen. Ende: STOP",
        None,
    ),
    ("order_new", "sms", None): (
        "Bestellung erhalten",
        f"[[store]]: Guten Tag [[firstname]], wir haben Ihre Bestellung [[ordernumber]] erhalten. Vielen Dank! {END}",
        None,
    ),
    ("order_sent", "sms", None): (
        "Bestellung versandt",
        f"[[store]]: Guten Tag [[firstname]], Ihre Bestellung [[ordernumber]] ist unterwegs. {END}",
        None,
    ),
    ("ticket_answered", "sms", None): (
        "Ticket beantwortet",
        f'[[store]]: Guten Tag [[firstname]], wir haben Ihr Ticket "[[subject]]" beantwortet. {END}',
        None,
    ),
    ("merchant_order_new", "sms", None): (
        "Neue Bestellung",
        "[[store]]: neue Bestellung [[ordernumber]], [[total]], von [[fullname|Gast]].",
        None,
    ),
    ("merchant_order_paid", "sms", None): (
        "Bestellung bezahlt",
        "[[store]]: Bestellung [[ordernumber]], [[total]], von [[fullname|Gast]] ist bezahlt.",
        None,
    ),
    ("merchant_ticket_new", "sms", None): (
        "Neues Ticket",
        "[[store]]: neues Ticket von [[fullname|Kunde]]: [[subject]]",
        None,
    ),
    ("merchant_long_waitlist", "sms", None): (
        "Lange Warteliste",
        f"[[store]]: [[waiting]] Personen warten auf {_PRODUCT}.",
        None,
    ),
    ("merchant_low_credit", "sms", None): (
        "Wenig Credits",
        "[[store]]: noch [[credits]] Credits. Ohne Credits warten SMS; kaufen Sie rechtzeitig welche.",
        None,
    ),
    ("confirmation", "email", None): (
        "Wartet auf Ware",
        f"Guten Tag [[firstname]],\n\nwir schreiben Ihnen einmal, sobald {_PRODUCT} verfügbar ist.\n\n"
        "Anders überlegt? [[stop_url]]\n\n[[store]]",
        "Sie stehen auf der Liste für [[product]]",
    ),
    ("back_in_stock", "email", None): (
        "Wieder lieferbar",
        f"Guten Tag [[firstname]],\n\n{_PRODUCT} ist wieder lieferbar.{_ASKED}",
        "[[product]] ist wieder lieferbar",
    ),
    ("back_in_stock", "email", "backordered"): (
        "Wieder lieferbar, Nachbestellt",
        f"Guten Tag [[firstname]],\n\n{_PRODUCT} war nachbestellt, ist jetzt da und wird sofort verschickt.{_ASKED}",
        "[[product]] ist da und wird sofort verschickt",
    ),
    ("back_in_stock", "email", "preordered"): (
        "Wieder lieferbar, Vorbestellt",
        f"Guten Tag [[firstname]],\n\n{_PRODUCT} ist erschienen und kann jetzt gekauft werden.{_ASKED}",
        "[[product]] ist erschienen",
    ),
    ("bundle", "email", None): (
        "Mehreres wieder lieferbar",
        "Guten Tag [[firstname]],\n\ndas ist wieder lieferbar:\n\n[[products]]\n\nWas noch da ist: [[products_url]]\n\n"
        f"Sie hatten um diese Nachricht gebeten.{_BYE}",
        "Wieder lieferbar: worauf Sie gewartet haben",
    ),
    ("back_in_stock", "email", "can_preorder"): (
        "Kann vorbestellt werden",
        f"Guten Tag [[firstname]],\n\nSie können {_PRODUCT} jetzt vorbestellen.{_ASKED}",
        "Sie können [[product]] vorbestellen",
    ),
    ("back_in_stock", "email", "can_backorder"): (
        "Kann nachbestellt werden",
        f"Guten Tag [[firstname]],\n\nSie können {_PRODUCT} jetzt bestellen, geliefert wird, sobald es da ist.{_ASKED}",
        "Sie können [[product]] bestellen",
    ),
    ("reminder", "email", None): (
        "Erinnerung",
        f"Guten Tag [[firstname]],\n\n{_PRODUCT} ist noch lieferbar.\n[[url|]]{_BYE}",
        "[[product]] ist noch lieferbar",
    ),
    ("double_opt_in", "email", None): (
        "Bitte bestätigen",
        f"Guten Tag [[firstname]],\n\njemand, hoffentlich Sie, hat uns gebeten, an diese Adresse zu schreiben, sobald "
        f"{_PRODUCT} verfügbar ist. Bitte bestätigen Sie das:\n[[confirm_url]]\n\n"
        f"Waren Sie es nicht, tun Sie nichts; dann schreiben wir nicht mehr.{_BYE}",
        "Bitte bestätigen: [[product]]",
    ),
    ("change", "email", None): (
        "Anfrage ändern?",
        f"Guten Tag [[firstname]],\n\nSie warten auf {_PRODUCT}. Jemand, hoffentlich Sie, hat uns gebeten, das zu ändern: "
        f"[[change]]. Bitte bestätigen Sie das:\n[[confirm_url]]\n\nWaren Sie es nicht, tun Sie nichts; dann bleibt es, "
        f"wie es ist.{_BYE}",
        "Ihre Anfrage zu [[product]] ändern?",
    ),
    ("renewal", "email", None): (
        "Noch gewünscht?",
        f"Guten Tag [[firstname]],\n\nSie wollten wissen, wenn {_PRODUCT} verfügbar ist; noch ist es das nicht. "
        f"Möchten Sie es noch? Sagen Sie es uns, sonst endet Ihre Anfrage bald:\n[[confirm_url]]{_BYE}",
        "Möchten Sie [[product]] noch?",
    ),
    ("confirmation", "push", None): (
        "Wartet auf Ware",
        f"[[store]]: Wir melden uns hier einmal, sobald {_PRODUCT} verfügbar ist.",
        "Sie stehen auf der Liste",
    ),
    ("back_in_stock", "push", None): (
        "Wieder lieferbar",
        f"[[store]]: {_PRODUCT} kann wieder gekauft werden. [[url|]]",
        "[[product]] ist wieder lieferbar",
    ),
    ("back_in_stock", "push", "backordered"): (
        "Wieder lieferbar, Nachbestellt",
        f"[[store]]: {_PRODUCT} war nachbestellt und wird jetzt sofort verschickt. [[url|]]",
        "[[product]] ist da",
    ),
    ("back_in_stock", "push", "preordered"): (
        "Wieder lieferbar, Vorbestellt",
        f"[[store]]: Sie können {_PRODUCT} jetzt kaufen. [[url|]]",
        "[[product]] ist erschienen",
    ),
    ("back_in_stock", "push", "can_preorder"): (
        "Kann vorbestellt werden",
        f"[[store]]: Sie können {_PRODUCT} jetzt vorbestellen. [[url|]]",
        "Sie können [[product]] vorbestellen",
    ),
    ("back_in_stock", "push", "can_backorder"): (
        "Kann nachbestellt werden",
        f"[[store]]: Sie können {_PRODUCT} jetzt bestellen, geliefert wird, sobald es da ist. [[url|]]",
        "Sie können [[product]] bestellen",
    ),
    ("bundle", "push", None): (
        "Mehreres wieder lieferbar",
        "[[store]]: [[products]] können wieder gekauft werden. [[products_url]]",
        "Wieder lieferbar: worauf Sie gewartet haben",
    ),
    ("reminder", "push", None): (
        "Erinnerung",
        f"[[store]]: {_PRODUCT} kann noch gekauft werden. [[url|]]",
        "[[product]] ist noch lieferbar",
    ),
    ("renewal", "push", None): (
        "Noch gewünscht?",
        f"[[store]]: {_PRODUCT} ist noch nicht verfügbar. Sagen Sie uns, dass Sie es noch möchten, sonst endet Ihre "
        "Anfrage bald. [[confirm_url]]",
        "Möchten Sie [[product]] noch?",
    ),
    ("order_new", "email", None): (
        "Bestellung erhalten",
        f"Guten Tag [[firstname]],\n\nwir haben Ihre Bestellung [[ordernumber]] erhalten. Vielen Dank!{_BYE}",
        "Ihre Bestellung [[ordernumber]]",
    ),
    ("order_sent", "email", None): (
        "Bestellung versandt",
        f"Guten Tag [[firstname]],\n\nIhre Bestellung [[ordernumber]] ist unterwegs.{_BYE}",
        "Ihre Bestellung [[ordernumber]] ist unterwegs",
    ),
    ("ticket_answered", "email", None): (
        "Ticket beantwortet",
        f'Guten Tag [[firstname]],\n\nwir haben Ihr Ticket "[[subject]]" beantwortet.{_BYE}',
        "Eine Antwort auf Ihr Ticket",
    ),
    ("merchant_long_waitlist", "email", None): (
        "Lange Warteliste",
        f"[[waiting]] Personen warten auf {_PRODUCT}.\n[[url|]]\n\n[[store]]",
        "[[waiting]] Personen warten auf [[product]]",
    ),
    ("merchant_low_credit", "email", None): (
        "Wenig Credits",
        "[[store]] hat noch [[credits]] Credits für SMS. Wenn keine mehr da sind, warten SMS, bis Sie welche kaufen; "
        "anmelden kann man sich trotzdem.\n\nCredits kaufen Sie unter Einstellungen, Credits.\n\n[[store]]",
        "Noch [[credits]] Credits",
    ),
    ("custom", "sms", None): ("", f"[[store]]: Guten Tag [[firstname]]. {END}", None),
    ("custom", "email", None): ("", f"Guten Tag [[firstname]],{_BYE}", "Von [[store]]"),
}


def german(default: Default) -> Default:
    """The same template in German."""
    name, body, subject = _WORDS[default.kind, default.channel, default.product_status]
    return Default(default.kind, default.channel, name, body, subject, default.product_status, default.active)
