"""How well the emulator's extraction does on marked contracts, and how fast on a known document."""

import time

import pytest

from emulator import extract, measure, sentences
from emulator.library import Library
from emulator.prompt import Document
from tests.emulator_support import CONTRACTS, LEASE

corpus = pytest.mark.skipif(not CONTRACTS.exists(), reason="the marked contracts are not here")


@pytest.mark.parametrize(
    "text", ["", "a", "\n\n", LEASE, "No. 5 of Acme Inc. pays. Then?\fNew page", "x" * 5_000]
)
def test_sentences_cover_a_text_without_gaps(text: str) -> None:
    chunks = sentences.split(text)
    assert "".join(text[start:end] for start, end in chunks) == text
    assert all(start < end for start, end in chunks)


def test_an_abbreviation_does_not_end_a_sentence() -> None:
    text = "Acme Inc. Limited signs per Sec. 5 today. Then it pays."
    assert [text[start:end] for start, end in sentences.split(text)] == [
        "Acme Inc. Limited signs per Sec. 5 today. ",
        "Then it pays.",
    ]


@corpus
@pytest.mark.corpus
def test_a_marked_clause_is_cited_for_most_questions(capsys: pytest.CaptureFixture[str]) -> None:
    measure.measure(CONTRACTS, misses=False)
    lines = capsys.readouterr().out.splitlines()

    def share(start: str) -> float:
        line = next(line for line in lines if line.startswith(start))
        return float(line.rsplit("=", 1)[1].strip().rstrip("%"))

    assert share("answered with a marked clause") >= 78
    assert share("absent, and said so") >= 78


@corpus
@pytest.mark.corpus
def test_a_long_document_answers_fast_the_second_time() -> None:
    text = max((measure.pdf_text(path) for path in CONTRACTS.glob("*.pdf")), key=len)
    library = Library()
    document = Document(0, None, text, None, True)
    question = ("Which law governs this agreement?",)
    began = time.perf_counter()
    first = extract.find(library, [document], question)
    cold = time.perf_counter() - began
    warm = []
    for _ in range(5):
        began = time.perf_counter()
        assert extract.find(library, [document], question) == first
        warm.append(time.perf_counter() - began)
    assert first
    assert min(warm) < cold / 4
