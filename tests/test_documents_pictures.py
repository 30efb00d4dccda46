"""Pictures of pages are kept within their room, drawn ahead, and forgotten with their document."""

from __future__ import annotations

import io
import os
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from documents import erasing, ingest, pictures
from documents.ingest.pictures import HIGHEST
from documents.models import Document
from tests.conftest import read, upload
from tests.pdfs import Page, write


@pytest.fixture(autouse=True)
def room(settings, tmp_path):
    settings.PICTURES = tmp_path / "pictures"
    yield settings.PICTURES
    pictures.wait()


@pytest.fixture
def paper(workspace, owner):
    version = read(upload(workspace, owner, write("one", "two", "three", "four"), "Lease.pdf"))
    assert version.status == "ready"
    return version


def kept(room):
    return sorted(path.name for path in room.glob("*/*"))


def test_a_picture_is_drawn_once_and_its_neighbours_soon_after(paper, room):
    first = pictures.picture(paper, 2, 600)
    pictures.wait()
    assert kept(room) == ["1-600", "2-600", "3-600"]
    before = (room / str(paper.public_id) / "2-600").stat().st_mtime_ns
    assert pictures.picture(paper, 2, 600) == first
    assert (room / str(paper.public_id) / "2-600").stat().st_mtime_ns == before


def test_many_who_look_at_once_see_the_same(paper, room):
    assert paper.blob  # threads have no database here
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: pictures.picture(paper, 1, 600), range(12)))
    assert len(set(found)) == 1
    assert Image.open(io.BytesIO(found[0])).size == (600, 777)


def test_the_least_recently_shown_go_when_the_room_is_full(paper, room, settings):
    for page in (1, 4):
        pictures.picture(paper, page, 600)
    pictures.wait()
    folder = room / str(paper.public_id)
    for age, page in enumerate((3, 4, 2, 1)):  # the first longest ago
        path = folder / f"{page}-600"
        path.write_bytes(path.read_bytes().ljust(400_000, b"\0"))
        os.utime(path, (time.time() - 1000 + age,) * 2)
    settings.PICTURES_MB = 1
    pictures.picture(paper, 4, 600)  # is shown again
    pictures.wait()
    pictures.tidy()
    assert kept(room) == ["1-600", "4-600"]
    pictures.tidy()
    assert kept(room) == ["1-600", "4-600"]


def test_drawing_keeps_within_the_room_by_itself(paper, room, settings):
    settings.PICTURES_MB = 0
    for page in (1, 2, 3, 4):
        assert pictures.picture(paper, page, 600)
        pictures.wait()
    assert len(kept(room)) <= 2


def test_an_erased_document_leaves_no_picture_and_gets_none(paper, room, owner):
    pictures.picture(paper, 1, 600)
    pictures.wait()
    paper.document.mark_deleted(owner)
    blob = Path(paper.blob.file.path)
    data = blob.read_bytes()
    assert erasing.erase(Document.objects.get(pk=paper.document_id))
    assert kept(room) == []
    assert not blob.exists()
    blob.write_bytes(data)  # somebody who had it open draws to the end
    assert pictures.picture(paper, 1, 600)
    pictures.wait()
    assert kept(room) == []


def test_nothing_is_kept_where_nothing_can_be_written(paper, room):
    room.parent.mkdir(exist_ok=True)
    room.write_text("in the way")
    assert pictures.picture(paper, 1, 600)
    pictures.wait()


def test_what_could_not_be_drawn_in_time_is_not_tried_again_at_once(
    workspace, owner, room, settings, monkeypatch
):
    content = b"0 0 m 9 9 l S " * 500_000
    hard = read(upload(workspace, owner, write("a", Page(compressed=zlib.compress(content, 1)))))
    assert hard.status == "ready"
    monkeypatch.setattr(pictures, "LOOK_SECONDS", 0.1)
    with pytest.raises(ingest.Unreadable):
        pictures.picture(hard, 2, 600)
    monkeypatch.setattr(pictures, "LOOK_SECONDS", 60)
    began = time.monotonic()
    with pytest.raises(ingest.Unreadable):
        pictures.picture(hard, 2, 600)
    assert time.monotonic() - began < 5
    pictures.wait()
    # long after it is tried again, and others were never affected
    os.utime(room / str(hard.public_id) / "2-600", (0, 0))
    monkeypatch.setattr(pictures, "LOOK_SECONDS", 30.0)
    assert pictures.picture(hard, 2, 600)


def shades(data):
    picture = Image.open(io.BytesIO(data))
    return picture.format, picture.convert("RGB").getcolors(1 << 20)


def coloured(workspace, owner, content):
    page = Page(compressed=zlib.compress(content))
    return read(upload(workspace, owner, write("a", page)))


def test_letters_are_a_small_png_and_colour_stays_colour(workspace, owner, paper):
    data = pictures.picture(paper, 1, 1200)
    assert shades(data)[0] == "PNG"
    assert len(data) < 20_000
    version = coloured(
        workspace, owner, b"1 0 0 rg 100 100 200 200 re f 0 0 1 RG 50 50 m 90 90 l S"
    )
    form, colours = shades(pictures.picture(version, 2, 600))
    assert form == "JPEG"
    red = sum(count for count, (r, g, b) in colours if r > 230 and g < 40 and b < 40)
    assert red > 0.9 * (200 * 600 / 612) ** 2


def test_a_hairline_of_colour_is_enough(workspace, owner):
    version = coloured(workspace, owner, b"0 0 1 RG 0.3 w 50 400 m 90 400 l S")
    _, colours = shades(pictures.picture(version, 2, 1200))
    assert any(b > r + 40 for _, (r, g, b) in colours)


def test_a_page_of_greys_keeps_them(workspace, owner):
    steps = b"".join(b"%.3f g %d 0 4 792 re f " % (n / 153, n * 4) for n in range(153))
    form, colours = shades(pictures.picture(coloured(workspace, owner, steps), 2, 600))
    assert form == "JPEG"
    assert len({grey for _, (grey, _, _) in colours}) > 100


def test_a_page_longer_than_any_screen_is_not_drawn_higher_than_allowed(workspace, owner):
    version = read(upload(workspace, owner, write(Page(["a"], width=20, height=14_000))))
    picture = Image.open(io.BytesIO(pictures.picture(version, 1, 2400)))
    assert picture.height <= HIGHEST
