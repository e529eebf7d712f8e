"""Keywords: who wants no more texts is understood, however they put it; an ordinary question is not a STOP."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexnotify.receipts.keywords import Keyword, read_keyword

TWILIO = ["STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"]
AWS = ["ARRET", "CANCEL", "END", "OPT-OUT", "OPTOUT", "QUIT", "REMOVE", "STOP", "TD", "UNSUBSCRIBE"]
TELNYX = ["STOP", "STOPALL", "STOP ALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"]
POSTSCRIPT = ["CANCEL", "STOP", "END", "UNSUBSCRIBE", "OPT OUT", "REVOKE", "QUIT"]
CDYNE = ["STOP", "END", "CANCEL", "UNSUBSCRIBE", "QUIT"]
FCC = ["stop", "quit", "end", "revoke", "opt out", "cancel", "unsubscribe"]
OTHER_LANGUAGES = ["arrêt", "arret", "alto", "baja", "stopp", "abmelden", "ARRÊT", "ＳＴＯＰ", "стоп", "退订"]
STOP_WORDS = sorted({*TWILIO, *AWS, *TELNYX, *POSTSCRIPT, *CDYNE, *FCC, *OTHER_LANGUAGES})


@pytest.mark.parametrize("word", STOP_WORDS)
@pytest.mark.parametrize(
    "written",
    ["{}", " {}\n", "{}!", "{}.", '"{}"', "“{}”", "'{}'", "{} 🙏", "🛑{}🛑", "{} please", "Please {}", "({})", "{} {}"],
)
def test_every_providers_word_is_a_stop_in_any_dress(word, written):
    for text in (word, word.lower(), word.title()):
        assert read_keyword(written.replace("{}", text)) == "stop"


@pytest.mark.parametrize(
    "text",
    [
        "stop texting me",
        "STOP TEXTING ME!!!",
        "please stop",
        "Please stop it",
        "can you please stop sending me these",
        "pls stop",
        "stop it now",
        "I said stop",
        "stop stop stop",
        "stopppp",
        "S T O P",
        "s.t.o.p.",
        "stop2end",
        "STOP2QUIT",
        "no more texts",
        "no more texts please, I already bought one elsewhere",
        "No more.",
        "leave me alone",
        "just leave me alone already",
        "take me off this list",
        "Take me off your list please",
        "take my number off your list",
        "remove me",
        "remove me from this list",
        "Please remove my number",
        "lose my number",
        "opt out",
        "opt-out",
        "opt me out of this",
        "I want to opt out of these messages",
        "wrong number",
        "You have the wrong number, this is not Ann",
        "unsubscribe me",
        "how do I unsubscribe from this",
        "I would like to unsubscribe",
        "cancel please",
        "cancel my alert",
        "please cancel my subscription",
        "end these messages",
        "don't text me again",
        "Don’t text me",
        "don´t text me",
        "do not contact me anymore",
        "never text me again",
        "quit texting me",
        "don't send me any more messages",
        "I do not want these texts",
        "I don't want any more texts from you",
        "I didn't sign up for these messages",
        "not interested",
        "I revoke my consent",
        "STOP. I bought it elsewhere",
        "Stop\n\nSent from my phone",
        "I told you already: stop",
        "I keep asking and you keep texting, so STOP this right away",
        "yes stop",
        "why do you not stop texting me",
        "Reply STOP to opt out",
        "🛑",
        "arrêtez de m'envoyer des sms",
        "ne m'envoyez plus de messages",
        "no quiero recibir más mensajes",
        "no me envíen más",
        "darme de baja",
        "deja de enviarme mensajes",
        "bitte keine SMS mehr",
        "não quero mais receber",
        "unsuscribe",
        "st0p",
        "STOP1",
        "please help me stop these",
        "let me be",
        "too many texts",
        "I no longer need these",
        "how can I get off this, I want it to stop",
        "stpo",
    ],
)
def test_a_clear_wish_is_a_stop(text):
    assert read_keyword(text) == "stop"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "👍",
        "when does the tee stop being sold out?",
        "can I cancel my order 1001",
        "cancel order 1001",
        "Please cancel my order 1001, I ordered the wrong size",
        "order 1001, cancel",
        "Thanks, will you have the blue one at the end of the week?",
        "Is the weekend sale still on?",
        "don't stop",
        "I can't stop loving this mug",
        "Do you ship to a bus stop in Leeds or only to homes?",
        "Can you remove the label from the mug before you send it?",
        "How do I remove coffee stains from the mug?",
        "I was sent the wrong number of mugs",
        "I quit my job last week, can I still pay later?",
        "There are no more tees in my size on the page",
        "I want the tee to stop being sold out so often",
        "do you text when the mug comes back as well",
        "yes I got it, thanks so much",
        "who is this?",
        "let me be the first to know",
        "get me the blue one please",
        "I need to stop by the shop to get it",
        "please do not send the order this week",
        "drop me a text when it is back",
        "how much is the spam musubi mug",
        "start over with a different size",
        "can you help me find the blue tee in size M",
        "more info about the mug, when is it back in the store",
        "The link in your text does not open",
        "Liked “Tee is back: https://shop.example/l/a Reply STOP to opt out”",
        'Loved "We\'ll text once when Tee is back. HELP for help, STOP to cancel."',
        "Reacted 👍 to “Tee is back. Reply STOP to opt out”",
        'What does "Reply STOP to opt out" mean for my other alerts?',
    ],
)
def test_an_ordinary_text_is_for_people_to_read(text):
    assert read_keyword(text) is None


@pytest.mark.parametrize("text", ["START", "start", "UNSTOP", "resume", "“Start”", "opt in", "start please"])
def test_only_the_bare_word_opts_in_again(text):
    assert read_keyword(text) == "start"


@pytest.mark.parametrize(
    "text",
    [
        "Yes",
        "YES!",
        "yes please",
        "y",
        "Yep",
        "confirm",
        "JA",
        "ja bitte",
        "Jawohl.",
        "bestätigt",
        "Oui",
        "Sí",
        "👍 yes",
    ],
)
def test_a_bare_yes_in_any_of_our_languages_is_a_yes(text):
    assert read_keyword(text) == "yes"


@pytest.mark.parametrize(
    "text", ["yes I got it, who is this?", "yes but later", "no idea", "ok", "ja, aber nicht heute", "is that a yes?"]
)
def test_a_yes_with_anything_beside_it_is_for_people_to_read(text):
    assert read_keyword(text) is None


@pytest.mark.parametrize("text", ["YES STOP", "stop yes", "ja, abmelden", "yes please stop"])
def test_a_stop_beside_a_yes_is_a_stop(text):
    assert read_keyword(text) == "stop"


@pytest.mark.parametrize("text", ["HELP", "help!", "Info", "help me", "I need help", "aide", "ayuda", "help please"])
def test_help_is_help(text):
    assert read_keyword(text) == "help"


@given(st.text(max_size=200))
def test_any_text_can_be_read(text):
    assert read_keyword(text) in {*get_args(Keyword), None}


@given(st.sampled_from(STOP_WORDS), st.text(st.sampled_from(" \t\n.!?,'\"“”‘’()*-_~🙏🛑😡\u200b\ufeff"), max_size=8))
def test_dressing_never_hides_a_stop(word, dressing):
    assert read_keyword(dressing + word + dressing) == "stop"


@given(st.text(st.sampled_from("abcdefgh .!?\n"), max_size=60))
def test_a_stop_on_a_line_of_its_own_is_a_stop(text):
    assert read_keyword("STOP\n" + text) == "stop"
    assert read_keyword(text + "\nstop") == "stop"


@pytest.mark.parametrize("text", ["no", "No.", "NO thanks", "n", "nein", "nein danke", "non", "não"])
def test_a_bare_no_is_an_answer(text: str) -> None:
    assert read_keyword(text) == "no"


@pytest.mark.parametrize("text", ["no it did not arrive", "no, the blue one", "no worries", "no and yes"])
def test_a_no_that_says_more_is_for_people_to_read(text: str) -> None:
    assert read_keyword(text) is None
