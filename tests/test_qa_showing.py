"""Pages that a search reads as they look: shown once, within limits, cited and said."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from documents import visual
from documents.models import Document, Page, Text, Version
from qa.engine import Called, looks
from qa.models import Scope, Source, WebAccess
from qa.shelf import Shelf
from qa.steps import sentence
from tests.asked import written
from tests.conftest import upload
from tests.test_qa_looking import paper
from tests.test_qa_searching import ask, bodies

__all__ = ["paper"]


@pytest.fixture
def shelf(paper, owner, workspace):
    return Shelf.of(ask(Scope.objects.whole(workspace), owner))


def reading(shelf, document, first, last):
    given = {"document": shelf.handle(document.pk), "unit": "pages", "first": first, "last": last}
    (result,), (step,), note = shelf.run([Called("t", "read_passages", given)])
    return result, step, note


def test_the_page_that_is_read_is_shown_after_the_results_and_the_answer_says_so(
    emulator, paper, owner, workspace
):
    question = "Which law governs the supply agreement, by its page 4?"
    answer = written(ask(Scope.objects.whole(workspace), owner, question))
    assert answer.status == "done"
    kinds = [block["type"] for block in bodies(emulator, answer)[-1]["messages"][-1]["content"]]
    assert kinds[:2] == ["tool_result", "document"]
    shown = bodies(emulator, answer)[-1]["messages"][-1]["content"][1]
    assert shown["title"].endswith("supply.pdf (as it looks: p. 4)")
    assert shown["source"]["media_type"] == "application/pdf"
    assert Source.objects.get(answer=answer).looked == [4]
    for citation in answer.citations.all():
        assert citation.state in ("exact", "realigned")
    last = answer.calls.order_by("pk").last()
    assert last.document_map == [{"version": str(paper.current.public_id), "pages": [4]}]


def test_a_page_is_shown_once(shelf, paper):
    first, step, _note = reading(shelf, paper, 2, 3)
    assert [one.look.pages for one in first.seen] == [(2, 3)]
    assert step["looked"] == [2, 3]
    assert "looked at pages 2–3" in sentence(step)
    again, step, _note = reading(shelf, paper, 3, 4)
    assert [one.look.pages for one in again.seen] == [(4,)]
    assert again.passages[0].text.startswith("3. Notices"), "its text comes all the same"


def test_a_page_without_text_is_shown_in_its_place(shelf, paper):
    Page.objects.filter(version__document=paper, number=5).update(legible=False)
    Version.objects.filter(document=paper).update(unread=[5])
    visual._shown.cache_clear()
    row = Page.objects.get(version__document=paper, number=5)
    Page.objects.filter(pk=row.pk).update(end=row.start)
    result, step, note = reading(shelf, paper, 5, 5)
    assert [one.look.pages for one in result.seen] == [(5,)]
    assert result.text == "There is no text of these pages; they are shown after the results: 5."
    assert "unread" not in step
    assert "could not be read" not in note


def test_a_scan_that_is_a_picture_is_shown_as_one(owner, workspace):
    out = io.BytesIO()
    Image.new("RGB", (600, 400), "navy").save(out, "PNG")
    scan = upload(workspace, owner, out.getvalue(), "chart.png")
    version = scan.current or scan.newest
    Version.objects.filter(pk=version.pk).update(status="ready", page_count=1, unread=[1])
    Document.objects.filter(pk=scan.pk).update(current=version)
    Page.objects.create(
        version=version, number=1, start=0, end=0, width=600, height=400, source="none",
        legible=False, raw_sha256="",
    )  # fmt: skip
    Text.objects.create(version=version, content="")
    at = Shelf.of(ask(Scope.objects.whole(workspace), owner))
    (seen,) = reading(at, scan, 1, 1)[0].seen
    assert not seen.cited
    assert [block["type"] for block in seen.blocks()] == ["text", "image"]


def test_no_more_is_shown_than_a_request_takes(shelf, paper, monkeypatch):
    monkeypatch.setattr(looks, "INLINE_BYTES", 10)
    result, step, note = reading(shelf, paper, 1, 2)
    assert result.seen == ()
    assert result.passages
    assert "looked" not in step
    assert "does not say all" in note


def test_who_looks_at_the_web_too_is_shown_none(paper, owner, workspace):
    WebAccess.objects.create(workspace=workspace, domains="law.example")
    shelf = Shelf.of(ask(Scope.objects.whole(workspace), owner, web=True))
    result, _step, note = reading(shelf, paper, 1, 1)
    assert result.seen == ()
    assert "say that they have to be looked at" in note
