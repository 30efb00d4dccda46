"""Typed readers for environment variables.

Every reader registers the variable it reads, so that the README's table can be checked against
what the settings really look at. A bad value stops the start and names the variable.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise

T = TypeVar("T")
Text = str | Promise

TRUE, FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


@dataclass(frozen=True)
class Variable:
    name: str
    kind: str
    default: str
    help: Text


REGISTRY: dict[str, Variable] = {}


def _read(name: str, kind: str, default: T, help: Text, parse: Callable[[str], T]) -> T:
    REGISTRY[name] = Variable(name, kind, "" if default is None else str(default), help)
    raw = os.environ.get(name, "").strip()
    if not raw:
        return default
    try:
        return parse(raw)
    except (ValueError, OverflowError) as error:
        raise ImproperlyConfigured(f"{name}={raw!r} is not usable: {error}.") from error


def text(name: str, default: str, help: Text, secret: bool = False) -> str:
    if not secret:
        return _read(name, "text", default, help, str)
    REGISTRY[name] = Variable(name, "secret", "", help)
    return os.environ.get(name, "").strip() or default


def whole(name: str, default: int, help: Text, minimum: int = 0, maximum: int = 2**31) -> int:
    def parse(raw: str) -> int:
        value = int(raw) if raw.lstrip("-").isdigit() else None
        if value is None or not minimum <= value <= maximum:
            raise ValueError(f"it must be a whole number from {minimum} to {maximum}")
        return value

    return _read(name, "whole number", default, help, parse)


def switch(name: str, default: bool, help: Text) -> bool:
    def parse(raw: str) -> bool:
        if raw.lower() in TRUE | FALSE:
            return raw.lower() in TRUE
        raise ValueError("it must be yes or no")

    return _read(name, "yes or no", default, help, parse)


def names(name: str, default: str, help: Text) -> tuple[str, ...]:
    """Names of letters, digits and underscores, with "+", commas or spaces between them."""

    def parse(raw: str) -> tuple[str, ...]:
        found = re.split(r"[+,\s]+", raw)
        if not all(re.fullmatch(r"\w+", one, re.ASCII) for one in found):
            raise ValueError(f"it must be names, like {default}")
        return tuple(dict.fromkeys(found))

    given = _read(name, "names", None, help, parse)
    REGISTRY[name] = Variable(name, "names", default, help)
    return parse(default) if given is None else given


def encryption_keys(name: str, help: Text) -> tuple[str, ...]:
    """Keys of 32 bytes in URL-safe base64, newest first, with commas or spaces between them."""

    def parse(raw: str) -> tuple[str, ...]:
        found = tuple(re.split(r"[,\s]+", raw))
        for key in found:
            if not re.fullmatch(r"[A-Za-z0-9_-]{43}=", key):
                raise ValueError
        return found

    REGISTRY[name] = Variable(name, "secret", "", help)
    try:
        return parse(raw) if (raw := os.environ.get(name, "").strip()) else ()
    except ValueError:
        # not what it is: it is a secret
        raise ImproperlyConfigured(
            f"{name} is not usable: each key must be 32 bytes in URL-safe base64."
        ) from None


def folder(name: str, default: Path, help: Text) -> Path:
    def parse(raw: str) -> Path:
        path = Path(raw).expanduser().resolve()
        if path.exists() and not path.is_dir():
            raise ValueError("it is a file, and a folder is needed")
        return path

    path = _read(name, "folder", default, help, parse)
    REGISTRY[name] = Variable(name, "folder", "./var", help)
    return path


def https_url(name: str, help: Text) -> str:
    def parse(raw: str) -> str:
        parts = urlsplit(raw)
        if parts.scheme != "https" or not parts.hostname or parts.path.strip("/"):
            raise ValueError("it must look like https://pincite.example, without a path")
        return raw.rstrip("/")

    return _read(name, "https address", "", help, parse)


def redis_url(name: str, help: Text) -> str:
    """The address may carry a password, so a bad one is not repeated."""
    raw = text(name, "", help, secret=True)
    try:
        parts = urlsplit(raw)
        usable = not raw or (parts.scheme in ("redis", "rediss") and bool(parts.hostname))
        usable = usable and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ImproperlyConfigured(f"{name} is not usable: it must look like redis://host:6379/0.")
    return raw
