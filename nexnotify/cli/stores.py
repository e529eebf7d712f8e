"""Stores and their staff."""

from __future__ import annotations

import sys

import click

from nexnotify.cli.common import answer, find_the_store, in_app, json_option, store_option
from nexnotify.clock import utcnow
from nexnotify.db import transaction
from nexnotify.errors import Invalid, NotFound
from nexnotify.ledger.opening import equip_store
from nexnotify.phone import InvalidEmail, normalise_email
from nexnotify.stores.guesses import doors_of, forget
from nexnotify.stores.models import ROLES, StaffUser
from nexnotify.stores.people import audit_person, find_person, set_password, switch_second_factor_off
from nexnotify.stores.service import audit, create_api_key, create_user, open_store
from nexnotify.stores.sessions import end_sessions


@click.group()
def store() -> None:
    """Stores, the tenants."""


@store.command("create")
@click.option("--name", required=True, help="What shoppers read in messages.")
@click.option("--country", default="US", show_default=True, help="National numbers are read in it.")
@click.option("--zone", default="America/New_York", show_default=True, help="IANA time zone of quiet hours.")
@click.option("--locale", default="en", show_default=True)
@click.option("--currency", default="USD", show_default=True)
@json_option
def create(name: str, country: str, zone: str, locale: str, currency: str, as_json: bool) -> None:
    """Open a store. Its API key is shown once."""
    with in_app():
        now = utcnow()
        with transaction():
            opened = open_store(name, country, zone, locale, currency, now)
            equip_store(opened, now)
            _, secret = create_api_key(opened, "first key", now)
            audit(opened, "store.opened", None, now, by="command line")
        data = {"store_key": opened.key, "api_key": secret, "name": name}
        answer(as_json, data, lambda: f"Store {name}\n  store key  {opened.key}\n  API key    {secret}  (shown once)")


@click.group()
def user() -> None:
    """Staff users."""


@user.command("create")
@store_option
@click.option("--email", required=True)
@click.option("--role", type=click.Choice(ROLES), default="staff", show_default=True)
@json_option
def create_staff(store_key: str, email: str, role: str, as_json: bool) -> None:
    """Add a person to a store; the password is read from standard input."""
    password, address = _typed_password(), _address(email)
    with in_app():
        now = utcnow()
        with transaction():
            place = find_the_store(store_key)
            create_user(place, address, password, role, now)
            audit(place, "user.added", None, now, email=address, role=role, by="command line")
        answer(as_json, {"email": address, "role": role}, lambda: f"{address} is {role} of {place.name}.")


@user.command("password")
@click.option("--email", required=True)
@click.option("--second-factor-off", is_flag=True, help="For somebody who has lost phone and recovery codes.")
@json_option
def set_a_password(email: str, second_factor_off: bool, as_json: bool) -> None:
    """Give a person a new password, read from standard input; it ends their sessions and unlocks them."""
    password = _typed_password()
    with in_app():
        now = utcnow()
        with transaction():
            person = _person(email)
            set_password(person, password)
            end_sessions(person)
            _forget_guesses(person)
            audit_person(person, "password.set", None, now, by="command line")
            if second_factor_off and person.has_second_factor:
                switch_second_factor_off(person)
                audit_person(person, "second_factor.switched_off", None, now, by="command line")
        answer(as_json, {"email": person.email}, lambda: f"{person.email} has a new password.")


@user.command("unlock")
@click.option("--email", required=True)
@json_option
def unlock(email: str, as_json: bool) -> None:
    """Let a person try again who typed too many wrong passwords or codes."""
    with in_app():
        with transaction():
            person = _person(email)
            if _forget_guesses(person):
                audit_person(person, "sign_in.unlocked", None, utcnow(), by="command line")
        answer(as_json, {"email": person.email}, lambda: f"{person.email} can sign in again.")


def _typed_password() -> str:
    if sys.stdin.isatty():
        typed: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
        return typed
    return sys.stdin.readline().rstrip("\r\n")


def _address(email: str) -> str:
    try:
        return normalise_email(email)
    except InvalidEmail as error:
        raise Invalid(str(error), fields={"email": str(error)}) from None


def _person(email: str) -> StaffUser:
    person = find_person(email)
    if person is None:
        raise NotFound(f"Nobody has the email {email}.")
    return person


def _forget_guesses(person: StaffUser) -> bool:
    done = [forget(kind, who) for kind, who in doors_of(person)]
    return any(done)
