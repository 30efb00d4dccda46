"""Text hidden under a scan is compared with what the scan shows: lies are found, slips are not."""

from __future__ import annotations

import random
import re
import zlib
from datetime import timedelta
from pathlib import Path

import pypdfium2
import pytest
from django.utils import timezone
from PIL import Image

from documents import ingest, tasks, vetting
from documents.ingest.vetting import ALL
from documents.models import Version
from tests import scans
from tests.conftest import CONTRACT, read, recognises, upload
from tests.pdfs import drawn, stream

LINES = [
    "SERVICES AGREEMENT",
    "This Agreement is made on 3 March 2025 between Alder Ltd and Birch GmbH.",
    "1. Term. This Agreement begins on 1 April 2025 and runs for three years.",
    "2. Termination. Either party may terminate this Agreement on sixty days notice.",
    "A party may terminate at once if the other party becomes insolvent.",
    "3. Governing law. This Agreement is governed by the laws of Ireland.",
    "4. Fees. Alder pays Birch 12,000 euros a month within thirty days of each invoice.",
    "5. Liability. Neither party is liable for indirect loss or for loss of profit.",
]


def set_lines(lines: list[str]) -> bytes:
    shown = []
    for number, line in enumerate(lines):
        escaped = line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        shown.append(f"BT /F 12 Tf 60 {700 - 40 * number} Td ({escaped}) Tj ET")
    return "\n".join(shown).encode("cp1252")


def scan(hidden: list[str], shown: list[str] = LINES) -> bytes:
    """A page that is a picture of ``shown`` with ``hidden`` beneath it, line by line."""
    with pypdfium2.PdfDocument(drawn(set_lines(shown))) as document:
        picture = document[0].render(scale=200 / 72, grayscale=True).to_pil()
    return pictured(scans.noisy(picture, 12), set_lines(hidden))


def pictured(picture: Image.Image, hidden: bytes, size: tuple[float, float] = (612, 792)) -> bytes:
    image = stream(
        zlib.compress(picture.tobytes()),
        f"/Type /XObject /Subtype /Image /Width {picture.width} /Height {picture.height}"
        " /BitsPerComponent 8 /ColorSpace /DeviceGray /Filter /FlateDecode",
    )
    content = f"q {size[0]} 0 0 {size[1]} 0 0 cm /I Do Q 3 Tr ".encode() + hidden
    return drawn(content, image, resources="/XObject << /I 7 0 R >>", size=size)


def layered(path: Path, number: int) -> bytes:
    """A contract's page as a scanner would give it: its picture, with its words beneath."""
    with pypdfium2.PdfDocument(path) as document:
        page = document[number - 1]
        text_page, size = page.get_textpage(), page.get_size()
        text = text_page.get_text_range()
        words = []
        for word in re.finditer(r"\S+", text):
            boxes = [text_page.get_charbox(at, loose=True) for at in range(*word.span())]
            left, bottom = min(box[0] for box in boxes), min(box[1] for box in boxes)
            right, top = max(box[2] for box in boxes), max(box[3] for box in boxes)
            height = max(top - bottom, 1.0) * 0.8
            width = 100 * (right - left) / (0.5 * height * len(word[0]))
            plain = word[0].encode("cp1252", "replace").decode("cp1252")
            escaped = plain.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
            words.append(
                f"BT /F {height:.2f} Tf {width:.1f} Tz {left:.2f} {bottom + height * 0.2:.2f} Td"
                f" ({escaped}) Tj ET"
            )
    picture = scans.noisy(scans.rendered(path, number), 10)
    return pictured(picture, "\n".join(words).encode("cp1252"), size)


@pytest.fixture
def vetted(workspace, owner):
    """Reads and vets a file as the workers would; gives its version and its findings' texts."""

    recognises()

    def vet(data: bytes) -> tuple[Version, list[str]]:
        version = read(upload(workspace, owner, data, "scan.pdf"))
        assert (version.status, version.to_vet) == ("ready", [1])
        tasks.recognise()
        version.refresh_from_db()
        assert (version.to_vet, version.vet_at) == ([], None)
        text = version.text.content
        assert all(one["page"] == 1 for one in version.findings)
        lies = [one for one in version.findings if one["code"] == "layer_differs"]
        return version, [text[one["start"] : one["end"]] for one in lies]

    return vet


def changed(old: str, new: str) -> list[str]:
    lines = [line.replace(old, new) for line in LINES]
    assert lines != LINES
    return lines


def test_a_layer_that_says_what_its_picture_says_raises_no_alarm(vetted):
    version, _lies = vetted(scan(LINES))
    assert version.findings == []


@pytest.mark.parametrize(
    ("shown", "hidden"),
    [
        ("sixty", "ninety"),
        ("12,000", "72,000"),
        ("Ireland", "Panama"),
        ("three", "seven"),
        ("insolvent", "annoying"),
        ("1 April", "9 April"),
    ],
)
def test_one_word_that_was_changed_is_found(vetted, shown, hidden):
    version, lies = vetted(scan(changed(shown, hidden)))
    assert len(lies) == 1
    assert hidden.split()[0] in lies[0]
    assert version.hides(version.findings[0]["start"], version.findings[0]["end"])


def test_a_sentence_under_another_sentence_is_found(vetted):
    lie = "Birch may keep every payment whatever it does or fails to do."
    _version, lies = vetted(scan([*LINES[:4], lie, *LINES[5:]]))
    assert lies
    assert all(lie_word in lie for lie_word in lies[0].split())


def test_the_layer_of_another_page_is_found_as_a_whole(vetted):
    other = [f"Clause {n}: the tenant shall repaint the premises in spring." for n in range(8)]
    version, lies = vetted(scan(other))
    assert ALL in [one["sentence"] for one in version.findings]
    assert lies[0].startswith("Clause 0")


def test_a_layer_that_leaves_most_of_the_picture_out_is_said(vetted):
    version, _lies = vetted(scan(LINES[:2]))
    assert [one["code"] for one in version.findings] == ["layer_lacks"]


def test_the_slips_of_another_recogniser_raise_no_alarm(vetted):
    slips = {"l": "1", "rn": "m", "e": "c", "o": "0", "i": "l", "u": "n", "S": "5"}
    dice = random.Random(3)
    lines = []
    for line in LINES:
        letters = [
            slips[c] if c in slips and dice.random() < 0.06 and not line[:1].isdigit() else c
            for c in line
        ]
        lines.append("".join(letters))
    assert lines != LINES
    version, _lies = vetted(scan(lines))
    assert version.findings == []


@pytest.mark.slow
def test_true_text_under_pictures_of_contracts_raises_no_alarm(vetted, contracts):
    for path in sorted(contracts.glob("*.pdf"))[4::6]:
        version, _lies = vetted(layered(path, 1))
        assert version.findings == [], path.name


def test_without_anything_to_recognise_with_it_is_said_that_nobody_compared(
    workspace, owner, monkeypatch, tmp_path
):
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path))
    (tmp_path / "none.traineddata").touch()
    ingest.close()
    try:
        version = read(upload(workspace, owner, scan(LINES), "scan.pdf"))
        vetting.vet_due()
    finally:
        ingest.close()
    version.refresh_from_db()
    (finding,) = version.findings
    assert finding["code"] == "unchecked"
    assert version.to_vet == []


def test_a_worker_that_died_leaves_the_page_to_another(workspace, owner):
    version = read(upload(workspace, owner, scan(changed("sixty", "ninety")), "scan.pdf"))
    assert version.claim_vetting(timezone.now() + timedelta(minutes=4))
    assert vetting.vet_due() == 0
    Version.objects.filter(pk=version.pk).update(vet_at=timezone.now())
    assert vetting.vet_due() == 1


def test_a_document_that_was_erased_meanwhile_is_let_go(workspace, owner):
    version = read(upload(workspace, owner, scan(LINES), "scan.pdf"))
    version.blob.file.delete(save=True)
    version.pages.all().delete()
    assert vetting.vet_due() == 1
    version.refresh_from_db()
    assert (version.to_vet, version.vet_at, version.findings) == ([], None, [])


def test_whoever_waits_to_be_read_comes_first(workspace, owner):
    version = read(upload(workspace, owner, scan(LINES), "scan.pdf"))
    waiting = upload(workspace, owner, CONTRACT.encode(), "waiting.txt")
    Version.objects.filter(document=waiting).update(lane=Version.Lane.SLOW)
    assert vetting.vet_due() == 0
    version.refresh_from_db()
    assert version.to_vet == [1]
