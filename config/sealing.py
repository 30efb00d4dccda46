"""Secrets in the database: sealed with a key from the environment, which the database never holds.

``PINCITE_ENCRYPTION_KEY`` names one key or several. The first seals; any of them opens, so that a
new one can be put in front, everything be sealed anew, and the old one be taken away.
"""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.translation import gettext as _


class Sealed(Exception):
    """A secret can be neither sealed nor opened; str() says why, and what to do."""


def seal(secret: str) -> str:
    """The secret as it may be stored. Raises Sealed without a key."""
    return _keys().encrypt(secret.encode()).decode()


def unseal(stored: str) -> str:
    """The secret again. Raises Sealed without a key, or when none of them is the right one."""
    try:
        return _keys().decrypt(stored.encode()).decode()
    except InvalidToken as error:
        raise Sealed(_wrong()) from error


def sealed_anew(stored: str) -> str:
    """The same secret under the first key. Raises Sealed."""
    try:
        return _keys().rotate(stored.encode()).decode()
    except InvalidToken as error:
        raise Sealed(_wrong()) from error


def _keys() -> MultiFernet:
    if not settings.ENCRYPTION_KEYS:
        raise Sealed(
            _(
                "PINCITE_ENCRYPTION_KEY is not set, so that no key can be stored or opened. "
                "Set it in the environment of every process."
            )
        )
    return MultiFernet([Fernet(key) for key in settings.ENCRYPTION_KEYS])


def _wrong() -> str:
    return _(
        "This was stored under another PINCITE_ENCRYPTION_KEY. Put that one back, after the new "
        "one, or set the key again."
    )
