"""Uploading, reading, showing and deleting documents."""

import html
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.models import Event
from documents import erasing, ingest, tasks
from documents.models import Blob, Document, Page, Text, Version
from tests import pdfs
from tests.conftest import CONTRACT, read, upload


def post(client, workspace, *files, **headers):
    return client.post(f"/w/{workspace.slug}/upload/", {"files": list(files)}, headers=headers)


def test_an_upload_becomes_a_queued_document_and_an_event(as_owner, owner, workspace):
    answer = post(as_owner, workspace, SimpleUploadedFile("lease.txt", b"A lease."))
    assert answer.status_code == 302
    document = Document.objects.get()
    assert (document.title, document.uploaded_by) == ("lease.txt", owner)
    assert document.current.status == Version.Status.QUEUED
    assert Event.objects.get(verb="upload").object_id == document.public_id


def test_several_files_at_once_and_the_bad_one_says_why(as_owner, workspace):
    files = [
        SimpleUploadedFile("a.txt", b"One."),
        SimpleUploadedFile("b.exe", b"MZ\x90\0\x03\0\0\0" + b"\0" * 64),
        SimpleUploadedFile("c.md", b"# Three"),
    ]
    page = as_owner.get(post(as_owner, workspace, *files).url).content.decode()
    assert set(Document.objects.values_list("title", flat=True)) == {"a.txt", "c.md"}
    assert "b.exe: Not accepted: this is a program" in page
    assert ingest.ACCEPTED in page


def test_sixty_files_in_one_form_are_sixty_documents(as_owner, workspace):
    files = [SimpleUploadedFile(f"{n}.txt", f"Letter {n}.".encode()) for n in range(60)]
    as_owner.post(f"/w/{workspace.slug}/upload/", {"files": files})
    assert Document.objects.count() == 60


def test_more_files_than_one_form_may_have_are_refused_with_how_many_may_be(as_owner, workspace):
    files = [SimpleUploadedFile(f"{n}.txt", b"A letter.") for n in range(501)]
    answer = as_owner.post(f"/w/{workspace.slug}/upload/", {"files": files})
    assert answer.status_code == 400
    assert "more than 500 files, upload fewer at a time." in answer.content.decode()
    assert not Document.objects.exists()


def test_with_htmx_a_file_answers_with_its_row_and_a_refusal_with_its_reason(as_owner, workspace):
    good = post(as_owner, workspace, SimpleUploadedFile("a.txt", b"One."), HX_Request="true")
    assert good.status_code == 200
    assert f"document-{Document.objects.get().public_id}" in good.content.decode()
    bad = post(
        as_owner, workspace, SimpleUploadedFile("a.rtf", b"{\\rtf1 Agreement}"), HX_Request="true"
    )
    assert bad.status_code == 422
    assert "an RTF document. Save it as .docx and upload that." in bad.content.decode()


def test_an_empty_file_and_no_file_are_refused_with_a_sentence(as_owner, workspace):
    empty = post(as_owner, workspace, SimpleUploadedFile("a.txt", b""), HX_Request="true")
    assert "The file is empty." in empty.content.decode()
    none = as_owner.post(f"/w/{workspace.slug}/upload/", headers={"HX-Request": "true"})
    assert "Choose at least one file." in none.content.decode()


def test_a_file_over_the_limit_is_refused_with_both_sizes(as_owner, workspace, settings):
    settings.MAX_UPLOAD_MB = 1
    large = SimpleUploadedFile("a.txt", b"word " * 400_000)
    answer = post(as_owner, workspace, large, HX_Request="true")
    assert "The file has 2 MB; at most 1 MB are accepted." in answer.content.decode()


def test_the_same_bytes_again_show_the_document_that_is_there(workspace, owner, mate):
    first = upload(workspace, owner, name="one.txt")
    again = upload(workspace, mate, name="two.txt")
    assert again == first
    assert Blob.objects.count() == Version.objects.count() == 1


def test_the_same_bytes_in_another_workspace_are_a_document_of_their_own(
    workspace, owner, elsewhere, stranger
):
    assert upload(workspace, owner) != upload(elsewhere, stranger)
    assert Blob.objects.count() == 2


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\deals\\lease.pdf", "lease.pdf"),
        ("a\u202egpj.txt\0", "agpj.txt"),
        ("  ", "Untitled"),
        ("x" * 300, "x" * 200),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
        ("x" * 195 + " of 2026.docx", "x" * 195 + ".docx"),
        ("x" * 196 + ".pdf", "x" * 196 + ".pdf"),
        ("No. 5." + "x" * 300, "No. 5." + "x" * 194),
        ("Vertra\u0308ge.pdf", "Vertr\u00e4ge.pdf"),
        ("Vertra\u200b\u0308ge.pdf", "Vertr\u00e4ge.pdf"),
    ],
)
def test_a_title_is_a_clean_file_name(name, title):
    from documents.uploads import clean_title

    assert clean_title(name) == title
    assert clean_title(title) == title, "it is cleaned more than once on its way"


def test_a_markdown_of_a_very_long_name_is_still_read_as_markdown(as_owner, workspace):
    file = SimpleUploadedFile("x" * 240 + ".md", b"# Terms\n\nThirty days.")
    as_owner.post(f"/w/{workspace.slug}/upload/", {"files": file})
    document = Document.objects.get()
    assert (document.title, document.kind) == ("x" * 197 + ".md", "markdown")


def test_reading_stores_text_and_pages_that_fit_it(document):
    version = document.current
    text = Text.objects.get(version=version).content
    pages = list(Page.objects.filter(version=version))
    assert version.status == "ready"
    assert version.percent == 100
    assert version.chars == len(text)
    assert len(pages) == version.page_count == 2
    assert text[pages[1].start : pages[1].end].startswith("SCHEDULE")
    assert all(page.start <= page.end for page in pages)


def test_a_version_is_claimed_once(workspace, owner):
    version = upload(workspace, owner).current
    twin = Version.objects.get(pk=version.pk)
    assert version.claim("one")
    assert not twin.claim("two")


def test_a_version_whose_worker_died_is_claimed_again_and_the_dead_one_cannot_write(
    workspace, owner
):
    dead = upload(workspace, owner).current
    dead.claim("dead")
    Version.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    alive = Version.objects.get(pk=dead.pk)
    assert alive.claim("alive")
    assert not dead.fail("late", "Too late.")
    alive.refresh_from_db()
    assert alive.status == "reading"


def test_a_file_that_kills_its_reader_again_and_again_is_given_up(workspace, owner):
    document = upload(workspace, owner)
    Version.objects.update(attempts=3)
    document.current.refresh_from_db()
    version = read(document)
    assert version.status == "failed"
    assert "stopped the reader several times" in version.error


def test_a_sentence_on_a_limit_sets_the_thousands_apart(workspace, owner, settings):
    settings.MAX_PAGES = 1000
    version = read(upload(workspace, owner, "\f".join(["A page."] * 1234)))
    assert version.error == "This document has 1,234 pages; at most 1,000 can be read."


def failed(document, code):
    """Its version, after reading ended with the code."""
    version = document.current
    assert version.claim("worker")
    assert version.fail(code, "It's no use.")
    return version


@pytest.mark.parametrize(
    ("code", "offered"),
    [
        *((code, True) for code in ("too_slow", "too_much_memory", "crashed", "missing", "file")),
        *((code, False) for code in ("damaged", "empty", "too_many_pages", "too_large", "bomb")),
        *((code, False) for code in ("encrypted", "office_protected", "office_old", "no_text")),
    ],
)
def test_trying_again_is_offered_where_it_may_help(as_owner, workspace, owner, code, offered):
    document = upload(workspace, owner)
    failed(document, code)
    for path in ("", f"documents/{document.public_id}/"):
        page = as_owner.get(f"/w/{workspace.slug}/{path}").content.decode()
        assert "It&#x27;s no use." in page
        assert (f"{document.public_id}/retry/" in page) == offered
        assert ("Enter the password" in page) == (code == "encrypted")


def test_what_may_be_tried_again_is_a_failure_that_there_is():
    assert set(ingest.SENTENCES) >= ingest.PASSING


def test_a_failed_document_says_why_and_can_be_retried(as_owner, workspace, owner):
    document = upload(workspace, owner, "Slow.", "slow.txt")
    version = failed(document, "too_slow")
    page = as_owner.get(f"/w/{workspace.slug}/").content.decode()
    assert html.escape(version.error) in page
    assert f"{document.public_id}/retry/" in page
    own = f"/w/{workspace.slug}/documents/{document.public_id}/"
    page = as_owner.get(own).content.decode()
    assert html.escape(version.error) in page
    assert f'formaction="{own}retry/"' in page
    assert as_owner.post(f"{own}retry/", {"back": "document"}).url == own
    version.refresh_from_db()
    assert (version.status, version.error) == ("queued", "")


def test_the_page_of_a_document_that_is_being_read_waits_for_it(as_owner, workspace, owner):
    document = upload(workspace, owner)
    where = f"/w/{workspace.slug}/documents/{document.public_id}/"
    page = as_owner.get(where).content.decode()
    assert "still being read" in page
    assert 'hx-trigger="every 1s"' in page
    assert not Event.objects.filter(verb="open-source").exists(), "nothing of it was seen"
    read(document)
    page = as_owner.get(where).content.decode()
    assert "every 1s" not in page
    assert Event.objects.filter(verb="open-source").count() == 1


def test_the_sweep_sends_what_is_due_and_only_that(workspace, owner, document, monkeypatch):
    waiting = upload(workspace, owner, "Another text.")
    sent = []
    monkeypatch.setattr(tasks.ingest, "delay", sent.append)
    tasks.sweep()
    assert sent == [waiting.current.pk]


def test_a_pdf_is_shown_by_page(as_owner, workspace, owner):
    document = upload(workspace, owner, pdfs.write("First page.", "Second page."), "two.pdf")
    read(document)
    where = f"/w/{workspace.slug}/documents/{document.public_id}/?view=text"
    page = as_owner.get(where).content.decode()
    assert page.index("Page 1") < page.index("First page.") < page.index("Page 2")


def marked(page: str) -> str:
    """The marked characters: what a browser gives as the text of the marks."""
    inside = "".join(re.findall(r"<mark[^>]*>(.*?)</mark>", page, re.S))
    return html.unescape(re.sub(r"<[^>]+>", "", inside))


@pytest.mark.parametrize(("start", "end"), [(0, 1), (19, 90), (300, 420), (0, 470)])
def test_a_range_is_marked_at_exactly_its_characters(as_owner, workspace, document, start, end):
    text = Text.objects.get(version=document.current).content
    version = document.current.public_id
    where = f"/w/{workspace.slug}/documents/{document.public_id}/?version={version}"
    page = as_owner.get(f"{where}&start={start}&end={end}").content.decode()
    second = Page.objects.get(version=document.current, number=2)
    expected = text[start:end]
    if start < second.start < end:
        # the separator between two pages belongs to neither
        first = Page.objects.get(version=document.current, number=1)
        expected = text[start : first.end] + text[second.start : end]
    assert marked(page) == expected
    assert Event.objects.filter(verb="open-source", detail__start=start).exists()


@pytest.mark.parametrize(
    "query", ["start=5&end=2", "start=0&end=99999999", "start=x&end=3", "end=9"]
)
def test_a_range_that_is_none_marks_nothing(as_owner, workspace, document, query):
    where = f"/w/{workspace.slug}/documents/{document.public_id}/"
    page = as_owner.get(f"{where}?version={document.current.public_id}&{query}")
    assert page.status_code == 200
    assert "<mark" not in page.content.decode()


def test_a_range_of_another_documents_version_marks_nothing(as_owner, workspace, owner, document):
    other = upload(workspace, owner, "Another text altogether.")
    read(other)
    where = f"/w/{workspace.slug}/documents/{document.public_id}/"
    page = as_owner.get(f"{where}?version={other.current.public_id}&start=0&end=5").content.decode()
    assert "<mark" not in page
    assert "Another text altogether" not in page


def test_document_text_is_escaped(as_owner, workspace, owner):
    document = upload(workspace, owner, "Before <script>alert(1)</script> after")
    read(document)
    page = as_owner.get(f"/w/{workspace.slug}/documents/{document.public_id}/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_deleting_asks_first_then_hides_then_erases_when_its_time_is_over(
    as_owner, workspace, document
):
    path = Path(document.current.blob.file.path)
    where = f"/w/{workspace.slug}/documents/{document.public_id}/delete/"
    asks = as_owner.get(where).content.decode()
    assert "Delete “<bdi>contract.txt</bdi>”?" in asks
    assert Document.objects.get().deleted_at is None
    as_owner.post(where)
    assert as_owner.get(where).status_code == 404
    tasks.erase(document.pk)
    assert path.exists(), "it can still be restored"
    Document.objects.update(purge_at=timezone.now())
    tasks.erase(document.pk)
    assert not path.exists()
    assert not Text.objects.exists()
    assert Document.objects.get().erased_at


def test_bytes_uploaded_again_before_the_erasing_survive_it(workspace, owner, document):
    document.mark_deleted(owner)
    second = upload(workspace, owner)
    assert second != document
    erasing.erase(document)
    assert Path(second.current.blob.file.path).read_text() == CONTRACT
    assert read(second).status == "ready"


def test_bytes_uploaded_again_after_the_erasing_are_kept_anew(workspace, owner, document):
    document.mark_deleted(owner)
    erasing.erase(document)
    second = upload(workspace, owner)
    assert read(second).status == "ready"


def test_an_analyst_deletes_their_own_and_not_another_ones(as_mate, mate, workspace, document):
    theirs = upload(workspace, mate, "Mine.")
    where = f"/w/{workspace.slug}/documents/"
    assert as_mate.post(f"{where}{document.public_id}/delete/").status_code == 403
    assert as_mate.post(f"{where}{theirs.public_id}/delete/").status_code == 302


def test_renaming_changes_the_title_and_an_empty_one_is_refused(as_owner, workspace, document):
    where = f"/w/{workspace.slug}/documents/{document.public_id}/rename/"
    assert as_owner.post(where, {"title": ""}).status_code == 422
    assert as_owner.post(where, {"title": "\u202e"}).status_code == 422
    assert as_owner.post(where, {"title": "Ser\u202evices"}).status_code == 302
    document.refresh_from_db()
    assert document.title == "Services"


def test_the_library_asks_the_database_the_same_for_ten_documents_as_for_one(
    as_owner, workspace, owner, document, django_assert_max_num_queries
):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as one:
        as_owner.get(f"/w/{workspace.slug}/")
    for number in range(9):
        upload(workspace, owner, f"Text {number}")
    with django_assert_max_num_queries(len(one)):
        as_owner.get(f"/w/{workspace.slug}/")


def test_the_samples_load_with_one_click(as_owner, workspace):
    page = as_owner.get(f"/w/{workspace.slug}/").content.decode()
    assert "Load the sample contracts" in page
    as_owner.post(f"/w/{workspace.slug}/samples/")
    assert Document.objects.count() == 3
    assert all(read(document).status == "ready" for document in Document.objects.all())
