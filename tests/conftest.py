"""The cast: an owner, a team mate in the same workspace, a stranger in another one."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.core.files.base import ContentFile
from django.test import Client

from accounts.models import Member, User, Workspace
from accounts.roles import Role
from documents import ingest, uploads
from documents.ingest import ocr
from documents.models import Document, Version
from documents.reading import ingest_version
from qa.models import claude_model
from tests.brokers import Broker
from tests.emulator_support import Emulator

hypothesis.settings.register_profile("long", max_examples=3000)

CONTRACT = """SERVICES AGREEMENT

This Agreement is made on 3 March 2025 between Alder Ltd and Birch GmbH.

1. Term. This Agreement begins on 1 April 2025 and runs for three years.

2. Termination. Either party may terminate this Agreement on sixty days' written notice. A party
may terminate at once if the other party becomes insolvent.

3. Governing law. This Agreement is governed by the laws of Ireland.
\fSCHEDULE

4. Fees. Alder pays Birch 12,000 euros a month, within thirty days of each invoice.
"""


def required(name: str) -> bool:
    """Whether this run must not skip: CI sets PINCITE_REQUIRE."""
    return name in os.environ.get("PINCITE_REQUIRE", "").split(",")


def skip(need: str, reason: str) -> None:
    if required(need):
        pytest.fail(f"{reason} (PINCITE_REQUIRE says it must be there)")
    pytest.skip(reason)


def recognises(*languages: str) -> None:
    """Skips where text of these languages (English if none is named) cannot be recognised."""
    wanted = ("osd", *(languages or ("eng",)))
    if len(ocr.known(wanted)) < len(wanted):
        skip("ocr", f"Tesseract has no data for {' or '.join(wanted)} here")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database-only",
        action="store_true",
        help="run only tests that use the database, and pass over those marked `reader`",
    )


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist looks at the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With ``--database-only``, leaves out what comes out the same whichever database is used.

    What is slow comes first, or one process would work on it alone at the end; the quick tests of a
    module go to one process, which starts once what they share.
    """
    if config.getoption("--database-only"):
        kept = [item for item in items if _depends_on_the_database(item)]
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    for item in items:
        if not any(item.get_closest_marker(name) for name in ("slow", "xdist_group")):
            item.add_marker(pytest.mark.xdist_group(item.location[0]))


def _depends_on_the_database(item: pytest.Item) -> bool:
    used = {"db", "transactional_db"} & set(getattr(item, "fixturenames", ()))
    asks = used or item.get_closest_marker("django_db")
    return bool(asks) and not item.get_closest_marker("reader")


@pytest.fixture(autouse=True)
def _know_no_models_of_another_test() -> None:
    claude_model.forget()


@pytest.fixture
def owner(db: None) -> User:
    return User.objects.create_user("owner@example.com", "owner-pass", name="Olive Owner")


@pytest.fixture
def mate(db: None) -> User:
    return User.objects.create_user("mate@example.com", "mate-pass", name="Max Mate")


@pytest.fixture
def stranger(db: None) -> User:
    return User.objects.create_user("stranger@example.com", "stranger-pass", name="Sam Stranger")


@pytest.fixture
def workspace(owner: User, mate: User) -> Workspace:
    found = Workspace.found("Outsourcing review", owner)
    Member.objects.create(workspace=found, user=mate, role=Role.ANALYST)
    return found


@pytest.fixture
def elsewhere(stranger: User) -> Workspace:
    return Workspace.found("Another matter", stranger)


@pytest.fixture
def sign_in() -> Callable[[User], Client]:
    def client(user: User) -> Client:
        signed_in = Client()
        signed_in.force_login(user)
        return signed_in

    return client


@pytest.fixture
def as_owner(owner: User, sign_in: Any) -> Client:
    return sign_in(owner)


@pytest.fixture
def as_mate(mate: User, sign_in: Any) -> Client:
    return sign_in(mate)


@pytest.fixture
def as_stranger(stranger: User, elsewhere: Workspace, sign_in: Any) -> Client:
    return sign_in(stranger)


def upload(
    workspace: Workspace, by: User, text: str | bytes = CONTRACT, name: str = "contract.txt"
) -> Document:
    """A document as an upload leaves it: queued, not read yet."""
    data = text.encode() if isinstance(text, str) else text
    return uploads.accept(ContentFile(data, name=name), name, workspace, by).document


def read(document: Document) -> Version:
    """Reads the document as a worker would; returns its version, ready or failed."""
    assert document.current is not None
    ingest_version(document.current)
    return document.current


@pytest.fixture
def document(workspace: Workspace, owner: User) -> Document:
    """A contract of two pages, ready."""
    made = upload(workspace, owner)
    assert read(made).status == Version.Status.READY
    return made


@pytest.fixture(scope="session", autouse=True)
def _end_the_reader() -> Iterator[None]:
    yield
    ingest.close()


@pytest.fixture(scope="session")
def shared_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    running = Emulator(tmp_path_factory.mktemp("emulator"))
    yield running
    running.stop()


@pytest.fixture
def emulator(shared_emulator: Emulator, settings: Any) -> Iterator[Emulator]:
    """The app speaks to a real emulator over HTTP; faults of one test do not reach the next."""
    settings.EMULATOR_URL = shared_emulator.url
    shared_emulator.forget_faults()
    yield shared_emulator
    shared_emulator.forget_faults()
    shared_emulator.limits()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listening(name: str, port: int) -> str:
    """``127.0.0.1:port``; skips where that service is not there."""
    try:
        socket.create_connection(("127.0.0.1", port), 2).close()
    except OSError:
        skip("services", f"{name} is not reachable on 127.0.0.1:{port}")
    return f"127.0.0.1:{port}"


@pytest.fixture(scope="session")
def redis_url() -> str:
    return f"redis://{listening('Redis', 6379)}/9"


@pytest.fixture(scope="session")
def rabbitmq_url() -> str:
    return f"amqp://guest:guest@{listening('RabbitMQ', 5672)}//"


@pytest.fixture(scope="session", params=["folder", "redis", "amqp"])
def broker(request: pytest.FixtureRequest) -> Iterator[Broker]:
    """The folder, Redis with streams in Redis, RabbitMQ with streams in files."""
    url = {"folder": "", "redis": "redis_url", "amqp": "rabbitmq_url"}[request.param]
    made = Broker(request.param, request.getfixturevalue(url) if url else "")
    made.streams = made.url if request.param == "redis" else ""
    yield made
    made.clean()


@pytest.fixture(params=["files", "redis"])
def stream_log(request: pytest.FixtureRequest, settings: Any, tmp_path: Path) -> str:
    """Stream logs in files, then in Redis: a test that asks for this runs on both."""
    settings.STREAMS = tmp_path / "streams"
    settings.STREAMS.mkdir()
    settings.REDIS_URL = request.getfixturevalue("redis_url") if request.param == "redis" else ""
    return str(request.param)


@pytest.fixture(scope="session")
def chromium() -> str:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        skip("browser", "no Chromium is installed")
    return str(path)


@pytest.fixture(scope="session")
def contracts() -> Path:
    folder = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "contracts"
    if not folder.is_dir():
        skip("corpus", "the contracts of ../shared/data are not here")
    return folder
