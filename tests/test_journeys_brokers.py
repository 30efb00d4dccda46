"""Upload, ask, open a footnote: in a real browser, with Redis or RabbitMQ in place of folders."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests import test_journeys
from tests.asked import wait_for
from tests.stack import Stack
from tests.test_journeys import answer_of, ask, browser, open_page

pytestmark = [
    *(pytest.mark.browser, pytest.mark.services, pytest.mark.slow),
    pytest.mark.xdist_group("brokers"),
    # every other journey is made on the folder
    pytest.mark.parametrize("broker", ["redis", "amqp"], indirect=True),
]
__all__ = ["browser"]


@pytest.fixture(scope="module")
def stack(broker, tmp_path_factory: pytest.TempPathFactory, chromium: str) -> Iterator[Stack]:
    running = Stack(tmp_path_factory.mktemp("stack"), **broker.environment)
    yield running
    assert running.stop() < 5


def health(stack):
    with urllib.request.urlopen(f"{stack.url}/health", timeout=5) as response:
        return json.load(response)


def test_upload_ask_footnote_marked_range_on_another_broker(browser, stack, broker):
    test_journeys.test_upload_ask_footnote_marked_range(browser, stack)
    wait_for(lambda: health(stack)["status"] == "ok", 30)
    report = health(stack)
    assert report["broker"] == f"ok: {broker.name}"
    assert report["streams"] == ("ok: redis" if broker.streams else "ok: files")


def test_a_reload_in_mid_answer_and_a_stop_work_on_another_broker(browser, stack):
    page, complaints = open_page(browser, stack)
    test_journeys.fault(stack, kind="silence", ms=20_000)
    ask(page, stack)
    expect(page.locator(".live .tail")).not_to_be_empty(timeout=20_000)
    page.reload()
    expect(page.locator(".live .tail")).not_to_be_empty(timeout=20_000)
    page.get_by_role("button", name="Stop").click()
    answer = page.locator("article.answer").last
    expect(answer).to_have_attribute("data-status", "stopped", timeout=5_000)
    page.get_by_role("button", name="Try again").click()
    answer_of(page)
    assert complaints == []
