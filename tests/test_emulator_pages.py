"""PDFs and images over HTTP with the real SDK: page citations, limits, and what cannot be seen."""

import base64
import io
from collections.abc import Iterator
from typing import Any

import anthropic
import anthropic.types
import pypdf
import pytest
from PIL import Image

from tests import pdfs
from tests.emulator_support import LEASE, Emulator, asking, document

LAW = "Which law governs this lease?"
PAGES = (
    "LEASE\n1. Term. The term of this Lease is five years.",
    "2. Rent. The Tenant shall pay rent of $4,500 each month.",
    "This Lease is governed by the laws of the State of Oregon.",
)


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    emulator = Emulator(tmp_path_factory.mktemp("emulator"))
    yield emulator
    emulator.stop()


@pytest.fixture(scope="module")
def client(emulator: Emulator) -> anthropic.Anthropic:
    return emulator.client()


def pdf(data: bytes, **more: Any) -> dict[str, Any]:
    encoded = base64.b64encode(data).decode()
    source = {"type": "base64", "media_type": "application/pdf", "data": encoded}
    return {"type": "document", "source": source, "citations": {"enabled": True}, **more}


def painted(width: int, height: int, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("1", (width, height), 1).convert("L").save(out, kind)
    return out.getvalue()


def image(data: bytes, mime: str = "image/png", **more: Any) -> dict[str, Any]:
    encoded = base64.b64encode(data).decode()
    source = {"type": "base64", "media_type": mime, "data": encoded}
    return {"type": "image", "source": source, **more}


def cited(message: Any) -> list[Any]:
    return [
        citation
        for block in message.content
        for citation in getattr(block, "citations", None) or ()
    ]


def said(message: Any) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


def stored(client: anthropic.Anthropic, name: str, data: bytes, mime: str, kind: str) -> Any:
    file = client.files.upload(file=(name, data, mime))
    return {"type": kind, "source": {"type": "file", "file_id": file.id}}


def test_a_pdf_is_cited_by_its_pages_from_one_with_the_end_after_the_last(
    client: anthropic.Anthropic,
) -> None:
    block = stored(client, "lease.pdf", pdfs.write(*PAGES), "application/pdf", "document")
    block |= {"title": "Lease", "citations": {"enabled": True}}
    (citation,) = cited(client.messages.create(**asking(LAW, block)))
    assert citation.type == "page_location"
    assert (citation.start_page_number, citation.end_page_number) == (3, 4)
    assert "State of Oregon" in citation.cited_text
    assert (citation.document_index, citation.document_title) == (0, "Lease")
    assert citation.file_id == block["source"]["file_id"]


def test_document_indexes_count_texts_and_pdfs_alike(client: anthropic.Anthropic) -> None:
    other = document("MEMO\n\nNothing is said of anything here.")
    answer = client.messages.create(**asking(LAW, other, pdf(pdfs.write(*PAGES))))
    assert {citation.document_index for citation in cited(answer)} == {1}


def test_what_stands_in_a_text_and_on_its_pages_is_cited_once(client: anthropic.Anthropic) -> None:
    pages = pdf(pdfs.write(*PAGES), title="Lease, as it looks")
    answer = client.messages.create(**asking(LAW, document(LEASE, title="Lease"), pages))
    assert [citation.type for citation in cited(answer)] == ["page_location"]
    assert "as it looks" not in said(answer), "one document needs no name"


def test_a_page_costs_its_text_and_its_picture(client: anthropic.Anthropic) -> None:
    one, two = (
        client.messages.count_tokens(model=model, messages=[{"role": "user", "content": [block]}])
        for model, block in (
            ("claude-sonnet-5-5", pdf(pdfs.write(*PAGES[:1]))),
            ("claude-sonnet-5-5", pdf(pdfs.write(*PAGES[:1], ""))),
        )
    )
    assert two.input_tokens - one.input_tokens == pytest.approx(4_784, abs=3)


@pytest.mark.parametrize(
    ("model", "size", "tokens"),
    [
        ("claude-sonnet-5-5", (280, 140), 50),
        ("claude-sonnet-5-5", (2_000, 2_000), 4_784),
        ("claude-sonnet-5-5", (5_152, 280), 92 * 5),
        ("claude-haiku-4-5", (2_000, 2_000), 1_568),
    ],
)
def test_an_image_costs_its_patches_up_to_a_cap(
    client: anthropic.Anthropic, model: str, size: tuple[int, int], tokens: int
) -> None:
    def counted(*blocks: Any) -> int:
        content = [*blocks, {"type": "text", "text": "What is it?"}]
        found = client.messages.count_tokens(
            model=model, messages=[{"role": "user", "content": content}]
        )
        return found.input_tokens

    named = counted(image(painted(*size))) - counted()
    assert 0 <= named - tokens <= 30  # what names the block


def test_a_stored_image_is_taken_and_said_not_to_have_been_seen(
    client: anthropic.Anthropic,
) -> None:
    picture = stored(client, "clause.png", painted(60, 40), "image/png", "image")
    answer = client.messages.create(**asking(LAW, document(LEASE), picture))
    assert "Oregon" in said(answer)
    assert "cannot see: 1 picture given" in said(answer)


def test_a_pdf_without_text_is_said_not_to_have_been_read(client: anthropic.Anthropic) -> None:
    answer = client.messages.create(**asking(LAW, pdf(pdfs.write("", ""))))
    assert "2 pages without text" in said(answer)
    assert cited(answer) == []


def test_images_that_are_too_long_are_named_with_their_places(client: anthropic.Anthropic) -> None:
    question = asking(LAW, document(LEASE), image(painted(8_001, 10)))
    with pytest.raises(anthropic.types.ImageDimensionsTooLargeError) as refused:
        client.messages.create(**question)
    assert refused.value.details.max_side_length_pixels == 8_000
    assert refused.value.details.paths == ["messages.0.content.1"]
    client.messages.create(**asking(LAW, image(painted(8_000, 10))))


def test_more_than_twenty_images_must_be_smaller(client: anthropic.Anthropic) -> None:
    small, large = image(painted(30, 20)), image(painted(2_001, 20))
    client.messages.create(**asking(LAW, *[small] * 19, large))
    with pytest.raises(anthropic.types.ImageDimensionsTooLargeError) as refused:
        client.messages.create(**asking(LAW, *[small] * 20, large))
    assert refused.value.details.max_side_length_pixels == 2_000
    assert refused.value.details.paths == ["messages.0.content.20"]


def test_an_image_may_ask_not_to_be_made_smaller(client: anthropic.Anthropic) -> None:
    strict = {"transformations": {"oversized_image": "error"}}
    client.messages.create(**asking(LAW, image(painted(2_576, 10), **strict)))
    with pytest.raises(anthropic.types.ImageDimensionsTooLargeError):
        client.messages.create(**asking(LAW, image(painted(2_577, 10), **strict)))


ENCRYPTED = io.BytesIO()
_writer = pypdf.PdfWriter(io.BytesIO(pdfs.write("secret")))
_writer.encrypt("secret", algorithm="RC4-128")
_writer.write(ENCRYPTED)

REFUSED = {
    "a picture of another kind than it says": (
        image(painted(9, 9, "JPEG")),
        "does not match the provided media type image/png",
    ),
    "no picture": (image(b"GIF89a but no more"), "Could not process image"),
    "no PDF": (pdf(b"%PDF-1.7 but no more"), "The PDF specified was not valid"),
    "an encrypted PDF": (pdf(ENCRYPTED.getvalue()), "password protected"),
    "not base64": (
        {
            "type": "image",
            "source": {"type": "base64", "media_type": "image/png", "data": "not base64!"},
        },
        "Invalid base64 data",
    ),
}


@pytest.mark.parametrize("what", list(REFUSED))
def test_what_cannot_be_opened_is_refused(client: anthropic.Anthropic, what: str) -> None:
    block, sentence = REFUSED[what]
    with pytest.raises(anthropic.BadRequestError, match=sentence):
        client.messages.create(**asking(LAW, block))
    with pytest.raises(anthropic.BadRequestError, match=sentence):
        client.messages.count_tokens(
            model="claude-sonnet-5-5", messages=asking(LAW, block)["messages"]
        )


def test_an_image_of_more_than_ten_megabytes_is_refused(client: anthropic.Anthropic) -> None:
    heavy = painted(9, 9) + bytes(10 * 1024 * 1024)
    with pytest.raises(anthropic.BadRequestError, match="exceeds 10 MB maximum"):
        client.messages.create(**asking(LAW, image(heavy)))
    block = stored(client, "heavy.png", heavy, "image/png", "image")
    with pytest.raises(anthropic.BadRequestError, match="exceeds 10 MB maximum"):
        client.messages.create(**asking(LAW, block))


def test_blocks_take_files_of_their_own_kinds_only(client: anthropic.Anthropic) -> None:
    text = stored(client, "lease.txt", LEASE.encode(), "text/plain", "image")
    with pytest.raises(anthropic.BadRequestError, match="text/plain; image blocks take image/jpeg"):
        client.messages.create(**asking(LAW, text))
    picture = stored(client, "a.gif", painted(9, 9, "GIF"), "image/gif", "document")
    with pytest.raises(anthropic.BadRequestError, match="image/gif; document blocks take"):
        client.messages.create(**asking(LAW, picture))


@pytest.mark.parametrize(("model", "most"), [("claude-sonnet-5-5", 600), ("claude-haiku-4-5", 100)])
def test_a_request_has_so_many_pages_and_images_at_most(
    client: anthropic.Anthropic, model: str, most: int
) -> None:
    half = stored(
        client, "half.pdf", pdfs.write(*[""] * (most // 2)), "application/pdf", "document"
    )
    more = stored(client, "more.pdf", pdfs.write(*[""] * 1), "application/pdf", "document")
    with pytest.raises(anthropic.BadRequestError, match=f"A maximum of {most} PDF pages"):
        client.messages.create(**asking(LAW, half, half, more, model=model))
    tiny = image(painted(1, 1))
    with pytest.raises(anthropic.BadRequestError, match=f"A maximum of {most} images"):
        client.messages.create(**asking(LAW, *[tiny] * (most + 1), model=model))


def test_a_pdf_of_more_than_thirty_two_megabytes_is_too_large(client: anthropic.Anthropic) -> None:
    heavy = pdfs.write("x") + b"\n%" + bytes(32 * 1024 * 1024)
    block = stored(client, "heavy.pdf", heavy, "application/pdf", "document")
    with pytest.raises(anthropic.RequestTooLargeError):
        client.messages.create(**asking(LAW, block))


@pytest.mark.parametrize("kind", ["quote_invented", "offsets_out_of_range"])
def test_a_page_citation_can_be_made_wrong(
    emulator: Emulator, client: anthropic.Anthropic, kind: str
) -> None:
    emulator.faults({"kind": kind})
    (citation,) = cited(client.messages.create(**asking(LAW, pdf(pdfs.write(*PAGES)))))
    true = citation.start_page_number == 3, "Oregon" in citation.cited_text
    assert true == ((True, False) if kind == "quote_invented" else (False, True))
