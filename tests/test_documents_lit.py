"""Quotes are lit on their own page, at their own place, whatever is on the other pages."""

from __future__ import annotations

import html
import re

import pytest

from documents.models import Page
from tests import pdfs
from tests.asked import put, written
from tests.test_documents_source import made, place, rects, where

BOILERPLATE = "All notices must be in writing."


def sheets(page):
    """The pages shown: number and markup."""
    return re.findall(r'id="page-(\d+)" data(.*?)</article>', page, re.S)


def lit_pages(page):
    """The numbers of the pages on which something is lit."""
    return [int(number) for number, body in sheets(page) if "<rect" in body]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_of_a_sentence_that_every_page_has_the_cited_one_is_lit(as_owner, workspace, owner, number):
    document = made(workspace, owner, *[f"Page {n}.\n{BOILERPLATE}" for n in (1, 2, 3)])
    start = place(document, f"Page {number}.")["end"] + 1
    lit = {"start": start, "end": start + len(BOILERPLATE)}
    page = as_owner.get(where(document, **lit)).content.decode()
    assert lit_pages(page) == [number]
    text = as_owner.get(where(document, **lit, view="text")).content.decode()
    before = html.unescape(text.split('<mark id="cited"')[0])
    assert before.count(BOILERPLATE) == number - 1


def test_of_a_sentence_that_stands_twice_on_a_page_the_cited_one_is_lit(as_owner, workspace, owner):
    document = made(workspace, owner, "\n".join([BOILERPLATE, "Or else.", BOILERPLATE]))
    first = place(document, BOILERPLATE)
    apart = place(document, "Or else.")["end"] + 1 - first["start"]
    second = {name: offset + apart for name, offset in first.items()}
    (upper,) = rects(as_owner.get(where(document, **first)).content.decode())
    (lower,) = rects(as_owner.get(where(document, **second)).content.decode())
    # two lines lower, on a page of 792 points
    assert lower[1] - upper[1] == pytest.approx(2 * pdfs.LINE_HEIGHT / 792, abs=0.001)
    assert (lower[0], lower[2]) == pytest.approx((upper[0], upper[2]), abs=0.001)


@pytest.mark.parametrize(
    "quote",
    [
        "Société à responsabilité limitée",
        "Gesellschaft für Größe",
        "Настоящий договор",
        "本契約は日本法に準拠する",
        "이 계약은 대한민국 법률",
        "€ ƒ § ¶ № “…”",
    ],
)
def test_words_of_any_script_are_lit_from_their_first_to_their_last(
    as_owner, workspace, owner, quote
):
    document = made(workspace, owner, f"12. {quote} (x).")
    (rect,) = rects(as_owner.get(where(document, **place(document, quote))).content.decode())
    # each character is 0.6 of 12 points wide, the line begins at 36 points
    assert rect[0] == pytest.approx((36 + 4 * 7.2) / 612, abs=0.002)
    assert rect[2] == pytest.approx(len(quote) * 7.2 / 612, abs=0.004)


def test_pages_of_other_sizes_and_turns_do_not_move_what_is_lit(as_owner, workspace, owner):
    sizes = [(612, 792, 0), (1224, 792, 0), (420, 595, 0), (612, 792, 90), (792, 612, 270)]
    pages = [
        pdfs.Page([f"p{n} one two three"], width=width, height=height, rotation=turned)
        for n, (width, height, turned) in enumerate(sizes, 1)
    ]
    document = made(workspace, owner, *pages)
    for number, (width, height, turned) in enumerate(sizes, 1):
        start = place(document, f"p{number} one ")["end"]
        lit = {"start": start, "end": start + len("two")}
        page = as_owner.get(where(document, **lit)).content.decode()
        assert lit_pages(page) == [number]
        # where it is set on the page as it lies in the file
        along, across = (36 + 8.5 * 7.2) / width, (36 + 0.7 * pdfs.LINE_HEIGHT) / height
        place_seen = {
            0: (along, across),
            90: (1 - across, along),
            270: (across, 1 - along),
        }[turned]
        ((x, y, wide, high),) = rects(page)
        assert x < place_seen[0] < x + wide, number
        assert y < place_seen[1] < y + high, number
        assert wide * high < 0.01


def test_a_footnote_opens_its_page_and_does_so_after_a_reload(emulator, as_owner, owner, workspace):
    pages = [f"Clause {n}. The fee of month {n} is {n} euros." for n in range(1, 61)]
    pages[39] += "\nThis Agreement is governed by the laws of Malta."
    document = made(workspace, owner, *pages)
    answer = written(put(document, owner))
    pages = [
        Page.objects.get(version=one.version, start__lte=one.start, end__gt=one.start).number
        for one in answer.citations.all()
    ]
    assert pages == [40]
    for _reload in range(2):
        thread = f"/w/{workspace.slug}/threads/{answer.thread.public_id}/"
        shown = html.unescape(as_owner.get(thread).content.decode())
        links = dict.fromkeys(re.findall(r'<a class="n" href="([^"]+)"', shown))
        for number, link in zip(pages, links, strict=True):
            page = as_owner.get(link).content.decode()
            (sheet,) = [int(n) for n, body in sheets(page) if 'id="cited"' in body]
            assert sheet == number
