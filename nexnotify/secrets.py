"""Keys, ciphers and keyed hashes. Nothing else in the house touches cryptography.

The keys come from ``NEXNOTIFY_SECRET_KEYS`` (newest first, so that they can be rotated) or from a file that ``init``
makes in the instance folder. The key of the address index is random, kept in the database and itself encrypted, so
rotating the secret keys does not invalidate any hash.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets as stdlib_secrets
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from nexnotify.settings import Settings, SettingsError

KEY_FILE = "secret.keys"


def new_key() -> str:
    """A fresh secret key: 43 characters, 256 bits."""
    return stdlib_secrets.token_urlsafe(32)


def load_keys(settings: Settings) -> tuple[str, ...]:
    """The secret keys, newest first.

    :raises SettingsError: no key was given and ``init`` has not made one.
    """
    text = settings.secret_keys
    path = settings.instance / KEY_FILE
    if not text and path.exists():
        text = path.read_text()
    keys = tuple(key.strip() for key in text.replace("\n", ",").split(",") if key.strip())
    if not keys:
        raise SettingsError(f"There is no secret key: run `nexnotify init`, which makes {path}.")
    if short := [key for key in keys if len(key) < 32]:
        raise SettingsError(f"A secret key needs at least 32 characters; {len(short)} of {len(keys)} are shorter.")
    return keys


def make_key_file(instance: Path) -> Path:
    """Make the key file unless it is there; readable by its owner only."""
    path = instance / KEY_FILE
    instance.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path
    with os.fdopen(handle, "w") as file:
        file.write(new_key() + "\n")
    return path


def derive(key: str, purpose: str) -> bytes:
    """32 bytes for one purpose from a secret key, so that no two uses share a key."""
    return hmac.new(key.encode(), purpose.encode(), hashlib.sha256).digest()


class Cipher:
    """Encrypts with the newest key, decrypts with any."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._fernet = MultiFernet(
            [Fernet(base64.urlsafe_b64encode(derive(key, "nexnotify.encryption"))) for key in keys]
        )

    def encrypt(self, text: str) -> str:
        """Ciphertext for a column."""
        return self._fernet.encrypt(text.encode()).decode()

    def decrypt(self, token: str) -> str:
        """The text again.

        :raises SettingsError: the value was encrypted with a key that is not configured any more.
        """
        try:
            return self._fernet.decrypt(token.encode()).decode()
        except InvalidToken:
            raise SettingsError(
                "A stored value cannot be decrypted: NEXNOTIFY_SECRET_KEYS lacks the key it was written with."
            ) from None


def keyed_hash(key: bytes, *parts: str) -> str:
    """A hash of ``parts`` that only the holder of ``key`` can compute: 64 hex digits."""
    return hmac.new(key, "\x1f".join(parts).encode(), hashlib.sha256).hexdigest()


def token_hash(token: str) -> str:
    """How high-entropy tokens (API keys, callback tokens) are stored: 64 hex digits."""
    return hashlib.sha256(token.encode()).hexdigest()
