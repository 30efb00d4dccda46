"""Odd, broken and malicious files through the real way of an upload."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from django.core.files.base import File

from documents import uploads
from documents.models import Page, Text
from documents.reading import ingest_version
from tests.conftest import skip

SHARED = Path(__file__).resolve().parents[1].parent / "shared"
pytestmark = [pytest.mark.corpus, pytest.mark.slow]


def outcome(path, workspace, owner):
    """The sentence a user gets, or "ready"."""
    try:
        with path.open("rb") as file:
            found = uploads.accept(File(file, name=path.name), path.name, workspace, owner)
    except uploads.Refused as refusal:
        return str(refusal)
    version = found.document.current
    if found.created:
        assert ingest_version(version)
    if version.status == "ready":
        text = Text.objects.get(version=version).content
        pages = list(Page.objects.filter(version=version))
        assert len(text) == version.chars
        assert not pages or pages[-1].end <= len(text)
        return "ready"
    assert version.status == "failed", path.name
    return version.error


def assert_all_end_well(files, workspace, owner):
    assert files
    for path in files:
        said = outcome(path, workspace, owner)
        assert said == "ready" or said.endswith("."), (path.name, said)
        for word in ("Traceback", "Error", "Exception", "errno", "None", str(path.parent)):
            assert word not in said, (path.name, said)


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
            said = outcome(path, workspace, owner)
            assert "Not accepted: this is a" in said, path.name
            old = path.suffix in (".doc", ".xls", ".ppt", ".msg")
            assert ("Save it as ." if old else "Save a copy without one") in said, path.name
