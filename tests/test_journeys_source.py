"""What a reviewer does with a source, in a real browser, against all that `make run` starts."""

from __future__ import annotations

import re
import time
from urllib.parse import parse_qs, urlsplit

import pypdfium2
import pytest
from playwright.sync_api import Page, expect

from tests import pdfs
from tests.stack import Stack
from tests.test_journeys import SERVICES, answer_of, ask, browser, canonical, open_page, stack

__all__ = ["browser", "stack"]
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("journeys")]
MANY = 1000
FIRST = "article.answer a.n"
SEVERAL = "Who can terminate this agreement, and on what notice?"


def opened(browser, stack: Stack, **context: object) -> tuple[Page, list[str], str]:
    """An answer with its first footnote's source open; what the console says; the link."""
    page, complaints = open_page(browser, stack, **context)
    ask(page, stack, SEVERAL)
    answer_of(page)
    link = page.locator(FIRST).first.get_attribute("href")
    page.locator(FIRST).first.click()
    expect(page.locator("#cited")).to_be_in_viewport()
    return page, complaints, link


def fractions(page: Page, selector: str) -> list[tuple[float, float, float, float]]:
    """Where elements stand on the sheet that is lit: left, top, right and bottom."""
    sheet = page.locator(".sheet:has(#cited)").bounding_box()
    boxes = [one.bounding_box() for one in page.locator(selector).all()]
    return [
        (
            (box["x"] - sheet["x"]) / sheet["width"],
            (box["y"] - sheet["y"]) / sheet["height"],
            (box["x"] + box["width"] - sheet["x"]) / sheet["width"],
            (box["y"] + box["height"] - sheet["y"]) / sheet["height"],
        )
        for box in boxes
    ]


def words_of(quote: str, number: int) -> list[tuple[float, float, float, float]]:
    """Where the PDF's own text says that a quote stands, in the same fractions."""
    document = pypdfium2.PdfDocument(SERVICES)
    sheet = document[number - 1]
    across, down = sheet.get_size()
    text = sheet.get_textpage()
    whole = re.sub(r"\s", "", quote)
    characters = [(n, text.get_text_range(n, 1)) for n in range(text.count_chars())]
    solid = [(n, char) for n, char in characters if char.strip()]
    begin = "".join(char for _n, char in solid).index(whole)
    boxes = [text.get_charbox(n) for n, _char in solid[begin : begin + len(whole)]]
    document.close()
    return [(l / across, 1 - t / down, r / across, 1 - b / down) for l, b, r, t in boxes]  # noqa: E741


def test_a_footnote_lights_exactly_its_words_on_the_picture(browser, stack):
    page, complaints, link = opened(browser, stack)
    quote = canonical(stack, link)
    number = int(page.locator(".sheet:has(#cited)").get_attribute("data-number"))
    lit = fractions(page, "#cited rect")
    letters = words_of(quote, number)
    for left, top, right, bottom in letters:
        x, y = (left + right) / 2, (top + bottom) / 2
        assert any(one[0] <= x <= one[2] and one[1] <= y <= one[3] for one in lit)
    edge = 0.01  # of the page: a loose box is a little larger than its letter
    assert min(one[0] for one in lit) == pytest.approx(min(one[0] for one in letters), abs=edge)
    assert max(one[2] for one in lit) == pytest.approx(max(one[2] for one in letters), abs=edge)
    assert max(one[3] for one in lit) == pytest.approx(max(one[3] for one in letters), abs=edge)
    shown(page, number)
    assert complaints == []


def test_a_larger_picture_stays_lit_at_the_same_words(browser, stack):
    page, complaints, _link = opened(browser, stack)
    before = fractions(page, "#cited rect")
    page.locator(".pages").focus()
    for _step in range(3):
        page.keyboard.press("+")
    expect(page.locator(".zoom output")).to_have_text("200%")
    assert fractions(page, "#cited rect") == [pytest.approx(one, abs=0.003) for one in before]
    page.locator(FIRST).nth(1).click()
    expect(page.locator(FIRST).nth(1)).to_have_attribute("aria-current", "true")
    expect(page.locator("#cited")).to_be_focused()
    expect(page.locator(".zoom output")).to_have_text("200%")
    page.keyboard.press("0")
    expect(page.locator(".zoom output")).to_have_text("100%")
    assert complaints == []


def upload_many(page: Page, stack: Stack, tmp_path) -> str:
    """The address of a document of a thousand pages, each with its number on it."""
    file = tmp_path / "thousand.pdf"
    file.write_bytes(pdfs.write(*[f"This is sheet number {n}." for n in range(1, MANY + 1)]))
    page.goto(stack.url)
    if page.get_by_role("link", name="thousand.pdf", exact=True).count() == 0:
        page.set_input_files("input[type=file]", file)
        submit = page.get_by_role("button", name="Upload", exact=True)
        if submit.is_visible():
            submit.click()
    row = page.locator("tr", has_text="thousand.pdf")
    expect(row.get_by_text("Ready")).to_be_visible(timeout=30_000)
    return str(row.get_by_role("link", name="thousand.pdf", exact=True).get_attribute("href"))


def shown(page: Page, number: int) -> None:
    """Waits until the page stands in view with its picture."""
    picture = page.locator(f"#page-{number} img")
    expect(picture).to_be_in_viewport(timeout=5000)
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth > 0)")


def test_a_thousand_pages_are_as_quick_to_go_about_in_as_ten(browser, stack, tmp_path):
    page, complaints = open_page(browser, stack)
    page.goto(stack.url + upload_many(page, stack, tmp_path))
    shown(page, 1)
    pane = page.locator(".pages")
    height = pane.evaluate("pane => pane.scrollHeight")
    sheet = page.locator("#page-1").bounding_box()["height"]
    assert height == pytest.approx(MANY * sheet * (1294 + 26) / 1294, rel=0.01)
    field = page.get_by_role("textbox", name="Page")
    field.fill("700")
    began = time.monotonic()
    field.press("Enter")
    shown(page, 700)
    assert time.monotonic() - began < 2
    assert page.locator(".sheet").count() < 40
    assert pane.evaluate("pane => pane.scrollHeight") == pytest.approx(height, rel=0.001)
    pane.press("End")
    shown(page, MANY)
    for share in (0.1, 0.5, 0.25):
        pane.evaluate("(pane, share) => { pane.scrollTop = pane.scrollHeight * share }", share)
        shown(page, round(MANY * share) + 1)
    assert page.locator(".sheet").count() < 40
    field.fill("12")
    field.press("Enter")
    shown(page, 12)
    page.go_back()
    shown(page, 700)
    page.go_forward()
    shown(page, 12)
    page.reload()
    shown(page, 12)
    assert complaints == []


def test_the_overview_leads_to_a_page(browser, stack, tmp_path):
    page, complaints = open_page(browser, stack)
    page.goto(stack.url + upload_many(page, stack, tmp_path))
    page.get_by_role("button", name="Overview").click()
    thumbs = page.locator(".thumbs")
    thumbs.evaluate("list => { list.scrollTop = list.scrollHeight / 2 }")
    page.get_by_role("link", name="Page 502", exact=True).click()
    shown(page, 502)
    assert page.locator(".thumbs li").count() < 60
    expect(page.get_by_role("link", name="Page 502", exact=True)).to_have_attribute(
        "aria-current", "true"
    )
    assert complaints == []


def test_without_javascript_pages_come_by_their_links(browser, stack, tmp_path):
    helper, _complaints = open_page(browser, stack)
    where = upload_many(helper, stack, tmp_path)
    page, _complaints = open_page(browser, stack, java_script_enabled=False)
    page.goto(stack.url + where)
    page.get_by_role("link", name="Later pages").click()
    expect(page.locator("#page-11 img")).to_be_in_viewport()
    page.get_by_role("textbox", name="Page").fill("500")
    page.get_by_role("button", name="Go to the page").click()
    expect(page.locator("#page-500 img")).to_be_in_viewport()


def select(page: Page) -> str:
    """Drags over the first line of the lit passage; what is selected then."""
    line = page.locator(".sheet:has(#cited) .layer text").nth(6)
    expect(line).to_be_attached()
    line.scroll_into_view_if_needed()
    box = line.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 1, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 1, middle, steps=6)
    page.mouse.up()
    return page.evaluate("getSelection().toString()")


def test_words_selected_on_the_picture_become_a_question_about_them(browser, stack):
    page, complaints, link = opened(browser, stack)
    words = select(page)
    assert len(words) > 10
    page.get_by_role("button", name="Ask about this").click()
    expect(page.locator("#ask .about q")).to_have_text(re.sub(r"\s+", " ", words).strip())
    page.keyboard.type("What does this mean?")
    page.keyboard.press("Control+Enter")
    expect(page.locator("article.answer")).to_have_count(2, timeout=10_000)
    answer_of(page)
    about = page.locator("article.answer").last.locator(".about a")
    stored = canonical(stack, about.get_attribute("href"))
    assert re.sub(r"\s+", " ", stored).strip() == re.sub(r"\s+", " ", words).strip()
    version = parse_qs(urlsplit(link).query)["version"]
    assert parse_qs(urlsplit(about.get_attribute("href")).query)["version"] == version
    assert not page.locator("#ask .about").is_visible()
    assert complaints == []


def test_words_selected_in_the_text_are_counted_as_the_document_counts(browser, stack):
    page, _complaints, _link = opened(browser, stack)
    page.get_by_role("link", name="Text", exact=True).click()
    expect(page.locator("mark#cited")).to_be_in_viewport()
    page.locator("mark#cited").evaluate("mark => getSelection().selectAllChildren(mark)")
    expect(page.get_by_role("button", name="Ask about this")).to_be_visible()
    page.keyboard.press("a")
    start = page.locator("[name=about_start]").input_value()
    end = page.locator("[name=about_end]").input_value()
    here = parse_qs(urlsplit(page.evaluate("location.href")).query)
    assert [start] == here["start"]
    assert [end] == here["end"]
    page.get_by_role("link", name="Remove").click()
    assert page.locator("[name=about_start]").input_value() == ""
    assert not page.locator("#ask .about").is_visible()


def test_a_footnote_previews_its_quote_on_focus_and_escape_hides_it(browser, stack):
    page, complaints = open_page(browser, stack)
    ask(page, stack)
    answer_of(page)
    before = page.locator("article.answer").bounding_box()
    page.locator(FIRST).first.evaluate(
        "link => link.closest('article').querySelector('.a').setAttribute('tabindex', '-1')"
    )
    page.locator("article.answer .a").focus()
    page.keyboard.press("Tab")
    tip = page.get_by_role("tooltip")
    expect(tip).to_be_visible()
    quote = page.locator(".notes li").first.locator("q").text_content()
    expect(tip).to_contain_text(quote)
    expect(tip).to_contain_text("Master services agreement.pdf, p. ")
    expect(page.locator(FIRST).first).to_have_attribute("aria-describedby", "preview")
    page.keyboard.press("Escape")
    expect(tip).not_to_be_visible()
    page.locator("article.answer .a").focus()
    page.locator(FIRST).first.hover()
    expect(tip).to_be_visible()
    tip.hover()
    time.sleep(0.4)
    expect(tip).to_be_visible()
    page.mouse.move(5, 5)
    expect(tip).not_to_be_visible()
    assert page.locator("article.answer").bounding_box() == before
    assert complaints == []


def test_a_source_is_read_by_keyboard_alone(browser, stack):
    page, complaints = open_page(browser, stack)
    ask(page, stack, SEVERAL)
    answer_of(page)
    page.locator(FIRST).first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#cited")).to_be_focused()
    assert "Footnote 1" in page.locator("#cited").get_attribute("aria-label")
    page.keyboard.press("j")
    expect(page.locator(FIRST).nth(1)).to_have_attribute("aria-current", "true")
    page.keyboard.press("k")
    expect(page.locator(FIRST).first).to_have_attribute("aria-current", "true")
    number = int(page.locator(".sheet:has(#cited)").get_attribute("data-number"))
    page.keyboard.press("ArrowLeft")
    expect(page.locator(f"#page-{number - 1}")).to_be_in_viewport()
    page.keyboard.press("Home")
    expect(page.locator("#page-1")).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(page.locator("#source")).not_to_be_visible()
    expect(page.locator(FIRST).first).to_be_focused()
    assert complaints == []
