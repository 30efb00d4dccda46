"""What is within an e-mail or an archive becomes documents of its own."""

from __future__ import annotations

import html
import io
import re
import zipfile
from email.message import EmailMessage

import pytest
from django.utils import timezone

from accounts.models import Event, Member, User
from accounts.roles import Role
from documents import foreground, tasks, unpacking
from documents.ingest import Kind
from documents.models import Document, Folder, Version
from documents.reading import ingest_due, ingest_version
from tests.conftest import read, upload

PROGRAM = b"MZ\x90\0\x03\0\0\0" + b"\0" * 64


def zipped(*members: tuple[str, str | bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members:
            made.writestr(name, data)
    return file.getvalue()


def letter(*attached: tuple[str, str]) -> bytes:
    message = EmailMessage()
    message["From"] = "owner@example.com"
    message["Subject"] = "The lease"
    message.set_content("See below.")
    for name, text in attached:
        message.add_attachment(text, filename=name)
    return bytes(message)


DEAL = zipped(
    ("Deal/lease.txt", "The lease."),
    ("Deal/Annex 1/prices.csv", "item;price\nnut;2\n"),
    ("letter.eml", letter(("note.txt", "A note."))),
)


def read_all() -> None:
    while ingest_due(Version.Lane.QUICK):
        pass


@pytest.fixture
def deal(workspace, owner) -> Document:
    """An archive with all that is in it, read."""
    made = upload(workspace, owner, DEAL, "deal.zip")
    read_all()
    made.refresh_from_db()
    return made


def places() -> dict[str, str]:
    """The folder of each document, as a path."""
    return {
        document.title: "/".join(folder.name for folder in document.folder.trail)
        if document.folder
        else ""
        for document in Document.objects.all()
    }


def test_an_archive_becomes_documents_in_folders_under_its_name(deal, owner):
    assert places() == {
        "deal.zip": "",
        "lease.txt": "deal/Deal",
        "prices.csv": "deal/Deal/Annex 1",
        "letter.eml": "deal",
        "note.txt": "deal",
    }
    assert set(Document.objects.values_list("status", flat=True)) == {"ready"}
    assert [content.title for content in deal.live_contents] == [
        "lease.txt",
        "prices.csv",
        "letter.eml",
    ]
    note = Document.objects.get(title="note.txt")
    assert note.origin.title == "letter.eml"
    assert note.uploaded_by == owner
    assert Event.objects.filter(verb="upload").count() == 5
    assert "Deal/lease.txt" in deal.current.text.content


def test_an_archive_named_like_a_folder_but_for_capitals_is_unpacked_into_that(workspace, owner):
    beside = Folder.objects.create(workspace=workspace, name="DEAL", created_by=owner)
    upload(workspace, owner, zipped(("A/lease.txt", "The lease."), ("a/offer.txt", "An offer.")),
           "deal.zip")  # fmt: skip
    read_all()
    (inner,) = Folder.objects.exclude(pk=beside.pk)
    assert (inner.name, inner.parent) == ("A", beside)
    assert {one.folder for one in Document.objects.exclude(container=None)} == {inner}


def test_what_is_not_accepted_is_named_on_the_archive_and_the_rest_goes_on(workspace, owner):
    made = upload(
        workspace,
        owner,
        zipped(("a/notes.exe", PROGRAM), ("empty.txt", ""), ("old.rtf", b"{\\rtf1 x}"),
               ("lease.txt", "The lease."), ("twin.txt", "The lease.")),
        "deal.zip",
    )  # fmt: skip
    version = read(made)

    assert version.status == "ready"
    assert version.warnings == [
        "a/notes.exe: Not accepted: this is a program.",
        "empty.txt: The file is empty.",
        "old.rtf: Not accepted: this is an RTF document.",
        "twin.txt: the same file as lease.txt.",
    ]
    assert [content.title for content in made.live_contents] == ["lease.txt"]


def test_many_refusals_are_counted_and_not_all_named(workspace, owner):
    members = [(f"{number}.exe", PROGRAM + bytes([number])) for number in range(60)]
    version = read(upload(workspace, owner, zipped(*members), "tools.zip"))

    assert len(version.warnings) == 51
    assert version.warnings[-1] == "10 more files did not become documents of their own."


def test_reading_it_again_makes_nothing_twice_and_brings_nothing_back(deal, workspace, owner):
    lease, prices = Document.objects.get(title="lease.txt"), Document.objects.get(kind="csv")
    lease.mark_deleted(owner)
    Document.objects.filter(pk=prices.pk).update(folder=None, title="Moved and renamed")
    before = set(Document.objects.values_list("pk", flat=True))

    again = Version.objects.create(
        document=deal, blob=deal.current.blob, number=2, name="deal.zip", uploaded_by=owner
    )
    assert ingest_version(again)

    assert again.status == "ready"
    assert set(Document.objects.values_list("pk", flat=True)) == before
    lease.refresh_from_db()
    assert lease.deleted_at is not None


def test_a_worker_that_died_half_way_leaves_no_doubles(workspace, owner):
    """The same files in two folders: those of the first run are told from those still missing."""
    data = zipped(*((f"{folder}/same.txt", "Same.") for folder in "abc"))
    made = upload(workspace, owner, data, "deal.zip")
    told = []

    def die(unpacked):
        told.append(unpacked)
        if len(told) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest_version(made.current, die)
    assert Document.objects.filter(container=made).count() == 2
    Version.objects.filter(pk=made.current_id).update(lease_until=timezone.now())
    read_all()

    contents = made.live_contents
    assert [content.folder.name for content in contents] == ["a", "b", "c"]
    assert {content.status for content in contents} == {"ready"}


def test_archives_within_archives_end_at_the_third(workspace, owner):
    data = zipped(("end.txt", "The end."))
    for level in (5, 4, 3, 2):
        data = zipped((f"level {level}.zip", data), (f"{level}.txt", f"Text {level}."))
    upload(workspace, owner, data, "level 1.zip")
    read_all()

    titles = set(Document.objects.values_list("title", flat=True))
    assert titles == {"level 1.zip", "level 2.zip", "level 3.zip", "2.txt", "3.txt", "4.txt"}
    deepest = Document.objects.get(title="level 3.zip").current
    assert deepest.warnings == [
        "level 4.zip: Not accepted: it lies too deep, in archives within archives."
    ]


def test_an_upload_becomes_so_many_documents_and_no_more(workspace, owner, monkeypatch):
    monkeypatch.setattr(unpacking, "MAX_DOCUMENTS", 4)
    inner = zipped(*((f"i{number}.txt", f"Inner {number}.") for number in range(3)))
    outer = zipped(("inner.zip", inner), ("a.txt", "A."), ("b.txt", "B."))
    upload(workspace, owner, outer, "outer.zip")
    read_all()

    assert Document.objects.exclude(container=None).count() == 4
    (warning, more) = Document.objects.get(title="inner.zip").current.warnings
    assert warning == "i1.txt: Not accepted: more than 4 files came out of one upload."
    assert more.startswith("i2.txt: ")


def test_an_upload_becomes_so_many_bytes_and_no_more(workspace, owner, monkeypatch):
    monkeypatch.setattr(unpacking, "MAX_BYTES", 1_500)
    inner = zipped(*((f"{number}.txt", f"{number}" * 600) for number in range(3)))
    upload(workspace, owner, zipped(("inner.zip", inner), ("b.txt", "b" * 600)), "outer.zip")
    read_all()
    titles = set(Document.objects.values_list("title", flat=True))
    assert titles == {"outer.zip", "inner.zip", "b.txt"}
    warned = Version.objects.get(name="inner.zip").warnings
    assert all("MB came out of one upload" in sentence for sentence in warned)


def test_an_archive_that_is_deleted_while_it_is_unpacked_makes_no_more_documents(workspace, owner):
    archive = upload(workspace, owner, DEAL, "deal.zip")
    told = []

    def tell(unpacked):
        told.append(unpacked)
        archive.mark_deleted(owner)

    ingest_version(archive.current, tell)
    assert [one.document.title if one.document else one.refusal for one in told] == [
        "lease.txt",
        *["Not accepted: what it lies in was deleted."] * 2,
    ]


def test_what_is_attached_to_a_letter_goes_where_the_letter_is(workspace, owner):
    folder = Folder.objects.create(workspace=workspace, name="Post", created_by=owner)
    made = upload(workspace, owner, letter(("../up/note.txt", "A note.")), "letter.eml")
    Document.objects.filter(pk=made.pk).update(folder=folder)
    made.refresh_from_db()
    read_all()

    (note,) = made.live_contents
    assert (note.folder, note.title) == (folder, "..-up-note.txt")


def test_deleting_the_archive_leaves_what_came_out_of_it(deal, owner):
    deal.mark_deleted(owner)

    lease = Document.objects.get(title="lease.txt")
    assert (lease.deleted_at, lease.container, lease.origin) == (None, deal, None)


def test_the_worker_is_told_of_each_new_file(workspace, owner, django_capture_on_commit_callbacks):
    upload(workspace, owner, zipped(("a.txt", "A."), ("b.exe", PROGRAM)), "deal.zip")
    with django_capture_on_commit_callbacks() as hints:
        tasks.ingest(0)
    assert len(hints) == 1


def test_the_page_of_each_shows_where_the_other_is(deal, as_mate, as_stranger, workspace):
    lease = Document.objects.get(title="lease.txt")
    address = f"/w/{workspace.slug}/documents/"

    page = as_mate.get(f"{address}{deal.public_id}/").content.decode()
    assert "3 files within" in page
    asking = re.search(r'href="([^"]*)">Ask about these files', page)[1]
    picked = as_mate.get(html.unescape(asking)).context["picked"]
    assert set(picked) == set(deal.live_contents)
    assert f"{address}{lease.public_id}/" in page
    page = as_mate.get(f"{address}{lease.public_id}/").content.decode()
    assert "Unpacked from" in page
    assert f"{address}{deal.public_id}/" in page
    assert as_stranger.get(f"{address}{lease.public_id}/").status_code == 404


def test_a_plain_document_says_nothing_of_files_within(document, as_owner, workspace):
    page = as_owner.get(f"/w/{workspace.slug}/documents/{document.public_id}/").content.decode()
    assert 'class="contents"' not in page


def test_uploading_an_archive_over_http_is_for_those_who_may_upload(workspace, sign_in):
    reader = User.objects.create_user("reader@example.com", "pass", name="Rita Reader")
    Member.objects.create(workspace=workspace, user=reader, role=Role.REVIEWER)
    file = io.BytesIO(DEAL)
    file.name = "deal.zip"
    answer = sign_in(reader).post(f"/w/{workspace.slug}/upload/", {"files": file})
    assert answer.status_code in (403, 404)
    assert not Document.objects.exists()


def test_in_the_foreground_everything_within_is_read_and_every_file_told_of(
    tmp_path, workspace, owner
):
    path = tmp_path / "deal.zip"
    path.write_bytes(zipped(("inner.zip", DEAL), ("tool.exe", PROGRAM), ("inner copy.zip", DEAL)))

    outcomes = list(foreground.ingest_path(path, workspace, owner))

    assert [outcome.path.removeprefix(str(tmp_path)) for outcome in outcomes] == [
        "/deal.zip",
        "/deal.zip/inner.zip",
        "/deal.zip/inner.zip/Deal/lease.txt",
        "/deal.zip/inner.zip/Deal/Annex 1/prices.csv",
        "/deal.zip/inner.zip/letter.eml",
        "/deal.zip/inner.zip/letter.eml/note.txt",
        "/deal.zip/tool.exe",
        "/deal.zip/inner copy.zip",
        "/deal.zip/inner copy.zip/lease.txt",
        "/deal.zip/inner copy.zip/prices.csv",
        "/deal.zip/inner copy.zip/letter.eml",
        "/deal.zip/inner copy.zip/letter.eml/note.txt",
    ]
    (refused,) = (outcome for outcome in outcomes if not outcome.ready)
    assert "a program" in refused.error
    assert not Version.objects.exclude(status="ready").exists()
    assert len(list(foreground.ingest_path(path, workspace, owner))) == 6
    assert Document.objects.filter(kind=Kind.ZIP).count() == 2


def test_the_line_of_an_archive_leads_to_the_files_within(deal, as_owner, workspace, document):
    page = as_owner.get(f"/w/{workspace.slug}/").content.decode()
    line = re.search(rf'<tr id="document-{deal.public_id}".*?</tr>', page, re.S)[0]
    assert f"#contents-{deal.public_id}" in line
    assert "3 files within" in line
    assert page.count(" within</a>") == 1
    alone = as_owner.get(f"/w/{workspace.slug}/documents/{deal.public_id}/row/").content.decode()
    assert "3 files within" in alone
