"""Tags: put on many documents, taken off, filtered by, renamed and given up."""

from __future__ import annotations

import pytest

from accounts.models import Event, Member
from accounts.roles import Role
from documents import tags
from documents.models import Document, Tag
from tests.conftest import upload
from tests.test_documents_library import act, said, titles


def named(document):
    return set(document.tags.values_list("name", flat=True))


def test_a_tag_is_put_on_several_documents_at_once(as_owner, workspace, owner, document):
    second = upload(workspace, owner, "Second.", "second.txt")
    answer = act(as_owner, workspace, "tag", document, second, name="  to  check ")
    assert "“to check” was put on 2 documents." in said(as_owner, answer)
    assert named(document) == named(second) == {"to check"}
    assert Event.objects.filter(verb="tag", detail={"put": "to check"}).count() == 2
    page = as_owner.get(f"/w/{workspace.slug}/").content.decode()
    assert '<option value="to check">' in page, "the field offers the tags there are"


def test_a_tag_in_other_letters_is_the_same_tag(workspace, owner, document):
    rows = Document.objects.all()
    assert tags.put(rows, "Urgent", workspace, owner) == 1
    assert tags.put(rows, "urgent", workspace, owner) == 0
    assert Tag.objects.get().name == "Urgent"


def test_a_tag_is_taken_off_and_no_tag_is_a_sentence(as_owner, workspace, owner, document):
    tags.put(Document.objects.all(), "urgent", workspace, owner)
    taken = act(as_owner, workspace, "tag", document, name="URGENT", take="yes")
    assert "was taken off 1 document." in said(as_owner, taken)
    assert named(document) == set()
    assert "Write the tag first." in said(as_owner, act(as_owner, workspace, "tag", document))


def test_a_document_is_tagged_on_its_own_page(as_owner, workspace, document):
    own = f"/w/{workspace.slug}/documents/{document.public_id}/"
    assert as_owner.post(f"{own}tags/", {"name": "R&D"}).url == own
    page = as_owner.get(own).content.decode()
    assert "?tag=R%26D" in page
    assert 'name="take" value="R&amp;D"' in page
    fragment = as_owner.post(f"{own}tags/", {"take": "R&D"}, headers={"HX-Request": "true"})
    assert fragment.content.decode().count("R&amp;D") == 1, "still offered, not on it any more"
    assert named(document) == set()
    assert Event.objects.filter(verb="tag").count() == 2
    assert as_owner.post(f"{own}tags/", {"name": " "}).status_code == 302
    assert Tag.objects.count() == 1


def test_a_viewer_sees_the_tags_of_a_document_and_changes_none(
    as_mate, mate, owner, workspace, document
):
    Member.objects.filter(user=mate).update(role=Role.VIEWER)
    tags.put(Document.objects.all(), "urgent", workspace, owner)
    own = f"/w/{workspace.slug}/documents/{document.public_id}/"
    page = as_mate.get(own).content.decode()
    assert "?tag=urgent" in page
    assert f"{own}tags/" not in page
    assert as_mate.post(f"{own}tags/", {"take": "urgent"}).status_code == 403
    assert named(document) == {"urgent"}


def test_the_list_is_narrowed_to_a_tag(as_owner, workspace, owner, document):
    upload(workspace, owner, "Second.", "second.txt")
    tags.put(Document.objects.filter(pk=document.pk), "R&D / legal", workspace, owner)
    page = as_owner.get(f"/w/{workspace.slug}/").content.decode()
    assert "?tag=R%26D%20%2F%20legal" in page
    assert titles(as_owner, workspace, "?tag=R%26D%20%2F%20legal") == ["contract.txt"]


def test_tags_are_escaped(as_owner, workspace, owner, document):
    tags.put(Document.objects.all(), '<b onclick="x">', workspace, owner)
    for path in ("", "tags/"):
        page = as_owner.get(f"/w/{workspace.slug}/{path}").content.decode()
        assert "<b onclick" not in page
        assert "&lt;b onclick=&quot;x&quot;&gt;" in page


def test_the_page_of_tags_counts_live_documents(as_owner, workspace, owner, document):
    second = upload(workspace, owner, "Second.", "second.txt")
    tags.put(Document.objects.all(), "urgent", workspace, owner)
    second.mark_deleted(owner)
    page = as_owner.get(f"/w/{workspace.slug}/tags/").content.decode()
    assert '<td class="num">1</td>' in page


def test_an_admin_renames_and_deletes_a_tag(as_owner, workspace, owner, document):
    tags.put(Document.objects.all(), "urgent", workspace, owner)
    base = f"/w/{workspace.slug}/tags/"
    as_owner.post(f"{base}rename/", {"tag": "urgent", "name": "Soon"})
    assert named(document) == {"Soon"}
    answer = as_owner.post(f"{base}delete/", {"tag": "Soon"})
    assert "The tag “Soon” is gone." in said(as_owner, answer)
    assert named(document) == set()
    assert Document.objects.filter(deleted_at=None).exists()
    details = Event.objects.filter(object_type="documents.tag").values_list("verb", "detail")
    assert set(dict(details)) == {"rename", "delete"}


def test_a_tag_is_not_renamed_to_one_that_is_there(as_owner, workspace, owner, document):
    for name in ("urgent", "soon"):
        tags.put(Document.objects.all(), name, workspace, owner)
    answer = as_owner.post(f"/w/{workspace.slug}/tags/rename/", {"tag": "urgent", "name": "Soon"})
    assert "There is a tag “Soon” already." in said(as_owner, answer)
    assert named(document) == {"urgent", "soon"}


@pytest.mark.parametrize("action", ["rename", "delete"])
def test_others_neither_rename_nor_delete_a_tag(as_mate, workspace, owner, document, action):
    tags.put(Document.objects.all(), "urgent", workspace, owner)
    data = {"tag": "urgent", "name": "soon"}
    assert as_mate.post(f"/w/{workspace.slug}/tags/{action}/", data).status_code == 403
    page = as_mate.get(f"/w/{workspace.slug}/tags/").content.decode()
    assert "Rename" not in page


def test_a_viewer_tags_nothing(as_mate, mate, workspace, document):
    Member.objects.filter(user=mate).update(role=Role.VIEWER)
    assert act(as_mate, workspace, "tag", document, name="x").status_code == 403
    assert not Tag.objects.exists()


def test_a_tag_of_another_workspace_is_neither_seen_nor_changed(
    as_stranger, elsewhere, workspace, owner, document
):
    tags.put(Document.objects.all(), "secret", workspace, owner)
    base = f"/w/{elsewhere.slug}/"
    assert "secret" not in as_stranger.get(f"{base}tags/").content.decode()
    assert "secret" not in as_stranger.get(base).content.decode()
    for action in ("rename", "delete"):
        data = {"tag": "secret", "name": "mine"}
        assert as_stranger.post(f"{base}tags/{action}/", data).status_code == 404
    assert Tag.objects.get().name == "secret"


def test_what_is_no_name_of_a_tag_names_none(as_owner, workspace):
    for action in ("rename", "delete"):
        where = f"/w/{workspace.slug}/tags/{action}/"
        assert as_owner.post(where, {"tag": "a\x00b", "name": "c"}).status_code == 404
