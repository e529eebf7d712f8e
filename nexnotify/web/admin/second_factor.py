"""What Flask-Security is given for the second factor: secrets and recovery codes the way this house keeps secrets."""

from __future__ import annotations

import base64
import secrets as stdlib_secrets
from typing import Any

import qrcode
import sqlalchemy as sa
from flask_security import Totp
from flask_security.recovery_codes import MfRecoveryCodesUtil
from passlib.exc import UsedTokenError
from passlib.totp import TOTP, TotpMatch
from qrcode.image.svg import SvgPathImage

from nexnotify.clock import utcnow
from nexnotify.db import db, transaction
from nexnotify.secrets import keyed_hash
from nexnotify.stores.models import StaffUser
from nexnotify.stores.people import audit_person
from nexnotify.stores.service import index_key

#: How many recovery codes there are, and how long each: 12 characters of 32 are 60 bits.
CODES, CODE_LENGTH = 10, 12
#: No 0, 1, I and O, which are read for one another.
_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


class HouseTotp(Totp):
    """One-time codes. The secret's column is encrypted with the installation's keys, so they rotate as all others do."""

    def __init__(self, secrets: Any, issuer: str) -> None:
        self._totp = TOTP.using(issuer=issuer)

    def generate_totp_secret(self) -> str:
        """A new secret, in clear: the column encrypts it."""
        secret: str = self._totp.new().to_json(encrypt=False)
        return secret

    def generate_qrcode(self, username: str, totp: str) -> str:
        """The secret for a camera, as an address that an ``img`` takes; one path is a tenth of Flask-Security's size."""
        image = qrcode.make(self.get_totp_uri(username, totp), image_factory=SvgPathImage, border=2)
        return f"data:image/svg+xml;base64,{base64.b64encode(image.to_string()).decode()}"

    def get_last_counter(self, user: Any) -> int | None:
        """The 30-second step of the last code that was used."""
        counter: int | None = user.tf_last_counter
        return counter

    def set_last_counter(self, user: Any, tmatch: TotpMatch) -> None:
        """Note that a code was used; of two who use the same one at the same moment, one is refused."""
        table = StaffUser.__table__
        fresh = sa.or_(table.c.tf_last_counter.is_(None), table.c.tf_last_counter < tmatch.counter)
        with transaction():
            statement = sa.update(table).where(table.c.id == user.id, fresh).values(tf_last_counter=tmatch.counter)
            used = db.session.scalar(statement.returning(table.c.id)) is None
        if used:
            raise UsedTokenError
        db.session.refresh(user, ["tf_last_counter"])


class HouseRecoveryCodes(MfRecoveryCodesUtil):
    """Recovery codes, kept as keyed hashes. Flask-Security's two steps of looking and deleting are one here."""

    def check_recovery_code(self, user: Any, code: str) -> bool:
        """Use a code up; False where it is none, or not any more."""
        wanted, now = _code_hash(user, code), utcnow()
        with transaction():
            locked = db.session.get_one(StaffUser, user.id, with_for_update=True, populate_existing=True)
            codes = locked.mf_recovery_codes or []
            if wanted not in codes:
                return False
            locked.mf_recovery_codes = [item for item in codes if item != wanted]
            audit_person(locked, "recovery_code.used", locked.id, now, left=len(codes) - 1)
        return True

    def delete_recovery_code(self, user: Any, code: str) -> bool:
        """Nothing to do: it was used up when it was looked at."""
        return True


def new_recovery_codes(user: StaffUser) -> list[str]:
    """Give a person new recovery codes; those before are dead. They are kept as hashes, so show them now or never."""
    codes = ["".join(stdlib_secrets.choice(_LETTERS) for _ in range(CODE_LENGTH)) for _ in range(CODES)]
    user.mf_recovery_codes = [_code_hash(user, code) for code in codes]
    db.session.flush()
    return [f"{code[:4]}-{code[4:8]}-{code[8:]}" for code in codes]


def _code_hash(user: StaffUser, typed: str) -> str:
    plain = "".join(letter for letter in typed.upper() if letter in _LETTERS)
    return keyed_hash(index_key(), "recovery code", str(user.id), plain)
