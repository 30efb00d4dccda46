"""How a page's text is set for reading."""

import html
import re

from hypothesis import given
from hypothesis import strategies as st

from documents.reading import Leaf
from documents.templatetags.leaves import breaks, flowing
from tests.conftest import read, upload

PAGE = (
    "TERM\n"
    "8.1 Term. The term of this Agreement shall begin as of the Effective Date and continue\n"
    "until Acceptance of all Deliverables, unless earlier terminated under Section 8.2, as\n"
    "provided for under the Other Agreements, or as mutually agreed by the Parties hereto.\n"
    "8.2 Termination. Either Party may terminate this Agreement effective immediately upon\n"
    "delivery of a Termination Notice.\n"
    "Attn: A. Person\n"
    "60 State Street\n"
    "22"
)


def text_of(markup: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", markup))


def after(text: str, kind: str) -> list[str]:
    """The first words of the lines that begin after such a newline."""
    return [text[at + 1 :].split()[0] for at, shown in breaks(text).items() if shown == kind]


def test_a_printers_lines_flow_into_one_paragraph() -> None:
    assert after(PAGE, "soft") == ["until", "provided", "delivery"]


def test_a_numbered_clause_begins_a_paragraph_even_after_a_full_line() -> None:
    assert after(PAGE, "para") == ["8.1", "8.2"]


def test_text_whose_lines_are_paragraphs_keeps_every_newline() -> None:
    assert breaks("\n".join(["A whole paragraph in one line. " * 20] * 6)) == {}


def test_the_rows_of_a_table_stay_apart() -> None:
    rows = [f"A{n}: A widget of the size {n} | B{n}: 12.50 | C{n}: euros a piece" for n in range(9)]
    assert "soft" not in breaks("\n".join(rows)).values()


def test_the_page_number_stays_below_a_full_last_line() -> None:
    cut = "\n".join([*PAGE.split("\n")[1:4], "12"])
    assert "12" not in after(cut, "soft")


@given(
    st.lists(st.text("ab <&.\u0301\U0001f600\n", max_size=120), min_size=3, max_size=3),
    st.booleans(),
)
def test_no_character_of_the_page_or_of_the_mark_is_changed(parts: list[str], anchor: bool) -> None:
    page = [part + "\n" + PAGE for part in parts]
    shown = flowing(Leaf(1, *page), anchor)
    marked = re.findall(r"<mark[^>]*>(.*?)</mark>", shown, re.S)
    assert text_of(shown) == "".join(page)
    assert [text_of(mark) for mark in marked] == [page[1]]
    assert ('id="cited"' in shown) is anchor


def test_lines_end_at_words_in_a_text_whose_spaces_are_all_unbreakable() -> None:
    shown = flowing(Leaf(1, "the\xa0fee ", "is\xa0due", "\xa0now"), False)
    assert text_of(shown) == "the fee is due now"


def test_what_looks_like_markup_stays_text() -> None:
    assert "<b>" not in flowing(Leaf(1, "<b>", "<b>", "<b>"), True)


def test_the_rows_of_a_table_stay_lines(as_owner, workspace, owner):
    rows = [
        f"Widget number {number},a description of about the same length," for number in range(9)
    ]
    made = upload(workspace, owner, "\n".join(rows), "prices.csv")
    assert read(made).status == "ready"

    page = as_owner.get(f"/w/{workspace.slug}/documents/{made.public_id}/").content.decode()

    assert "\nA2: Widget number 1 | B2: a description" in page
    assert 'class="soft"' not in page
