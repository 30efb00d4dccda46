"""A picture becomes a page a frame, whatever its file is made of, and bombs are not decoded."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from documents import ingest
from documents.ingest import Kind, Limits
from tests import scans
from tests.conftest import recognises

LIMITS = Limits(bytes=10 << 20, pages=5, seconds=60, ocr=True)
TEXT = "Notice of termination\nmust be given in writing."


@pytest.fixture(scope="module", autouse=True)
def _closed():
    yield
    ingest.close()


@pytest.fixture(scope="module")
def page() -> Image.Image:
    recognises()
    return scans.written(TEXT, width=1100, height=600)


def file(tmp_path: Path, picture: Image.Image, format: str, **options) -> Path:
    path = tmp_path / "picture"
    picture.save(path, format, **options)
    return path


def read(path: Path, limits: Limits = LIMITS) -> ingest.Reading:
    return ingest.read(path, Kind.IMAGE, limits)


def refusal(path: Path, limits: Limits = LIMITS) -> ingest.Unreadable:
    with pytest.raises(ingest.Unreadable) as raised:
        read(path, limits)
    return raised.value


def transparent(page: Image.Image) -> Image.Image:
    """Black letters on nothing."""
    ink = Image.new("RGBA", page.size, (0, 0, 0, 0))
    ink.paste((0, 0, 0, 255), mask=page.point([255 - shade for shade in range(256)]))
    return ink


def deep(page: Image.Image) -> Image.Image:
    return page.convert("I").point(lambda shade: shade * 200 + 3000).convert("I;16")


@pytest.mark.parametrize(
    ("made", "format"),
    [
        (lambda page: page, "PNG"),
        (lambda page: page, "JPEG"),
        (lambda page: page, "WEBP"),
        (lambda page: page.convert("P"), "GIF"),
        (lambda page: page.convert("1"), "TIFF"),
        (lambda page: page.convert("CMYK"), "TIFF"),
        (lambda page: page.convert("CMYK"), "JPEG"),
        (deep, "PNG"),
        (deep, "TIFF"),
        (transparent, "PNG"),
        (lambda page: transparent(page).convert("LA"), "PNG"),
        (lambda page: transparent(page).quantize(4), "PNG"),
    ],
)
def test_it_reads_every_sort_of_picture(tmp_path, page, made, format):
    reading = read(file(tmp_path, made(page), format))
    assert reading.text == TEXT
    (only,) = reading.pages
    assert (only.source, only.legible, reading.warnings) == ("ocr", True, ())
    assert [reading.text[word.start : word.end] for word in only.words] == TEXT.split()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_it_is_read_and_shown_as_it_is_to_be_held(tmp_path, page, orientation, format):
    exif = Image.Exif()
    exif[0x0112] = orientation
    turns = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    stored = page.transpose(Image.Transpose(turns[orientation])) if orientation > 1 else page
    path = file(tmp_path, stored, format, exif=exif, dpi=(100, 100))
    reading = read(path)
    assert reading.text == TEXT
    assert (reading.pages[0].width, reading.pages[0].height) == (792, 432)
    shown = Image.open(io.BytesIO(ingest.picture(path, Kind.IMAGE, LIMITS, 1, 550)))
    assert shown.size == (550, 300)
    for word in reading.pages[0].words:
        left, top, right, bottom = scans.box(word)
        box = (left * 550 - 1, top * 300 - 1, right * 550 + 1, bottom * 300 + 1)
        assert min(shown.convert("L").crop(tuple(map(round, box))).get_flattened_data()) < 128


@pytest.mark.parametrize("format", ["TIFF", "GIF", "WEBP"])
def test_each_frame_is_a_page(tmp_path, page, format):
    other = scans.written("The second page.", width=1100, height=600)
    path = file(tmp_path, page, format, save_all=True, append_images=[other])
    reading = read(path)
    assert reading.text == ingest.PAGE_SEPARATOR.join([TEXT, "The second page."])
    assert [page.number for page in reading.pages] == [1, 2]
    first, second = (ingest.picture(path, Kind.IMAGE, LIMITS, n, 400) for n in (1, 2))
    assert first != second
    with pytest.raises(ingest.Unreadable):
        ingest.picture(path, Kind.IMAGE, LIMITS, 3, 400)


def test_more_frames_than_a_document_may_have_pages_are_refused(tmp_path, page):
    frames = [page.reduce(20).rotate(n) for n in range(6)]
    path = file(tmp_path, frames[0], "TIFF", save_all=True, append_images=frames[1:])
    assert refusal(path).code == "too_many_pages"


def test_an_empty_picture_is_a_sentence(tmp_path):
    assert refusal(file(tmp_path, scans.written(""), "PNG")).code == "no_text"


def test_a_picture_without_words_is_kept_and_said_not_to_be_read(tmp_path):
    recognises()
    blots = scans.smudged(scans.written("■ ■ ■\n■ ■"))
    reading = read(file(tmp_path, blots, "PNG"))
    assert (reading.text, [page.legible for page in reading.pages]) == ("", [False])
    assert reading.warnings == ("Page 1 could not be read.",)


def test_what_must_not_be_recognised_here_is_left_to_others(tmp_path, page):
    path = file(tmp_path, page, "PNG")
    assert refusal(path, Limits(bytes=10 << 20, pages=5)).code == "needs_ocr"


@pytest.mark.parametrize("format", ["PNG", "JPEG", "GIF", "WEBP", "TIFF"])
@pytest.mark.parametrize("part", [0.02, 0.5, 0.9])
def test_a_file_that_was_cut_off_is_a_sentence_or_what_is_left_of_it(tmp_path, page, format, part):
    path = file(tmp_path, page, format)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    try:
        read(path)
    except ingest.Unreadable as error:
        assert error.code in ("damaged_file", "no_text")  # noqa: PT017


def png(width: int, height: int, rows: bytes) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", rows), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize(
    "bomb",
    [
        png(17_320, 17_320, zlib.compress(bytes(1 << 20), 9)),
        png(12_000, 12_000, b""),
        b"GIF89a\xff\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\xff\xff\xff\xff\x00\x02\x00;",
    ],
    ids=["900 MB", "just too large", "65535 square"],
)
def test_a_bomb_is_refused_before_it_is_decoded(tmp_path, bomb):
    path = tmp_path / "bomb"
    path.write_bytes(bomb)
    limits = Limits(bytes=10 << 20, pages=5, memory_mb=400, seconds=5, ocr=True)
    assert refusal(path, limits).code == "too_many_pixels"
    with pytest.raises(ingest.Unreadable):
        ingest.picture(path, Kind.IMAGE, limits, 1, 600)


def test_a_frame_that_is_larger_than_the_first_is_refused_too(tmp_path):
    small = Image.new("1", (100, 100), 1)
    large = Image.new("1", (11_000, 11_000), 1)
    path = file(tmp_path, small, "TIFF", save_all=True, append_images=[large], compression="group4")
    assert refusal(path, Limits(bytes=10 << 20, pages=5)).code in ("too_many_pixels", "needs_ocr")
    assert refusal(path).code == "too_many_pixels"


def test_every_hostile_picture_is_read_or_refused_with_a_sentence(contracts):
    recognises()
    for path in sorted((contracts.parent / "hostile" / "images").iterdir()):
        try:
            read(path)
        except ingest.Unreadable as error:
            codes = ("damaged_file", "no_text", "too_many_pixels", "too_many_pages")
            assert error.code in codes, (path, error.detail)  # noqa: PT017
