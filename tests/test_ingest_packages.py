"""What is in a ZIP is looked at before anything opens it."""

import io
import struct
import warnings
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents.ingest import SENTENCES, Unreadable
from documents.ingest.packages import look, look_at_office

OFFICE = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "hostile" / "office"


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of names that are there already
        for name, content in members:
            archive.writestr(name, content)
    return data.getvalue()


def looked(tmp_path: Path, data: bytes, parts: int = 20, unpacked: int = 100_000_000):
    path = tmp_path / "package.zip"
    path.write_bytes(data)
    return look(path, parts=parts, unpacked=unpacked)


def refusal(tmp_path: Path, data: bytes, **bounds: int) -> str:
    with pytest.raises(Unreadable) as raised:
        looked(tmp_path, data, **bounds)
    assert str(raised.value) == SENTENCES[raised.value.code] % raised.value.fields
    return raised.value.code


def office_refusal(tmp_path: Path, data: bytes, largest: int = 1_000_000) -> Unreadable:
    path = tmp_path / "document"
    path.write_bytes(data)
    with pytest.raises(Unreadable) as raised:
        look_at_office(path, unpacked=2_000_000, largest=largest)
    return raised.value


def declared(data: bytes, size: int) -> bytes:
    """The ZIP with another unpacked size written into the directory's first entry."""
    changed = bytearray(data)
    struct.pack_into("<I", changed, data.index(b"PK\x01\x02") + 24, size)
    return bytes(changed)


def test_it_gives_the_members_in_their_order(tmp_path):
    members = looked(tmp_path, zipped(("b/", b""), ("b/two.txt", b"22"), ("a.txt", b"1")))

    assert [member.filename for member in members] == ["b/", "b/two.txt", "a.txt"]
    assert [member.file_size for member in members] == [0, 2, 1]


def test_something_before_the_archive_does_not_matter(tmp_path):
    assert len(looked(tmp_path, b"#!/bin/sh\n" + zipped(("a", b"1"), ("b", b"2" * 5000)))) == 2


def test_it_refuses_what_unpacks_to_a_multiple_of_its_size(tmp_path):
    assert refusal(tmp_path, zipped(("zeros", bytes(20_000_000)))) == "bomb"
    # as much as a text with many repetitions has is fine
    assert looked(tmp_path, zipped(("zeros", bytes(1_000_000))))


def test_it_refuses_members_that_are_larger_than_they_say(tmp_path):
    data = zipped(("zeros", bytes(5_000_000)), ("b", b"b"))

    assert refusal(tmp_path, declared(data, 1000)) == "bomb"


def test_it_counts_all_members_together(tmp_path):
    data = zipped(*((f"{number}", bytes(9_000)) for number in range(10)))

    assert refusal(tmp_path, data, unpacked=89_999) == "unpacks_too_large"
    assert refusal(tmp_path, data, parts=9) == "too_many_parts"
    assert len(looked(tmp_path, data, unpacked=90_000, parts=10)) == 10


def test_a_long_directory_is_not_even_loaded(tmp_path):
    data = zipped(*((f"{number}", b"") for number in range(3000)), method=zipfile.ZIP_STORED)

    assert refusal(tmp_path, data, parts=5) == "too_many_parts"


@pytest.mark.parametrize(
    "name",
    ["../up.txt", "a/../../up.txt", "/etc/passwd", "..\\up.txt", "C:\\up.txt", "c:/up.txt", "a/.."],
)
def test_it_refuses_names_that_lead_out(tmp_path, name):
    assert refusal(tmp_path, zipped(("fine.txt", b""), (name, b""))) == "unsafe_names"


def test_dots_within_a_name_lead_nowhere(tmp_path):
    assert len(looked(tmp_path, zipped(("a..b/c...txt", b""), ("./d", b""), ("..e", b"")))) == 3


def test_it_refuses_two_members_in_one_place(tmp_path):
    assert refusal(tmp_path, zipped(("a.txt", b"1"), ("a.txt", b"2"))) == "ambiguous"
    assert refusal(tmp_path, zipped(("a/b", b"1"), ("a\\b", b"2"))) == "ambiguous"


def test_it_refuses_members_that_share_their_bytes(tmp_path):
    data = bytearray(zipped(("one", b"x" * 400), ("two", b"y" * 300), method=zipfile.ZIP_STORED))
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4)
    inside = data.index(b"x" * 100)
    data[inside : inside + 33] = b"PK\x03\x04" + bytes(22) + struct.pack("<HH", 3, 0) + b"two"
    struct.pack_into("<I", data, second + 42, inside)

    assert refusal(tmp_path, bytes(data)) == "ambiguous"


def test_it_refuses_members_that_need_a_password(tmp_path):
    data = bytearray(zipped(("secret.txt", b"secret")))
    data[data.index(b"PK\x01\x02") + 8] |= 1

    assert refusal(tmp_path, bytes(data)) == "zip_protected"


def test_it_refuses_other_ways_of_packing(tmp_path):
    assert refusal(tmp_path, zipped(("a", b"1"), method=zipfile.ZIP_LZMA)) == "strange_packing"


def test_a_damaged_archive_is_called_damaged(tmp_path):
    data = zipped(("a", b"1" * 500), ("b", b"2" * 500))

    assert refusal(tmp_path, b"PK\x03\x04" + bytes(200)) == "damaged_file"
    assert refusal(tmp_path, data[:-30]) == "damaged_file"
    assert refusal(tmp_path, data[40:]) == "damaged_file"


def test_an_office_document_has_limits_for_each_part(tmp_path):
    large = zipped(("word/document.xml", bytes(1_000_001)))

    assert office_refusal(tmp_path, large).code == "unpacks_too_large"
    assert looked(tmp_path, large)


def test_names_of_an_office_document_do_not_differ_in_case_alone(tmp_path):
    data = zipped(("word/document.xml", b""), ("word/Document.xml", b""))

    assert office_refusal(tmp_path, data).code == "ambiguous"
    assert looked(tmp_path, data)


@pytest.mark.parametrize(
    ("stream", "code", "said"),
    [
        ("EncryptedPackage", "office_protected", "password"),
        ("WordDocument", "office_old", "save it as DOCX"),
        ("Workbook", "office_old", "save it as XLSX"),
        ("Book", "office_old", "save it as XLSX"),
        ("PowerPoint Document", "office_old", "save it as PPTX"),
        ("__substg1.0_0037001F", "office_old", "save it as PDF"),
    ],
)
def test_protected_and_old_office_files_say_what_to_do(tmp_path, stream, code, said):
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500) + stream.encode("utf-16-le")

    error = office_refusal(tmp_path, data)
    assert error.code == code
    assert said in str(error)


@given(
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=12),
    st.integers(0, 400),
)
def test_whatever_is_changed_in_an_archive_it_is_looked_at_or_refused(
    tmp_path_factory, bytes_, cut
):
    data = bytearray(zipped(("a.xml", b"<a/>" * 90), ("b/c.bin", bytes(range(256)))))
    for position, value in bytes_:
        data[position % len(data)] = value
    path = tmp_path_factory.getbasetemp() / "mutated.zip"
    path.write_bytes(data[: len(data) - cut])
    try:
        members = look(path, parts=20, unpacked=1_000_000)
    except Unreadable:
        return
    assert sum(member.file_size for member in members) <= 1_000_000


@pytest.mark.corpus
@pytest.mark.skipif(not OFFICE.is_dir(), reason="../shared/data is not here")
def test_protected_and_old_files_of_the_corpus_are_told_apart():
    said = {}
    for path in sorted(OFFICE.iterdir()):
        try:
            look_at_office(path, unpacked=100_000_000, largest=50_000_000)
        except Unreadable as error:
            said[path.name] = error.code

    assert said["tika__protected_normal_case.docx"] == "office_protected"
    assert said["poi__protected_sha512.xlsx"] == "office_protected"
    assert said["poi__password_tika_binaryrc4.doc"] == "office_old"
    assert said["poi__empty.xls"] == "office_old"
    assert said["tika__testWORD_truncated.docx"] == "damaged_file"
    assert "tika__EmbeddedDocument.docx" not in said
