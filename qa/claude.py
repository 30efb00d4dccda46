"""Which Claude a workspace speaks to: the API with its own key or the installation's, else the
emulator."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import logging
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db.models import Q

from accounts.models import User, Workspace, WorkspaceQuerySet
from config import sealing
from qa import engine
from qa.models import Answer, ClaudeKey, ClaudeSettings

logger = logging.getLogger(__name__)
EMULATOR_KEY = "emulator"
NOBODY = Q(pk__in=())


@dataclass(frozen=True)
class Connection:
    """``account`` tells remote files of one account from another's; it is not secret. ``inline``
    when nothing may be stored there, ``inference_geo`` where requests are answered, if it is said.
    """

    backend: str
    api_key: str = field(repr=False)
    base_url: str
    account: str
    inline: bool = False
    inference_geo: str = ""

    @property
    def client(self) -> engine.Client:
        return _client(self.api_key, self.base_url)


@dataclass(frozen=True)
class Account:
    """An account at the other end. ``workspaces`` are those that speak through it now: none, where
    a key was replaced and only its files are left."""

    connection: Connection
    workspaces: WorkspaceQuerySet


@lru_cache(maxsize=64)
def _client(api_key: str, base_url: str) -> engine.Client:
    return engine.make_client(api_key, base_url)


def connect(workspace: Workspace | None = None) -> Connection:
    """The connection of a workspace; without one, that of the installation.

    Raises EngineError: "no_key" when there is none, "sealed" when it cannot be opened.
    """
    key = ClaudeKey.objects.of(workspace) if workspace else None
    connection = _by_key(key) if key else _of_settings()
    if workspace is None:
        return connection
    chosen = ClaudeSettings.of(workspace)
    return replace(connection, inline=chosen.inline, inference_geo=chosen.inference_geo)


def accounts() -> list[Account]:
    """Every account that may hold files of ours, the installation's first.

    A key that cannot be opened is passed over, and logged: its files wait, or expire.
    """
    reached: dict[str, Connection] = {}
    users: dict[str, Q] = {}
    with contextlib.suppress(engine.EngineError):
        ours = _of_settings()
        reached[ours.account] = ours
        users[ours.account] = ~Q(pk__in=ClaudeKey.objects.current().values("workspace"))
    for key in ClaudeKey.objects.order_by("pk"):
        try:
            connection = _by_key(key)
        except engine.EngineError as error:
            logger.warning("key=%s not opened: %s", key.pk, error.detail)
            continue
        account = connection.account
        reached.setdefault(account, connection)
        users.setdefault(account, NOBODY)
        if key.retired_at is None:
            users[account] |= Q(pk=key.workspace_id)
    return [
        Account(connection, Workspace.objects.filter(users[account]))
        for account, connection in reached.items()
    ]


def _of_settings() -> Connection:
    if settings.ANTHROPIC_API_KEY:
        key, url = settings.ANTHROPIC_API_KEY, settings.ANTHROPIC_BASE_URL
        return Connection(Answer.Backend.ANTHROPIC, key, url, engine.account(key, url))
    if not settings.EMULATOR_URL:
        raise engine.EngineError("no_key")
    # the emulator's port changes from run to run, its files do not
    return Connection(Answer.Backend.EMULATOR, EMULATOR_KEY, settings.EMULATOR_URL, "emulator")


def _by_key(key: ClaudeKey) -> Connection:
    try:
        secret = key.open()
    except sealing.Sealed as error:
        raise engine.EngineError("sealed", detail=str(error)) from error
    url = settings.ANTHROPIC_BASE_URL
    return Connection(Answer.Backend.ANTHROPIC, secret, url, engine.account(secret, url))


def stands_for(user: User) -> str:
    """What Claude is told instead of who asks: always the same for a user, and nothing else."""
    told = f"asks {user.public_id}".encode()
    return hmac.new(settings.SECRET_KEY.encode(), told, hashlib.sha256).hexdigest()[:32]


def on_behalf(connection: Connection, user: User) -> dict[str, Any]:
    """What an ``engine.Question`` says of who asks and of where it is answered."""
    return {"user_id": stands_for(user), "inference_geo": connection.inference_geo or None}


def backend_of(workspace: Workspace) -> str:
    """Who answers the workspace's questions."""
    if settings.ANTHROPIC_API_KEY or ClaudeKey.objects.of(workspace):
        return Answer.Backend.ANTHROPIC
    return Answer.Backend.EMULATOR


def installation() -> str:
    """Names our files among others in the same account: the account is not ours alone."""
    return hashlib.sha256(b"installation" + settings.SECRET_KEY.encode()).hexdigest()[:12]


def extracted(answer: Answer) -> bool:
    """Whether the answer is, or is about to be, made by the emulator and not by Claude."""
    if answer.backend:
        return answer.backend == Answer.Backend.EMULATOR
    return backend_of(answer.workspace) == Answer.Backend.EMULATOR
