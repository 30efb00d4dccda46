"""The Files API: uploads, their names and expiry, paging, whose they are, what a restart keeps."""

import sqlite3
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import anthropic
import pytest
from anthropic.types import FileExpiredError, FileNotDownloadableError

from tests.emulator_support import LEASE, Emulator, asking, stored_document


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("emulator")


@pytest.fixture(scope="module")
def emulator(folder: Path) -> Iterator[Emulator]:
    emulator = Emulator(folder)
    yield emulator
    emulator.stop()


@pytest.fixture
def client(emulator: Emulator) -> anthropic.Anthropic:
    return emulator.client("sk-" + uuid.uuid4().hex)


def upload(client: anthropic.Anthropic, name: str = "lease.txt", text: str = LEASE) -> str:
    return client.files.upload(file=(name, text.encode(), "text/plain")).id


def test_an_upload_is_described_listed_and_deleted(client: anthropic.Anthropic) -> None:
    stored = client.files.upload(
        file=("lease.txt", LEASE.encode(), "text/plain"), expires_in_seconds=3_600
    )
    assert (stored.filename, stored.mime_type) == ("lease.txt", "text/plain")
    assert stored.size_bytes == len(LEASE.encode())
    assert stored.downloadable is False
    assert stored.expires_at
    assert (stored.expires_at - stored.created_at).total_seconds() == pytest.approx(3_600)
    assert client.files.retrieve_metadata(stored.id) == stored
    assert client.files.list().data == [stored]
    assert client.files.delete(stored.id).type == "file_deleted"
    assert client.files.list().data == []
    with pytest.raises(anthropic.NotFoundError):
        client.files.retrieve_metadata(stored.id)


def test_a_list_is_paged_newest_first(client: anthropic.Anthropic) -> None:
    ids = [upload(client, f"{n}.txt") for n in range(5)]
    assert [file.id for file in client.files.list(limit=2)] == ids[::-1]
    assert len(client.files.list(limit=2).data) == 2


def test_a_list_of_ids_leaves_out_unknown_ones_and_takes_no_limit(
    client: anthropic.Anthropic,
) -> None:
    first, second = upload(client), upload(client)
    page = client.files.list(ids=[first, "file_nowhere"])
    assert [file.id for file in page.data] == [first]
    assert page.next_page is None
    with pytest.raises(anthropic.BadRequestError, match="mutually exclusive"):
        client.files.list(ids=[first, second], limit=3)


def test_uploads_cannot_be_downloaded(client: anthropic.Anthropic) -> None:
    with pytest.raises(FileNotDownloadableError):
        client.files.download(upload(client))


@pytest.mark.parametrize("name", ["a/b.txt", "a:b.txt", "x" * 256, "what?.txt"])
def test_it_refuses_names_the_api_refuses(client: anthropic.Anthropic, name: str) -> None:
    with pytest.raises(anthropic.BadRequestError, match="filename"):
        upload(client, name)


@pytest.mark.parametrize("seconds", [0, 3_599, 7_776_001])
def test_it_refuses_an_expiry_out_of_range(client: anthropic.Anthropic, seconds: int) -> None:
    with pytest.raises(anthropic.BadRequestError, match="expires_in_seconds"):
        client.files.upload(file=("a.txt", b"a"), expires_in_seconds=seconds)


def test_a_file_belongs_to_the_key_that_uploaded_it(
    emulator: Emulator, client: anthropic.Anthropic
) -> None:
    mine = upload(client)
    stranger = emulator.client("sk-stranger")
    assert stranger.files.list().data == []
    with pytest.raises(anthropic.NotFoundError):
        stranger.files.retrieve_metadata(mine)
    with pytest.raises(anthropic.NotFoundError):
        stranger.messages.create(**asking("Rent?", stored_document(mine)))
    with pytest.raises(anthropic.NotFoundError):
        stranger.files.delete(mine)


def test_an_expired_file_is_visible_but_unusable(client: anthropic.Anthropic, folder: Path) -> None:
    stored = upload(client)
    with sqlite3.connect(folder / "emulator.sqlite3") as database:
        database.execute("UPDATE file SET expires_at = ? WHERE id = ?", (time.time() - 1, stored))
    database.close()
    assert client.files.retrieve_metadata(stored).id == stored
    with pytest.raises(FileExpiredError):
        client.messages.create(**asking("Rent?", stored_document(stored)))
    with pytest.raises(FileExpiredError):
        client.files.download(stored)


def test_it_refuses_a_file_of_a_kind_documents_cannot_be(client: anthropic.Anthropic) -> None:
    image = client.files.upload(file=("a.png", b"\x89PNG", "image/png"))
    with pytest.raises(anthropic.BadRequestError, match="image/png"):
        client.messages.create(**asking("Rent?", stored_document(image.id)))


def test_a_restart_keeps_files_and_cache(tmp_path: Path) -> None:
    before = Emulator(tmp_path)
    stored = upload(before.client())
    question = asking(
        "Which law governs?", stored_document(stored, cache_control={"type": "ephemeral"})
    )
    written = before.client().messages.create(**question).usage.cache_creation_input_tokens
    before.stop()
    after = Emulator(tmp_path)
    try:
        answer = after.client().messages.create(**question)
        assert answer.usage.cache_read_input_tokens == written
        assert "Oregon" in "".join(block.text for block in answer.content if block.type == "text")
    finally:
        after.stop()
