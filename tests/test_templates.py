"""What every template and every page keeps to, and that its colours can be read."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from documents import folders, incoming, tags
from documents.models import Document, Version
from tests.conftest import upload
from tests.test_qa_answers import put, written

ROOT = Path(__file__).resolve().parents[1]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
FRAGMENTS = [path for path in TEMPLATES if path.name.startswith("_")]
CSS = (ROOT / "static" / "app.css").read_text()
VOID = {"input", "meta", "link", "br", "hr", "img"}
EXTERNAL = re.compile(r"^\s*(https?:)?//", re.I)


class Markup(HTMLParser):
    """The elements of some HTML: what the content policy forbids, roots, and unnamed fields."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.depth = 0
        self.labels = 0
        self.roots: list[str] = []
        self.forbidden: list[str] = []
        self.named: set[str] = set()
        self.fields: list[tuple[str, dict[str, str | None], bool]] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if not self.depth:
            self.roots.append(tag)
        for name, value in attrs:
            address = name in ("src", "href", "action", "formaction", "hx-get", "hx-post")
            if (
                name == "style"
                or name.startswith("on")
                or (address and EXTERNAL.match(value or ""))
            ):
                self.forbidden.append(f"{tag} {name}={value}")
        if tag == "style" or (tag == "script" and "src" not in given):
            self.forbidden.append(f"inline {tag}")
        if tag == "label":
            self.labels += 1
            self.named.add(given.get("for") or "")
        if tag in ("input", "select", "textarea") and given.get("type") != "hidden":
            self.fields.append((tag, given, self.labels > 0))
        if tag not in VOID:
            self.depth += 1

    def handle_endtag(self, tag: str) -> None:
        self.labels -= tag == "label"
        if tag not in VOID:
            self.depth -= 1

    def unnamed(self) -> list[str]:
        """The fields without label round them, label for them, or aria-label."""
        return [
            f"{tag} {given.get('name')}"
            for tag, given, inside in self.fields
            if not (inside or given.get("aria-label") or given.get("id") in self.named - {""})
        ]


def static_markup(path: Path) -> str:
    """A template's own HTML, what Django would put there left out."""
    return re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", path.read_text(), flags=re.S)


@pytest.fixture
def pages(emulator, as_owner, workspace, document, owner, client):
    """Every kind of page as its HTML, by address."""
    broken = upload(workspace, owner, b"%PDF-1.7 and no more", "broken.pdf")
    broken.current.fail("broken", "This PDF could not be read.")
    locked = upload(workspace, owner, b"%PDF-1.7 and a password", "locked.pdf")
    Version.objects.filter(document=locked).update(
        status="failed", error_code="encrypted", error="This PDF needs a password."
    )
    upload(workspace, owner, "Waiting.", "waiting.txt")
    letter = upload(workspace, owner, b"From: a\nMIME-Version: 1\n\nSee below.", "letter.eml")
    within = upload(workspace, owner, "A note.", "note.txt")
    Document.objects.filter(pk=within.pk).update(container=letter)
    incoming.begin(workspace, owner, name="large.pdf", size=9, fingerprint="1")
    answer = written(put(document, owner))
    queued = put(document, owner, "Who pays?")
    first = document.current.public_id
    here, thread = f"/w/{workspace.slug}/", f"threads/{answer.thread.public_id}/"
    citation = answer.citations.first()
    place = f"?version={citation.version.public_id}&start={citation.start}&end={citation.end}"
    folder = folders.ensure(workspace, ["Deals", "2026"], owner)
    tags.put(Document.objects.all(), "urgent", workspace, owner)
    gone = upload(workspace, owner, "Thrown away.", "gone.txt")
    gone.mark_deleted(owner)
    paths = [
        "",
        "?view=all&sort=title",
        "?q=zzz&kind=pdf",
        f"?folder={folder.public_id}",
        "trash/",
        "tags/",
        "folders/new/",
        *(f"folders/{folder.public_id}/{end}/" for end in ("rename", "delete")),
        "ask/",
        "threads/",
        "search/?query=party",
        thread,
        thread + place,
        thread + "edit/",
        thread + "delete/",
        f"threads/{queued.thread.public_id}/",
        f"answers/{answer.public_id}/",
        *(f"documents/{document.public_id}/{end}" for end in ("", "rename/", "delete/")),
        *(f"documents/{found.public_id}/" for found in (broken, letter, within)),
        "paste/",
        f"documents/{locked.public_id}/unlock/",
        f"documents/{document.public_id}/versions/",
        f"documents/{document.public_id}/compare/?old={first}&new={first}",
        "nowhere/",
    ]
    found = {path: as_owner.get(here + path).content.decode() for path in paths}
    for path, chosen in (
        ("selection/move/", {"document": document.public_id, "folder": folder.public_id}),
        ("selection/delete/", {"all": "yes"}),
        ("trash/erase/", {"document": gone.public_id}),
    ):
        found[path] = as_owner.post(here + path, chosen).content.decode()
    found["password"] = as_owner.get("/password/").content.decode()
    found["signin"] = client.get("/signin/").content.decode()
    return found


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_inline_code_styles_or_foreign_addresses(path):
    assert Markup(static_markup(path)).forbidden == []


@pytest.mark.parametrize("path", FRAGMENTS, ids=lambda path: path.name)
def test_a_fragment_says_on_its_first_line_what_it_needs(path):
    assert re.match(r"\{# .{10,}? #\}", path.read_text().splitlines()[0])


@pytest.mark.parametrize("path", FRAGMENTS, ids=lambda path: path.name)
def test_a_fragment_has_one_root(path):
    if path.name == "_live.html":
        return  # a message of a stream, not an element
    # a partial goes elsewhere in the page; what is included is a fragment of its own
    roots = [tag for tag in Markup(static_markup(path)).roots if tag != "hx-partial"]
    included = "{% include" in path.read_text()
    assert len(roots) == 1 or (included and not roots)


def test_pages_have_no_inline_code_styles_or_foreign_addresses(pages):
    assert {path: found for path in pages if (found := Markup(pages[path]).forbidden)} == {}


def test_every_field_of_every_page_has_a_name(pages):
    assert any(Markup(page).fields for page in pages.values())
    assert {path: found for path in pages if (found := Markup(pages[path]).unnamed())} == {}


def test_every_page_has_a_title_of_its_own_and_one_first_heading(pages):
    titles = [re.search(r"<title>(.+?)</title>", page)[1] for page in pages.values()]
    assert all(title.endswith(" · Pincite") for title in titles)
    missing = [path for path, page in pages.items() if page.count("<h1") != 1]
    assert missing == []


def test_the_finished_answer_carries_neither_nonce_nor_token(pages):
    [page] = [page for path, page in pages.items() if path.startswith("answers/")]
    article = re.search(r"<article.*?</article>", page, re.S)[0]
    assert "nonce" not in article
    assert "csrf" not in article.lower()


def test_no_script_of_ours_writes_styles():
    for script in (ROOT / "static" / "app").glob("*.js"):
        assert not re.search(
            r"\.style\b|innerHTML\s*=|insertAdjacentHTML|\beval\(", script.read_text()
        )


# colours -------------------------------------------------------------------------------------

TOKENS = {
    name: (light, dark)
    for name, light, dark in re.findall(
        r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", CSS
    )
}
GROUNDS = ("paper", "sheet", "sunk")
TEXT = {
    "ink": (*GROUNDS, "action-wash", "cite-wash", "mark"),
    "ink-2": (*GROUNDS, "action-wash", "cite-wash"),
    "ink-3": GROUNDS,
    "cite": (*GROUNDS, "cite-wash"),
    "good": (*GROUNDS, "cite-wash"),
    "warn": (*GROUNDS, "cite-wash"),
    "bad": (*GROUNDS, "cite-wash"),
    "action": (*GROUNDS, "action-wash"),
    "action-ink": ("action", "action-2", "bad"),
    "note-ink": ("note",),
    "sheet": ("cite",),
}


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("scheme", "name"), [(0, "light"), (1, "dark")])
@pytest.mark.parametrize(("text", "ground"), [(t, g) for t in TEXT for g in TEXT[t]])
def test_text_can_be_read_on_its_ground(text, ground, scheme, name):
    assert contrast(TOKENS[text][scheme], TOKENS[ground][scheme]) >= 4.5, name


@pytest.mark.parametrize("scheme", [0, 1])
@pytest.mark.parametrize("ground", GROUNDS)
def test_the_edge_of_a_control_can_be_seen(ground, scheme):
    assert contrast(TOKENS["edge"][scheme], TOKENS[ground][scheme]) >= 3
