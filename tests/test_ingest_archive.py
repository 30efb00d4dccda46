"""A ZIP archive becomes the list of its files, and the files are handed on."""

import io
import stat
import zipfile
from pathlib import Path

import pytest

from documents import ingest
from documents.ingest import Kind, Limits

LIMITS = Limits(bytes=1 << 20, pages=50, seconds=20)


@pytest.fixture(scope="module", autouse=True)
def _closed():
    yield
    ingest.close()


def archive(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members:
            made.writestr(name, data)
    return file.getvalue()


def read(tmp_path: Path, data: bytes, limits: Limits = LIMITS):
    """The reading and the parts it handed on, as (path, bytes)."""
    path = tmp_path / "deal.zip"
    path.write_bytes(data)
    parts: list[ingest.Part] = []
    reading = ingest.read(path, Kind.ZIP, limits, part=parts.append)
    return reading, [(part.path, part.data) for part in parts]


def refusal(tmp_path: Path, data: bytes, limits: Limits = LIMITS) -> str:
    with pytest.raises(ingest.Unreadable) as raised:
        read(tmp_path, data, limits)
    return raised.value.code


def test_files_are_handed_on_with_their_folders_and_listed(tmp_path):
    data = archive(
        ("Deal/", b""), ("Deal/lease.txt", b"The lease."), ("Deal/Annex 1/prices.csv", b"a,b")
    )

    reading, parts = read(tmp_path, data)

    assert parts == [("Deal/lease.txt", b"The lease."), ("Deal/Annex 1/prices.csv", b"a,b")]
    assert reading.text == (
        "2 files in this archive:\n- Deal/lease.txt (10 bytes)\n- Deal/Annex 1/prices.csv (3 bytes)"
    )
    assert reading.warnings == ()


def test_what_systems_leave_behind_is_passed_over(tmp_path):
    litter = (
        "__MACOSX/Deal/._lease.txt",
        *("Deal/.DS_Store", "Thumbs.db", "a/desktop.ini", "._x", "~$a.docx"),
    )
    data = archive(*((name, b"x") for name in litter), ("lease.txt", b"The lease."))

    assert [path for path, _ in read(tmp_path, data)[1]] == ["lease.txt"]
    assert refusal(tmp_path, archive(*((name, b"x") for name in litter))) == "empty"


def test_names_are_read_in_the_encodings_they_are_in_use_with(tmp_path):
    data = archive(("Stra_e.txt", b"1"), ("Vertr__ge.txt", b"2"), ("Größe.txt", b"3"))
    # an old code page, and UTF-8 that is not marked as such: of as many bytes each
    data = data.replace(b"Stra_e", "Straße".encode("cp437"))
    data = data.replace(b"Vertr__ge", "Verträge".encode())

    paths = [path for path, _ in read(tmp_path, data)[1]]

    assert paths == ["Straße.txt", "Verträge.txt", "Größe.txt"]


def test_links_and_odd_large_and_broken_members_are_named_and_the_others_go_on(tmp_path):
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    odd = zipfile.ZipInfo("odd.txt")
    odd.compress_type = zipfile.ZIP_LZMA
    data = archive(
        (link, b"/etc/passwd"), (odd, b"x" * 99), ("large.bin", bytes(range(256)) * 5000),
        ("broken.txt", b"one"), ("good.txt", b"The lease."),
    )  # fmt: skip
    at = data.index(b"broken.txt") + len("broken.txt")
    data = data[: at + 1] + bytes([data[at + 1] ^ 0xFF]) + data[at + 2 :]

    reading, parts = read(tmp_path, data)

    assert parts == [("good.txt", b"The lease.")]
    assert reading.warnings == (
        "link: not unpacked: it is a link to something else.",
        "odd.txt: not unpacked: it is packed in an unusual way.",
        "large.bin: not unpacked: it has 1.3 MB.",
        "broken.txt: not unpacked: it is damaged.",
    )


def locked(data: bytes, name: bytes) -> bytes:
    """The archive with the mark of encryption on a member, in both its headers."""
    changed = bytearray(data)
    for at, back in ((data.index(name), 24), (data.rindex(name), 38)):
        changed[at - back] |= 1
    return bytes(changed)


def test_a_locked_member_is_named_and_a_locked_archive_refused(tmp_path):
    data = locked(archive(("locked.txt", b"1"), ("open.txt", b"2")), b"locked.txt")

    reading, parts = read(tmp_path, data)

    assert parts == [("open.txt", b"2")]
    assert reading.warnings == ("locked.txt: not unpacked: it needs a password.",)
    assert (
        refusal(tmp_path, locked(archive(("locked.txt", b"1")), b"locked.txt")) == "zip_protected"
    )


def test_one_bad_member_does_not_keep_the_others_back(tmp_path):
    bad = [("../../evil.txt", b"x"), ("zeros.bin", bytes(60_000_000))]
    reading, parts = read(tmp_path, archive(*bad, ("lease.txt", b"A lease.")))
    assert parts == [("lease.txt", b"A lease.")]
    assert reading.warnings == (
        "../../evil.txt: not unpacked: its name leads out of the archive.",
        "zeros.bin: not unpacked: it unpacks to far more than a document of its size has.",
    )


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ([("../../evil.txt", b"x")], "unsafe_names"),
        ([("/etc/evil.txt", b"x")], "unsafe_names"),
        ([("C:\\evil.txt", b"x")], "unsafe_names"),
        ([("zeros.bin", bytes(60_000_000))], "bomb"),
        ([(f"{n}.txt", b"x") for n in range(40)], "too_many_parts"),
        ([(f"{n}.txt", bytes(900_000)) for n in range(9)], "unpacks_too_large"),
        ([("empty/", b"")], "empty"),
    ],
)
def test_bombs_and_names_that_lead_out_are_refused(tmp_path, members, code):
    limits = Limits(bytes=1 << 20, pages=9, parts=30, parts_bytes=5_000_000)
    if code == "bomb":
        limits = Limits(bytes=1 << 20, pages=9)
    assert refusal(tmp_path, archive(*members), limits) == code
