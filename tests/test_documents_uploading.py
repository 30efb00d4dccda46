"""Files on their way: pieces, interruptions, folders, pasted text, and whose they are."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Member
from accounts.roles import Role
from documents import folders, incoming, tasks
from documents.models import Blob, Document, Folder, Upload
from tests.conftest import read, upload

TEXT = ("The supplier shall keep records of every delivery. " * 400).encode()
HTMX = {"HX-Request": "true"}


def begin(client, workspace, data=TEXT, name="records.txt", **fields):
    fields = {"name": name, "size": len(data), "fingerprint": "1764057600000", **fields}
    return client.post(f"/w/{workspace.slug}/uploads/", fields, headers=HTMX)


def put(client, address, offset, piece):
    where = f"{address}?offset={offset}"
    return client.put(where, piece, content_type="application/octet-stream", headers=HTMX)


def finish(client, address, **fields):
    return client.post(f"{address}finish/", fields, headers=HTMX)


@pytest.fixture
def address(as_owner, workspace):
    return begin(as_owner, workspace).json()["address"]


def test_a_file_in_pieces_becomes_a_document_of_the_same_bytes(as_owner, workspace, address):
    for offset in range(0, len(TEXT), 7000):
        kept = put(as_owner, address, offset, TEXT[offset : offset + 7000])
        assert kept.json() == {"received": min(offset + 7000, len(TEXT))}
    done = finish(as_owner, address, sha256=hashlib.sha256(TEXT).hexdigest())
    document = Document.objects.get()
    assert done.status_code == 200
    assert f"document-{document.public_id}" in done.content.decode()
    assert Path(document.current.blob.file.path).read_bytes() == TEXT
    assert read(document).status == "ready"
    assert not list(Upload.objects.get().file_path.parent.iterdir())


def test_the_same_file_begun_again_goes_on_where_it_was(as_owner, workspace, address):
    put(as_owner, address, 0, TEXT[:9000])
    again = begin(as_owner, workspace).json()
    assert (again["address"], again["received"]) == (address, 9000)
    for change in ({"fingerprint": "2"}, {"name": "other.txt"}, {"size": 9001}, {"path": "A"}):
        other = begin(as_owner, workspace, **change).json()
        assert (other["address"] != address, other["received"]) == (True, 0)


def test_a_piece_sent_twice_counts_once_and_one_that_does_not_join_on_is_told_where(
    as_owner, address
):
    assert put(as_owner, address, 0, TEXT[:9000]).status_code == 200
    assert put(as_owner, address, 0, TEXT[:9000]).json() == {"received": 9000}
    gap = put(as_owner, address, 12_000, TEXT[12_000:13_000])
    assert (gap.status_code, gap.json()) == (409, {"received": 9000})
    lapping = put(as_owner, address, 8000, TEXT[8000:10_000])
    assert (lapping.status_code, lapping.json()) == (409, {"received": 9000})
    beyond = put(as_owner, address, 9000, TEXT)
    assert beyond.status_code == 409
    early = finish(as_owner, address)
    assert (early.status_code, early.json()) == (409, {"received": 9000})
    assert Upload.objects.get().file_path.read_bytes() == TEXT[:9000]


def test_what_a_dead_writer_left_behind_the_last_piece_is_written_over(as_owner, address):
    put(as_owner, address, 0, TEXT[:9000])
    with Upload.objects.get().file_path.open("ab") as file:
        file.write(b"half a piece")
    put(as_owner, address, 9000, TEXT[9000:])
    finish(as_owner, address)
    assert Path(Blob.objects.get().file.path).read_bytes() == TEXT


@pytest.mark.parametrize("body", [b"", b"x" * (incoming.PIECE + 1)])
def test_a_piece_of_no_or_too_much_length_is_not_taken(as_owner, address, body):
    assert put(as_owner, address, 0, body).status_code == 400
    assert put(as_owner, address, "-1", TEXT[:10]).status_code == 400


@pytest.mark.django_db(transaction=True)
def test_the_same_piece_from_two_tabs_at_once_is_there_once(as_owner, owner, workspace):
    where = begin(as_owner, workspace).json()["address"]

    def send():
        try:
            found = Upload.objects.get()
            for offset in range(0, len(TEXT), 1000):
                incoming.append(found, offset, TEXT[offset : offset + 1000])
        except incoming.WrongPlace:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert finish(as_owner, where).status_code == 200
    assert Path(Blob.objects.get().file.path).read_bytes() == TEXT


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(sizes=st.lists(st.integers(1, 900), min_size=1, max_size=12), again=st.integers(0, 11))
def test_whatever_the_pieces_the_bytes_are_the_files(as_owner, workspace, sizes, again):
    data = os.urandom(16).hex().encode() * (sum(sizes) // 32 + 1)
    data = data[: sum(sizes)]
    where = begin(as_owner, workspace, data).json()["address"]
    offset = 0
    for number, size in enumerate(sizes):
        for _time in range(2 if number == again else 1):
            assert put(as_owner, where, offset, data[offset : offset + size]).status_code == 200
        offset += size
    assert finish(as_owner, where).status_code == 200
    blob = Blob.objects.get(sha256=hashlib.sha256(data).hexdigest())
    assert Path(blob.file.path).read_bytes() == data


# refusals ------------------------------------------------------------------------------------


def test_too_large_is_said_before_any_byte(as_owner, workspace):
    refused = begin(as_owner, workspace, size=300_000_000)
    assert refused.status_code == 422
    assert refused.json() == {"reason": "The file has 300 MB; at most 100 MB are accepted."}
    assert begin(as_owner, workspace, size=0).json() == {"reason": "The file is empty."}
    assert not Upload.objects.exists()


def test_a_kind_that_is_not_accepted_is_refused_with_its_first_piece(as_owner, workspace):
    program = b"MZ\x90\0\x03\0\0\0" + b"\0" * 20_000
    where = begin(as_owner, workspace, program, "minutes.pdf").json()["address"]
    refused = put(as_owner, where, 0, program[:10_000])
    assert refused.status_code == 422
    assert "this is a program" in refused.json()["reason"]
    assert not Upload.objects.exists()
    assert put(as_owner, where, 10_000, program[10_000:]).status_code == 404


def test_other_bytes_than_the_sender_has_are_refused(as_owner, workspace, address):
    put(as_owner, address, 0, TEXT)
    refused = finish(as_owner, address, sha256="0" * 64)
    assert refused.status_code == 422
    assert "did not arrive as it was sent" in refused.content.decode()
    assert not Document.objects.exists()
    assert begin(as_owner, workspace).json()["received"] == 0


def test_unfinished_uploads_have_a_quota_for_each_person(as_owner, as_mate, workspace, settings):
    settings.UNFINISHED_MB = 1
    assert begin(as_owner, workspace, size=700_000).status_code == 200
    refused = begin(as_owner, workspace, size=700_000, name="second.txt")
    assert refused.status_code == 422
    assert "Finish or discard some of them first." in refused.json()["reason"]
    assert begin(as_mate, workspace, size=700_000).status_code == 200
    # what was begun goes on, whatever the quota
    assert begin(as_owner, workspace, size=700_000).status_code == 200


def test_what_is_finished_does_not_count_and_finishing_again_gives_the_same(
    as_owner, workspace, address, settings
):
    settings.UNFINISHED_MB = 1
    put(as_owner, address, 0, TEXT)
    first, second = finish(as_owner, address), finish(as_owner, address)
    assert first.status_code == second.status_code == 200
    document = Document.objects.get()
    assert f"document-{document.public_id}" in second.content.decode()
    assert begin(as_owner, workspace, size=990_000).json()["received"] == 0


def test_a_day_later_nothing_is_left(as_owner, workspace, address):
    put(as_owner, address, 0, TEXT[:9000])
    path = Upload.objects.get().file_path
    orphan = path.with_name("orphan")
    orphan.write_bytes(b"nobody's")
    tasks.tidy_uploads()
    assert path.exists()
    assert orphan.exists()
    Upload.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    os.utime(orphan, (time.time() - 90_000,) * 2)
    assert begin(as_owner, workspace).json()["address"] != address
    tasks.tidy_uploads()
    assert not path.exists()
    assert not orphan.exists()
    assert Upload.objects.count() == 1


# whose they are ------------------------------------------------------------------------------


def test_nobody_else_finds_an_upload_not_even_a_team_mate(
    as_owner, as_mate, as_stranger, workspace, elsewhere, address
):
    put(as_owner, address, 0, TEXT[:9000])
    crossed = address.replace(workspace.slug, elsewhere.slug)
    for client, where in ((as_mate, address), (as_stranger, address), (as_stranger, crossed)):
        assert put(client, where, 9000, TEXT[9000:]).status_code == 404
        assert finish(client, where).status_code == 404
        assert client.post(f"{where}discard/").status_code == 404
    assert Upload.objects.get().received == 9000
    assert "records.txt" not in as_mate.get(f"/w/{workspace.slug}/").content.decode()
    # the same file of a team mate is an upload of its own
    assert begin(as_mate, workspace).json() | {"received": 0} != begin(as_owner, workspace).json()


def test_who_may_not_upload_any_more_cannot_go_on(as_owner, owner, workspace, address):
    Member.objects.filter(user=owner).update(role=Role.VIEWER)
    assert put(as_owner, address, 0, TEXT).status_code == 403
    Member.objects.filter(user=owner).delete()
    assert put(as_owner, address, 0, TEXT).status_code == 404


def test_after_the_session_ended_nothing_is_lost(as_owner, owner, workspace, address, sign_in):
    put(as_owner, address, 0, TEXT[:9000])
    assert put(Client(), address, 9000, TEXT[9000:]).status_code == 401
    assert begin(Client(), workspace).status_code == 401
    assert begin(sign_in(owner), workspace).json()["received"] == 9000


def test_a_piece_without_the_pages_token_is_not_taken(owner, workspace, address):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(owner)
    assert put(strict, address, 0, TEXT).status_code == 403


def test_unfinished_uploads_are_named_on_the_page_until_discarded(as_owner, workspace, address):
    put(as_owner, address, 0, TEXT[:10_200])
    page = as_owner.get(f"/w/{workspace.slug}/").content.decode()
    assert "records.txt" in page
    assert 'data-fingerprint="1764057600000"' in page
    assert f'action="{address}discard/"' in page
    assert as_owner.post(f"{address}discard/").status_code == 302
    assert "records.txt" not in as_owner.get(f"/w/{workspace.slug}/").content.decode()
    assert not Upload.objects.exists()


# folders -------------------------------------------------------------------------------------


def post(client, workspace, *files, **fields):
    data = {"files": list(files), **fields}
    return client.post(f"/w/{workspace.slug}/upload/", data, headers=HTMX)


def test_a_folder_dropped_keeps_its_folders_below_the_one_shown(as_owner, owner, workspace):
    shown = folders.ensure(workspace, ["Deal"], owner)
    file = SimpleUploadedFile("lease.txt", b"A lease.")
    done = post(as_owner, workspace, file, path="Leases/2025", folder=shown.public_id)
    document = Document.objects.get()
    assert [folder.name for folder in document.folder.trail] == ["Deal", "Leases", "2025"]
    # its row does not belong into the list of the folder above
    assert "hx-partial" not in done.content.decode()
    here = post(as_owner, workspace, SimpleUploadedFile("b.txt", b"B."), folder=shown.public_id)
    assert "hx-partial" in here.content.decode()


def test_a_folder_dropped_beside_one_that_differs_by_capitals_goes_into_it(
    as_owner, owner, workspace
):
    deals = folders.ensure(workspace, ["Deals", "Leases"], owner)
    for number, path in enumerate(("deals/LEASES", "DEALS/leases/New", "deals/leases/new")):
        file = SimpleUploadedFile("lease.txt", f"Lease {number}.".encode())
        sent = as_owner.post(f"/w/{workspace.slug}/upload/", {"files": file, "path": path})
        assert sent.status_code == 302
    made = Folder.objects.exclude(pk__in=[deals.pk, deals.parent.pk]).get()
    assert (made.name, made.parent) == ("New", deals)
    assert [one.folder for one in Document.objects.order_by("pk")] == [deals, made, made]


def test_of_folders_that_differ_by_capitals_from_an_earlier_time_the_one_spelt_so_is_used(
    owner, workspace
):
    for name in ("Deals", "deals"):
        Folder.objects.create(workspace=workspace, name=name, created_by=owner)
    for asked, found in (("deals", "deals"), ("Deals", "Deals"), ("DEALS", "Deals")):
        assert folders.ensure(workspace, [asked], owner).name == found


@pytest.mark.django_db(transaction=True)
def test_a_folder_made_twice_at_once_in_different_capitals_is_one(owner, workspace):
    start = threading.Barrier(2)
    made = []

    def make(name):
        start.wait(5)
        try:
            made.append(folders.ensure(workspace, [name, name], owner))
        finally:
            connection.close()

    makers = [threading.Thread(target=make, args=[name]) for name in ("Deals", "deals")]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join(20)
    assert len(made) == 2
    assert made[0] == made[1]
    assert Folder.objects.count() == 2


def test_pieces_land_in_their_folder_too(as_owner, owner, workspace):
    shown = folders.ensure(workspace, ["Deal"], owner)
    begun = begin(as_owner, workspace, path="Leases", folder=shown.public_id).json()
    put(as_owner, begun["address"], 0, TEXT)
    assert not Folder.objects.filter(name="Leases").exists()
    finish(as_owner, begun["address"])
    assert [folder.name for folder in Document.objects.get().folder.trail] == ["Deal", "Leases"]


def test_a_refused_file_makes_no_folder(as_owner, workspace):
    program = SimpleUploadedFile("a.exe", b"MZ\x90\0\x03\0\0\0" + b"\0" * 64)
    assert post(as_owner, workspace, program, path="Tools").status_code == 422
    assert not Folder.objects.exists()


@pytest.mark.parametrize("path", ["../../etc", "/", "..", "a//b", "./x"])
def test_a_path_leads_nowhere_else(as_owner, workspace, path):
    assert (
        post(as_owner, workspace, SimpleUploadedFile("a.txt", b"A."), path=path).status_code == 200
    )
    names = set(Folder.objects.values_list("name", flat=True))
    assert names <= {"etc", "a", "b", "x"}


def test_a_folder_of_another_workspace_or_of_none_is_refused(
    as_owner, workspace, elsewhere, stranger
):
    foreign = folders.ensure(elsewhere, ["Secret"], stranger)
    for folder in (foreign.public_id, "nonsense"):
        file = SimpleUploadedFile("a.txt", b"A.")
        assert post(as_owner, workspace, file, folder=folder).status_code == 422
        assert begin(as_owner, workspace, folder=folder).status_code == 422
    assert not Document.objects.exists()


def test_the_same_bytes_in_another_folder_are_another_document_of_one_blob(as_owner, workspace):
    for path, name in (("A", "lease.txt"), ("B", "lease.txt"), ("A", "copy.txt")):
        done = post(as_owner, workspace, SimpleUploadedFile(name, TEXT), path=path)
    assert Blob.objects.count() == 1
    first = Document.objects.get(folder__name="A")
    assert Document.objects.count() == 2
    assert "Here already:" in done.content.decode()
    assert str(first.public_id) in done.content.decode()


def test_one_bad_file_of_many_is_named_and_the_others_go_on(as_owner, workspace):
    files = [SimpleUploadedFile(f"{n}.txt", f"Text {n}".encode()) for n in range(60)]
    files.insert(30, SimpleUploadedFile("tool.exe", b"MZ\x90\0\x03\0\0\0" + b"\0" * 64))
    data = {"files": files}
    page = as_owner.post(f"/w/{workspace.slug}/upload/", data, follow=True).content.decode()
    assert Document.objects.count() == 60
    assert "tool.exe: Not accepted: this is a program" in page


# pasted --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "name", "kind"),
    [
        ("Call of 3 March", "Call of 3 March.txt", "text"),
        ("Notes.md", "Notes.md", "markdown"),
        ("Invoice 3/4", "Invoice 3-4.txt", "text"),
    ],
)
def test_a_pasted_text_becomes_a_document(as_owner, workspace, title, name, kind):
    where = f"/w/{workspace.slug}/paste/"
    assert "Keep as a document" in as_owner.get(where).content.decode()
    text = "# Said\n\nThe fee is 500 euros.\n"
    assert as_owner.post(where, {"title": title, "text": text}).status_code == 302
    document = Document.objects.get()
    assert (document.title, document.kind) == (name, kind)
    assert Path(document.current.blob.file.path).read_text() == text


def test_a_paste_without_text_or_title_says_so(as_owner, workspace):
    where = f"/w/{workspace.slug}/paste/"
    assert as_owner.post(where, {"title": "", "text": "Said."}).status_code == 422
    refused = as_owner.post(where, {"title": "Empty", "text": ""})
    assert refused.status_code == 422
    assert not Document.objects.exists()


def test_a_viewer_can_neither_begin_nor_paste(as_mate, mate, workspace):
    Member.objects.filter(user=mate).update(role=Role.VIEWER)
    assert begin(as_mate, workspace).status_code == 403
    assert (
        as_mate.post(f"/w/{workspace.slug}/paste/", {"title": "T", "text": "X"}).status_code == 403
    )


def test_bytes_here_already_are_not_kept_twice_when_they_came_in_pieces(
    as_owner, owner, workspace, address
):
    there = upload(workspace, owner, TEXT, "earlier.txt")
    put(as_owner, address, 0, TEXT)
    done = finish(as_owner, address).content.decode()
    assert "Here already:" in done
    assert str(there.public_id) in done
    assert Blob.objects.count() == 1
