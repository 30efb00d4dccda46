"""A PDF becomes canonical text whose pages know where they are."""

import hashlib
import io
from pathlib import Path

import pypdf
import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from documents import ingest
from documents.ingest import Kind, Limits
from documents.ingest.positions import page_text
from documents.ingest.raw import raw_text, raw_text_by_unit
from tests.pdfs import Page, write

LIMITS = Limits(bytes=10 << 20, pages=50, seconds=20)
ODD = "Hello – naïve 😀 e\u0301 x\x02y\x03z\ufffew\x00v\ud800u\x96 \ufb01 \ufdd0\U0001fffe end"


@pytest.fixture(scope="module", autouse=True)
def _closed():
    yield
    ingest.close()


def read(tmp_path: Path, data: bytes, limits: Limits = LIMITS) -> ingest.Reading:
    path = tmp_path / "document"
    path.write_bytes(data)
    return ingest.read(path, Kind.PDF, limits)


def refusal(tmp_path: Path, data: bytes, limits: Limits = LIMITS) -> ingest.Unreadable:
    with pytest.raises(ingest.Unreadable) as raised:
        read(tmp_path, data, limits)
    return raised.value


def encrypted(user: str, owner: str) -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(write("for your eyes")))
    writer.encrypt(user, owner, algorithm="RC4-128")
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def test_it_reads_pages_with_their_ranges_and_sizes(tmp_path):
    data = write(
        "One\nline two",
        Page(["Two"], width=400, height=300, rotation=90),
        Page(["Three"], crop=(0, 500, 300, 792)),
        title="Supply\r\nAgreement 😀",
    )

    reading = read(tmp_path, data)

    texts = [reading.text[page.start : page.end] for page in reading.pages]
    assert texts == ["One\nline two", "Two", "Three"]
    assert reading.text == ingest.PAGE_SEPARATOR.join(texts)
    sizes = [(page.width, page.height, page.rotation) for page in reading.pages]
    assert sizes == [(612, 792, 0), (300, 400, 90), (300, 292, 0)]
    assert [page.number for page in reading.pages] == [1, 2, 3]
    assert reading.sha256 == hashlib.sha256(reading.text.encode()).hexdigest()
    assert (reading.title, reading.warnings) == ("Supply Agreement 😀", ())
    assert reading.reader == "pdfium"


def test_it_joins_a_hyphenated_word_and_keeps_odd_characters_out(tmp_path):
    reading = read(tmp_path, write(f"termi-\nnation\n{ODD}"))

    first, second = reading.text.split("\n")
    assert first == "termi-nation"
    assert second == "Hello – naïve 😀 e\u0301 x-yz-wvu fi  end"


def test_the_hash_of_a_page_is_of_the_characters_that_pdfium_counts(tmp_path):
    data = write(ODD)
    with pypdfium2.PdfDocument(data) as document:
        text_page = document[0].get_textpage()
        raw = raw_text_by_unit(text_page.raw)

    reading = read(tmp_path, data)

    expected = hashlib.sha256(raw.encode("utf-8", "surrogatepass")).hexdigest()
    assert reading.pages[0].raw_sha256 == expected
    assert page_text(map(ord, raw))[0] == reading.text


@given(
    st.lists(
        st.text(
            st.one_of(
                st.sampled_from("ab -\x00\x02\x03\x93\xad\ufb01\ufffe\uffff\ud800\udc00😀א(1"),
                st.characters(),
            ),
            min_size=1,
            max_size=12,
        ),
        min_size=1,
        max_size=4,
    )
)
@settings(deadline=None, max_examples=150)
def test_the_quick_way_to_the_characters_gives_what_asking_for_each_gives(lines):
    with pypdfium2.PdfDocument(write(Page(lines))) as document:
        text_page = document[0].get_textpage()
        assert raw_text(text_page.raw) == raw_text_by_unit(text_page.raw)


def test_it_reads_the_same_twice(tmp_path):
    data = write(ODD, "Second")

    assert read(tmp_path, data) == read(tmp_path, data)


def test_pages_on_which_nothing_stands_are_no_cause_for_a_warning(tmp_path):
    reading = read(tmp_path, write("One", "", "", " ", "Five", ""))

    assert reading.warnings == ()
    assert [page.source for page in reading.pages] == ["text", *["none"] * 3, "text", "none"]
    assert all(page.legible for page in reading.pages)


def test_it_refuses_a_pdf_on_which_nothing_stands(tmp_path):
    assert refusal(tmp_path, write("", " ")).code == "no_text"


def test_a_title_that_is_no_unicode_does_not_keep_the_pages_from_being_read(tmp_path):
    reading = read(tmp_path, write("Agreement", title="Sup\udbfeply"))

    assert (reading.text, reading.title) == ("Agreement", "Sup\ufffdply")


def test_it_refuses_a_pdf_that_needs_a_password_and_says_so(tmp_path):
    error = refusal(tmp_path, encrypted("secret", "secret"))

    assert error.code == "encrypted"
    assert "password" in str(error)


def test_it_reads_a_pdf_that_only_its_owner_locked(tmp_path):
    reading = read(tmp_path, encrypted("", "secret"))

    assert reading.text == "for your eyes"
    assert reading.warnings == ()


def test_it_refuses_damaged_and_empty_files_with_different_sentences(tmp_path):
    assert refusal(tmp_path, b"%PDF-1.7\n").code == "damaged"
    assert refusal(tmp_path, write()).code == "empty"
    assert refusal(tmp_path, b"").code == "empty"


def test_an_earlier_files_password_is_not_held_against_a_later_one(tmp_path):
    assert refusal(tmp_path, encrypted("secret", "secret")).code == "encrypted"
    assert refusal(tmp_path, write()).code == "empty"


def test_it_reads_a_file_whose_end_was_lost_and_warns(tmp_path):
    data = write("still here")
    reading = read(tmp_path, data[: data.index(b"xref\n0")] + b"\ntrailer <</Root 1 0 R>>")

    assert reading.text == "still here"
    assert len(reading.warnings) <= 1


def test_limits_are_sentences_with_numbers(tmp_path):
    pages = write(*["text"] * 4)

    assert "4 pages; at most 3" in str(refusal(tmp_path, pages, Limits(bytes=9999, pages=3)))
    error = refusal(tmp_path, pages, Limits(bytes=99, pages=9))
    assert error.code == "too_large"
    assert ingest.SENTENCES[error.code] % error.fields == str(error)


def test_it_reports_its_progress_to_the_last_page(tmp_path):
    path = tmp_path / "document.pdf"
    path.write_bytes(write(*["text"] * 40))
    seen: list[tuple[int, int]] = []

    ingest.read(path, Kind.PDF, LIMITS, lambda done, total: seen.append((done, total)))

    assert seen == sorted(seen)
    assert seen[-1] == (40, 40)


def test_it_opens_a_file_whose_name_is_no_unicode(tmp_path):
    path = tmp_path / "contract-\udcff.pdf"
    path.write_bytes(write("text"))

    assert ingest.read(path, Kind.PDF, LIMITS).text == "text"
