"""Content decides what a file is, and a refusal can say what it was."""

import gzip
import io
import random
import zipfile

import pytest

from documents import ingest
from documents.ingest import Kind
from tests.pdfs import write


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return file.getvalue()


REFUSED = [
    (b"MZ\x90\x00\x03\x00\x00\x00", "a program"),
    (b"\x7fELF\x02\x01\x01", "a program"),
    (b"\xcf\xfa\xed\xfe\x07\x00", "a program"),
    (b"#!/bin/sh\nrm -rf /\n", "a script"),
    (zipped("[Content_Types].xml", "word/document.xml"), "a Word document"),
    (zipped("[Content_Types].xml", "xl/workbook.xml"), "an Excel workbook"),
    (zipped("contract.pdf"), "a ZIP archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "an Office document"),
    (b"{\\rtf1\\ansi Agreement}", "an RTF document"),
    (gzip.compress(b"text " * 100, mtime=0), "a compressed file"),
    (b"\x89PNG\r\n\x1a\n", "a picture"),
    (b"\xff\xd8\xff\xe0\x00\x10JFIF", "a picture"),
    (b"GIF89a\x01\x00", "a picture"),
    (b"BM\x36\x00\x00\x00\x00\x00\x00\x00\x36\x00", "a picture"),
    (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "a picture"),
    (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a picture"),
    (b"\x00\x00\x00\x18ftypmp42", "a video"),
    (b"ID3\x03\x00", "a sound recording"),
    (b"<!DOCTYPE html><p>%PDF-1.7</p>", "a web page"),
    (b"\xef\xbb\xbf <!-- a -->\n<HTML>", "a web page"),
    ("<html>".encode("utf-16"), "a web page"),
    (b"<?xml version='1.0'?><a/>", "an XML file"),
    (b"SQLite format 3\x00", "a database"),
    (b"", "an empty file"),
    (bytes(1000), None),
    ("text".encode("utf-32"), None),
    ("text in sixteen bits".encode("utf-16-le"), None),
]


@pytest.mark.parametrize(("head", "noun"), REFUSED)
def test_it_refuses_what_it_cannot_read_whatever_the_name_and_says_what_it_is(head, noun):
    for name in ("", "contract.pdf", "contract.txt", "contract.md"):
        assert ingest.sniff(head, name) is None
    assert ingest.describe(head) == noun


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
