"""An authenticator app, for tests."""

from __future__ import annotations

from passlib.totp import TOTP


def code_of(secret: str, later: int = 0) -> str:
    """The code that an app with this secret shows now, or ``later`` seconds on."""
    from nexnotify.clock import utcnow

    token: str = TOTP(key=secret.replace("-", "").replace(" ", "")).generate(time=utcnow().timestamp() + later).token
    return token
