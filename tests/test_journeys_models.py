"""Choosing who answers, in a real browser: by keys, on a phone, and without scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.test_journeys import (  # noqa: F401  fixtures of the module
    answer_of,
    ask,
    browser,
    ensure_document,
    open_page,
    stack,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("journeys")]
FOLLOW_UP = "Who are the parties to this agreement?"


def test_a_model_is_chosen_by_keys_and_answers(browser, stack):  # noqa: F811
    page, complaints = open_page(browser, stack)
    ask(page, stack)
    answer_of(page)
    picker = page.locator("#model")
    picker.locator("> summary").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("radio", name=re.compile("^Claude Sonnet 5.5"))).to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("radio", name=re.compile("^Claude Haiku 5.5"))).to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.press("Home")
    expect(picker.locator("> summary")).to_contain_text("Claude Haiku 5.5, no thinking")
    page.keyboard.press("Escape")
    expect(picker).not_to_have_attribute("open", "")
    expect(picker.locator("> summary")).to_be_focused()
    page.get_by_label("Question", exact=True).fill(FOLLOW_UP)
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator("article.answer")).to_have_count(2)
    assert "Claude Haiku 5.5" in answer_of(page)
    expect(page.locator("#model > summary")).to_contain_text("Claude Haiku 5.5")
    assert complaints == []


def test_auto_says_whom_it_chose_and_the_thinking_unfolds(browser, stack):  # noqa: F811
    page, complaints = open_page(browser, stack)
    ask(page, stack)
    answer_of(page)
    page.locator("#model > summary").click()
    page.get_by_role("radio", name=re.compile("^Auto")).check()
    page.locator(".talk .bar").click()
    expect(page.locator("#model")).not_to_have_attribute("open", "")
    page.get_by_label("Question", exact=True).fill("Compare the parties' duties.")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator("article.answer")).to_have_count(2)
    assert "Auto chose Claude Opus 5.5" in answer_of(page)
    thought = page.locator("article.answer").last.locator("details.thought")
    expect(thought.locator("p").first).to_be_hidden()
    thought.locator("summary").click()
    expect(thought.locator("p").first).to_be_visible()
    assert complaints == []


def test_the_prices_of_a_new_question_follow_its_documents(browser, stack):  # noqa: F811
    page, complaints = open_page(browser, stack)
    ensure_document(page, stack)
    page.get_by_role("link", name="New question", exact=True).click()
    page.locator("#model > summary").click()
    sonnet = page.locator(".option", has_text="Claude Sonnet 5.5")
    expect(sonnet).not_to_contain_text("about $")
    page.get_by_role("checkbox", name=re.compile("Master services")).check()
    page.locator("#model > summary").click()
    expect(sonnet).to_contain_text("about $")
    assert complaints == []


def test_the_list_fits_a_phone(browser, stack):  # noqa: F811
    page, complaints = open_page(browser, stack)
    ask(page, stack)
    answer_of(page)
    page.set_viewport_size({"width": 390, "height": 844})
    page.locator("#model > summary").click()
    box = page.locator(".models").bounding_box()
    assert box
    assert (box["x"], box["width"]) == (0, 390)
    assert box["y"] + box["height"] <= 844
    level = page.locator(".option:has([name=model]:checked) .level select")
    expect(level).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert complaints == []


def test_without_scripts_a_model_can_be_chosen_too(browser, stack):  # noqa: F811
    page, _complaints = open_page(browser, stack)
    ensure_document(page, stack)
    page.get_by_role("link", name="New question", exact=True).click()
    where = page.url
    cookies = page.context.storage_state()
    bare = browser.new_context(java_script_enabled=False, storage_state=cookies).new_page()
    bare.goto(where)
    bare.get_by_label("Question", exact=True).fill(FOLLOW_UP)
    bare.get_by_role("checkbox", name=re.compile("Master services")).check()
    expect(bare.locator("#model > summary")).to_have_text(re.compile("Choose the model"))
    bare.locator("#model > summary").click()
    bare.get_by_role("radio", name=re.compile("^Claude Sonnet 4.6")).check()
    bare.locator(".option:has([name=model]:checked) .level select").select_option("low")
    bare.get_by_role("button", name="Ask", exact=True).click()
    expect(bare.locator("article.answer")).to_contain_text("Claude Sonnet 4.6")
