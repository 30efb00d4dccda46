"""Pictures, layers, places and originals: served to members alone, and inert."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from asgiref.sync import async_to_sync
from PIL import Image

from accounts.models import Event
from documents import ingest
from documents.models import Blob, Text, Version
from tests.conftest import read, upload
from tests.pdfs import Page, write

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def paper(workspace, owner):
    """A ready PDF of two pages: one lying down with a little text, one empty."""
    data = write(Page(["Alder & Birch <agree>.", "For three years."], 800, 400), "second")
    version = read(upload(workspace, owner, data, "Lease.pdf"))
    assert version.status == "ready"
    return version


def at(version, rest):
    return f"/w/{version.document.workspace.slug}/versions/{version.public_id}/{rest}"


def whole(response):
    async def collect():
        return b"".join([chunk async for chunk in response.streaming_content])

    return async_to_sync(collect)()


def is_inert(answer):
    return (
        answer["X-Content-Type-Options"] == "nosniff"
        and answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    )


def test_a_page_is_a_picture_of_the_next_wider_width(as_mate, paper):
    for asked, given in ((100, 160), (600, 600), (601, 900), (99_999, 2400)):
        answer = as_mate.get(at(paper, f"pages/1/{asked}/"))
        assert answer.status_code == 200
        picture = Image.open(io.BytesIO(answer.content))
        assert picture.size == (given, given // 2)
        assert answer["Content-Type"] == f"image/{picture.format.lower()}"
        assert is_inert(answer)


def test_a_picture_is_kept_by_the_browser_and_not_sent_twice(as_mate, paper):
    answer = as_mate.get(at(paper, "pages/1/600/"))
    assert {"private", "immutable"} <= set(answer["Cache-Control"].split(", "))
    again = as_mate.get(at(paper, "pages/1/600/"), headers={"If-None-Match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = as_mate.get(at(paper, "pages/2/600/"), headers={"If-None-Match": answer["ETag"]})
    assert other.status_code == 200


def test_what_has_no_such_page_has_no_picture(as_mate, paper, document):
    assert as_mate.get(at(paper, "pages/3/600/")).status_code == 404
    assert as_mate.get(at(paper, "pages/0/600/")).status_code == 404
    assert as_mate.get(at(document.current, "pages/1/600/")).status_code == 404
    assert as_mate.get(at(document.current, "pages/1/layer/")).status_code == 404


def test_the_layer_says_where_each_line_is_and_which_characters(as_mate, paper):
    answer = as_mate.get(at(paper, "pages/1/layer/"))
    assert is_inert(answer)
    layer = ElementTree.fromstring(answer.content)
    assert layer.get("viewBox") == "0 0 1000 500.00"
    text = Text.objects.get(version=paper).content
    lines = layer.findall(f"{SVG}text")
    assert [line.text for line in lines] == ["Alder & Birch <agree>.", "For three years."]
    for line in lines:
        assert text[int(line.get("data-start")) : int(line.get("data-end"))] == line.text
        assert float(line.get("x")) == pytest.approx(36 / 800 * 1000, abs=1)
        assert float(line.get("textLength")) == pytest.approx(len(line.text) * 7.2 / 0.8, abs=1)
    assert pytest.approx(float(lines[0].get("y")), abs=4) == 52 / 400 * 500


def test_boxes_of_a_range_are_fractions_by_page(as_mate, paper):
    end = paper.chars
    answer = as_mate.get(at(paper, f"boxes/?start=0&end={end}"))
    assert is_inert(answer)
    first, second = answer.json()["pages"]
    assert (first["page"], second["page"]) == (1, 2)
    assert (len(first["rects"]), len(second["rects"])) == (2, 1)
    assert not first["changed"]


@pytest.mark.parametrize(
    "query", ["", "start=0", "start=5&end=5", "start=-1&end=4", "start=0&end=9999", "start=a&end=b"]
)
def test_a_bad_range_is_said(as_mate, paper, query):
    assert as_mate.get(at(paper, f"boxes/?{query}")).status_code == 422


def test_a_text_has_no_boxes(as_mate, document):
    assert as_mate.get(at(document.current, "boxes/?start=0&end=9")).json() == {"pages": []}


def test_the_original_comes_byte_for_byte_as_an_attachment(as_mate, mate, workspace, owner):
    data = write("First page")
    version = read(upload(workspace, owner, data, "Lease “final”.pdf"))
    answer = as_mate.get(at(version, "original/"))
    assert whole(answer) == data
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Length"] == str(len(data))
    name = "attachment; filename*=utf-8''Lease%20%E2%80%9Cfinal%E2%80%9D.pdf"
    assert answer["Content-Disposition"] == name
    assert is_inert(answer)
    event = Event.objects.get(verb="download")
    assert (event.actor, event.object_id) == (mate, version.public_id)


@pytest.mark.parametrize("name", ["a\r\nX-Evil: 1.txt", 'a";evil="b.txt', "../../a.txt", "\u202ea"])
def test_no_name_gets_out_of_its_header(as_mate, document, name):
    Version.objects.update(name=name)
    answer = as_mate.get(at(document.current, "original/"))
    assert "X-Evil" not in answer
    assert answer["Content-Disposition"].startswith("attachment")
    assert "/" not in answer["Content-Disposition"]
    assert not set("\r\n\u202e") & set(answer["Content-Disposition"])


@pytest.mark.parametrize("kind", ingest.Kind)
def test_no_kind_is_sent_as_something_that_runs(as_mate, document, kind):
    Blob.objects.update(kind=kind)
    answer = as_mate.get(at(document.current, "original/"))
    assert answer["Content-Type"] in ("application/pdf", "text/plain", "application/octet-stream")
    assert is_inert(answer)


def test_what_was_deleted_is_gone_at_once(as_owner, owner, paper):
    paper.document.mark_deleted(owner)
    for rest in ("pages/1/600/", "pages/1/layer/", "original/", "boxes/?start=0&end=3"):
        assert as_owner.get(at(paper, rest)).status_code == 404


def test_looking_asks_the_database_little(as_mate, paper, django_assert_num_queries):
    as_mate.get(at(paper, "pages/1/600/"))
    # session, user, workspace, role, version
    with django_assert_num_queries(5):
        as_mate.get(at(paper, "pages/1/600/"))
    with django_assert_num_queries(6):
        as_mate.get(at(paper, "boxes/?start=0&end=30"))
    with django_assert_num_queries(8):
        as_mate.get(at(paper, "pages/1/layer/"))
    with django_assert_num_queries(6):
        as_mate.get(at(paper, "original/"))


def test_a_large_original_is_never_whole_in_memory(as_mate, document):
    size = 30_000_000
    with Path(document.current.blob.file.path).open("wb") as file:
        file.truncate(size)
    answer = as_mate.get(at(document.current, "original/"))

    async def sizes():
        return [len(chunk) async for chunk in answer.streaming_content]

    assert answer["Content-Length"] == str(size)
    found = async_to_sync(sizes)()
    assert sum(found) == size
    assert max(found) <= 1 << 20


def test_a_file_that_is_gone_is_a_404_and_no_event(as_mate, paper):
    Path(paper.blob.file.path).unlink()
    for rest in ("pages/1/600/", "pages/1/layer/", "original/", "boxes/?start=0&end=3"):
        assert as_mate.get(at(paper, rest)).status_code == 404
    assert not Event.objects.filter(verb="download").exists()


def test_what_cannot_be_drawn_is_a_sentence_that_nobody_keeps(as_mate, paper):
    Path(paper.blob.file.path).write_bytes(b"%PDF-1.7 and no more")
    answer = as_mate.get(at(paper, "pages/1/900/"))
    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("text/plain")
    assert "damaged" in answer.content.decode()
    assert "Cache-Control" not in answer
    assert is_inert(answer)


def test_a_version_that_is_not_ready_has_no_pages_and_its_original(as_mate, workspace, owner):
    version = upload(workspace, owner, write("one"), "one.pdf").current
    assert as_mate.get(at(version, "pages/1/600/")).status_code == 404
    assert as_mate.get(at(version, "pages/1/layer/")).status_code == 404
    assert as_mate.get(at(version, "boxes/?start=0&end=1")).status_code == 422
    assert whole(as_mate.get(at(version, "original/"))) == write("one")
