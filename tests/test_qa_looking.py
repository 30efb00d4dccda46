"""Documents whose pages are looked at: what is sent, what is cited, what is said of it."""

from __future__ import annotations

import io
import re

import pytest
from django.db.models import F
from PIL import Image

from documents import visual
from documents.models import Page, RemoteFile, Version
from qa import askable, looking, remote
from qa.claude import connect
from qa.engine import catalogue, looks
from qa.models import Answer, ApiCall, ClaudeSettings, Source
from tests import pdfs
from tests.asked import GOVERNING, put, written
from tests.conftest import read, upload
from tests.gold import Contract, spread

PAGES = (
    "SUPPLY AGREEMENT\n1. Term. This Agreement runs for three years.",
    "2. Fees. The fee is 400 euros a month.",
    "3. Notices. Notices are sent to the registered office.",
    "4. Governing law.\nThis Agreement is governed by the laws of\nIreland.",
    "5. Signatures.",
)


def made(workspace, owner, data, name, visually="yes"):
    document = upload(workspace, owner, data, name)
    assert read(document).status == Version.Status.READY
    visual.switch(document, visually, owner)
    document.refresh_from_db()
    return document


@pytest.fixture
def paper(workspace, owner):
    """A PDF of five pages that is read visually."""
    return made(workspace, owner, pdfs.write(*PAGES), "supply.pdf")


def sent(emulator):
    """The blocks of the newest turn of the last answer's request."""
    rows = [row for row in emulator.requests(20)["requests"] if row["path"] == "messages"]
    return rows[-1]["body"]["messages"][0]["content"]


def page_of(client, answer):
    where = f"/w/{answer.workspace.slug}/threads/{answer.thread.public_id}/"
    return re.sub(r"\s+", " ", client.get(where).content.decode())


def test_pages_go_as_a_pdf_after_the_text_and_a_page_citation_becomes_a_range(
    emulator, as_owner, paper, owner
):
    answer = written(put(paper, owner))
    text, pages, question = sent(emulator)
    assert (text["source"]["type"], pages["source"]["type"]) == ("file", "file")
    assert pages["title"] == "supply.pdf (as it looks: p. 1–5)"
    assert text["citations"] == pages["citations"] == {"enabled": True}
    assert question["text"] == GOVERNING
    cited = [one for one in answer.citations.all() if one.seen]
    assert cited, "the emulator cites what stands on a page by its page"
    for one in cited:
        content = paper.current.text.content
        assert (one.kind, one.page_start, one.page_end) == ("text", 4, 4)
        assert one.state in ("exact", "realigned")
        assert content[one.start : one.end] == one.cited_text
        assert one.raw["type"] == "page_location"
    assert any("Ireland" in one.cited_text for one in cited)
    page = page_of(as_owner, answer)
    assert "Read from the page's picture" in page
    assert "All pages of supply.pdf were looked at as pictures." in page


def test_the_document_map_tells_version_and_pages_of_each_part(emulator, paper, owner, monkeypatch):
    monkeypatch.setattr(looks, "PART_PAGES", 2)
    answer = written(put(paper, owner))
    version = str(paper.current.public_id)
    call = ApiCall.objects.get(answer=answer, purpose="answer")
    parts = [{"version": version, "pages": pages} for pages in ([1, 2], [3, 4], [5])]
    assert call.document_map == [version, *parts]
    assert Source.objects.get(answer=answer).index == 0
    # counted in its part, the page is the second one
    seen = answer.citations.filter(seen=True)
    assert {(one.raw["document_index"], one.raw["start_page_number"]) for one in seen} == {(2, 2)}
    assert {one.page_start for one in seen} == {4}
    rows = RemoteFile.objects.filter(version=paper.current, kind="pdf")
    assert list(rows.values_list("part", "pages")) == [(0, [1, 2]), (1, [3, 4]), (2, [5])]


def test_pages_are_uploaded_once_and_anew_when_others_are_chosen(emulator, paper, owner):
    first = written(put(paper, owner))
    again = written(put(paper, owner, thread=first.thread, follows=first))
    assert again.status == "done"
    uploads = ApiCall.objects.filter(purpose="upload")
    assert uploads.count() == 2  # the text, the pages
    Page.objects.filter(version=paper.current, number__in=[2, 4]).update(drawn=0.9)
    visual._shown.cache_clear()
    visual.switch(paper, "auto", owner)
    written(put(paper, owner, thread=first.thread, follows=again))
    assert uploads.count() == 3
    (row,) = RemoteFile.objects.filter(version=paper.current, kind="pdf")
    assert row.pages == [2, 4]
    document = sent(emulator)[1]
    assert "(as it looks: p. 2, 4)" in document["title"]


def test_what_the_api_lost_is_uploaded_again(emulator, paper, owner):
    first = written(put(paper, owner))
    connection = connect(paper.workspace)
    row = RemoteFile.objects.get(version=paper.current, kind="pdf")
    connection.client.sdk.files.delete(row.file_id)
    queued = put(paper, owner, thread=first.thread, follows=first)
    assert written(queued).status == "queued"
    assert not RemoteFile.objects.filter(version=paper.current).exists()
    Answer.objects.filter(pk=queued.pk).update(next_try_at=None)
    assert written(queued).status == "done"


def test_without_a_switch_a_text_is_read_as_ever(emulator, workspace, owner):
    document = made(workspace, owner, pdfs.write(*PAGES), "supply.pdf", "auto")
    answer = written(put(document, owner))
    assert [block["type"] for block in sent(emulator)] == ["document", "text"]
    assert set(answer.citations.values_list("seen", flat=True)) == {False}


def test_a_scan_that_was_not_read_is_looked_at_and_not_said_to_be_missing(
    emulator, as_owner, workspace, owner
):
    document = made(workspace, owner, pdfs.write("One.", "Two."), "scan.pdf", "auto")
    Version.objects.filter(pk=document.current.pk).update(unread=[2])
    pages = Page.objects.filter(version=document.current, number=2)
    pages.update(legible=False, source="none")
    document.refresh_from_db()
    answer = written(put(document, owner))
    text, look, _question = sent(emulator)
    assert text["context"] == "These pages are missing here and follow as they look: 2."
    assert "(as it looks: p. 2)" in look["title"]
    page = page_of(as_owner, answer)
    assert "could not be read" not in page
    assert "Page 2 of scan.pdf was looked at as a picture." in page
    visual.switch(document, "no", owner)
    page = page_of(as_owner, written(put(document, owner)))
    assert "Page 2 of scan.pdf could not be read." in page


def test_a_picture_without_any_text_can_be_asked_about(emulator, as_owner, workspace, owner):
    out = io.BytesIO()
    Image.new("RGB", (3_000, 2_000), "navy").save(out, "TIFF")
    document = upload(workspace, owner, out.getvalue(), "chart.tiff")
    version = read(document)
    if version.status != Version.Status.READY:
        # without a recogniser, or with one that has to be waited for: as a reader leaves it
        Version.objects.filter(pk=version.pk).update(status="ready", page_count=1, unread=[1])
        Page.objects.create(
            version=version, number=1, start=0, end=0, width=1440, height=960, source="none",
            legible=False, raw_sha256="",
        )  # fmt: skip
        version.document.current.refresh_from_db()
        from documents.models import Text

        Text.objects.get_or_create(version=version, defaults={"content": ""})
    Page.objects.filter(version=version).update(legible=False, source="none")
    document.refresh_from_db()
    answer = written(put(document, owner, "What does the chart show?"))
    assert answer.status == "done", answer.error
    label, image, question = sent(emulator)
    assert '"document": "chart.tiff"' in label["text"]
    assert (image["type"], image["source"]["type"]) == ("image", "file")
    assert question["text"] == "What does the chart show?"
    assert "cannot see: 1 picture" in answer.text
    (row,) = RemoteFile.objects.filter(version=version)
    assert (row.kind, row.part, row.pages) == ("picture", 1, [1])
    assert "All pages of chart.tiff were looked at" in page_of(as_owner, answer)


def test_a_quote_that_is_not_found_opens_its_page(emulator, as_owner, workspace, paper, owner):
    emulator.faults({"kind": "quote_invented"})
    answer = written(put(paper, owner))
    one = next(one for one in answer.citations.all() if one.seen)
    assert (one.kind, one.state, one.page_start, one.start) == ("page", "unverified", 4, None)
    page = page_of(as_owner, answer)
    (href,) = set(re.findall(r'href="([^"]*page=4[^"]*)"', page))
    assert href.endswith("#page-4")
    opened = as_owner.get(href.replace("&amp;", "&").partition("#")[0]).content.decode()
    assert 'id="page-4"' in opened
    assert 'data-page="4"' in opened
    assert "unverified: not found in the document" in page


def test_nothing_is_stored_where_nothing_may_be(emulator, workspace, paper, owner):
    ClaudeSettings.objects.create(workspace=workspace, inline=True)
    answer = written(put(paper, owner))
    assert answer.status == "done"
    text, look, _question = sent(emulator)
    assert (text["source"]["type"], look["source"]["type"]) == ("text", "base64")
    assert look["source"]["media_type"] == "application/pdf"
    assert not RemoteFile.objects.exists()
    assert [one.page_start for one in answer.citations.filter(seen=True)][:1] == [4]


def test_in_base64_there_is_less_room(emulator, workspace, paper, owner, monkeypatch):
    ClaudeSettings.objects.create(workspace=workspace, inline=True)
    monkeypatch.setattr(looks, "INLINE_BYTES", 100)
    answer = written(put(paper, owner))
    assert (answer.status, answer.error_code) == ("failed", "too_large")


def test_a_page_that_is_too_large_for_a_pdf_goes_as_a_picture(emulator, paper, owner, monkeypatch):
    monkeypatch.setattr(looks, "PART_BYTES", 10)
    answer = written(put(paper, owner))
    assert answer.status == "done"
    kinds = [block["type"] for block in sent(emulator)]
    assert kinds == ["document", *["text", "image"] * 5, "text"]
    assert RemoteFile.objects.filter(version=paper.current, kind="picture").count() == 5


def test_more_pages_than_a_request_takes_are_refused_or_left_out(workspace, owner):
    document = made(workspace, owner, pdfs.write(*["A page."] * 101), "long.pdf")
    # pages of pictures alone: all of them would have room in the window
    Page.objects.filter(version=document.current).update(end=F("start"))
    visual._shown.cache_clear()
    put(document, owner)
    with pytest.raises(askable.NotAskable, match="looks at most at 100 pages at once"):
        put(document, owner, model="claude-haiku-4-5-20251001")
    Page.objects.filter(version=document.current).update(drawn=1.0)
    visual._shown.cache_clear()
    visual.switch(document, "auto", owner)
    put(document, owner, model="claude-haiku-4-5-20251001")
    versions = list(Version.objects.select_related("document", "blob"))
    small, large = map(catalogue.get, ("claude-haiku-4-5", "claude-sonnet-5-5"))
    assert looking.plan(versions, small) == looking.Plan({}, 0, left_out=True)
    assert len(looking.plan(versions, large).of(versions[0])) == 101


def test_what_pages_cost_counts_towards_what_fits(workspace, owner, paper):
    version = Version.objects.select_related("document", "blob").get(pk=paper.current.pk)
    model = catalogue.get("claude-sonnet-5-5")
    shown = looking.plan([version], model)
    assert 5 * 4_784 < shown.tokens <= 5 * (4_784 + looks.PAGE_TEXT)
    with_pages, _counted = askable.known_tokens([version], model)
    visual.switch(paper, "no", owner)
    version.document.refresh_from_db()
    assert with_pages - askable.known_tokens([version], model)[0] == shown.tokens


def test_what_it_cost_is_kept_and_is_about_what_the_api_says(emulator, paper, owner):
    answer = written(put(paper, owner))
    row = Source.objects.get(answer=answer)
    assert row.looked == [1, 2, 3, 4, 5]
    visual.switch(paper, "no", owner)
    other = written(put(paper, owner))
    seen = ledger(answer) - ledger(other)
    assert seen == pytest.approx(row.looked_tokens, rel=0.4)
    assert row.looked_tokens >= 0.9 * seen, "rather too much than too little"


def ledger(answer):
    return answer.ledger.prompt_tokens


def test_erased_documents_take_their_pages_from_the_api(emulator, paper, owner):
    written(put(paper, owner))
    ids = set(RemoteFile.objects.values_list("file_id", flat=True))
    assert len(ids) == 2
    from django.utils import timezone

    paper.mark_deleted(owner)
    type(paper).objects.filter(pk=paper.pk).update(purge_at=timezone.now())
    from qa.claude import accounts

    (account,) = accounts()
    assert remote.erase_deleted(account, limit=20) == 2
    left = {file.id for file in account.connection.client.sdk.files.list(limit=1000)}
    assert not ids & left


def test_the_source_of_a_page_stays_closed_to_strangers(as_stranger, workspace, paper, owner):
    answer = put(paper, owner)
    query = f"?version={paper.current.public_id}&page=2"
    where = f"/w/{workspace.slug}/threads/{answer.thread.public_id}/{query}"
    assert as_stranger.get(where).status_code == 404


@pytest.mark.corpus
@pytest.mark.reader
@pytest.mark.slow
@pytest.mark.parametrize("name", ["ADMA-Bio", "VIRTUALSCOPICS", "ScansourceInc", "REWALK"])
def test_answers_about_real_contracts_cite_the_right_pages(
    emulator, workspace, owner, contracts, name
):
    path = next(contracts.glob(f"{name}*.pdf"))
    document = made(workspace, owner, path.read_bytes(), path.name)
    contract = Contract(path, document.current.text.content)
    asked = [gold for gold in spread(contracts / "gold.jsonl", 10_000) if gold.file == path.name]
    seen = 0
    for gold in asked[:4]:
        answer = written(put(document, owner, gold.question))
        assert answer.status == "done"
        for one in answer.citations.filter(seen=True):
            seen += 1
            assert one.state in ("exact", "realigned"), one.cited_text
            assert contract.text[one.start : one.end] == one.cited_text
            assert one.page_start <= one.raw["start_page_number"] <= one.page_end
            assert contract.on_pages(one.cited_text, one.page_start, one.page_end)
    assert seen > 3


def test_the_form_of_a_conversation_switches_how_its_documents_are_read(
    as_owner, as_mate, workspace, owner, paper, document
):
    answer = put(paper, owner)
    answer.thread.documents.add(document)
    where = f"/w/{workspace.slug}/threads/{answer.thread.public_id}/edit/"
    page = as_owner.get(where).content.decode()
    assert f'name="visually_{paper.public_id}"' in page
    assert f'name="visually_{document.public_id}"' not in page, "a text has no pages"
    fields = {
        "title": "Supply",
        "documents": [paper.public_id, document.public_id],
        f"visually_{paper.public_id}": "no",
        f"visually_{document.public_id}": "maybe",
    }
    assert as_owner.post(where, fields).status_code == 302
    paper.refresh_from_db()
    document.refresh_from_db()
    assert (paper.visually, document.visually) == ("no", "auto")
