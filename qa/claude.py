"""Which Claude this process speaks to: the API with a key, else the emulator."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings

from qa import engine
from qa.models import Answer

EMULATOR_KEY = "emulator"


@dataclass(frozen=True)
class Connection:
    """``account`` tells remote files of one account from another's; it is not secret."""

    backend: str
    api_key: str
    base_url: str
    account: str

    @property
    def client(self) -> engine.Client:
        return _client(self.api_key, self.base_url)


@lru_cache(maxsize=8)
def _client(api_key: str, base_url: str) -> engine.Client:
    return engine.make_client(api_key, base_url)


def connect() -> Connection:
    """The connection of the settings; raises EngineError("no_key") when there is none."""
    if settings.ANTHROPIC_API_KEY:
        key, url = settings.ANTHROPIC_API_KEY, settings.ANTHROPIC_BASE_URL
        return Connection(Answer.Backend.ANTHROPIC, key, url, engine.account(key, url))
    if not settings.EMULATOR_URL:
        raise engine.EngineError("no_key")
    # the emulator's port changes from run to run, its files do not
    return Connection(Answer.Backend.EMULATOR, EMULATOR_KEY, settings.EMULATOR_URL, "emulator")


def installation() -> str:
    """Names our files among others in the same account: the account is not ours alone."""
    return hashlib.sha256(b"installation" + settings.SECRET_KEY.encode()).hexdigest()[:12]


def extracted(answer: Answer) -> bool:
    """Whether the answer is, or is about to be, made by the emulator and not by Claude."""
    if answer.backend:
        return answer.backend == Answer.Backend.EMULATOR
    return not settings.ANTHROPIC_API_KEY
