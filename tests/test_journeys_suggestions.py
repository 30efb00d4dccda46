"""A first question that was suggested, in a real browser."""

from __future__ import annotations

import os

import pytest
from playwright.sync_api import expect

from tests.test_journeys import (  # noqa: F401  fixtures of the module
    browser,
    ensure_document,
    open_page,
    stack,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("journeys")]


def test_a_suggested_question_comes_while_the_form_is_open_and_fills_it(browser, stack):  # noqa: F811
    page, complaints = open_page(browser, stack)
    ensure_document(page, stack)
    page.get_by_role("link", name="New question").first.click()
    box = page.locator("fieldset.choose input[type=checkbox]:enabled").first
    box.check()
    offered = page.locator("#suggestions a")
    expect(offered.first).to_be_visible(timeout=20_000)
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=f"{folder}/wide.png")
        page.set_viewport_size({"width": 390, "height": 844})
        page.screenshot(path=f"{folder}/narrow.png")
    said = offered.first.inner_text()
    offered.first.click()
    expect(page.get_by_label("Question", exact=True)).to_have_value(said)
    # the chosen documents stay chosen
    expect(box).to_be_checked()
    assert complaints == []
