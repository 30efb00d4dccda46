"""Odd, broken and malicious files through the real way of an upload."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from documents import foreground
from documents.models import Page, Text, Version
from tests.conftest import skip

SHARED = Path(__file__).resolve().parents[1].parent / "shared"
pytestmark = [pytest.mark.corpus, pytest.mark.slow]


def outcomes(path, workspace, owner):
    """What a user is told of a file and of each file within it: the sentence, or "ready"."""
    for one in foreground.ingest_path(path, workspace, owner):
        if not one.ready:
            yield one.error
            continue
        text = Text.objects.get(version=one.version).content
        pages = list(Page.objects.filter(version=one.version))
        assert len(text) == one.version.chars
        assert not pages or pages[-1].end <= len(text)
        yield "ready"


def assert_all_end_well(files, workspace, owner):
    assert files
    for path in files:
        for said in outcomes(path, workspace, owner):
            assert said == "ready" or said.endswith("."), (path.name, said)
            for word in ("Traceback", "Error", "Exception", "errno", "None", str(path.parent)):
                assert word not in said, (path.name, said)
    assert not Version.objects.exclude(status__in=("ready", "failed")).exists()


@pytest.fixture
def quick(settings):
    settings.READER_SECONDS = 8


def test_every_hostile_pdf_ends_ready_or_with_a_sentence(workspace, owner, quick):
    folder = SHARED / "data" / "hostile" / "pdf"
    if not folder.is_dir():
        skip("corpus", "the hostile documents of ../shared/data are not here")
    assert_all_end_well(sorted(folder.iterdir()), workspace, owner)


def test_every_bomb_ends_ready_or_with_a_sentence(workspace, owner, quick, tmp_path):
    maker = SHARED / "tools" / "make_bombs.py"
    if not maker.is_file():
        skip("corpus", "../shared/tools/make_bombs.py is not here")
    subprocess.run(
        [sys.executable, str(maker), str(tmp_path)], check=True, stdout=subprocess.DEVNULL
    )
    assert_all_end_well(sorted(tmp_path.iterdir()), workspace, owner)


@pytest.mark.parametrize("folder", ["office", "images"])
def test_every_hostile_file_of_other_kinds_ends_ready_or_with_a_sentence(
    workspace, owner, quick, folder
):
    hostile = SHARED / "data" / "hostile" / folder
    if not hostile.is_dir():
        skip("corpus", "the hostile documents of ../shared/data are not here")
    assert_all_end_well(sorted(hostile.iterdir()), workspace, owner)


def test_office_files_that_are_old_or_locked_are_refused_with_what_to_do(workspace, owner):
    folder = SHARED / "data" / "hostile" / "office"
    if not folder.is_dir():
        skip("corpus", "the hostile documents of ../shared/data are not here")
    for path in folder.iterdir():
        if path.read_bytes().startswith(b"\xd0\xcf\x11\xe0"):
            (said,) = outcomes(path, workspace, owner)
            assert "Not accepted: this is a" in said, path.name
            old = path.suffix in (".doc", ".xls", ".ppt", ".msg")
            assert ("Save it as ." if old else "Save a copy without one") in said, path.name
