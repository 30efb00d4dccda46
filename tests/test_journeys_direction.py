"""Text that runs from right to left, in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.test_journeys import browser, open_page, stack

__all__ = ["browser", "stack"]
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("journeys")]

NAME = "اتفاقية خدمات (12).txt"
NOTICE = "يجوز لأي من الطرفين إنهاء هذه الاتفاقية بموجب إشعار خطي مدته ستون يومًا."
TEXT = f"""اتفاقية خدمات

أبرمت هذه الاتفاقية في 3 مارس 2025 بين شركة النور (Alder Ltd) وشركة بيرش.

{NOTICE}

This Agreement is governed by the laws of Ireland.

הסכם זה כפוף לדיני מדינת ישראל.
"""
AT = """(element, [start, end]) => {
  const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  let at = 0;
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    if (at <= start && start < at + node.length) range.setStart(node, start - at);
    if (at < end && end <= at + node.length) range.setEnd(node, end - at);
    at += node.length;
  }
  const { left, right } = range.getBoundingClientRect();
  return [left, right];
}"""


def edges(element: Locator, words: str, text: str) -> tuple[float, float]:
    """How far some words stand from the left and from the right edge of the room for text."""
    begin = text.index(words)
    left, right = element.evaluate(AT, [begin, begin + len(words)])
    room = element.evaluate(
        "e => [e.getBoundingClientRect().left, e.getBoundingClientRect().right]"
    )
    return left - room[0], room[1] - right


def arabic(page: Page, stack, tmp_path) -> str:
    """The address of an Arabic document with sentences in English and Hebrew."""
    file = tmp_path / NAME
    file.write_text(TEXT)
    page.goto(stack.url)
    link = page.get_by_role("link", name=NAME, exact=True)
    if link.count() == 0:
        page.set_input_files("input[type=file]", file)
        expect(page.locator("tr", has=link).get_by_text("Ready")).to_be_visible(timeout=30_000)
    return str(link.get_attribute("href"))


def test_each_paragraph_begins_on_the_side_it_is_read_from(browser, stack, tmp_path):
    page, complaints = open_page(browser, stack)
    page.goto(stack.url + arabic(page, stack, tmp_path))
    leaf = page.locator(".leaf-text")
    shown = leaf.evaluate("e => e.textContent")
    assert shown.strip() == TEXT.strip()
    for words, near in (("اتفاقية خدمات", 1), (NOTICE, 1), ("This Agreement is", 0), ("הסכם", 1)):
        apart = edges(leaf, words, shown)
        assert apart[near] == pytest.approx(0, abs=1.5)
        assert apart[1 - near] > 20
    assert complaints == []


def test_what_is_cited_in_it_is_marked_exactly(browser, stack, tmp_path):
    page, complaints = open_page(browser, stack)
    page.goto(stack.url + arabic(page, stack, tmp_path))
    version = re.search(r"versions/([0-9a-f-]+)/original", page.content())[1]
    begin = TEXT.index("ستون يومًا")
    place = f"?version={version}&start={begin}&end={begin + len('ستون يومًا')}&view=text#cited"
    page.goto(page.url.partition("?")[0] + place)
    mark = page.locator("#cited")
    assert mark.text_content() == "ستون يومًا"
    box, leaf = mark.bounding_box(), page.locator(".leaf-text")
    whole = leaf.evaluate("e => e.textContent")
    left, right = edges(leaf, "ستون يومًا", whole)
    room = leaf.bounding_box()
    assert box["x"] - room["x"] == pytest.approx(left, abs=1)
    # it ends the sentence, which ends on the left
    assert right > edges(leaf, "يجوز لأي", whole)[1]
    assert complaints == []


def test_a_name_does_not_turn_round_what_stands_beside_it(browser, stack, tmp_path):
    page, complaints = open_page(browser, stack)
    address = arabic(page, stack, tmp_path)
    page.goto(f"{stack.url}{address}delete/")
    heading = page.get_by_role("heading", level=1)
    said = heading.evaluate("e => e.textContent")
    assert said == f"Delete “{NAME}”?"
    order = ["Delete", ".txt", "(12)", "خدمات", "اتفاقية", "”?"]
    places = [edges(heading, words, said)[0] for words in order]
    assert places == sorted(places)
    assert complaints == []
