"""What can be seen, in a real browser: pages that are looked at, pictures that come along."""

from __future__ import annotations

import base64
import io
import re
import urllib.request

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from tests.stack import Stack
from tests.test_journeys import (
    answer_of,
    ask,
    browser,
    canonical,
    ensure_document,
    fault,
    open_page,
    stack,
)

__all__ = ["browser", "stack"]
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("journeys")]
NAME = "Master services agreement.pdf"
TRANSFER = """([area, data, type, name, kind]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const files = new DataTransfer();
  files.items.add(new File([bytes], name, { type }));
  const target = document.querySelector(area);
  const made = kind === "paste"
    ? new ClipboardEvent("paste", { clipboardData: files, bubbles: true, cancelable: true })
    : new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true });
  return target.dispatchEvent(made);
}"""


def photo() -> bytes:
    """A clause, photographed."""
    picture = Image.new("RGB", (900, 400), "#f3efe4")
    ImageDraw.Draw(picture).text((60, 150), "12.4 Governing law: Ireland", "black", font_size=56)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def give(page: Page, data: bytes, kind: str, name: str = "clause.png") -> None:
    encoded = base64.b64encode(data).decode()
    page.evaluate(TRANSFER, ["#question", encoded, "image/png", name, kind])


def forget_faults(stack: Stack) -> None:
    request = urllib.request.Request(f"{stack.emulator}/emulator/faults", method="DELETE")
    urllib.request.urlopen(request, timeout=5).close()


def look_at(page: Page, stack: Stack, how: str) -> None:
    """Switch how the services agreement is read, on its own page."""
    ensure_document(page, stack)
    page.get_by_role("link", name=NAME, exact=True).click()
    page.get_by_label("Read visually").select_option(how)
    told = {"yes": "Claude looks at all pages", "no": "Claude reads the text alone."}[how]
    expect(page.locator(".visually")).to_contain_text(told)


def test_a_document_is_switched_and_its_footnotes_say_that_they_were_seen(browser, stack):
    page, complaints = open_page(browser, stack)
    look_at(page, stack, "yes")
    page.reload()
    expect(page.get_by_label("Read visually")).to_have_value("yes")
    ask(page, stack)
    answer_of(page)
    note = page.locator(".notes li", has_text="Read from the page's picture").first
    expect(note).to_be_visible()
    expect(page.locator(".looked")).to_contain_text("All pages of")
    link = note.locator("cite a").get_attribute("href")
    note.locator("cite a").click()
    expect(page.locator("#cited")).to_be_in_viewport()
    lit = canonical(stack, link)
    assert "governed" in lit or "law" in lit.lower()
    number = page.locator(".sheet:has(#cited)").get_attribute("data-number")
    assert f"p. {number}" in note.inner_text()
    look_at(page, stack, "no")
    assert complaints == []


def test_a_quote_that_is_nowhere_opens_the_page_it_was_read_from(browser, stack):
    page, complaints = open_page(browser, stack)
    look_at(page, stack, "yes")
    # what is suggested and read beforehand asks Claude too, and may take one of them
    fault(stack, kind="quote_invented", times=4)
    ask(page, stack)
    answer_of(page)
    forget_faults(stack)
    mark = page.locator("article.answer a.n").first
    href = mark.get_attribute("href")
    number = re.search(r"page=(\d+)", href)[1]
    mark.click()
    expect(page.locator(f"#page-{number}")).to_be_in_viewport()
    expect(page.locator(".notes li[aria-current]").first).to_contain_text("unverified")
    assert page.locator("#cited").count() == 0
    look_at(page, stack, "no")
    assert complaints == []


def test_pictures_are_pasted_dropped_chosen_and_removed(browser, stack):
    page, complaints = open_page(browser, stack)
    ask(page, stack)
    answer_of(page)
    give(page, photo(), "paste", "pasted.png")
    expect(page.locator("#ask .draft")).to_have_count(1)
    give(page, photo(), "drop", "dropped.png")
    expect(page.locator("#ask .draft")).to_have_count(2)
    chosen = {"name": "chosen.png", "mimeType": "image/png", "buffer": photo()}
    page.set_input_files("#ask [type=file]", chosen)
    expect(page.locator("#ask .draft")).to_have_count(3)
    assert (
        page.locator("#ask .draft img").first.evaluate(
            "image => image.decode().then(() => image.naturalWidth)"
        )
        == 900
    )
    page.get_by_role("button", name="Remove the picture dropped.png").click()
    expect(page.locator("#ask .draft")).to_have_count(2)
    page.locator("#question").fill("Is this the clause on the governing law?")
    page.locator("#question").press("Enter")
    expect(page.locator("article.answer")).to_have_count(2)
    answer_of(page)
    shown = page.locator("article.answer").last.locator(".enclosed img")
    assert [one.get_attribute("alt") for one in shown.all()] == [
        "Image 1: pasted.png",
        "Image 2: chosen.png",
    ]
    expect(page.locator("article.answer").last).to_contain_text("cannot see: 2 pictures")
    expect(page.locator("#ask .draft")).to_have_count(0)
    assert complaints == []


def test_what_is_no_picture_is_refused_where_it_was_dropped(browser, stack):
    page, complaints = open_page(browser, stack)
    ask(page, stack)
    answer_of(page)
    give(page, b"%PDF-1.7 not a picture", "drop", "lease.png")
    expect(page.locator("#ask .said")).to_contain_text("lease.png is not a picture")
    expect(page.locator("#ask .draft")).to_have_count(0)
    expect(page.locator("#ask button.go")).to_be_enabled()
    # the browser itself tells of every answer that is not a success
    assert [text for text in complaints if "422" not in text] == []


def test_text_that_comes_with_a_picture_of_itself_is_pasted_as_text(browser, stack):
    page, _complaints = open_page(browser, stack)
    ask(page, stack)
    answer_of(page)
    untouched = page.evaluate(
        """() => {
          const files = new DataTransfer();
          files.items.add(new File(["x"], "a.png", { type: "image/png" }));
          files.setData("text/plain", "a table");
          const how = { clipboardData: files, bubbles: true, cancelable: true };
          const pasted = new ClipboardEvent("paste", how);
          return document.querySelector("#question").dispatchEvent(pasted);
        }"""
    )
    assert untouched
    expect(page.locator("#ask .draft")).to_have_count(0)


def test_without_a_script_a_picture_goes_along_with_its_question(browser, stack):
    page, _complaints = open_page(browser, stack, java_script_enabled=False)
    ensure_document(page, stack)
    row = page.locator("tr", has_text=NAME)
    row.get_by_role("link", name="Ask", exact=True).click()
    chosen = {"name": "clause.png", "mimeType": "image/png", "buffer": photo()}
    page.set_input_files("form.new [type=file]", chosen)
    page.get_by_label("Question", exact=True).fill("Is this the clause?")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator(".enclosed img")).to_have_attribute("alt", "Image 1: clause.png")
