"""A scan goes through the slow lane and comes out ready, and what could not be read is said."""

from __future__ import annotations

import io
import os
import signal

import pytest
from django.utils import timezone

from documents import geometry, ingest, tasks
from documents.models import Version
from documents.reading import ingest_due, ingest_version
from tests import scans
from tests.conftest import CONTRACT, read, recognises, upload

ODDS = "Fees of 12,000 euros\nare due within thirty days."
QUICK, SLOW = Version.Lane.QUICK, Version.Lane.SLOW


@pytest.fixture
def scan(workspace, owner):
    """A scanned contract of two pages, as an upload leaves it."""
    recognises()
    pages = [scans.written(part.strip()) for part in CONTRACT.split("\f")]
    return upload(workspace, owner, scans.pdf(*pages), "scan.pdf")


def version_of(document) -> Version:
    return Version.objects.get(document=document)


def test_the_quick_lane_leaves_a_scan_to_the_slow_one(scan):
    assert ingest_due(QUICK) == 1
    left = version_of(scan)
    assert (left.status, left.lane, left.attempts) == ("queued", "slow", 0)
    assert ingest_due(QUICK) == 0

    assert ingest_due(SLOW) == 1
    done = version_of(scan)
    assert (done.status, done.page_count, done.unread) == ("ready", 2, [])
    assert "governed by the laws of Ireland" in done.text.content
    assert [page.source for page in done.pages.all()] == ["ocr", "ocr"]
    assert all(page.confidence > 0.9 for page in done.pages.all())


def test_it_says_that_it_waits_and_which_page_is_being_recognised(scan, as_owner, workspace):
    def row() -> str:
        return as_owner.get(f"/w/{workspace.slug}/").content.decode()

    ingest_due(QUICK)
    assert "Waiting for text recognition" in row()
    version = version_of(scan)
    assert version.claim("a worker")
    version.progress(0, 2)
    assert "Recognising page 1 of 2" in row()
    version.progress(1, 2)
    assert "Recognising page 2 of 2" in row()


def test_the_command_line_recognises_at_once(scan):
    ingest_version(version_of(scan), recognise=True)
    assert version_of(scan).status == "ready"


def test_a_hint_for_the_quick_lane_passes_a_scan_on(scan, monkeypatch):
    sent = []
    monkeypatch.setattr(tasks.recognise, "delay", lambda: sent.append(True))
    tasks.ingest(scan.current.pk)
    assert sent == [True]
    tasks.recognise()
    assert version_of(scan).status == "ready"


def test_the_sweep_finds_a_scan_whose_hint_was_lost(scan, monkeypatch):
    sent = []
    ingest_due(QUICK)
    monkeypatch.setattr(tasks.recognise, "delay", lambda: sent.append("ocr"))
    monkeypatch.setattr(tasks.ingest, "delay", lambda pk: sent.append("ingest"))
    tasks.sweep()
    assert sent == ["ocr"]


def test_a_scan_whose_worker_was_killed_is_recognised_by_the_next(scan):
    ingest_due(QUICK)
    assert version_of(scan).claim("a worker that dies")
    assert ingest_due(SLOW) == 0
    Version.objects.update(lease_until=timezone.now())
    assert ingest_due(SLOW) == 1
    assert (version_of(scan).status, version_of(scan).attempts) == ("ready", 2)


def test_a_reader_that_dies_over_a_scan_is_a_sentence(scan, monkeypatch):
    from tests.test_ingest_sandbox import children

    def kill_all(*_progress):
        for pid in children():
            os.kill(pid, signal.SIGKILL)

    monkeypatch.setattr(Version, "progress", kill_all)
    ingest_due(QUICK)
    ingest_due(SLOW)
    failed = version_of(scan)
    assert (failed.status, failed.error_code) == ("failed", "crashed")
    assert failed.retry()
    assert version_of(scan).lane == "slow"


def test_a_word_of_a_scan_is_boxed_where_it_stands(scan):
    ingest_version(version_of(scan), recognise=True)
    done = version_of(scan)
    start = done.text.content.index("Ireland")
    (found,) = geometry.boxes(done, start, start + len("Ireland"))
    ((x, y, width, height),) = found.rects
    page = scans.written(CONTRACT.split("\f")[0].strip())
    inked = page.crop(
        (
            round((x - 0.002) * page.width),
            round((y - 0.002) * page.height),
            round((x + width + 0.002) * page.width),
            round((y + height + 0.002) * page.height),
        )
    )
    assert min(inked.get_flattened_data()) < 64
    assert (found.page, found.changed) == (1, False)
    assert 0.005 < height < 0.03


def test_a_page_that_cannot_be_made_out_is_marked_and_named(workspace, owner, as_owner):
    recognises()
    good = scans.written(CONTRACT.split("\f")[0].strip())
    smudged = scans.smudged(scans.written(ODDS))
    made = upload(workspace, owner, scans.pdf(good, smudged, scans.written("")), "half.pdf")
    ingest_version(version_of(made), recognise=True)
    done = version_of(made)
    assert done.status == "ready"
    assert done.unread == [2]
    assert [page.legible for page in done.pages.all()] == [True, False, True]
    assert "Page 2 could not be read." in done.warnings
    page = as_owner.get(f"/w/{workspace.slug}/documents/{made.public_id}/").content.decode()
    assert page.count("This page could not be read.") == 1


def test_without_tesseracts_data_a_scan_is_kept_and_says_how_to_get_them(
    scan, tmp_path, monkeypatch, as_owner, workspace
):
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path))
    ingest.close()
    (tmp_path / "none.traineddata").touch()
    try:
        done = read(scan)
    finally:
        ingest.close()
    assert (done.status, done.unread, done.lane) == ("ready", [1, 2], "quick")
    assert "Pages 1–2 could not be read." in done.warnings
    assert "apt install tesseract-ocr-eng tesseract-ocr-osd" in done.warnings[-1]
    page = as_owner.get(f"/w/{workspace.slug}/").content.decode()
    assert "apt install tesseract-ocr-eng" in page


def test_a_picture_goes_the_same_way(workspace, owner):
    recognises()
    file = io.BytesIO()
    scans.written(ODDS).save(file, "PNG")
    made = upload(workspace, owner, file.getvalue(), "photo.png")
    ingest_due(QUICK)
    assert version_of(made).lane == "slow"
    ingest_due(SLOW)
    assert version_of(made).text.content == ODDS
