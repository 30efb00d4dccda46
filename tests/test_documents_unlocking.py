"""An encrypted PDF asks for its password, uses it once, and keeps it nowhere."""

from __future__ import annotations

import io
import logging

import pypdf
import pytest
from django.conf import settings

from accounts.models import Event
from documents import versions
from documents.models import Blob, Document, Text, Version
from tests.conftest import read, upload
from tests.pdfs import write

SECRET = "Zaunkönig-8841"


def locked_pdf(password: str = SECRET) -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(write("The fee is 60 euros.")))
    writer.encrypt(password, algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.fixture
def locked(workspace, owner) -> Document:
    document = upload(workspace, owner, locked_pdf("open sesame"), "locked.pdf")
    assert read(document).error_code == "encrypted"
    return document


def address(document: Document) -> str:
    return f"/w/{document.workspace.slug}/documents/{document.public_id}/unlock/"


def test_the_library_asks_for_the_password(as_owner, workspace, locked):
    page = as_owner.get(f"/w/{workspace.slug}/").content.decode()
    assert "needs a password" in page
    assert address(locked) in page
    own = as_owner.get(f"/w/{workspace.slug}/documents/{locked.public_id}/").content.decode()
    assert address(locked) in own


def test_the_right_password_makes_a_version_that_is_read(as_owner, owner, locked):
    assert as_owner.post(address(locked), {"password": "open sesame"}).status_code == 302
    locked.refresh_from_db()
    version = read(locked)
    assert (version.number, version.status, version.uploaded_by) == (2, "ready", owner)
    assert Text.objects.get(version=version).content == "The fee is 60 euros."
    assert Event.objects.get(verb="unlock").object_id == version.public_id
    assert Version.objects.get(document=locked, number=1).blob != version.blob


def test_a_wrong_password_says_so_and_changes_nothing(as_owner, locked):
    answer = as_owner.post(address(locked), {"password": "open barley"})
    assert answer.status_code == 422
    assert "This password does not open the PDF." in answer.content.decode()
    assert "open barley" not in answer.content.decode()
    assert Version.objects.filter(document=locked).count() == 1
    assert not Event.objects.filter(verb="unlock").exists()


def test_the_password_is_kept_nowhere(as_owner, workspace, owner, caplog):
    caplog.set_level(logging.DEBUG)
    document = upload(workspace, owner, locked_pdf(), "locked.pdf")
    read(document)
    as_owner.post(address(document), {"password": SECRET})
    document.refresh_from_db()
    assert read(document).status == "ready"
    assert SECRET not in caplog.text
    rows = [*Event.objects.values(), *Version.objects.values(), *Blob.objects.values()]
    assert SECRET not in str(rows)
    for path in settings.FILES.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes()


def test_a_document_that_is_not_locked_asks_for_nothing(as_owner, document):
    assert as_owner.get(address(document)).status_code == 302
    assert as_owner.post(address(document), {"password": "x"}).status_code == 302
    assert Version.objects.count() == 1


def test_pressing_twice_makes_one_version(as_owner, locked):
    for _ in range(2):
        as_owner.post(address(locked), {"password": "open sesame"})
    assert Version.objects.filter(document=locked).count() == 2


def test_a_document_that_is_deleted_meanwhile_is_not_there(as_owner, owner, locked, monkeypatch):
    claimed = versions._locked

    def late(document):
        Document.objects.get(pk=document.pk).mark_deleted(owner)
        return claimed(document)

    monkeypatch.setattr(versions, "_locked", late)
    assert as_owner.post(address(locked), {"password": "open sesame"}).status_code == 404
    assert Version.objects.filter(document=locked).count() == 1


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("pdfjs__issue15893_reduced.pdf", "test"),
        ("pdfjs__print_protection.pdf", "password"),
        ("pdfminer__aes-256-m.pdf", "foo"),
        ("qpdf__pages-copy-encryption.pdf", "user"),
        ("tika__testPDF_no_extract_yes_accessibility_owner_user.pdf", "user"),
    ],
)
def test_every_age_of_encryption_opens(as_owner, workspace, owner, contracts, name, password):
    data = (contracts.parent / "hostile" / "pdf" / name).read_bytes()
    document = upload(workspace, owner, data, name)
    assert read(document).error_code == "encrypted"
    answer = as_owner.post(address(document), {"password": password})
    assert answer.status_code == 302, answer.content.decode()[-500:]
    document.refresh_from_db()
    assert read(document).error_code != "encrypted"
