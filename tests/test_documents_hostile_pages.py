"""Whatever a PDF is, looking at it gives a picture, or a sentence, and boxes on the page."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from documents import ingest, pictures
from documents.models import Version
from tests.conftest import read, upload

pytestmark = [pytest.mark.corpus, pytest.mark.slow, pytest.mark.reader]
PAGES = 3  # of a document are looked at


def test_every_hostile_pdf_that_is_ready_can_be_looked_at(
    as_mate, workspace, owner, contracts, settings, tmp_path, monkeypatch
):
    settings.PICTURES = tmp_path / "pictures"
    monkeypatch.setattr(pictures, "LOOK_SECONDS", 5.0)
    drawn = ready = 0
    refused = {}
    for path in sorted((contracts.parent / "hostile" / "pdf").glob("*.pdf")):
        version = read(upload(workspace, owner, path.read_bytes(), path.name))
        if version.status != Version.Status.READY:
            continue
        ready += 1
        base = f"/w/{workspace.slug}/versions/{version.public_id}"
        for number in range(1, min(version.page_count, PAGES) + 1):
            picture = as_mate.get(f"{base}/pages/{number}/600/")
            assert picture.status_code in (200, 404), path.name
            if picture.status_code == 200:
                with Image.open(io.BytesIO(picture.content)) as shown:
                    shown.load()
                    assert 1 <= shown.width <= 600
                    assert 1 <= shown.height <= 8_000
                drawn += 1
            else:
                refused[path.name] = picture.content.decode()
                assert refused[path.name]
            layer = as_mate.get(f"{base}/pages/{number}/layer/")
            assert layer.status_code in (200, 404), path.name
        if version.chars:
            places = as_mate.get(f"{base}/boxes/?start=0&end={version.chars}")
            assert places.status_code in (200, 404), path.name
            for page in places.json()["pages"] if places.status_code == 200 else ():
                assert not page["changed"], path.name
                for x, y, width, height in page["rects"]:
                    assert 0 <= x <= x + width <= 1 + 1e-9, path.name
                    assert 0 <= y <= y + height <= 1 + 1e-9, path.name
    pictures.wait()
    print(f"{ready} ready, {drawn} pages drawn, refused: {refused}")
    assert ready > 60
    assert drawn > ready
    # whoever looks next is served
    with pytest.raises(ingest.Unreadable):
        ingest.picture(tmp_path / "none.pdf", ingest.Kind.PDF, ingest.Limits(1, 1), 1, 600)
