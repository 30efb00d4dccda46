"""Characters of a version stand where geometry says, on every kind of page."""

from __future__ import annotations

import pytest

from documents import geometry
from tests.conftest import read, upload
from tests.pdfs import Page, write


def made(workspace, owner, *pages):
    version = read(upload(workspace, owner, write(*pages), "place.pdf"))
    assert version.status == "ready"
    return version


def test_a_word_is_boxed_where_it_was_set(workspace, owner):
    version = made(workspace, owner, Page(["one two three"], width=600, height=800))
    (found,) = geometry.boxes(version, 4, 7)
    ((x, y, width, height),) = found.rects
    # twelve points high on a baseline of 800 - 36 - 16; each letter 0.6 of that wide
    assert x == pytest.approx((36 + 4 * 7.2) / 600, abs=0.002)
    assert width == pytest.approx(3 * 7.2 / 600, abs=0.002)
    assert y < (36 + 16) / 800 < y + height


def test_a_range_over_two_pages_has_boxes_on_both(workspace, owner):
    version = made(workspace, owner, "first", "second")
    assert [found.page for found in geometry.boxes(version, 2, 10)] == [1, 2]


def test_a_text_without_pages_to_look_at_has_no_boxes(document):
    assert geometry.boxes(document.current, 0, 10) == []
