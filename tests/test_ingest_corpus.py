"""Real contracts read well; hostile files end in a reading or a sentence, and within limits."""

import resource
import subprocess
import sys
import time
from dataclasses import replace
from difflib import SequenceMatcher
from pathlib import Path

import pypdf
import pypdfium2
import pytest

from documents import ingest
from documents.ingest import Kind, Limits
from documents.ingest.canonical import clean
from documents.ingest.raw import raw_text, raw_text_by_unit

SHARED = Path(__file__).resolve().parents[1].parent / "shared"
CONTRACTS = SHARED / "data" / "contracts"
HOSTILE = SHARED / "data" / "hostile" / "pdf"
BOMBS = SHARED / "tools" / "make_bombs.py"
LIMITS = Limits(bytes=30 << 20, pages=2000, seconds=20)

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not CONTRACTS.is_dir(), reason="../shared/data is not here"),
]


@pytest.fixture(scope="module", autouse=True)
def _closed():
    yield
    ingest.close()


def outcome(path: Path, kind: Kind, limits: Limits = LIMITS) -> str:
    """What came of a file: "read" or the refusal's code. Fails when it is neither, or late."""
    began = time.monotonic()
    try:
        reading = ingest.read(path, kind, limits)
    except ingest.Unreadable as error:
        return error.code
    finally:
        assert time.monotonic() - began < limits.seconds + 5
    assert reading.text == clean(reading.text)
    texts = [reading.text[page.start : page.end] for page in reading.pages]
    assert reading.text == ingest.PAGE_SEPARATOR.join(texts)
    return "read"


def squeezed(text: str) -> str:
    return "".join(text.split()).replace("\ufffe", "-")


def test_every_contract_is_read_in_full():
    pages = []
    for path in sorted(CONTRACTS.glob("*.pdf")):
        reading = ingest.read(path, Kind.PDF, LIMITS)
        pages += reading.pages
        assert all("No text was found on page" in warning for warning in reading.warnings)

    assert len(pages) == 845
    assert [page.source for page in pages].count("none") == 3  # they are blank


def test_the_quick_way_to_the_characters_is_right_on_every_page():
    pages = 0
    for path in sorted([*CONTRACTS.glob("*.pdf"), *HOSTILE.glob("*.pdf")]):
        try:
            document = pypdfium2.PdfDocument(path)
        except pypdfium2.PdfiumError:
            continue
        with document:
            for number in range(min(len(document), 60)):
                try:
                    text_page = document[number].get_textpage()
                except pypdfium2.PdfiumError:
                    continue
                assert raw_text(text_page.raw) == raw_text_by_unit(text_page.raw), path.name
                pages += 1
    assert pages > 800


def test_a_contracts_pages_say_what_another_library_reads():
    for path in sorted(CONTRACTS.glob("*.pdf"))[::9]:
        reading = ingest.read(path, Kind.PDF, LIMITS)
        for page, other in list(zip(reading.pages, pypdf.PdfReader(path).pages, strict=True))[::5]:
            ours = squeezed(reading.text[page.start : page.end])
            theirs = squeezed(other.extract_text())
            ratio = SequenceMatcher(None, ours, theirs, autojunk=False).ratio()
            assert ratio > 0.99, (path.name, page.number)


def test_hostile_pdfs_end_in_a_reading_or_a_sentence():
    outcomes = [outcome(path, Kind.PDF) for path in sorted(HOSTILE.iterdir())]

    assert outcomes.count("read") >= 60
    assert outcomes.count("encrypted") >= 10
    assert {"crashed", "missing"}.isdisjoint(outcomes)


@pytest.mark.slow
def test_bombs_end_in_a_reading_or_a_sentence_within_the_memory(tmp_path):
    subprocess.run([sys.executable, BOMBS, tmp_path], check=True, capture_output=True)
    outcomes = {}
    for path in sorted(tmp_path.iterdir()):
        head = path.read_bytes()[:4096]
        # a PDF by name alone is read as if it had been let through as one
        kind = Kind.PDF if path.suffix == ".pdf" else ingest.sniff(head, path.name)
        if kind:
            # it runs out of memory, in a while: a busy machine takes longer until then
            patient = path.name == "pdf_form_xobject_cycle.pdf"
            limits = replace(LIMITS, seconds=120) if patient else LIMITS
            outcomes[path.name] = outcome(path, kind, limits)

    assert outcomes["pdf_form_xobject_cycle.pdf"] == "too_much_memory"
    assert outcomes["pdf_20000_kids_same_page.pdf"] == "too_many_pages"
    assert outcomes["pdf_zero_pages.pdf"] == outcomes["empty.pdf"] == "empty"
    assert outcomes["html_named.pdf"] == outcomes["only_header.pdf"] == "damaged"
    texts = {outcomes[name] for name in outcomes if name.endswith(".txt")}
    assert texts == {"read"}
    peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    assert peak_mb < LIMITS.memory_mb
