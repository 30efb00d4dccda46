"""What a newcomer does, in a real browser against everything that `make run` starts."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("journeys")]
SAMPLES = Path(__file__).resolve().parents[1] / "documents" / "samples"
SERVICES = SAMPLES / "Master services agreement.pdf"
QUESTION = "Which law governs this agreement?"
LAUNCH = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, chromium: str) -> Iterator[Stack]:
    running = Stack(tmp_path_factory.mktemp("stack"))
    yield running
    assert running.stop() < 5


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=LAUNCH)
        yield launched
        launched.close()


def open_page(browser: Browser, stack: Stack, **context: object) -> tuple[Page, list[str]]:
    """A signed-in page, and the list of what its console complained of."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}, **context).new_page()
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(stack.fresh_link())
    return page, complaints


def fault(stack: Stack, **fields: object) -> None:
    body = json.dumps({"faults": [{"path": "messages", **fields}]}).encode()
    request = urllib.request.Request(
        f"{stack.emulator}/emulator/faults", body, {"content-type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=5).close()


def canonical(stack: Stack, link: str) -> str:
    """The characters of the canonical text that a footnote's link names."""
    query = parse_qs(urlsplit(link).query)
    text = stack.manage("text", query["version"][0])
    return text[int(query["start"][0]) : int(query["end"][0])]


def marked(page: Page) -> str:
    """The marked characters, which the text tab shows."""
    page.get_by_role("link", name="Text", exact=True).click()
    expect(page.locator("mark#cited")).to_be_in_viewport()
    return "".join(page.locator("#source mark").all_text_contents())


def ensure_document(page: Page, stack: Stack) -> None:
    page.goto(stack.url)
    if page.get_by_role("link", name="Master services agreement.pdf", exact=True).count() == 0:
        page.set_input_files("input[type=file]", SERVICES)
        submit = page.get_by_role("button", name="Upload", exact=True)
        if submit.is_visible():
            submit.click()
    row = page.locator("tr", has_text="Master services agreement.pdf")
    expect(row.get_by_text("Ready")).to_be_visible(timeout=20_000)


def ask(page: Page, stack: Stack, question: str = QUESTION) -> None:
    ensure_document(page, stack)
    row = page.locator("tr", has_text="Master services agreement.pdf")
    row.get_by_role("link", name="Ask", exact=True).click()
    page.get_by_label("Question", exact=True).fill(question)
    page.get_by_role("button", name="Ask", exact=True).click()


def answer_of(page: Page) -> str:
    expect(page.locator("article.answer").last).to_have_attribute(
        "data-status", "done", timeout=30_000
    )
    return page.locator("article.answer").last.inner_text()


def test_upload_ask_footnote_marked_range(browser, stack):
    page, complaints = open_page(browser, stack)
    ask(page, stack)
    # numbers arrive while the answer is still being written
    first = page.locator("article.answer[data-status] a.n").first
    expect(first).to_be_visible(timeout=20_000)
    answer_of(page)
    link = first.get_attribute("href")
    assert link
    first.click()
    expect(page.locator("#cited")).to_be_in_viewport()
    shown = marked(page)
    assert shown.replace("\n", "") == canonical(stack, link).replace("\n", "")
    assert shown.strip()
    quote = page.locator(".notes li").first.locator("q").inner_text()
    assert re.sub(r"\s+", " ", shown) == re.sub(r"\s+", " ", quote)
    expect(page.locator("article.answer")).to_be_visible()
    assert complaints == []


def test_back_closes_the_source_and_a_reload_keeps_it(browser, stack):
    page, complaints = open_page(browser, stack)
    ask(page, stack)
    answer_of(page)
    before = page.url
    page.locator("article.answer a.n").first.click()
    expect(page.locator("#cited")).to_be_visible()
    opened = page.url
    assert opened != before
    page.reload()
    expect(page.locator("#cited")).to_be_in_viewport()
    page.go_back()
    expect(page.locator("#cited")).to_have_count(0)
    assert page.url == before
    page.go_forward()
    expect(page.locator("#cited")).to_be_visible()
    assert complaints == []


def test_a_footnote_opens_in_a_new_tab_too(browser, stack):
    page, _complaints = open_page(browser, stack)
    ask(page, stack)
    answer_of(page)
    link = page.locator("article.answer a.n").first.get_attribute("href")
    tab = page.context.new_page()
    tab.goto(stack.url + link)
    expect(tab.locator("#cited")).to_be_in_viewport()


def test_without_javascript_the_same_way_goes_as_far_as_pages_go(browser, stack):
    page, _complaints = open_page(browser, stack, java_script_enabled=False)
    page.set_input_files("input[type=file]", SAMPLES / "Mutual non-disclosure agreement.pdf")
    page.get_by_role("button", name="Upload", exact=True).click()
    row = page.locator("tr", has_text="Mutual non-disclosure agreement.pdf")
    for _load in range(50):
        if row.get_by_text("Ready").count():
            break
        time.sleep(0.2)
        page.reload()
    row.get_by_role("link", name="Ask", exact=True).click()
    page.get_by_label("Question", exact=True).fill(QUESTION)
    page.get_by_role("button", name="Ask", exact=True).click()
    for _load in range(60):
        if page.locator("article.answer[data-status=done]").count():
            break
        time.sleep(0.25)
        page.reload()
    first = page.locator("article.answer a.n").first
    link = first.get_attribute("href")
    first.click()
    expect(page.locator("#cited")).to_be_in_viewport()
    assert marked(page).replace("\n", "") == canonical(stack, link).replace("\n", "")


def test_on_a_narrow_screen_the_source_is_a_page_of_its_own(browser, stack):
    page, _complaints = open_page(browser, stack)
    ask(page, stack)
    answer_of(page)
    page.set_viewport_size({"width": 390, "height": 800})
    page.reload()
    page.locator("article.answer a.n").first.click()
    expect(page.locator("#cited")).to_be_in_viewport()
    expect(page.locator("article.answer")).not_to_be_visible()
    page.go_back()
    expect(page.locator("article.answer")).to_be_visible()


def test_a_reload_and_a_second_tab_in_mid_answer_lose_nothing(browser, stack):
    fault(stack, kind="silence", ms=4000)
    page, complaints = open_page(browser, stack)
    ask(page, stack)
    expect(page.locator("article.answer .a").get_by_text(re.compile(r"\w{3}"))).to_be_visible(
        timeout=20_000
    )
    page.reload()
    expect(page.locator("article.answer .live .a")).not_to_be_empty(timeout=3000)
    tab = page.context.new_page()
    tab.goto(page.url)
    whole, other = answer_of(page), answer_of(tab)
    assert whole == other
    page.reload()
    assert answer_of(page) == whole
    assert complaints == []


def test_a_question_that_came_too_early_is_kept_until_it_can_be_asked(browser, stack):
    fault(stack, kind="silence", ms=4000)
    page, _complaints = open_page(browser, stack)
    ask(page, stack)
    expect(page.locator("article.answer .live .a")).not_to_be_empty(timeout=20_000)
    composer = page.get_by_label("Question", exact=True)
    composer.fill("And who may not?")
    composer.press("Enter")
    told = page.get_by_text("The answer above is still being written.")
    expect(told).to_be_visible()
    answer_of(page)
    expect(told).to_have_count(0)
    expect(composer).to_have_value("And who may not?")
    composer.press("Enter")
    expect(page.locator("article.answer")).to_have_count(2)
    answer_of(page)


def test_stop_keeps_what_was_written_and_offers_to_try_again(browser, stack):
    fault(stack, kind="silence", ms=20_000)
    page, _complaints = open_page(browser, stack)
    ask(page, stack)
    expect(page.locator("article.answer .live .a")).not_to_be_empty(timeout=20_000)
    pressed = time.monotonic()
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("article.answer[data-status=stopped]")).to_be_visible(timeout=3000)
    assert time.monotonic() - pressed < 2
    page.get_by_role("button", name="Try again").click()
    answer_of(page)


def test_a_worker_killed_in_mid_answer_is_replaced_and_the_answer_completed(browser, stack):
    fault(stack, kind="silence", ms=8_000)
    page, _complaints = open_page(browser, stack)
    ask(page, stack)
    expect(page.locator("article.answer .live .a")).not_to_be_empty(timeout=20_000)
    stack.kill("answers")
    expect(page.locator("article.answer[data-status=done]")).to_be_visible(timeout=60_000)
    text = page.locator("article.answer .a").inner_text()
    assert len(text) > 40
    body = re.sub(r"\d", "", text)
    assert body.count(body[:30]) == 1, "the dead attempt's text stands there twice"


def test_an_overloaded_claude_is_waited_for_in_sight(browser, stack):
    fault(stack, kind="overloaded", times=2)
    page, _complaints = open_page(browser, stack)
    ask(page, stack)
    expect(page.get_by_text(re.compile("Claude is overloaded, trying again in"))).to_be_visible(
        timeout=20_000
    )
    answer_of(page)


def test_a_follow_up_by_keyboard_alone(browser, stack):
    page, complaints = open_page(browser, stack)
    ask(page, stack)
    answer_of(page)
    page.get_by_label("Question", exact=True).focus()
    page.keyboard.type("How much notice must be given to terminate?")
    page.keyboard.press("Control+Enter")
    expect(page.locator("article.answer")).to_have_count(2, timeout=10_000)
    answer_of(page)
    expect(page.get_by_label("Question", exact=True)).to_have_value("")
    assert complaints == []


def test_what_was_typed_survives_the_end_of_the_session(browser, stack):
    page, _complaints = open_page(browser, stack)
    ask(page, stack)
    answer_of(page)
    other = page.context.new_page()
    other.goto(stack.url)
    other.get_by_role("button", name="Sign out").click()
    page.get_by_label("Question", exact=True).fill("And the fees?")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("You are not signed in any more.")).to_be_visible(timeout=5000)
    expect(page.get_by_label("Question", exact=True)).to_have_value("And the fees?")
    other.goto(stack.fresh_link())
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("That did not work.")).to_be_visible(timeout=5000)
    page.keyboard.press("Control+Enter")
    expect(page.locator("article.answer")).to_have_count(2, timeout=10_000)
    expect(page.get_by_text("That did not work.")).not_to_be_visible()


def test_a_wrong_file_is_refused_where_it_was_dropped(browser, stack, tmp_path):
    program = tmp_path / "minutes.docx.exe"
    program.write_bytes(b"MZ\x90\0\x03\0\0\0" + b"\0" * 200)
    page, _complaints = open_page(browser, stack)
    page.set_input_files("input[type=file]", program)
    submit = page.get_by_role("button", name="Upload", exact=True)
    if submit.is_visible():
        submit.click()
    expect(page.get_by_text("this is a program")).to_be_visible(timeout=5000)


def test_several_files_show_their_progress_and_become_rows(browser, stack, tmp_path):
    files = []
    for number in range(5):
        file = tmp_path / f"side letter {number}.txt"
        file.write_text(f"Side letter {number}. The fee is {number} euros. " * 500)
        files.append(file)
    page, complaints = open_page(browser, stack)
    page.set_input_files("input[type=file]", files)
    for file in files:
        row = page.locator("tr", has_text=file.name)
        expect(row.get_by_text("Ready")).to_be_visible(timeout=20_000)
    assert complaints == []


def test_health_says_that_all_parts_live(stack):
    deadline = time.monotonic() + 30
    while True:
        with urllib.request.urlopen(f"{stack.url}/health", timeout=5) as answer:
            report = json.load(answer)
        if report["status"] == "ok" or time.monotonic() > deadline:
            break
        time.sleep(0.5)
    assert report["status"] == "ok", report
    assert report["claude"] == "ok: emulator"


def test_a_document_is_dragged_into_a_folder_and_a_deletion_undone(browser, stack):
    page, complaints = open_page(browser, stack)
    ensure_document(page, stack)
    page.get_by_text("New folder", exact=True).click()
    page.get_by_label("Name of the new folder").fill("Deal room")
    page.get_by_role("button", name="Create").click()
    folder = page.locator("#folders tr", has_text="Deal room")
    row = page.locator("#rows tr", has_text="Master services agreement.pdf")
    row.locator("td.kind").drag_to(folder.locator("td.kind"))
    expect(page.get_by_text("Moved to “Deal room”.")).to_be_visible()
    expect(row).to_have_count(0)
    expect(folder).to_contain_text("1 document")
    folder.get_by_role("link", name="Deal room").first.click()
    row.get_by_role("checkbox").check()
    expect(page.get_by_text("1 chosen")).to_be_visible()
    page.get_by_role("group", name="With what is chosen").get_by_role(
        "button", name="Delete"
    ).click()
    expect(page.get_by_text("was deleted.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(row).to_be_visible()
    row.locator("td.kind").drag_to(page.locator(".crumbs").get_by_role("link", name="Library"))
    expect(page.get_by_text("Moved to the top.")).to_be_visible()
    assert complaints == []


def test_the_library_is_ordered_and_narrowed_without_a_new_page(browser, stack):
    page, complaints = open_page(browser, stack)
    ensure_document(page, stack)
    page.evaluate("window.same = true")
    page.get_by_role("link", name="Document", exact=True).click()
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("Document")
    assert "sort=title" in page.url
    page.get_by_label("Name contains").press_sequentially("zzz")
    expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()
    expect(page.get_by_label("Name contains")).to_be_focused()
    assert "q=zzz" in page.url
    assert "sort=title" in page.url
    page.get_by_label("Name contains").fill("")
    expect(page.get_by_role("heading", name="Nothing matches")).to_have_count(0)
    assert page.evaluate("window.same")
    page.go_back()
    expect(page.get_by_label("Name contains")).to_have_value("zzz")
    assert complaints == []


def test_the_page_says_when_documents_ran_out_of_the_cache(browser, stack):
    page, complaints = open_page(browser, stack)
    ask(page, stack)
    line = page.locator("#warmth")
    # the end of the answer is enough: nobody has to reload
    expect(line).to_contain_text("Documents warm until", timeout=30_000)
    stack.manage(
        *("shell", "-c"),
        "from qa.models import ApiCall; from django.utils import timezone as t; "
        "from datetime import timedelta as d; "
        "ApiCall.objects.filter(warm_until__gt=t.now()).update(warm_until=t.now() + d(seconds=5))",
    )
    page.reload()
    expect(line).to_contain_text("Documents warm until")
    expect(line).to_contain_text("Documents cold", timeout=20_000)
    assert complaints == []
