"""Pictures of questions: added, refused, shown, sent, replayed and cleared away."""

from __future__ import annotations

import base64
import io
import re
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from qa import askable, asking, pictures, remote
from qa.claude import accounts, connect
from qa.engine import looks
from qa.models import Answer, ClaudeSettings, Enclosure, Picture, RemotePicture, Thread
from tests.asked import put, written

QUESTION = "Does this clause stand in the agreement?"


def painted(kind="PNG", size=(300, 200), **more) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "navy").save(out, kind, **more)
    return out.getvalue()


def file(data=None, name="clause.png", kind="image/png"):
    return SimpleUploadedFile(name, painted() if data is None else data, kind)


@pytest.fixture
def draft(workspace, owner):
    return pictures.take(file(), workspace, owner)


def stored(picture) -> bytes:
    return Path(picture.file.path).read_bytes()


def form(document, **more):
    return {
        "question": QUESTION,
        "model": "claude-sonnet-5-5",
        "submission": str(uuid.uuid4()),
        "documents": [str(document.public_id)],
        **more,
    }


def blocks(emulator, message=0):
    rows = [row for row in emulator.requests(20)["requests"] if row["path"] == "messages"]
    return rows[-1]["body"]["messages"][message]["content"]


def test_a_question_goes_with_its_pictures_before_it(emulator, as_owner, workspace, document):
    files = [file(), file(painted("JPEG"), "chart.jpg", "image/jpeg")]
    sent = as_owner.post(f"/w/{workspace.slug}/ask/", form(document, pictures=files))
    assert sent.status_code == 302, sent.content.decode()
    answer = written(Answer.objects.get())
    kinds = [(block["type"], block.get("text")) for block in blocks(emulator)][1:]
    assert kinds == [
        *(("text", "Image 1:"), ("image", None)),
        *(("text", "Image 2:"), ("image", None)),
        ("text", QUESTION),
    ]
    assert all(block["source"]["type"] == "file" for block in blocks(emulator)[2:5:2])
    page = as_owner.get(sent.url).content.decode()
    assert 'alt="Image 1: clause.png"' in page
    assert 'alt="Image 2: chart.jpg"' in page
    assert "cannot see: 2 pictures" in answer.text


def test_what_is_kept_is_drawn_anew_and_small_enough(workspace, owner):
    exif = Image.Exif()
    exif[0x010E] = "where it was taken"
    data = painted("JPEG", (5_000, 2_500), exif=exif)
    picture = pictures.take(file(data, "photo.jpg", "image/jpeg"), workspace, owner)
    assert (picture.width, picture.height) == (looks.SIDE, looks.SIDE // 2)
    kept = stored(picture)
    assert len(kept) == picture.size
    assert b"where it was taken" in data
    assert b"where it was taken" not in kept


def test_a_tiff_is_taken_and_a_gif_is_its_first_frame(workspace, owner):
    for kind in ("TIFF", "GIF", "WEBP"):
        picture = pictures.take(file(painted(kind), f"a.{kind}", "image/png"), workspace, owner)
        assert picture.media_type in ("image/png", "image/jpeg")
        assert (picture.width, picture.height) == (300, 200)


REFUSED = {
    "an empty file": (b"", "a.png is empty."),
    "no picture": (b"<svg onload=alert(1)>", "is not a picture that can be read"),
    "a PDF": (b"%PDF-1.7", "is not a picture that can be read"),
    "half a picture": (painted()[:60], "damaged"),
    "a bomb": (
        base64.b64decode(
            "iVBORw0KGgoAAAANSUhEUgAA//8AAP//CAYAAAAkqvzqAAAAC0lEQVR42mNgAAIAAAUAAen63NgAAAAASUVORK5CYII="
        ),
        "",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_shown_is_refused_with_a_sentence(as_owner, workspace, what):
    data, sentence = REFUSED[what]
    sent = as_owner.post(f"/w/{workspace.slug}/pictures/", {"picture": file(data, "a.png")})
    assert sent.status_code == 422
    assert sentence in sent.content.decode()
    assert "a.png" in sent.content.decode()
    assert not Picture.objects.exists()


def test_one_that_is_too_large_is_refused_before_it_is_opened(as_owner, workspace, monkeypatch):
    monkeypatch.setattr(pictures, "MEGABYTES", 0.0001)
    sent = as_owner.post(f"/w/{workspace.slug}/pictures/", {"picture": file()})
    assert (sent.status_code, "is larger than" in sent.content.decode()) == (422, True)


def test_more_than_five_are_refused_and_the_five_stay(as_owner, workspace, document, owner):
    kept = [pictures.take(file(), workspace, owner) for _ in range(5)]
    ids = [str(picture.public_id) for picture in kept]
    sent = as_owner.post(
        f"/w/{workspace.slug}/ask/", form(document, picture=ids, pictures=[file()])
    )
    page = sent.content.decode()
    assert sent.status_code == 422
    assert "A question may have at most 5 pictures." in page
    assert all(f'name="picture" value="{id_}"' in page for id_ in ids)
    assert not Answer.objects.exists()


def test_without_a_script_one_is_removed_by_ticking_it(
    emulator, as_owner, workspace, document, owner, draft
):
    other = pictures.take(file(name="other.png"), workspace, owner)
    ids = [str(draft.public_id), str(other.public_id)]
    as_owner.post(f"/w/{workspace.slug}/ask/", form(document, picture=ids, remove=ids[:1]))
    (row,) = Enclosure.objects.all()
    assert (row.picture, row.number) == (other, 1)


def test_a_picture_that_was_added_stays_when_the_question_is_refused(
    as_owner, workspace, document, draft
):
    sent = as_owner.post(
        f"/w/{workspace.slug}/ask/", form(document, question=" ", picture=[str(draft.public_id)])
    )
    assert sent.status_code == 422
    assert f'name="picture" value="{draft.public_id}"' in sent.content.decode()


def test_a_script_gets_the_line_of_the_form(as_owner, workspace, owner):
    sent = as_owner.post(f"/w/{workspace.slug}/pictures/", {"picture": file()})
    picture = Picture.objects.get()
    page = sent.content.decode()
    assert (sent.status_code, picture.uploaded_by) == (200, owner)
    assert f'name="picture" value="{picture.public_id}"' in page
    assert 'alt="clause.png"' in page


def test_pictures_are_replayed_with_their_questions(emulator, workspace, document, owner, draft):
    first = written(put(document, owner, pictures=[draft]))
    written(put(document, owner, "And this?", thread=first.thread, follows=first))
    assert [block["type"] for block in blocks(emulator)][1:] == ["text", "image", "text"]
    assert [block["type"] for block in blocks(emulator, 2)] == ["text"]
    assert RemotePicture.objects.count() == 1


def test_a_question_is_tried_again_with_its_pictures(document, owner, draft):
    answer = put(document, owner, pictures=[draft])
    answer.request_stop()
    again = asking.ask_again(answer, owner)
    assert again != answer
    assert pictures.of(again) == [draft]


def test_what_the_api_lost_of_them_is_uploaded_again(emulator, document, owner, draft):
    first = written(put(document, owner, pictures=[draft]))
    connection = connect(document.workspace)
    connection.client.sdk.files.delete(draft.remote.get().file_id)
    queued = put(document, owner, thread=first.thread, follows=first)
    assert written(queued).status == "queued"
    Answer.objects.filter(pk=queued.pk).update(next_try_at=None)
    assert written(queued).status == "done"


def test_where_nothing_may_be_stored_they_go_in_base64(emulator, workspace, document, owner, draft):
    ClaudeSettings.objects.create(workspace=workspace, inline=True)
    assert written(put(document, owner, pictures=[draft])).status == "done"
    image = blocks(emulator)[2]
    assert image["source"]["type"] == "base64"
    assert base64.b64decode(image["source"]["data"]) == stored(draft)
    assert not RemotePicture.objects.exists()


@pytest.mark.parametrize("inline", [False, True])
def test_when_a_request_is_full_the_earliest_go_without_theirs_and_that_is_said(
    emulator, as_owner, workspace, document, owner, monkeypatch, inline
):
    if inline:
        ClaudeSettings.objects.create(workspace=workspace, inline=True)
        one = 4 * -(-pictures.take(file(), workspace, owner).size // 3)
        monkeypatch.setattr(looks, "INLINE_BYTES", 4 * one)
    else:
        monkeypatch.setattr(looks, "LARGE_WINDOW", 4)
    last, sent = None, []
    for _turn in range(3):
        shown = [pictures.take(file(), workspace, owner) for _ in range(2)]
        more = {"thread": last.thread, "follows": last} if last else {}
        last = written(put(document, owner, QUESTION, pictures=shown, **more))
        assert last.status == "done", last.error
        rows = [row for row in emulator.requests(20)["requests"] if row["path"] == "messages"]
        sent.append(str(rows[-1]["body"]["messages"]))
    assert [one.count("'type': 'image'") for one in sent] == [2, 4, 2]
    assert "They are not shown any more, for want of room: 2." in sent[2]
    assert last.pictures_unsent == 4
    page = as_owner.get(f"/w/{workspace.slug}/threads/{last.thread.public_id}/").content.decode()
    assert page.count("4 pictures of the earliest questions were left out") == 1


def test_more_than_a_request_takes_are_refused_before_they_are_sent(
    emulator, workspace, document, owner, draft, monkeypatch
):
    ClaudeSettings.objects.create(workspace=workspace, inline=True)
    monkeypatch.setattr(looks, "INLINE_BYTES", 100)
    answer = written(put(document, owner, pictures=[draft]))
    assert (answer.status, answer.error_code) == ("failed", "too_large")
    assert not answer.calls.filter(purpose="answer").exists()


def test_room_is_cleared_a_quarter_at_a_time_and_never_for_the_newest():
    turn = [Picture(size=3)]
    room = pictures.Room(8)
    left = [pictures.unsent([turn] * count, room) for count in range(1, 14)]
    assert left == [0] * 8 + [3] * 3 + [6] * 2
    assert pictures.unsent([turn, turn * 9], room) == 1


def test_what_they_cost_counts_towards_what_fits(document, owner, draft, monkeypatch):
    seen = []
    fit = askable.fit
    monkeypatch.setattr(askable, "fit", lambda n, model: seen.append(n) or fit(n, model))
    put(document, owner)
    put(document, owner, pictures=[draft])
    assert seen[1] - seen[0] == 11 * 8  # patches of 28 pixels


# who may see them --------------------------------------------------------------------------------


def address(picture):
    return f"/w/{picture.workspace.slug}/pictures/{picture.public_id}/"


def test_a_picture_is_shown_as_nothing_but_a_picture(as_owner, draft):
    answer = as_owner.get(address(draft))
    assert (answer.status_code, answer["Content-Type"]) == (200, draft.media_type)
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer.content == stored(draft)


def test_before_it_is_asked_only_its_owner_sees_it_then_who_sees_the_question(
    as_owner, as_mate, as_stranger, document, owner, draft
):
    seen = [client.get(address(draft)).status_code for client in (as_owner, as_mate, as_stranger)]
    assert seen == [200, 404, 404]
    answer = put(document, owner, pictures=[draft])
    seen = [client.get(address(draft)).status_code for client in (as_owner, as_mate, as_stranger)]
    assert seen == [200, 200, 404]
    Thread.objects.filter(pk=answer.thread.pk).update(is_private=True)
    assert as_mate.get(address(draft)).status_code == 404
    Thread.objects.filter(pk=answer.thread.pk).update(deleted_at=timezone.now())
    assert as_owner.get(address(draft)).status_code == 404


def test_nobody_asks_with_anothers_picture_or_one_of_another_question(
    emulator, as_mate, workspace, document, owner, draft
):
    as_mate.post(f"/w/{workspace.slug}/ask/", form(document, picture=[str(draft.public_id)]))
    assert not Enclosure.objects.exists()
    put(document, owner, pictures=[draft])
    assert pictures.drafts([str(draft.public_id), "x"], workspace, owner) == []


# how they go -------------------------------------------------------------------------------------


def test_what_is_never_asked_goes_after_a_day(document, owner, workspace, draft):
    asked = pictures.take(file(), workspace, owner)
    put(document, owner, pictures=[asked])
    young = pictures.take(file(), workspace, owner)
    old = timezone.now() - timedelta(days=2)
    Picture.objects.exclude(pk=young.pk).update(created_at=old)
    path = Path(draft.file.path)
    assert pictures.drop_unasked() == 1
    assert set(Picture.objects.all()) == {asked, young}
    assert not path.exists()


def test_copies_are_known_to_the_daily_tidying_and_go_where_nothing_may_be_stored(
    emulator, workspace, document, owner, draft
):
    written(put(document, owner, pictures=[draft]))
    (account,) = accounts()
    kept = draft.remote.get().file_id
    remote.tidy(account.connection)
    assert kept in {file.id for file in account.connection.client.sdk.files.list(limit=1000)}
    ClaudeSettings.objects.create(workspace=workspace, inline=True)
    (account,) = accounts()
    remote.erase_deleted(account, limit=20)
    assert not RemotePicture.objects.exists()
    assert kept not in {file.id for file in account.connection.client.sdk.files.list(limit=1000)}


def test_the_form_says_how_many_there_may_be(as_owner, workspace, document):
    page = as_owner.get(f"/w/{workspace.slug}/ask/?document={document.public_id}").content.decode()
    assert f'data-most="{pictures.MOST}"' in page
    assert f"at most {pictures.MOST} pictures" in page
    assert re.search(r'<form method="post" enctype="multipart/form-data"', page)
