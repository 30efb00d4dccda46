"""Uploads as people meet them: in a real browser, over a line that breaks."""

from __future__ import annotations

import re
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.line import Line
from tests.stack import Stack
from tests.test_journeys import browser, stack

__all__ = ["browser", "stack"]
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("journeys")]
PROGRAM = b"MZ\x90\0\x03\0\0\0" + b"\0" * 300


@pytest.fixture
def line(stack: Stack) -> Iterator[Line]:
    made = Line(stack.url)
    yield made
    made.close()


@pytest.fixture
def page(browser: Browser, stack: Stack, line: Line) -> Iterator[Page]:
    """The library of somebody just signed in, reached over the line."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    opened = context.new_page()
    opened.goto(stack.fresh_link().replace(stack.url, line.address))
    yield opened
    context.close()


def large(folder: Path, name: str, megabytes: int = 40) -> Path:
    """A text of its own that is sent in pieces."""
    path = folder / name
    sentence = f"{name}: the supplier shall keep records of every delivery. "
    path.write_text(sentence * (megabytes * 1_000_000 // len(sentence) + 1))
    return path


def sent(page: Page, name: str) -> int:
    return int(page.locator(f"#uploads progress[aria-label='{name}']").get_attribute("value") or 0)


def wait_until_sent(page: Page, name: str, percent: int) -> None:
    deadline = time.monotonic() + 30
    while sent(page, name) < percent:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def tally(page: Page, text: str) -> None:
    expect(page.locator(".overall .tally")).to_have_text(text, timeout=30_000)


def test_a_folder_of_sixty_with_two_bad_ones(page, stack, tmp_path):
    folder = tmp_path / "Data room"
    (folder / "Leases").mkdir(parents=True)
    for number in range(60):
        below = folder / "Leases" if number % 2 else folder
        (below / f"letter {number}.txt").write_text(f"Letter {number}. The fee is {number} euros.")
    (folder / "tool.exe").write_bytes(PROGRAM)
    (folder / "empty.txt").touch()
    (folder / ".DS_Store").write_bytes(b"\0\1")
    page.set_input_files("#upload-folder", folder)
    tally(page, "62 of 62 files")
    refused = page.locator("#uploads .refused li")
    expect(refused).to_have_count(2)
    expect(refused.filter(has_text="Data room/tool.exe")).to_contain_text("this is a program")
    expect(refused.filter(has_text="Data room/empty.txt")).to_contain_text("The file is empty.")
    expect(page.locator("#uploads .done summary")).to_have_text("60 uploaded")
    expect(page.get_by_role("status")).to_have_text("60 files uploaded, 2 not.")
    # the list stays until it is dismissed
    page.get_by_role("button", name="Dismiss").click()
    expect(page.locator("#uploads")).to_be_hidden()


def test_the_folder_of_an_archive_shows_by_itself_and_what_was_chosen_stays(page, tmp_path):
    (tmp_path / "chosen.txt").write_text("This one is chosen.")
    page.set_input_files("#upload-files", tmp_path / "chosen.txt")
    row = page.locator("#rows tr").filter(has_text="chosen.txt")
    expect(row).to_contain_text("Ready", timeout=20_000)
    row.get_by_role("checkbox").check()
    with zipfile.ZipFile(tmp_path / "Closing set.zip", "w") as made:
        for number in range(12):
            made.writestr(f"letter {number}.txt", f"Letter {number} of the closing set.")
    page.set_input_files("#upload-files", tmp_path / "Closing set.zip")
    folder = page.locator("#folders tr").filter(has_text="Closing set")
    expect(folder).to_contain_text("12 documents", timeout=20_000)
    expect(row.get_by_role("checkbox")).to_be_checked()
    folder.get_by_role("link", name="Closing set").first.click()
    expect(page.locator("#rows tr")).to_have_count(12)


def test_a_connection_cut_in_the_middle_of_a_piece_goes_on_by_itself(page, line, tmp_path):
    path = large(tmp_path, "cut.txt")
    line.bytes_per_second = 20_000_000
    page.set_input_files("#upload-files", path)
    wait_until_sent(page, "cut.txt", 50)
    line.cut()
    tally(page, "1 of 1 files")
    expect(page.locator("#uploads .done summary")).to_have_text("1 uploaded")
    # something was sent twice, more than the heads of requests; no more than a piece
    assert path.stat().st_size + 50_000 < line.passed < path.stat().st_size + 8_500_000


def test_a_transfer_that_stalls_is_noticed_and_sent_again(page, line, tmp_path):
    path = tmp_path / "stalled.txt"
    path.write_text("The rent is due on the first. " * 200_000)
    page.evaluate("document.getElementById('upload').dataset.stall = 1")
    line.bytes_per_second = 4_000_000
    page.set_input_files("#upload-files", path)
    wait_until_sent(page, "stalled.txt", 10)
    line.silent = True
    expect(page.locator("#uploads .running")).to_contain_text("Trying again in", timeout=15_000)
    line.silent = False
    line.bytes_per_second = 0
    tally(page, "1 of 1 files")
    expect(page.locator("#uploads .done summary")).to_have_text("1 uploaded")


def test_a_reload_in_mid_upload_loses_nothing_that_was_sent(page, line, tmp_path):
    path = large(tmp_path, "resumed.txt")
    small = large(tmp_path, "small.txt", 30)  # in one go
    line.bytes_per_second = 12_000_000
    page.set_input_files("#upload-files", [path, small])
    wait_until_sent(page, "resumed.txt", 25)  # the first piece of five is there
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    line.cut()  # the small one does not arrive either
    page.reload()
    assert asked == ["beforeunload"]
    left = page.locator("#uploads .unfinished li")
    expect(left.filter(has_text="resumed.txt")).to_contain_text(
        re.compile(r"\d+ % is here\. Choose the file again to continue")
    )
    expect(left.filter(has_text="small.txt")).to_contain_text("Choose the file again to continue")
    line.cut()  # what the browser gave up may still be under way
    time.sleep(0.5)
    line.bytes_per_second, line.passed = 0, 0
    page.set_input_files("#upload-files", [path, small])
    tally(page, "2 of 2 files")
    expect(left).to_have_count(0)
    assert line.passed < 0.85 * path.stat().st_size + small.stat().st_size
    page.reload()
    expect(page.locator("#uploads")).to_be_hidden()


def test_pause_holds_everything_and_cancel_takes_one_out(page, line, tmp_path):
    files = []
    for number in range(6):
        files.append(tmp_path / f"slow {number}.txt")
        files[-1].write_text(f"{number} of the slow ones. " * 40_000)
    line.bytes_per_second = 300_000
    page.set_input_files("#upload-files", files)
    expect(page.locator("#uploads .running li")).to_have_count(3)
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#uploads .running li")).to_have_count(0)
    expect(page.locator("#uploads .waiting summary")).to_have_text("6 waiting")
    line.cut()
    before = line.passed
    time.sleep(0.5)
    # half a second of a file would be 150,000 bytes; the page itself may ask how reading goes
    assert line.passed - before < 10_000
    page.locator("#uploads .waiting summary").click()
    page.locator("#uploads .waiting li", has_text="slow 5").get_by_role("button").click()
    line.bytes_per_second = 0
    page.get_by_role("button", name="Continue").click()
    tally(page, "5 of 5 files")
    expect(page.locator("#uploads .done li", has_text="slow 5")).to_have_count(0)


def here(stack: Stack) -> list[str]:
    """What the server keeps of files that have not arrived whole."""
    return [path.name for path in (stack.folder / "incoming").iterdir()]


def is_empty(stack: Stack) -> None:
    deadline = time.monotonic() + 10
    while here(stack):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_arrived_of_a_cancelled_file_does_not_lie_about(page, stack, line, tmp_path):
    path = large(tmp_path, "unwanted.txt")
    line.bytes_per_second = 12_000_000
    page.set_input_files("#upload-files", path)
    wait_until_sent(page, "unwanted.txt", 25)  # the first piece of five is there
    assert len(here(stack)) == 1
    page.locator("#uploads .running li").get_by_role("button", name="Cancel").click()
    is_empty(stack)
    line.bytes_per_second = 0
    page.reload()
    expect(page.locator("#uploads")).to_be_hidden()


def test_what_is_there_of_an_interrupted_file_goes_when_it_is_cancelled(
    page, stack, line, tmp_path
):
    path = large(tmp_path, "given up.txt")
    line.bytes_per_second = 12_000_000
    page.set_input_files("#upload-files", path)
    wait_until_sent(page, "given up.txt", 25)
    page.on("dialog", lambda dialog: dialog.accept())
    line.cut()
    page.reload()
    left = page.locator("#uploads .unfinished li")
    expect(left).to_contain_text("% is here")
    line.bytes_per_second = 0
    # others go first, so that it waits
    first = [large(tmp_path, f"first {number}.txt", 20) for number in range(3)]
    line.silent = True
    page.set_input_files("#upload-files", [*first, path])
    expect(left).to_have_count(0)
    page.locator("#uploads .waiting summary").click()
    page.locator("#uploads .waiting li").get_by_role("button", name="Cancel").click()
    line.silent = False
    is_empty(stack)


def test_after_the_session_ended_uploads_wait_until_one_is_signed_in(page, stack, line, tmp_path):
    other = page.context.new_page()
    other.goto(line.address)
    other.get_by_role("button", name="Sign out").click()
    path = tmp_path / "later.txt"
    path.write_text("Sent later.")
    page.set_input_files("#upload-files", path)
    expect(page.locator("#uploads .notice")).to_contain_text("sign in again in another tab")
    other.goto(stack.fresh_link().replace(stack.url, line.address))
    page.get_by_role("button", name="Continue").click()
    tally(page, "1 of 1 files")
    expect(page.locator("#uploads .done summary")).to_have_text("1 uploaded")


DROP = """text => {
    const data = new DataTransfer();
    data.setData("text/plain", text);
    const target = document.querySelector("main");
    const how = {dataTransfer: data, bubbles: true, cancelable: true};
    for (const type of ["dragover", "drop"]) target.dispatchEvent(new DragEvent(type, how));
}"""
MAIL = """From: Ada <ada@alder.example>
To: Ben <ben@birch.example>
Subject: Notice of termination
Date: Mon, 3 Mar 2025 10:00:00 +0000

We give notice as of 1 April.
"""


def test_an_e_mail_dropped_as_text_is_a_document_and_an_address_is_not_fetched(page):
    page.evaluate(DROP, MAIL)
    row = page.locator("#rows tr", has_text="Notice of termination.eml")
    expect(row).to_have_count(1, timeout=10_000)
    page.evaluate(DROP, "https://alder.example/contract.pdf")
    expect(page.locator("#uploads .notice")).to_contain_text("nothing is fetched from it")


PASTE = """text => {
    const data = new DataTransfer();
    data.setData("text/plain", text);
    const how = {clipboardData: data, bubbles: true, cancelable: true};
    document.body.dispatchEvent(new ClipboardEvent("paste", how));
}"""


def test_a_pasted_text_is_shown_first_and_kept_on_command(page):
    page.evaluate(PASTE, "Call with Birch\n\nThe fee is 500 euros.")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Title")).to_have_value("Call with Birch")
    dialog.get_by_role("button", name="Keep as a document").click()
    expect(page.locator("#rows tr", has_text="Call with Birch.txt")).to_have_count(
        1, timeout=10_000
    )
    expect(dialog).to_have_count(0)
