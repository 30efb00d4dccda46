"""A source opened at a place: pages as they look, what is cited lit, what is said about them."""

from __future__ import annotations

import html
import re
import uuid
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Event
from documents import geometry, sheets
from documents.models import Page, Text, Version
from qa.models import Citation, Thread
from tests import pdfs
from tests.asked import put, written
from tests.conftest import read, upload

UNSEEN = "Part of this passage, or all of it, cannot be seen on the page"
PAGE = "Clause {n}. The fee of month {n} is {n} euros.\nIt falls due on the first day."


def made(workspace, owner, *pages, name="paper.pdf"):
    document = upload(workspace, owner, pdfs.write(*pages), name)
    assert read(document).status == "ready"
    return document


@pytest.fixture
def long(workspace, owner):
    """Sixty pages, of which one is wide."""
    pages = [pdfs.Page(PAGE.format(n=n).split("\n")) for n in range(1, 61)]
    pages[2] = pdfs.Page(pages[2].lines, width=792, height=612)
    return made(workspace, owner, *pages)


def where(document, **query):
    query = {"version": document.current.public_id} | query
    address = f"/w/{document.workspace.slug}/documents/{document.public_id}/"
    return address + "?" + "&".join(f"{name}={value}" for name, value in query.items())


def place(document, words):
    start = Text.objects.get(version=document.current).content.index(words)
    return {"start": start, "end": start + len(words)}


def rects(page):
    """The rectangles of the open range, as numbers."""
    shown = "".join(re.findall(r'<g[^>]*class="on"[^>]*>(.*?)</g>', page, re.S))
    found = re.findall(r'<rect x="(\S+)" y="(\S+)" width="(\S+)" height="(\S+)"/>', shown)
    return [tuple(float(value) for value in rect) for rect in found]


def numbers(page):
    return [int(number) for number in re.findall(r'class="sheet" id="page-(\d+)"', page)]


# pages -----------------------------------------------------------------------------------------


def test_a_pdf_opens_as_pictures_of_true_proportions_for_the_screens_density(as_owner, long):
    page = as_owner.get(where(long)).content.decode()
    images = re.findall(r'<img width="(\d+)" height="(\d+)"[^>]*>', page)
    assert images[:3] == [("1000", "1294"), ("1000", "1294"), ("1000", "773")]
    version = f"/versions/{long.current.public_id}/pages/1"
    assert all(f"{version}/{wide}/ {wide}w" in page for wide in (600, 900, 1200, 1800, 2400))
    assert 'loading="lazy"' in page


def test_a_window_of_pages_is_shown_and_the_others_keep_their_room(as_owner, long):
    page = as_owner.get(where(long, page=31)).content.decode()
    assert numbers(page) == list(range(31, 31 + sheets.WINDOW))
    rooms = [int(room) for room in re.findall(r'viewBox="0 0 1000 (\d+)" aria-hidden', page)]
    heights = [1294, 1294, 773, *[1294] * 57]
    assert 'data-heights="1294*2 773 1294*57"' in page
    assert rooms[0] == sum(heights[:30]) + 30 * sheets.APART
    assert rooms[-1] == sum(heights[40:]) + 20 * sheets.APART
    assert "page=21" in page, "without a script there is a link to those before"
    assert "page=41" in page


@pytest.mark.parametrize(("page", "first"), [("0", 1), ("99999", 60), ("x", 1), ("-3", 1)])
def test_a_page_that_is_none_opens_the_nearest(as_owner, long, page, first):
    response = as_owner.get(where(long, page=page))
    assert response.status_code == 200
    assert numbers(response.content.decode())[0] == first


def test_some_pages_alone_are_given_to_a_script_and_no_opening_is_written_down(as_owner, long):
    headers = {"Pincite-Part": "pages"}
    response = as_owner.get(where(long, page=50), headers=headers)
    page = response.content.decode()
    assert numbers(page)[0] == 50
    assert "<main" not in page
    assert 'class="tools"' not in page
    assert "Pincite-Part" in response["Vary"]
    assert not Event.objects.filter(verb="open-source").exists()
    as_owner.get(where(long))
    assert Event.objects.filter(verb="open-source").count() == 1


def test_a_text_has_nothing_but_its_text(as_owner, document):
    page = as_owner.get(where(document)).content.decode()
    assert "SERVICES AGREEMENT" in page
    assert 'class="sheet"' not in page
    assert "view=pages" not in page


def test_pages_or_text_as_chosen_last(as_owner, document, long):
    lit = place(long, "month 7 is 7 euros")
    assert '<g id="cited"' in as_owner.get(where(long, **lit)).content.decode()
    read_as_text = as_owner.get(where(long, view="text", **lit)).content.decode()
    assert '<mark id="cited" tabindex="-1">month 7 is 7 euros</mark>' in read_as_text
    assert '<mark id="cited"' in as_owner.get(where(long, **lit)).content.decode()
    as_owner.get(where(long, view="pages"))
    assert '<g id="cited"' in as_owner.get(where(long, **lit)).content.decode()


# what is lit -----------------------------------------------------------------------------------


def test_a_range_is_lit_where_geometry_says_and_read_out(as_owner, long):
    lit = place(long, "month 30 is 30 euros")
    page = as_owner.get(where(long, **lit)).content.decode()
    (boxes,) = geometry.boxes(long.current, lit["start"], lit["end"])
    assert rects(page) == [pytest.approx(rect, abs=1e-5) for rect in boxes.rects]
    assert boxes.page == 30
    assert numbers(page)[0] == 30 - sheets.BEFORE
    assert page.count('id="cited"') == 1
    assert "“month 30 is 30 euros”" in html.unescape(page)


def test_a_range_over_two_pages_is_lit_on_both_and_anchored_once(as_owner, long):
    lit = place(long, "the first day.\n\nClause 31. The fee")
    page = as_owner.get(where(long, **lit)).content.decode()
    lit_on = [
        int(number)
        for number, body in re.findall(r'id="page-(\d+)" data(.*?)</article>', page, re.S)
        if "<rect" in body
    ]
    assert lit_on == [30, 31]
    assert page.count('id="cited"') == 1


def test_what_is_cut_off_is_said_not_to_be_seen(as_owner, workspace, owner):
    hidden = pdfs.Page(["Seen.", *[""] * 20, "Cut off."], crop=(0, 600, 612, 792))
    document = made(workspace, owner, hidden)
    page = as_owner.get(where(document, **place(document, "Cut off."))).content.decode()
    assert rects(page) == []
    assert UNSEEN in page
    assert page.count('id="cited"') == 1, "the address leads to the sentence that says so"
    shown = as_owner.get(where(document, **place(document, "Seen."))).content.decode()
    assert UNSEEN not in shown


def test_a_file_that_is_gone_leaves_the_text(as_owner, long):
    Path(long.current.blob.file.path).unlink()
    response = as_owner.get(where(long, **place(long, "month 30 is 30 euros")))
    assert response.status_code == 200
    assert "The pages cannot be shown at the moment." in response.content.decode()


def cited_twice(document, owner):
    """An answer with footnotes on pages 3 and 40 of the document."""
    answer = put(document, owner)
    for number, words in ((1, "month 3 is 3 euros"), (2, "month 40 is 40 euros")):
        Citation.objects.create(
            answer=answer,
            number=number,
            kind="text",
            state="exact",
            version=document.current,
            title=document.title,
            cited_text=words,
            **place(document, words),
        )
    return answer


def beside(answer, citation, **more):
    query = {"version": citation.version.public_id, "answer": answer.public_id}
    query |= {"start": citation.start, "end": citation.end} | more
    address = f"/w/{answer.workspace.slug}/threads/{answer.thread.public_id}/"
    return address + "?" + "&".join(f"{name}={value}" for name, value in query.items())


def test_all_citations_of_the_answer_are_lit_the_open_one_stronger(as_owner, owner, long):
    answer = cited_twice(long, owner)
    first = answer.citations.all()[0]
    page = as_owner.get(beside(answer, first)).content.decode()
    assert re.search(r'<g id="cited" tabindex="-1" class="on"[^>]*aria-label="Footnote 1', page)
    far = as_owner.get(beside(answer, first, page=38), headers={"Pincite-Part": "pages"})
    (group,) = re.findall(r"<g[^>]*>", far.content.decode())
    assert 'aria-label="Footnote 2"' in group
    assert 'class="on"' not in group


def test_the_strip_shows_where_the_citations_lie_and_leads_there(as_owner, owner, long):
    answer = cited_twice(long, owner)
    first = answer.citations.all()[0]
    page = html.unescape(as_owner.get(beside(answer, first)).content.decode())
    strip = re.search(r'<nav class="strip".*?</nav>', page, re.S)[0]
    links = re.findall(r'<a href="([^"]+)"( aria-current="true")? aria-label="([^"]+)"', strip)
    assert [label for *_, label in links] == ["Footnote 1, page 3", "Footnote 2, page 40"]
    assert [bool(current) for _, current, _ in links] == [True, False]
    opened = as_owner.get(links[1][0].split("#")[0]).content.decode()
    assert re.search(r'<g id="cited"[^>]*aria-label="Footnote 2', opened)
    places = [int(y) for y in re.findall(r'height="5" y="(\d+)"', strip)]
    assert places[0] < 60 < 600 < places[1] < 700


def test_the_text_shows_the_other_citations_too(as_owner, owner, long):
    answer = cited_twice(long, owner)
    second = answer.citations.all()[1]
    page = as_owner.get(beside(answer, second, view="text", page=1)).content.decode()
    assert '<span class="also">month 3 is 3 euros</span>' in page


def test_opened_alone_the_other_citations_stay_lit_and_lead_on_there(as_owner, owner, long):
    answer = cited_twice(long, owner)
    pane = html.unescape(as_owner.get(beside(answer, answer.citations.all()[0])).content.decode())
    alone = re.search(r'href="([^"]+)">Open alone', pane)[1]
    page = html.unescape(as_owner.get(alone.split("#")[0]).content.decode())
    strip = re.search(r'<nav class="strip".*?</nav>', page, re.S)[0]
    second = re.findall(r'<a href="([^"]+)"', strip)[1]
    assert second.split("?")[0] == alone.split("?")[0]
    opened = as_owner.get(second.split("#")[0]).content.decode()
    assert re.search(r'<g id="cited"[^>]*aria-label="Footnote 2', opened)
    assert "Open alone" not in opened


def test_a_private_answer_is_not_opened_alone_by_others(as_mate, owner, long):
    answer = cited_twice(long, owner)
    address = f"/w/{long.workspace.slug}/answers/{answer.public_id}/source/?"
    address += where(long, **place(long, "month 3 is 3 euros")).partition("?")[2]
    assert as_mate.get(address).status_code == 200
    Thread.objects.filter(pk=answer.thread.pk).update(is_private=True)
    assert as_mate.get(address).status_code == 404


def test_a_private_answer_lights_nothing_for_others(as_mate, owner, long):
    answer = cited_twice(long, owner)
    other = put(long, owner, "Who pays?")
    Thread.objects.filter(pk=answer.thread.pk).update(is_private=True)
    address = beside(answer, answer.citations.all()[1], page=3)
    crossed = address.replace(str(answer.thread.public_id), str(other.thread.public_id))
    page = as_mate.get(crossed).content.decode()
    assert 'class="sheet"' in page
    assert "<g" not in page


def test_more_citations_ask_the_database_for_no_more(
    as_owner, owner, long, django_assert_num_queries
):
    answer = cited_twice(long, owner)
    first, second = answer.citations.all()
    address, headers = beside(answer, first), {"Pincite-Part": "source"}
    as_owner.get(address, headers=headers)
    with CaptureQueriesContext(connection) as two:
        as_owner.get(address, headers=headers)
    for number in range(3, 9):
        second.pk, second.public_id, second.number = None, uuid.uuid4(), number
        second.start += 1
        second.save()
    with django_assert_num_queries(len(two)):
        as_owner.get(address, headers=headers)


def test_a_footnote_carries_its_answer_so_that_the_others_are_lit_too(
    emulator, as_owner, owner, document
):
    answer = written(put(document, owner))
    thread = f"/w/{document.workspace.slug}/threads/{answer.thread.public_id}/"
    page = as_owner.get(thread).content.decode()
    assert f"&amp;answer={answer.public_id}&amp;start=" in page


# what is said about a page ---------------------------------------------------------------------


def test_a_recognised_page_says_how_sure_it_is(as_owner, long):
    Page.objects.filter(version=long.current, number=2).update(source="ocr", confidence=0.839)
    page = as_owner.get(where(long)).content.decode()
    assert page.count("Recognised from a picture, 83 % sure") == 1
    assert "Page 2: recognised in a picture, at least 83 % sure" in " ".join(page.split())
    assert "Pages 3–60: from the text in the file" in page


def test_a_page_that_could_not_be_read_says_so_on_its_picture(as_owner, long):
    Page.objects.filter(version=long.current, number=2).update(source="ocr", legible=False)
    page = as_owner.get(where(long)).content.decode()
    first, second = page.split('id="page-2"')
    assert "This page could not be read." not in first
    assert "This page could not be read." in second.split("</article>")[0]


def test_what_was_found_in_the_file_is_shown_with_its_place(as_owner, long):
    lit = place(long, "month 5 is 5 euros")
    findings = [
        {"code": "hidden_text", "sentence": "Text <b>nobody</b> sees.", "page": 5, **lit},
        {
            "code": "tracked",
            "sentence": "Changes were tracked.",
            "page": None,
            "start": None,
            "end": None,
        },
    ]
    Version.objects.filter(pk=long.current_id).update(findings=findings)
    page = as_owner.get(where(long)).content.decode()
    assert "There are 2 things to know about this file" in page
    assert "Text &lt;b&gt;nobody&lt;/b&gt; sees." in page
    assert f'start={lit["start"]}&amp;end={lit["end"]}#cited">p. 5</a>' in page


def test_the_documents_page_offers_the_original_and_tells_how_it_was_read(as_owner, long):
    page = as_owner.get(where(long)).content.decode()
    assert f"/versions/{long.current.public_id}/original/" in page
    assert "How this was read" in page
    assert long.current.reader in page
