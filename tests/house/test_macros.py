"""The one form macro and the parts of a page: what they promise to the people who fill and read them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask, render_template_string
from jinja2 import StrictUndefined
from wtforms import BooleanField, Form, PasswordField, StringField
from wtforms.validators import DataRequired

from nexnotify.web import filters
from nexnotify.web.languages import init_languages

ROOT = Path(__file__).resolve().parents[2]


class GatewayForm(Form):
    name = StringField("Name", [DataRequired("Give it a name.")], description="Only you see it.")
    token = PasswordField("Auth token")
    on = BooleanField("Receipts")


@pytest.fixture
def draw():
    app = Flask(__name__, template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.globals["csrf_token"] = lambda: "a-csrf-token"
    filters.register(app)
    init_languages(app)
    imports = '{% import "_macros/ui.html" as ui %}{% import "_macros/form.html" as form_ui %}'

    def render(source: str, **context: object) -> str:
        with app.test_request_context():
            return render_template_string(imports + source, **context)

    return render


def test_a_stored_secret_is_never_rendered_back(draw) -> None:
    page = draw("{{ form_ui.form(form, stored=['token']) }}", form=GatewayForm(data={"token": "hunter2"}))
    assert "hunter2" not in page
    assert "Leave empty to keep it." in page


def test_an_error_stands_beside_its_field_and_is_tied_to_it(draw) -> None:
    form = GatewayForm(data={"name": ""})
    form.validate()
    page = draw("{{ form_ui.form(form) }}", form=form)
    assert 'aria-describedby="name-help name-error"' in page
    assert 'aria-invalid="true"' in page
    assert 'id="name-error"' in page
    assert 'href="#name"' in page
    assert "Give it a name." in page


def test_every_form_carries_the_csrf_token_and_every_field_its_label(draw) -> None:
    page = draw("{{ form_ui.form(form) }}", form=GatewayForm())
    assert page.count('value="a-csrf-token"') == 1
    for name in ("name", "token", "on"):
        assert f'for="{name}"' in page


@pytest.mark.parametrize(
    "status,word", [("preordered", "Preordered"), ("backordered", "Backordered"), ("sold_out", "Sold Out")]
)
def test_a_status_is_always_the_same_word(draw, status: str, word: str) -> None:
    assert f">{word}</span>" in draw("{{ ui.pill(status) }}", status=status)


def test_a_moment_is_told_in_the_given_zone(draw) -> None:
    page = draw("{{ ui.when(at, 'Europe/Berlin') }}", at=datetime(2026, 7, 1, 10, 8, tzinfo=UTC))
    assert "1 Jul 2026, 12:08<" in page
    assert 'datetime="2026-07-01T10:08:00+00:00"' in page


def test_an_address_is_hidden_but_for_its_ends(draw) -> None:
    page = draw("{{ ui.masked('+12015550123') }} {{ ui.masked('marta@shop.example') }}")
    assert "+1 201 ••• 0123" in page
    assert "5550123" not in page
    assert "marta" not in page


def test_what_a_merchant_typed_is_never_markup(draw) -> None:
    evil = "<script>alert(1)</script>"
    page = draw("{{ ui.page_head(t, t) }}{{ ui.alert(t) }}{{ ui.phone(t, [(t, true)]) }}{{ ui.pill(t) }}", t=evil)
    assert "<script>" not in page
