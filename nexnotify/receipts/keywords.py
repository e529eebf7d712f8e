"""STOP, START, YES and HELP in what shoppers write.

A false STOP costs one customer a text; a missed STOP costs a lawsuit. US rule 47 CFR 64.1200(a)(10) takes seven words
(stop, quit, end, revoke, opt out, cancel, unsubscribe) and any other wording a reasonable person would understand, and
gateways catch single words only. So a short text leans to STOP, and clear phrases count in a text of any length. START
and YES are the other way round: only the bare word counts, because it gives a right. STOP wins over all others.

The words are a superset of those of Twilio, AWS, Telnyx, Postscript and CDYNE, with those of other languages.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final, Literal

Keyword = Literal["stop", "start", "yes", "no", "help"]


# --- reading a text ------------------------------------------------------------------------------------------------


_APOSTROPHES: Final = dict.fromkeys(map(ord, "'’‘‛`´＇"))


def _fold(text: str) -> str:
    """Lower-case words with single spaces: no accents, punctuation, quotes or emoji; "don't" becomes "dont"."""
    letters = text.translate(_APOSTROPHES)  # first of all: NFKC takes "´" for a space
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", letters).casefold())
    letters = "".join(char for char in letters if unicodedata.category(char) not in ("Mn", "Cf"))
    words = "".join(char if char.isalnum() else " " for char in letters).split()
    if len(words) > 1 and all(len(word) == 1 for word in words):  # "S T O P", "s.t.o.p"
        return "".join(words)
    return " ".join(words)


def _words(text: str) -> frozenset[str]:
    """The words of a list, folded as a shopper's text is."""
    return frozenset(_fold(text).split())


def _phrases(phrases: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(rf"\b(?:{phrase})\b" for phrase in phrases))


# --- the words -----------------------------------------------------------------------------------------------------

# Opt-outs wherever they stand in a text of at most SHORT words: nobody writes them about an order.
_STOP_ANYWHERE: Final = re.compile(
    r"st+[o0]+p+(?:all|1|2\w+)?|stpo|sotp|stopp|stoppen|unsub\w*|unsuscribe|optout|arret|arretez?|arreter|abmelden"
    r"|abbestellen|afmelden|uitschrijven|desabonner|desinscrire|desuscribir\w*|descadastrar|disiscriv\w*|"
    + "|".join(map(_fold, ("стоп", "отписаться", "退订", "退訂")))
)

# Opt-outs only where nothing else is said but fillers: "cancel please", but not "cancel order 1001".
_STOP_ALONE: Final = _words(
    """
    cancel end quit revoke remove td spam enough block mute
    alto baja parar detener cancelar basta pare sair austragen ferma fermare cancella annuler fin kündigen
    avsluta avmeld afmeld frameld rezygnuje отмена 取消 停止
    """
)

_FILLERS: Final = _words(
    """
    please pls plz kindly just now thanks thank you thx ty ok okay hi hello hey it this that these those all any the
    my me us im i from your off texts text texting message messages messaging msg msgs sms alert alerts notification
    notifications reminder reminders subscription number phone list immediately asap already everything by
    bitte danke merci por favor gracias svp stp s'il vous plaît
    """
)

_START: Final = _words("start unstop resume optin subscribe")
#: The answer to a question of ours; to a number that was asked nothing, it is what carriers take it for: a START.
_YES: Final = _words(
    """
    yes y yeah yep yup confirm confirmed agree agreed
    ja j jo jawohl klar gerne bestätigen bestätigt bestätige oui si sí sim
    """
)
#: The other answer to a question of ours; where nothing was asked, it is for people to read.
_NO: Final = _words("no n nope nah nein nee non não ei nej")
_HELP: Final = _words("help info aide ayuda hilfe aiuto ajuda hulp hjälp hjelp")
_HELP_FILLERS: Final = _words("please pls plz me i need thanks")
_START_FILLERS: Final = _words("please pls plz thanks thank you bitte danke merci por favor gracias")

#: Up to this many words a text is short.
SHORT: Final = 4

_NEGATION: Final = re.compile(r"\b(?:dont|do not|never|cant|cannot|wont|non|ne)(?: ever)? stop")

_THINGS: Final = r"(?:te?xts?|txts?|messages?|sms|msgs?|alerts?|notifications?|reminders?|updates|spam|promo\w*|ads)"
_TEXTING: Final = (
    r"(?:te?xt(?:ing|s)?|txt(?:ing|s)?|messag\w*|msg\w*|sms|send(?:ing)?|contact\w*|spam\w*|call(?:s|ing)?|bother\w*"
    r"|harass\w*|annoy\w*|notif\w*|alerts?|alerting|e?mail\w*|promo\w*|reminders?|reminding)"
)

_ME: Final = r"(?:me|us|(?:my|this|our) (?:\w+ )?(?:name|number|phone|info|data))"

# Clear in a text of any length.
_STOP_PHRASES: Final = _phrases(
    (
        rf"(?<!dont )(?<!do not )(?<!never )stop (?:\w+ ){{0,2}}?{_TEXTING}",
        r"(?:please|pls|plz|kindly) stop|stop (?:please|pls|plz|it|this|that|now)",
        r"(?:want|need|like|wish) (?:(?:you|this|it|these|them|all|the|texts?|messages?) ){0,3}?"
        r"to (?:stop(?! by)|unsubscribe|opt out)",
        r"make (?:it|this|them) stop|help me (?:to )?stop",
        r"(?:said|say|told you(?: to)?|asked you to|asking you to) stop",
        r"(?<!dont )(?<!not )unsub\w*|optout|stop ?all",
        r"opt(?:ed|ing)? (?:me |us )?out",
        rf"no (?:more|further) (?:\w+ )?{_THINGS}",
        rf"(?:cancel|end|cease|halt|discontinue) (?:\w+ ){{0,2}}?(?:subscription|{_THINGS})",
        rf"(?:dont|do not|never|quit|cease|stop) send(?:ing)? (?:\w+ ){{0,4}}?(?:{_THINGS}|anything)",
        r"(?:dont|do not|never|quit|cease) send(?:ing)? (?:me |us )?(?:these|those|this$)",
        r"(?:dont|do not|never|quit|cease) (?:ever )?"
        r"(?:te?xt|txt|messag|msg|contact|bother|spam|call|harass|notify|email|alert)\w*"
        r" (?:me|us|this|my|again|here|any ?more|end)",
        rf"(?:dont|do not|no longer|didnt|did not|never) (?:want|wish|need|like|ask\w*|sign\w*) (?:\w+ ){{0,5}}?"
        rf"(?:{_THINGS}|texting|contacted|from you)",
        r"^(?:i )?(?:dont|do not|no longer) (?:want|need) (?:it|this|these|them)(?: any ?more)?$",
        r"(?:leave|let) (?:me|us) (?:alone|be$)",
        rf"(?:take|get|drop|strike|delete|remove) {_ME} (?:off|from|out)|remove {_ME}",
        r"(?:delete|erase|lose|forget|remove) (?:my|this) (?:\w+ )?number",
        r"(?:wrong|incorrect) (?:number(?! of)|person)",
        r"(?:revoke|withdraw|rescind) (?:my |all )?(?:consent|permission|authori[sz]ation)",
        r"(?:fuck|f|eff|piss|bugger|sod) off|go away|go to hell|too many (?:texts|messages|sms|alerts)",
        # French, Spanish, Portuguese, German, Italian, Dutch
        r"(?:arretez?|cessez) (?:de |d )?(?:m|me|les|ces|vos|d) ?\w*",
        r"ne (?:me |m )?(?:\w+ )?plus (?:\w+ )?(?:messages?|sms|ecri\w*|envoye\w*|recevoir)",
        r"plus de (?:messages?|sms|textos?)|me desabonner|me desinscrire",
        r"(?:dejen?|paren?|deja|para) de (?:\w+ )?(?:enviar\w*|mandar\w*|escribir\w*|molestar\w*)",
        r"no (?:quiero )?(?:recibir )?mas (?:mensajes|textos|sms)",
        r"no me (?:envien?|manden?|escriban?|molesten?)|darme de baja",
        r"nao quero (?:mais |receber )+|pare de (?:me )?(?:enviar|mandar)|chega de mensagens",
        r"keine? (?:weiteren? )?(?:sms|nachrichten|texte|werbung)(?: mehr)?",
        r"nicht mehr (?:schreiben|schicken|senden|kontaktieren)",
        r"(?:basta|niente piu|non voglio (?:piu )?)(?: \w+)? ?(?:messaggi|sms)|non scriver\w* piu",
        r"geen (?:berichten|sms\w*) meer",
    )
)

# Clear enough in a short text.
_STOP_SHORT_PHRASES: Final = _phrases(
    (
        r"no more",
        r"not interested",
        r"no longer interested",
        r"i want out",
        r"let me out",
    )
)

_STOP_SIGNS: Final = frozenset("🛑⛔🚫")

# What phones send for a "reaction": it quotes our own text, "Reply STOP" and all.
_REACTION: Final = re.compile(
    r"\s*(?:liked|loved|disliked|laughed at|emphasi[sz]ed|questioned|reacted\s.{1,12}?\sto|removed an? .{1,30}? from)"
    r"\s+[\"“”«]",
    re.IGNORECASE,
)
# A quotation that holds our own hint ("Reply STOP to opt out", "STOP to cancel").
_OUR_HINT: Final = re.compile(
    r"[\"“«][^\"”»]*\b(?:(?:reply|text|send)\s+(?:with\s+)?stop\b|stop\s+to\s)[^\"”»]*[\"”»]", re.IGNORECASE
)
_CLAUSE: Final = re.compile(r"[.!?;,:\n\r—–]+")
_SHOUTED: Final = re.compile(r"(?<![\w-])STOP(?:ALL)?(?![\w-])")


# --- the answer ----------------------------------------------------------------------------------------------------


#: The single words that gateways answer by themselves (Twilio's defaults); "please stop" is not among them.
_PLAIN: Final = frozenset("stop stopall unsubscribe end quit cancel revoke optout start yes unstop help info".split())


def is_plain_keyword(text: str) -> bool:
    """Whether the text is one of the single words that a gateway which answers keywords has answered itself."""
    return text.strip().casefold() in _PLAIN


def read_keyword(text: str) -> Keyword | None:
    """What the text asks for: "stop", "start", "yes", "no", "help", or None where it is for people to read."""
    if _is_stop(text):
        return "stop"
    words = set(_fold(text).split())
    if _fold(text) == "opt in" or _only(words, _START, _START_FILLERS):
        return "start"
    if _only(words, _YES, _START_FILLERS):
        return "yes"
    if _only(words, _NO, _START_FILLERS):
        return "no"
    if _only(words, _HELP, _HELP_FILLERS):
        return "help"
    return None


def _only(words: Iterable[str], keywords: frozenset[str], fillers: frozenset[str]) -> bool:
    """At least one keyword, and nothing but keywords and fillers."""
    found = set(words)
    return bool(found & keywords) and found <= keywords | fillers


def _is_stop(text: str) -> bool:
    if _REACTION.match(text):
        return False
    text = _without_our_hint(text)
    folded = _fold(text)
    if not folded:
        return any(sign in text for sign in _STOP_SIGNS)
    if _STOP_PHRASES.search(folded) or _is_shouted(text):
        return True
    clauses = [clause for clause in map(_fold, _CLAUSE.split(text)) if clause]
    # "STOP. I bought it elsewhere", "I told you already: stop", a STOP with a signature under it
    return _is_short_stop(folded) or _is_bare_stop(clauses[0]) or _is_last_word_stop(clauses[-1])


def _without_our_hint(text: str) -> str:
    """The text without a quotation of our own STOP hint, where anything is left to read."""
    rest = _OUR_HINT.sub(" ", text)
    return rest if _fold(rest) else text


def _is_bare_stop(folded: str) -> bool:
    """An opt-out word and nothing but fillers."""
    others = [word for word in folded.split() if not _STOP_ANYWHERE.fullmatch(word)]
    if len(others) < len(folded.split()) and set(others) <= _FILLERS | _STOP_ALONE:
        return True
    return _only(folded.split(), _STOP_ALONE, _FILLERS)


def _is_short_stop(folded: str) -> bool:
    words = folded.split()
    if _is_bare_stop(folded):
        return True
    if len(words) > SHORT or _NEGATION.search(folded):
        return False
    return any(map(_STOP_ANYWHERE.fullmatch, words)) or bool(_STOP_SHORT_PHRASES.search(folded))


def _is_last_word_stop(folded: str) -> bool:
    """A last clause that is "stop" and fillers; "order 1001, cancel" is about the order."""
    words = folded.split()
    return any(map(_STOP_ANYWHERE.fullmatch, words)) and _is_bare_stop(folded)


def _is_shouted(text: str) -> bool:
    """STOP in capitals inside a text that is not all capitals."""
    return bool(_SHOUTED.search(text)) and any(char.islower() for char in text) and not _NEGATION.search(_fold(text))
