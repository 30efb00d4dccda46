import re
from pathlib import Path

import pypdf
import pytest

from documents import samples

FOLDER = Path(samples.__file__).parent

MSA = "Master services agreement"
NDA = "Mutual non-disclosure agreement"
LICENCE = "Software licence and support agreement"
NAMES = [MSA, NDA, LICENCE]

NOTE = "This is a sample contract written for Pincite."
NO_ADVICE = "it is not legal advice."
KEY_SENTENCES = [
    (MSA, "by giving at least 120 days’ written notice."),
    (MSA, "limited to the greater of £1,500,000 and 125% of the Charges"),
    (MSA, "does not remedy it within 30 days after receiving a notice"),
    (MSA, "is governed by the law of England and Wales."),
    (MSA, "“Commencement Date” means 1 April 2025."),
    (NDA, "continue for five years after the date on which this Agreement expires"),
    (NDA, "for any reason or for none, by giving 30 days’ written notice."),
    (NDA, "shall not exceed $2,000,000."),
    (NDA, "governed by the laws of the State of New York"),
    (LICENCE, "runs for five years, until 30 September 2029 (the “Licence Term”)."),
    (LICENCE, "is limited to 150% of the Licence Fee."),
    (LICENCE, "EUR 115,200 (18% of the Licence Fee)"),
    (LICENCE, "is governed by the laws of Ireland"),
]


def pages(name: str) -> list[str]:
    """The text of each page, white space folded, without the line at its foot."""
    reader = pypdf.PdfReader(FOLDER / f"{name}.pdf")
    folded = [" ".join(page.extract_text().split()) for page in reader.pages]
    return [re.sub(rf" ?{name} Page \d+ of \d+$", "", text) for text in folded]


def source(name: str) -> str:
    return (FOLDER / f"{name}.md").read_text(encoding="utf-8")


def test_the_samples_are_the_three_contracts_in_the_order_of_their_names():
    opened = list(samples.opened())
    for _, file in opened:
        file.close()
    assert [name for name, _ in opened] == [f"{name}.pdf" for name in NAMES]


@pytest.mark.parametrize("name", NAMES)
def test_every_sample_has_at_least_three_pages_of_text(name: str):
    texts = pages(name)
    assert len(texts) >= 3
    assert all(len(text) > 300 for text in texts)


@pytest.mark.parametrize("name", NAMES)
def test_every_page_says_its_number_and_how_many_there_are(name: str):
    reader = pypdf.PdfReader(FOLDER / f"{name}.pdf")
    feet = [page.extract_text().split()[-4:] for page in reader.pages]
    count = str(len(feet))
    assert feet == [["Page", str(number + 1), "of", count] for number in range(len(feet))]


@pytest.mark.parametrize("name", NAMES)
def test_the_first_page_says_that_it_is_a_sample_and_no_legal_advice(name: str):
    first = pages(name)[0]
    assert NOTE in first
    assert NO_ADVICE in first


@pytest.mark.parametrize(("name", "sentence"), KEY_SENTENCES)
def test_a_sample_contains_the_sentence_that_answers_a_question(name: str, sentence: str):
    assert sentence in " ".join(pages(name))


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (MSA, "the Supplier must correct the fault at its own cost within 20 Business Days"),
        (NDA, "ends on January 14, 2027. It does not renew automatically."),
        (LICENCE, "during this Agreement and for three years after it"),
    ],
)
def test_a_clause_crosses_from_one_page_to_the_next(name: str, sentence: str):
    texts = pages(name)
    clause = next(p for p in source(name).split("\n\n") if sentence in p)
    clause = " ".join(clause.replace("**", "").split())
    assert clause in " ".join(texts)
    assert not any(clause in text for text in texts)


@pytest.mark.parametrize("name", NAMES)
def test_every_clause_that_a_sample_refers_to_exists(name: str):
    text = source(name)
    clauses = set(re.findall(r"^(\d+\.\d+) ", text, re.M))
    clauses |= set(re.findall(r"^## (\d+)\. ", text, re.M))
    runs = re.findall(r"[Cc]lauses? (\d+(?:\.\d+)?(?:(?:, | and | or )\d+(?:\.\d+)?)*)", text)
    cited = {number for run in runs for number in re.findall(r"\d+(?:\.\d+)?", run)}
    assert cited
    assert cited <= clauses


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_is_what_its_source_typesets_to(name: str):
    pytest.importorskip("fpdf", reason="fpdf2, which typesets the samples, is not installed")
    from documents.samples.make import typeset

    assert typeset(source(name)) == (FOLDER / f"{name}.pdf").read_bytes()
