"""Making a table as people do: in a real browser, with and without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.stack import Stack
from tests.test_journeys import browser

__all__ = ["browser"]
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("journeys")]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, chromium: str) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("building")
    running = Stack(folder)
    paths = [folder / f"lease {number}.txt" for number in range(60)]
    for path in paths:
        path.write_text(f"{path.stem}: the rent is 100 EUR a month.")
    running.manage("ingest", *map(str, paths))
    yield running
    running.stop()


def opened(browser: Browser, stack: Stack, *, scripts: bool = True) -> Page:
    size: ViewportSize = {"width": 1440, "height": 900}
    page = browser.new_context(viewport=size, java_script_enabled=scripts).new_page()
    page.goto(stack.fresh_link())
    page.get_by_role("link", name="Reviews").click()
    page.get_by_role("link", name="New table").click()
    page.get_by_label("Title").fill("Leases")
    page.get_by_label("Playbook").select_option(label="Non-disclosure agreement checklist")
    return page


def columns(page: Page) -> list[str]:
    return [text.split("\n")[0] for text in page.locator("tbody th").all_inner_texts()]


def test_documents_are_looked_for_picked_and_their_columns_put_in_order(
    browser: Browser, stack: Stack
) -> None:
    page = opened(browser, stack)
    page.get_by_label("Name contains").fill("lease 5.")
    expect(page.locator("#choices")).to_contain_text("1 other has")
    page.get_by_label("lease 5.txt").check()
    page.get_by_label("Name contains").fill("lease 1")
    expect(page.locator("#choices")).to_contain_text("11 others have")
    page.get_by_label("Name contains").press("Enter")
    expect(page).to_have_url(stack.url + "/w/my-workspace/tables/new/")
    page.get_by_role("button", name="Pick all 11").click()
    expect(page.locator("#choices")).to_contain_text("12 picked")
    page.get_by_label("Title").press("Enter")
    expect(page.get_by_role("heading", name="Leases")).to_be_visible()

    page.get_by_role("link", name="Columns", exact=True).click()
    down = page.get_by_role("button", name="Move Parties down")
    down.focus()
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr").nth(1).locator("th")).to_contain_text("Parties")
    expect(down).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr").nth(2).locator("th")).to_contain_text("Parties")
    page.get_by_role("link", name="Documents", exact=True).click()
    expect(page.locator("tbody tr")).to_have_count(12)
    page.context.close()


def test_all_of_it_works_without_javascript(browser: Browser, stack: Stack) -> None:
    page = opened(browser, stack, scripts=False)
    page.get_by_label("Name contains").fill("lease 5.")
    page.get_by_role("button", name="Look").click()
    page.get_by_label("lease 5.txt").check()
    page.get_by_role("button", name="Make the table").last.click()
    page.get_by_role("link", name="Columns", exact=True).click()
    first, second = columns(page)[:2]
    page.get_by_role("button", name=f"Move {second} up").click()
    assert columns(page)[:2] == [second, first]
    page.context.close()
