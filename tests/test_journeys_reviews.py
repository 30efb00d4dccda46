"""Review tables as people meet them, in a real browser: from a playbook to a workbook, and a
reviewer's day in the grid."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import openpyxl
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.bench.grid import made
from tests.stack import Stack
from tests.test_journeys import browser, canonical, ensure_document, marked, open_page, stack

__all__ = ["browser", "stack"]
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("journeys")]
LICENCE = "Software licence. This licence is governed by the laws of Ireland. It ends in 2031."


@pytest.fixture(scope="module")
def address(stack: Stack, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a table that was made from a playbook and answered live."""
    page, complaints = open_page(browser, stack)
    ensure_document(page, stack)
    other = tmp_path_factory.mktemp("texts") / "Licence.txt"
    other.write_text(LICENCE)
    page.set_input_files("#upload-files", other)
    expect(page.locator("#rows tr", has_text="Licence.txt")).to_contain_text(
        "Ready", timeout=20_000
    )
    page.get_by_role("link", name="Reviews", exact=True).click()
    page.get_by_role("link", name="New table").click()
    page.get_by_label("Title", exact=True).fill("Confidentiality")
    page.get_by_label("Playbook").select_option(label="Non-disclosure agreement checklist")
    page.get_by_label("Which documents").select_option(label="All documents of this workspace")
    page.get_by_role("button", name="Make the table").last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Confidentiality")
    page.get_by_role("link", name="Run…").click()
    page.get_by_role("button", name=re.compile("^At once")).click()
    # from here on nothing is loaded anew: cells fill in by themselves
    page.evaluate("window.same = true")
    expect(page.locator("#counts[data-working]")).to_have_count(0, timeout=90_000)
    expect(page.locator("#counts")).to_contain_text(re.compile(r"(\d+) of \1 cells answered"))
    expect(page.locator(".grid td.missing, .grid td.queued, .grid td.running")).to_have_count(0)
    assert page.evaluate("window.same")
    assert complaints == []
    page.context.close()
    return page.url


@pytest.fixture
def page(browser: Browser, stack: Stack, address: str) -> Iterator[Page]:
    """The table, to somebody just signed in."""
    opened, complaints = open_page(browser, stack)
    opened.goto(address)
    yield opened
    opened.context.close()
    # who was too late is told so by that status
    assert [said for said in complaints if "409" not in said] == []


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.closest('td, th')?.id ?? ''"))


def cell(page: Page, row: str, column: str):
    """The cell of a document and a column."""
    heads = page.locator("[data-grid] thead th[id] .sort").all_text_contents()
    line = page.locator("[data-grid] tbody tr", has=page.get_by_role("link", name=row, exact=True))
    return line.locator("td").nth(heads.index(column))


def test_a_row_is_filtered_for_and_verified_by_keyboard_alone(page):
    page.keyboard.press("Tab")
    while page.evaluate("document.activeElement.name") != "text":
        page.keyboard.press("Tab")
    page.keyboard.type("Licence")
    page.keyboard.press("Enter")
    expect(page.locator("[data-grid] tbody tr")).to_have_count(1)
    while not focused(page):
        page.keyboard.press("Tab")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    expect(page.locator(":focus")).to_contain_text("Review row")
    page.keyboard.press("Enter")
    expect(page.locator("#opened")).to_be_focused()
    page.keyboard.press("v")
    expect(page.locator("#opened .meta")).to_contain_text("Verified by")
    expect(page.locator("[data-grid] tbody th")).to_contain_text("row verified")
    page.keyboard.press("Escape")
    expect(page.locator("#beside")).to_be_hidden()
    expect(page.locator(":focus")).to_contain_text("row verified")
    assert "text=Licence" in page.url


def test_the_workbook_leads_back_to_the_characters_it_cites(page, stack, tmp_path):
    with page.expect_download() as download:
        page.locator("summary", has_text="Export").click()
        page.get_by_role("link", name=re.compile("XLSX")).click()
    download.value.save_as(tmp_path / "table.xlsx")
    book = openpyxl.load_workbook(tmp_path / "table.xlsx")
    heads, *lines = book["Citations"].iter_rows()
    names = [head.value for head in heads]
    found = [line for line in lines if any(one.hyperlink for one in line)]
    assert found
    for line in (found[0], found[-1]):
        [link] = [one.hyperlink.target for one in line if one.hyperlink]
        quote = line[names.index("Quote")].value
        page.goto(stack.url + urlsplit(link)._replace(scheme="", netloc="").geturl())
        assert {"version", "start", "end"} <= parse_qs(urlsplit(page.url).query).keys()
        assert canonical(stack, page.url) == quote
        if page.locator("#source .tabs").count():
            assert re.sub(r"\s+", "", marked(page)) == re.sub(r"\s+", "", quote)


def test_a_cell_is_read_marked_and_left_without_leaving_the_grid(page):
    shown = cell(page, "Master services agreement.pdf", "Governing law")
    page.evaluate("window.same = true")
    shown.locator("a").click()
    expect(page.locator("#opened")).to_be_focused()
    expect(page.locator("#cited")).to_be_visible()
    assert page.url.endswith("cell=" + (shown.get_attribute("id") or "").removeprefix("cell-"))
    with page.expect_response(re.compile("/cells/.*version=")):
        page.locator("#opened .n").last.click()
    expect(page.locator("#opened .n").last).to_have_attribute("aria-current", "true")
    expect(page.locator("#cited")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#beside")).to_be_hidden()
    page.keyboard.press("Enter")
    expect(page.locator("#opened")).to_be_focused()
    page.keyboard.press("f")
    page.keyboard.type("Ask the client.")
    page.get_by_role("button", name="Flag", exact=True).click()
    expect(shown).to_contain_text("flagged")
    expect(page.locator("#counts")).to_contain_text("1 flagged")
    page.keyboard.press("n")
    expect(page.locator("[data-grid] td[aria-current]")).not_to_have_id(
        shown.get_attribute("id") or ""
    )
    assert page.evaluate("window.same")
    page.reload()
    expect(page.locator("#opened")).to_be_visible()


def test_what_a_colleague_marks_appears_without_taking_the_focus(page, browser, stack, address):
    mine = cell(page, "Master services agreement.pdf", "Assignment")
    theirs = cell(page, "Licence.txt", "Parties")
    name = theirs.get_attribute("id") or ""
    mine.locator("a").focus()
    other, _complaints = open_page(browser, stack)
    other.goto(address)
    other.locator(f"#{name} a").click()
    other.get_by_role("button", name=re.compile("^Verify")).click()
    expect(other.locator(f"#{name}")).to_contain_text("verified")
    other.context.close()
    expect(theirs).to_contain_text("verified", timeout=30_000)
    assert focused(page) == mine.get_attribute("id")


def test_two_who_correct_one_cell_see_each_other(page, browser, stack, address):
    mine = cell(page, "Licence.txt", "Governing law")
    name = mine.get_attribute("id") or ""
    mine.locator("a").click()
    other, _complaints = open_page(browser, stack)
    other.goto(address)
    for somebody, value in ((other, "Scots law"), (page, "English law")):
        if somebody is other:
            somebody.locator(f"#{name} a").click()
        somebody.get_by_label("Correct value").fill(value)
        somebody.get_by_role("button", name="Correct", exact=True).click()
        expect(somebody.locator("#opened")).to_contain_text("Scots law")
    other.context.close()
    expect(page.get_by_role("alert").filter(has_text="was quicker")).to_be_visible()
    expect(page.get_by_label("Correct value")).to_have_value("English law")
    page.get_by_role("button", name="Correct", exact=True).click()
    expect(mine).to_contain_text("English law")
    expect(page.locator("#opened .history")).to_contain_text("Scots law")


def test_a_summary_narrows_the_grid_and_a_click_widens_it_again(page):
    page.locator("[data-grid] thead th", has_text="Governing law").get_by_role(
        "link", name=re.compile("^Summary")
    ).click()
    expect(page.locator("#opened .bars").first).to_be_visible()
    page.evaluate("window.same = true")
    chip = page.locator(".narrow-grid .chip")
    rows = page.locator("[data-grid] tbody tr")
    bar = page.locator("#opened .bars a").first
    for _there_and_back in range(2):
        bar.focus()
        page.keyboard.press("Enter")
        expect(chip).to_contain_text("Governing law:")
        expect(rows).to_have_count(1)
        expect(bar).to_be_focused()
        expect(bar).to_have_attribute("aria-current", "true")
        page.keyboard.press("Enter")
        expect(chip).to_have_count(0)
        expect(rows).to_have_count(2)
    page.go_back()
    expect(rows).to_have_count(1)
    expect(bar).to_have_attribute("aria-current", "true")
    page.go_forward()
    expect(rows).to_have_count(2)
    assert page.evaluate("window.same")
    bar.click()
    expect(rows).to_have_count(1)
    page.reload()
    expect(bar).to_have_attribute("aria-current", "true")
    page.keyboard.press("Escape")
    expect(page.locator("#beside")).to_be_hidden()
    expect(page.locator(":focus")).to_have_class("sum")
    chip.click()
    expect(rows).to_have_count(2)


def test_keys_move_about_and_columns_keep_their_widths(page):
    first = page.locator("[data-grid] tbody td > a").first
    first.focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowDown")
    last = focused(page)
    assert last == page.locator("[data-grid] tbody tr").nth(1).locator("td").last.get_attribute(
        "id"
    )
    page.keyboard.press("Control+Home")
    expect(first).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.locator(":focus")).to_have_class("sort")
    width = page.locator("[data-grid] thead th").nth(1).bounding_box()["width"]
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    page.reload()
    wider = page.locator("[data-grid] thead th").nth(1).bounding_box()["width"]
    assert round(wider - width) == 32
    page.get_by_role("button", name="Whole window").click()
    expect(page.get_by_role("link", name="Library", exact=True)).to_be_hidden()


def test_rows_come_as_one_goes_to_them(browser, stack, address, tmp_path):
    page, complaints = open_page(browser, stack)
    for number in range(40):
        (tmp_path / f"Note {number:02}.txt").write_text(f"Note {number}. It ends in May.")
    page.set_input_files("#upload-files", sorted(tmp_path.iterdir()))
    expect(page.locator(".overall .tally")).to_have_text("40 of 40 files", timeout=60_000)
    page.get_by_role("link", name="Reviews", exact=True).click()
    page.get_by_role("link", name="New table").click()
    page.get_by_label("Title", exact=True).fill("Notes")
    page.get_by_label("Playbook").select_option(label="Non-disclosure agreement checklist")
    page.get_by_label("Which documents").select_option(label="All documents of this workspace")
    page.get_by_role("button", name="Make the table").last.click()
    rows = page.locator("[data-grid] tbody tr[id]")
    expect(rows).to_have_count(25)
    page.locator("[data-grid] tbody td > a").first.focus()
    page.keyboard.press("Control+End")
    expect(page.locator(":focus")).to_be_in_viewport()
    expect(rows).to_have_count(42)
    place = page.locator("tr", has=page.locator(":focus"))
    expect(place).to_have_attribute("aria-rowindex", "43")
    for _press in range(5):
        page.keyboard.press("PageUp")
    expect(page.locator(":focus")).to_be_in_viewport()
    page.context.close()
    assert complaints == []


WALK = """async (down) => {
  const view = document.querySelector(".grid .window");
  const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
  const under = () => view.scrollHeight - view.clientHeight - view.scrollTop;
  const shown = () => {
    const box = view.getBoundingClientRect();
    const at = (y) => document.elementFromPoint(box.left + 400, box.top + y)?.closest("td[id]");
    return at(80) && at(box.height - 20);
  };
  for (let steps = 0; steps < 400; steps++) {
    for (let waits = 0; !shown(); waits++) {
      if (waits > 300) return "rows do not come";
      await sleep(20);
    }
    if ((down ? under() : view.scrollTop) < 2) return "";
    view.scrollTop += (down ? 1 : -1) * (view.clientHeight - 120);
    await sleep(100);
  }
  return "there is no end";
}"""
INDEXES = """() => [...document.querySelectorAll("[data-grid] tbody tr[id]")]
  .map((row) => Number(row.getAttribute("aria-rowindex")))"""
IDS = "[...document.querySelectorAll('[id]')].map((one) => one.id)"


def test_rows_that_are_far_go_and_come_again_and_the_focus_stays(browser, stack):
    path = made(stack, 420, 4)
    page, complaints = open_page(browser, stack)
    page.goto(stack.url + path)
    page.locator("[data-grid] tbody td > a").first.focus()
    here = focused(page)

    def rows():
        there = page.evaluate(INDEXES)
        assert there == sorted(set(there)), "a row is there twice, or out of its place"
        assert len(there) <= 12 * 25
        assert page.locator("[data-room]").count() >= 4
        ids = page.evaluate(IDS)
        assert len(ids) == len(set(ids))
        return there

    assert page.evaluate(WALK, True) == ""
    there = rows()
    assert (there[0], there[-1]) == (2, 421)
    assert there[: len(there) // 2] != list(range(2, 2 + len(there) // 2)), "none has gone"
    assert focused(page) == here
    assert page.evaluate(WALK, False) == ""
    there = rows()
    assert there[:200] == list(range(2, 202))
    assert focused(page) == here
    page.keyboard.press("ArrowDown")
    expect(page.locator(":focus")).to_be_in_viewport()
    expect(page.locator("tr", has=page.locator(":focus"))).to_have_attribute("aria-rowindex", "3")
    page.keyboard.press("Control+End")
    expect(page.locator("tr", has=page.locator(":focus"))).to_have_attribute("aria-rowindex", "421")
    expect(page.locator(":focus")).to_be_in_viewport()
    rows()
    page.context.close()
    assert complaints == []


def test_a_table_works_without_scripts(browser, stack, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(stack.fresh_link())
    page.goto(address)
    cell(page, "Master services agreement.pdf", "Courts").locator("a").click()
    page.get_by_role("button", name=re.compile("^Verify")).click()
    expect(page.locator("#opened .meta")).to_contain_text("Verified by")
    page.get_by_role("link", name="Back to the table").click()
    expect(cell(page, "Master services agreement.pdf", "Courts")).to_contain_text("verified")
    page.get_by_role("link", name="Summary Governing law").click()
    page.locator(".bars a").first.click()
    expect(page.locator("[data-grid] tbody tr")).to_have_count(1)
    expect(page.locator(".beside .bars [aria-current]")).to_have_count(1)
    page.locator(".beside .bars [aria-current]").first.click()
    expect(page.locator("[data-grid] tbody tr")).to_have_count(2)
    expect(page.locator(".beside .bars").first).to_be_visible()
    context.close()
