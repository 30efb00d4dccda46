"""Plain text and Markdown become canonical text, a page per form feed."""

import hashlib
from pathlib import Path

import pytest

from documents import ingest
from documents.ingest import Kind, Limits

LIMITS = Limits(bytes=30 << 20, pages=50, seconds=20)


@pytest.fixture(scope="module", autouse=True)
def _closed():
    yield
    ingest.close()


def read(tmp_path: Path, data: bytes, kind: Kind = Kind.TEXT, limits: Limits = LIMITS):
    path = tmp_path / "document"
    path.write_bytes(data)
    return ingest.read(path, kind, limits)


def refusal(tmp_path: Path, data: bytes, limits: Limits = LIMITS) -> str:
    with pytest.raises(ingest.Unreadable) as raised:
        read(tmp_path, data, limits=limits)
    return raised.value.code


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_it_decodes_the_usual_encodings(tmp_path, encoding):
    reading = read(tmp_path, "Société\r\n5 000 €\r\n".encode(encoding))

    assert reading.text == "Société\n5 000 €\n"
    assert bool(reading.warnings) == (encoding == "cp1252")


def test_it_reads_a_whole_text_as_one_page(tmp_path):
    reading = read(tmp_path, b"one\n\ntwo  \n")

    (page,) = reading.pages
    assert reading.text == "one\n\ntwo  \n"
    assert (page.number, page.start, page.end) == (1, 0, len(reading.text))
    assert (page.width, page.height, page.rotation, page.source) == (0, 0, 0, "text")
    assert reading.sha256 == hashlib.sha256(reading.text.encode()).hexdigest()
    assert page.raw_sha256 == hashlib.sha256(b"one\n\ntwo  \n").hexdigest()


def test_a_form_feed_ends_a_page(tmp_path):
    reading = read(tmp_path, b"one\r\n\ftwo\n\f\fthree\f")

    texts = [reading.text[page.start : page.end] for page in reading.pages]
    assert texts == ["one\n", "two\n", "", "three"]
    assert reading.text == ingest.PAGE_SEPARATOR.join(texts)
    assert [page.source for page in reading.pages] == ["text", "text", "none", "text"]


def test_it_reads_bytes_that_no_encoding_knows(tmp_path):
    reading = read(tmp_path, b"before \xed\xa0\x80 \x81\x00 after")

    assert reading.text.startswith("before")
    assert reading.text.endswith(" after")
    assert "\x00" not in reading.text


def test_markdown_is_titled_by_its_first_heading_and_text_is_not(tmp_path):
    data = b"Draft\n\n#  Supply *Agreement* ##\n\n# Other\n"

    assert read(tmp_path, data, Kind.MARKDOWN).title == "Supply *Agreement*"
    assert read(tmp_path, data, Kind.MARKDOWN).text == data.decode()
    assert read(tmp_path, data, Kind.TEXT).title == ""


def test_a_long_text_fills_no_more_pages_than_are_allowed(tmp_path):
    # where paragraphs end just behind the middle of a page, each page is half full
    data = (b"x" * 10_500 + b"\n\n") * 95

    reading = read(tmp_path, data)

    assert len(reading.pages) <= LIMITS.pages
    assert reading.text == data.decode()


def test_it_refuses_what_has_nothing_or_too_much_in_it(tmp_path):
    assert refusal(tmp_path, b"") == "empty"
    assert refusal(tmp_path, b" \r\n\f\x00\n") == "empty"
    assert refusal(tmp_path, b"a\f" * 51) == "too_many_pages"
    assert refusal(tmp_path, b"12345", Limits(bytes=4, pages=1)) == "too_large"
    assert refusal(tmp_path, b"1\f3", Limits(bytes=99, pages=9, chars=3)) == "too_much_text"
    assert read(tmp_path, b"1\f3", limits=Limits(bytes=99, pages=9, chars=4)).text == "1\n\n3"


def test_it_reads_one_line_of_twenty_megabytes_in_seconds(tmp_path):
    line = ("The quick brown fox – " * 1_000_000).encode()[: 20 << 20]
    # a reader whose time grew with the square of the length would take hours
    limits = Limits(bytes=20 << 20, pages=1, seconds=60)

    reading = read(tmp_path, line[: line.rindex(b" ")], limits=limits)

    assert len(reading.pages) == 1
