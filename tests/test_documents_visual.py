"""Which pages are to be looked at, and pages taken out of a file or drawn for it."""

from __future__ import annotations

import io
from functools import partial

import pypdf
import pypdfium2
import pytest
from PIL import Image

from accounts.models import Event, Member
from accounts.roles import Role
from documents import ingest, visual
from documents.ingest import drawn as weighing
from documents.ingest.painted import painted_on
from documents.models import Document, Page
from documents.reading import limits
from tests import pdfs
from tests.conftest import read, upload

MOST = 30_000_000
TEXT = "".join(
    f"BT /F 11 Tf 60 {740 - 14 * n} Td (A clause that goes on and on.) Tj ET\n" for n in range(30)
)
ROWS = "".join(
    f"BT /F 9 Tf {60 + 120 * n % 480} {704 - 14 * (n // 4)} Td (Cell) Tj ET\n" for n in range(120)
)
HALF = TEXT[: len(TEXT) // 2]


def grid(rows: int, columns: int, left=60, bottom=60, width=480, height=640) -> str:
    across = [
        f"{left} {bottom + height * n / rows} m {left + width} {bottom + height * n / rows} l S"
        for n in range(rows + 1)
    ]
    down = [
        f"{x} {bottom} m {x} {bottom + height} l S"
        for x in (left + width * n / columns for n in range(columns + 1))
    ]
    return "\n".join([*across, *down])


def stripes(count: int, colour="0.95 g", high=14, apart=14, cells=1, paint="f") -> str:
    """Backgrounds below one another, and black for what follows."""
    wide = 480 / cells
    boxes = [
        f"{60 + wide * cell} {700 - (high + apart) * n} {wide} {high} re {paint}"
        for n in range(count)
        for cell in range(cells)
    ]
    return "\n".join([colour, *boxes, "0 g\n"])


def share(content: str, *objects: bytes, **more: str) -> float:
    document = pypdfium2.PdfDocument(pdfs.drawn(content.encode(), *objects, **more))
    page = document[0]
    return weighing.drawn(page.raw, painted_on(page.raw))


PICTURE = pdfs.stream(
    b"\x80",
    "/Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8",
)
PICTURED = {"resources": "/XObject << /I 7 0 R >>"}
UNDERLINED = "".join(f"60 {738 - 14 * n} m 200 {738 - 14 * n} l S\n" for n in range(30))

MOSTLY = {
    "a table": partial(share, grid(8, 4)),
    "a table with a little text beside it": partial(
        share, grid(8, 4, height=500) + "BT /F 11 Tf 60 700 Td (Annex) Tj ET"
    ),
    "a table with every other row shaded": partial(share, stripes(15) + ROWS),
    "the same, shaded cell by cell": partial(share, stripes(15, cells=4) + ROWS),
    "the same in a colour": partial(share, stripes(15, "0.31 0.51 0.74 rg") + ROWS),
    "a picture": partial(share, "q 400 0 0 500 100 100 cm /I Do Q", PICTURE, **PICTURED),
    "a chart": partial(share, "\n".join(f"{60 + 9 * n} 100 8.5 {n * n} re f" for n in range(24))),
}
HARDLY = {
    "text with shaded headings": partial(share, stripes(8, apart=40) + TEXT),
    "text that is marked line by line": partial(share, stripes(20, high=12, apart=2) + TEXT),
    "blackened lines": partial(share, stripes(20, "0 g") + TEXT),
    "boxes to be filled in": partial(share, stripes(20, "1 g", paint="B") + TEXT),
    "text": partial(share, TEXT),
    "underlined text": partial(share, TEXT + UNDERLINED),
    "text in a frame": partial(share, TEXT + "50 300 500 460 re S"),
    "text over the picture of its paper": partial(
        share, "q 612 0 0 792 0 0 cm /I Do Q " + TEXT, PICTURE, **PICTURED
    ),
    "text on white cells": partial(
        share,
        "1 g\n"
        + "\n".join(f"{60 + 60 * x} {300 + 20 * y} 60 20 re f" for x in range(8) for y in range(20))
        + " 0 g "
        + TEXT,
    ),
    "text with a small logo": partial(
        share, "q 60 0 0 40 60 745 cm /I Do Q " + TEXT, PICTURE, **PICTURED
    ),
    "text with a small table under it": partial(
        share, TEXT + grid(3, 3, bottom=100, height=80, width=200)
    ),
    "nothing": partial(share, ""),
}


@pytest.mark.parametrize("what", MOSTLY)
def test_tables_and_figures_dominate(what):
    assert MOSTLY[what]() >= visual.DRAWN


@pytest.mark.parametrize("what", HARDLY)
def test_text_dominates(what):
    assert HARDLY[what]() < visual.DRAWN


def test_a_page_of_very_many_lines_is_weighed_in_time():
    content = "\n".join(
        f"{n % 500} {n // 50} m {n % 500 + 3} {n // 50 + 3} l S" for n in range(30_000)
    )
    assert 0 <= share(content) <= 1


@pytest.mark.corpus
def test_of_a_contract_the_annexes_with_tables_are_looked_at(contracts):
    path = next(contracts.glob("ADAPTIMMUNE*.pdf"))
    document = pypdfium2.PdfDocument(path)
    pages = list(document)
    shares = {
        n: weighing.drawn(page.raw, painted_on(page.raw)) for n, page in enumerate(pages, start=1)
    }
    assert [n for n, one in shares.items() if one >= visual.DRAWN] == [28, 45, 47]


# what is chosen ----------------------------------------------------------------------------------


@pytest.fixture
def paper(workspace, owner):
    """A PDF whose second page is a table."""
    first = pypdf.PdfReader(io.BytesIO(pdfs.drawn(TEXT.encode())))
    second = pypdf.PdfReader(
        io.BytesIO(pdfs.drawn(grid(8, 4).encode() + b"\nBT /F 11 Tf 66 70 Td (Total 12) Tj ET"))
    )
    writer = pypdf.PdfWriter()
    for reader in (first, second, first):
        writer.add_page(reader.pages[0])
    out = io.BytesIO()
    writer.write(out)
    made = upload(workspace, owner, out.getvalue(), "paper.pdf")
    assert read(made).status == "ready"
    return made


def chosen(document):
    document.refresh_from_db()
    return [page.number for page in visual.pages(document.current)]


def test_by_itself_only_what_the_text_does_not_say_is_looked_at(paper):
    assert chosen(paper) == [2]
    assert Page.objects.get(version=paper.current, number=2).drawn > 0.9


def test_people_switch_it_to_all_pages_and_to_none(paper, owner):
    visual.switch(paper, "yes", owner)
    assert chosen(paper) == [1, 2, 3]
    visual.switch(paper, "no", owner)
    assert chosen(paper) == []


def test_scans_that_were_read_badly_are_looked_at_and_blank_pages_never(workspace, owner):
    made = upload(workspace, owner, pdfs.write("One.", "Two.", "Three.", ""), "scan.pdf")
    version = read(made)
    rows = Page.objects.filter(version=version)
    rows.filter(number=1).update(source="ocr", confidence=0.97)
    rows.filter(number=2).update(source="ocr", confidence=0.6)
    rows.filter(number=3).update(source="none", legible=False)
    assert chosen(made) == [2, 3]
    visual.switch(made, "yes", owner)
    assert chosen(made) == [1, 2, 3]
    made.refresh_from_db()
    assert visual.outlook(made).all, "nothing stands on the fourth"


def test_a_text_has_no_pages_to_look_at(document, owner):
    visual.switch(document, "yes", owner)
    assert chosen(document) == []
    assert visual.outlook(document) is None


def test_the_documents_page_says_what_is_looked_at_and_switches_it(as_owner, workspace, paper):
    address = f"/w/{workspace.slug}/documents/{paper.public_id}/"
    assert (
        "Claude looks at page 2, beside reading the text." in as_owner.get(address).content.decode()
    )
    answer = as_owner.post(f"{address}visually/", {"visually": "yes"})
    assert (answer.status_code, answer.url) == (302, address)
    assert "Claude looks at all pages" in as_owner.get(address).content.decode()
    fragment = as_owner.post(
        f"{address}visually/", {"visually": "no"}, headers={"HX-Request": "true"}
    )
    assert "Claude reads the text alone." in fragment.content.decode()
    kept = Event.objects.filter(verb="settings", object_id=paper.public_id).values_list(
        "detail", flat=True
    )
    assert [detail["visually"] for detail in kept] == ["no", "yes"]


def test_nonsense_and_viewers_switch_nothing(as_owner, sign_in, stranger, workspace, paper):
    address = f"/w/{workspace.slug}/documents/{paper.public_id}/visually/"
    assert (
        as_owner.post(address, {"visually": "maybe"}, headers={"HX-Request": "true"}).status_code
        == 422
    )
    Member.objects.create(workspace=workspace, user=stranger, role=Role.VIEWER)
    assert sign_in(stranger).post(address, {"visually": "yes"}).status_code == 403
    page = (
        sign_in(stranger).get(f"/w/{workspace.slug}/documents/{paper.public_id}/").content.decode()
    )
    assert "<select" not in page.split('class="visually"')[1].split("</div>")[0]
    assert Document.objects.get(pk=paper.pk).visually == "auto"


# pages taken out and drawn -----------------------------------------------------------------------


def test_pages_are_taken_out_in_order(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(pdfs.write("One", "Two", "Three", "Four"))
    data = ingest.excerpt(path, limits(20), [2, 4], MOST)
    assert [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages] == [
        "Two",
        "Four",
    ]


def test_an_excerpt_is_not_encrypted(tmp_path):
    writer = pypdf.PdfWriter(io.BytesIO(pdfs.write("One", "Two")))
    writer.encrypt("", "owner", algorithm="RC4-128")
    path = tmp_path / "a.pdf"
    writer.write(path)
    assert not pypdf.PdfReader(io.BytesIO(ingest.excerpt(path, limits(20), [2], MOST))).is_encrypted


def test_what_cannot_be_taken_out_is_said(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(pdfs.write("One"))
    with pytest.raises(ingest.Unreadable):
        ingest.excerpt(path, limits(20), [2], MOST)
    with pytest.raises(ingest.Unreadable) as refused:
        ingest.excerpt(path, limits(20), [1], 100)
    assert refused.value.code == "too_large"
    path.write_bytes(b"%PDF-1.7 and no more")
    with pytest.raises(ingest.Unreadable):
        ingest.excerpt(path, limits(20), [1], MOST)


@pytest.mark.parametrize(
    ("size", "kind"), [((3000, 1500), "TIFF"), ((900, 3000), "PNG"), ((40, 30), "GIF")]
)
def test_a_picture_fits_into_its_square_and_is_never_enlarged(tmp_path, size, kind):
    path = tmp_path / "a"
    Image.new("RGB", size, "navy").save(path, kind)
    found = ingest.fitted(path, ingest.Kind.IMAGE, limits(20), 1, 1000)
    with Image.open(io.BytesIO(found.data)) as picture:
        assert picture.size == (found.width, found.height)
        assert picture.get_format_mimetype() == found.media_type
    assert max(found.width, found.height) == min(1000, max(size))
    assert found.width / found.height == pytest.approx(size[0] / size[1], rel=0.01)


def test_a_page_of_a_pdf_is_drawn_as_large_as_it_may_be(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(pdfs.write(pdfs.Page(["Wide"], width=900, height=300)))
    found = ingest.fitted(path, ingest.Kind.PDF, limits(20), 1, 2000)
    assert (found.width, found.height) == (2000, pytest.approx(667, abs=1))
