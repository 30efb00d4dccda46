"""Asking a whole workspace in a real browser: the steps as they come, and a footnote opened."""

from __future__ import annotations

import os
import re

import pytest
from playwright.sync_api import expect

from tests.test_journeys import (
    QUESTION,
    browser,  # noqa: F401
    canonical,
    ensure_document,
    marked,
    open_page,
    stack,  # noqa: F401
)

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("journeys")]


def test_a_whole_workspace_is_asked_and_a_footnote_opened(browser, stack):  # noqa: F811
    page, complaints = open_page(browser, stack)
    ensure_document(page, stack)
    page.get_by_role("link", name="All documents").click()
    page.get_by_role("link", name="Ask about all documents").click()
    expect(page.get_by_label("About", exact=True)).to_have_value("workspace")
    expect(page.locator(".new .choose")).to_be_hidden()
    shown(page, "new")
    page.get_by_label("Question", exact=True).fill(QUESTION)
    # prices follow what is asked about, and the switch
    about = page.get_by_label("About", exact=True)
    costs = page.locator(".models")
    about.select_option("documents")
    expect(costs).not_to_contain_text("about $")
    about.select_option("workspace")
    expect(costs).to_contain_text("about $")
    expect(costs).not_to_contain_text("by searching")
    page.get_by_label("Search only").check()
    expect(costs).to_contain_text("by searching")
    page.get_by_role("button", name="Ask", exact=True).click()
    answer = page.locator("article.answer")
    expect(answer.locator(".steps li").first).to_contain_text("Searched", timeout=20_000)
    expect(answer.locator("a.n").first).to_be_visible(timeout=20_000)
    expect(answer).to_have_attribute("data-status", "done", timeout=20_000)
    steps = answer.locator("details.steps")
    expect(steps.get_by_text(re.compile("Searched"))).to_be_hidden()
    steps.locator("summary").click()
    expect(steps.get_by_text(re.compile(r"Searched .* – \d+ passages?"))).to_be_visible()
    expect(page.locator(".ask .row")).to_contain_text("All documents")
    shown(page, "answer")
    link = answer.locator("a.n").first
    wanted = canonical(stack, link.get_attribute("href"))
    link.click()
    assert marked(page) == wanted
    assert complaints == []


def shown(page, name):
    """Kept as a picture where somebody wants to look at it."""
    folder = os.environ.get("PINCITE_PICTURES_OF_TESTS")
    if not folder:
        return
    for width in (1440, 390):
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 900})
            page.screenshot(path=f"{folder}/{name}-{width}-{scheme}.png")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1440, "height": 900})
