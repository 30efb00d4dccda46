"""Content decides what a file is, and a refusal can say what it was."""

import gzip
import io
import random
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents import ingest
from documents.ingest import Kind
from tests.pdfs import write


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return file.getvalue()


def ole(*streams: str) -> bytes:
    """The first sectors of an OLE file whose directory lists these streams."""
    header = bytearray(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504))
    header[30:32] = (9).to_bytes(2, "little")
    entries = b"".join(
        name.encode("utf-16-le").ljust(64, b"\0") + (2 * len(name) + 2).to_bytes(2, "little")
        + bytes(62)
        for name in ("Root Entry", *streams)
    )  # fmt: skip
    return bytes(header) + entries


REFUSED = [
    (b"MZ\x90\x00\x03\x00\x00\x00", "a program"),
    (b"\x7fELF\x02\x01\x01", "a program"),
    (b"\xcf\xfa\xed\xfe\x07\x00", "a program"),
    (b"#!/bin/sh\nrm -rf /\n", "a script"),
    (zipped("META-INF/MANIFEST.MF", "Main.class"), "a program"),
    (zipped("META-INF/container.xml", "text.xhtml"), "an e-book"),
    (zipped("Data/a.jpg", "Index/Document.iwa"), "an Apple iWork document"),
    (zipped("[Content_Types].xml", "xl/workbook.bin"), "a binary Excel workbook"),
    (zipped("[Content_Types].xml", "visio/document.xml"), "an Office document"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "an Office document"),
    (ole("1Table", "WordDocument"), "a Word document of an older kind"),
    (ole("Workbook"), "an Excel workbook of an older kind"),
    (ole("__nameid_version1.0"), "an Outlook message"),
    (b"{\\rtf1\\ansi Agreement}", "an RTF document"),
    (gzip.compress(b"text " * 100, mtime=0), "a compressed file"),
    (b"7z\xbc\xaf\x27\x1c\x00\x04", "an archive"),
    (b"\x00\x00\x00\x18ftypheic", "a picture of a kind that is not read"),
    (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a picture of a kind that is not read"),
    (b"<?xml version='1.0'?><svg/>", "a picture of a kind that is not read"),
    (b"\x00\x00\x00\x18ftypmp42", "a video"),
    (b"ID3\x03\x00", "a sound recording"),
    (b"<?xml version='1.0'?><a/>", "an XML file"),
    (b"SQLite format 3\x00", "a database"),
    (b"", "an empty file"),
    (bytes(1000), None),
    ("text".encode("utf-32"), None),
    ("text in sixteen bits".encode("utf-16-le"), None),
]


# the bytes of an archive, which would name a test otherwise, hold the time of day
@pytest.mark.parametrize(("head", "noun"), REFUSED, ids=[noun for _, noun in REFUSED])
def test_it_refuses_what_it_cannot_read_whatever_the_name_and_says_what_it_is(head, noun):
    for name in ("", "contract.pdf", "contract.txt", "contract.md", "contract.csv", "a.eml"):
        assert ingest.sniff(head, name, io.BytesIO(head)) is None
    assert ingest.describe(head, "", io.BytesIO(head)) == noun


ACCEPTED = [
    (zipped("[Content_Types].xml", "word/document.xml"), Kind.DOCX),
    (zipped("word/document.xml", "[Content_Types].xml"), Kind.DOCX),
    (zipped("[Content_Types].xml", "xl/workbook.xml", "xl/vbaProject.bin"), Kind.XLSX),
    (zipped("[Content_Types].xml", "ppt/presentation.xml"), Kind.PPTX),
    (zipped("_rels/.rels", "word/document.xml"), Kind.DOCX),
    (zipped("word/document.xml", "[content_types].xml"), Kind.DOCX),
    (zipped("contract.pdf"), Kind.ZIP),
    (zipped("[Content_Types].xml.txt"), Kind.ZIP),
    (zipped("word/minutes.txt", "deal/xl/prices.csv"), Kind.ZIP),
    (zipped(), Kind.ZIP),
    (b"\x89PNG\r\n\x1a\n", Kind.IMAGE),
    (b"\xff\xd8\xff\xe0\x00\x10JFIF", Kind.IMAGE),
    (b"GIF89a\x01\x00", Kind.IMAGE),
    (b"BM\x36\x00\x00\x00\x00\x00\x00\x00\x36\x00", Kind.IMAGE),
    (b"RIFF\x00\x00\x00\x00WEBPVP8 ", Kind.IMAGE),
    (b"II*\x00\x08\x00", Kind.IMAGE),
    (b"MM\x00+\x00\x08", Kind.IMAGE),
    (b"<!DOCTYPE html><p>%PDF-1.7</p>", Kind.HTML),
    (b"\xef\xbb\xbf <!-- a -->\n<HTML>", Kind.HTML),
    (b'<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "x">', Kind.HTML),
    ("<html>".encode("utf-16"), Kind.HTML),
    (b"Received: from a\r\n by b\r\nFrom: a@example.com\r\n\r\nHello", Kind.EMAIL),
    (b"MIME-Version: 1.0\nSubject: Lease\n\nHello", Kind.EMAIL),
]


@pytest.mark.parametrize(("head", "kind"), ACCEPTED, ids=[kind for _, kind in ACCEPTED])
def test_it_takes_a_file_for_what_its_content_says_by_any_name(head, kind):
    for name in ("", "contract.pdf", "contract.txt", "contract.exe", "contract.csv"):
        assert ingest.sniff(head, name, io.BytesIO(head)) is kind


def test_an_office_document_is_told_by_its_directory_when_its_beginning_does_not_show_it():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("docProps/thumbnail.jpeg", bytes(9000))
        archive.writestr("[Content_Types].xml", "x")
        archive.writestr("word/document.xml", "x")
    head = file.getvalue()[:8192]

    assert ingest.sniff(head, "", file) is Kind.DOCX
    assert ingest.sniff(head, "contract.docx") is Kind.ZIP
    # cut off, there is no directory, and the beginning has to do
    assert ingest.sniff(zipped("word/document.xml")[:40], "", io.BytesIO(b"PK")) is Kind.DOCX


def test_an_archive_of_unpacked_office_documents_is_an_archive():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("contract.docx", zipped("[Content_Types].xml", "word/document.xml"))

    assert ingest.sniff(file.getvalue()[:8192], "deal.zip", file) is Kind.ZIP


def test_a_text_of_comments_alone_is_told_at_once():
    head = b"<!---->" * 1100

    assert ingest.sniff(head, "a.txt") is Kind.TEXT
    assert ingest.sniff(head + b"<html>", "a.txt") is Kind.HTML


def test_an_encrypted_office_file_is_refused_by_what_its_name_says_it_is():
    data = ole("EncryptionInfo", "EncryptedPackage")
    for name, noun in (
        ("a.xlsx", "a workbook"), ("a.docm", "a document"), ("a.pptx", "a presentation"),
        ("a", "an Office document"),
    ):  # fmt: skip
        assert ingest.sniff(data, name, io.BytesIO(data)) is None
        said = ingest.describe(data, name, io.BytesIO(data))
        assert said == f"{noun} that is protected by a password"
        assert ingest.advise(data, name, io.BytesIO(data)).startswith("Save a copy without")


def test_a_refusal_says_what_to_do_where_something_can_be_done():
    doc = ole("WordDocument")
    assert ingest.advise(doc, "a.doc", io.BytesIO(doc)) == "Save it as .docx and upload that."
    assert ingest.advise(b"\x00\x00\x00\x18ftypheic") == "Save it as PNG or JPEG and upload that."
    assert ingest.advise(b"MZ\x90\x00") == ""


@given(st.binary(max_size=3000), st.sampled_from([b"PK\3\4", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"]))
def test_directories_of_any_bytes_are_looked_at_without_an_error(data, magic):
    for file in (magic + data, magic + data + b"PK\5\6" + data[:18].ljust(18, b"\0")):
        ingest.sniff(file[:8192], "a.zip", io.BytesIO(file))
        ingest.describe(file[:8192], "a.zip", io.BytesIO(file))


def test_it_refuses_random_bytes():
    for seed in range(200):
        assert ingest.sniff(random.Random(seed).randbytes(4096), "contract.txt") is None


def test_it_takes_a_pdf_for_one_by_any_name():
    for head in (write("text"), b"%PDF-1.4\n", b"\nsome mail header\r\n%PDF-1.4\n"):
        for name in ("", "contract.txt", "contract.exe"):
            assert ingest.sniff(head, name) is Kind.PDF


def test_a_text_that_speaks_of_pdf_is_a_text():
    assert ingest.sniff(b"Such files begin with %PDF-1.7 and a line end.") is Kind.TEXT


@pytest.mark.parametrize(
    "head",
    [
        b"Agreement",
        "Société – 5 000 €".encode(),
        "Société – 5 000 €".encode("cp1252"),
        "Société – 5 000 €".encode("utf-16"),
        b"\xfe\xff" + "Société – 5 000 €".encode("utf-16-be"),
        "Société – 5 000 €".encode("utf-8-sig"),
        b"page one\fpage two\x1b[0m\x07",
        "協定".encode()[:-1],
        b"BMW agrees to buy",
        b"PKI services, MZ Holdings",
        b"MZ Holdings agrees to buy the ftyp of ID3",
        b"From: the board\nTo: all staff\nSubject: leave\n\nDear all,",
        b"< 5 days",
    ],
)
def test_it_takes_text_in_the_usual_encodings(head):
    assert ingest.sniff(head) is Kind.TEXT
    assert ingest.describe(head) == "a text"


def test_the_name_tells_markdown_from_text():
    assert ingest.sniff(b"# Agreement", "contract.MD") is Kind.MARKDOWN
    assert ingest.sniff(b"# Agreement", "contract.txt") is Kind.TEXT
    assert ingest.sniff(write("text"), "contract.md") is Kind.PDF


def test_the_name_tells_a_table_a_web_page_and_an_e_mail_where_the_text_looks_like_one():
    assert ingest.sniff(b"a;b\n1;2\n", "prices.CSV") is Kind.CSV
    assert ingest.sniff(b"a\tb\n", "prices.tsv") is Kind.CSV
    assert ingest.sniff(b"a;b\n1;2\n", "prices.txt") is Kind.TEXT
    assert ingest.sniff(b"No table\nat all.", "prices.csv") is Kind.TEXT
    assert ingest.sniff(b"<p>Agreement</p>", "contract.htm") is Kind.HTML
    assert ingest.sniff(b"<p>Agreement</p>", "contract.txt") is Kind.TEXT
    assert ingest.sniff(b"a < b and c > d", "contract.html") is Kind.TEXT
    assert ingest.sniff(b"Subject: leave\n\nDear all,", "leave.eml") is Kind.EMAIL
    assert ingest.sniff(b"Dear all,", "leave.eml") is Kind.TEXT
