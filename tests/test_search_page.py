"""The search page: passages with their words marked, by document, as they are typed for."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Event
from documents.models import Document, Folder, Tag
from tests.conftest import CONTRACT, read, upload


@pytest.fixture
def page(as_owner, workspace):
    def get(query="", typing=False, **fields):
        headers = {"HX-Request": "true"} if typing else {}
        address = f"/w/{workspace.slug}/search/"
        answer = as_owner.get(address, {"query": query, **fields}, headers=headers)
        assert answer.status_code == 200
        return answer.content.decode()

    return get


def test_going_back_does_not_show_what_typing_fetched(as_owner, workspace):
    """A browser asks its cache, and the address of the page and of its part is one."""
    answer = as_owner.get(f"/w/{workspace.slug}/search/", headers={"HX-Request": "true"})
    assert "HX-Request" in answer.headers["Vary"]


def hits(html):
    return re.findall(r'<a class="hit" href="([^"]+)"', html)


def test_words_are_marked_in_their_forms_and_the_passage_opens_at_its_place(
    page, as_owner, document
):
    found = page("terminated by notice")
    assert "<mark>terminate</mark>" in found
    assert "<mark>notice</mark>" in found
    assert "2. Termination." in found
    assert "p. 1" in found
    opened = as_owner.get(hits(found)[0].replace("&amp;", "&")).content.decode()
    assert re.search(r'<mark[^>]*id="cited"', opened)


def test_without_a_query_the_page_says_what_it_finds(page, document):
    assert "Finds the passages" in page()
    assert not hits(page())


def test_typing_answers_with_the_passages_alone_for_an_unfinished_word(page, document):
    fragment = page("inso", typing=True)
    assert fragment.count("<section") == 1
    assert "<html" not in fragment
    assert "<mark>insolvent</mark>" in fragment
    assert not hits(page("inso"))


def test_a_search_that_was_sent_is_written_down_and_keystrokes_are_not(page, owner, document):
    page("inso", typing=True)
    page("")
    assert not Event.objects.filter(verb="search").exists()
    page("insolvent")
    event = Event.objects.get(verb="search")
    assert (event.actor, event.workspace) == (owner, document.workspace)
    assert event.detail == {"query": "insolvent", "found": 1}


def test_nothing_found_says_what_was_searched(page, document):
    none = page("zyzzyva")
    assert "No passage found" in none
    assert "“zyzzyva” was looked for in 1 document that has been read." in none
    assert "The filter leaves out the others." in page("insolvent", kind="pdf")


def test_hostile_words_and_texts_are_escaped(page, workspace, owner):
    text = "The <script>alert(1)</script> clause & its <b>bold</b> words."
    read(upload(workspace, owner, text, "<i>a</i>.txt"))
    found = page("script clause <img src=x>")
    assert "<script>alert" not in found
    assert "&lt;<mark>script</mark>&gt;" in found
    assert "<img src=x>" not in found
    assert "<i>a</i>" not in found


@pytest.mark.parametrize("filter_by", ["folder", "tag", "kind", "by", "since", "until"])
def test_filters_narrow_what_is_searched(page, workspace, owner, mate, document, filter_by):
    folder = Folder.objects.create(workspace=workspace, name="Deal", created_by=owner)
    inner = Folder.objects.create(workspace=workspace, name="In", parent=folder, created_by=owner)
    other = upload(workspace, mate, CONTRACT + "\nOne more line.", "other.md")
    read(other)
    tag = Tag.objects.create(workspace=workspace, name="urgent")
    other.tags.add(tag)
    Document.objects.filter(pk=other.pk).update(folder=inner)
    old = timezone.now() - timedelta(days=30)
    Document.objects.filter(pk=document.pk).update(created_at=old)
    today, then = timezone.now().date(), old.date()
    narrowed, left = {
        "folder": (str(folder.public_id), other),
        "tag": ("urgent", other),
        "kind": ("markdown", other),
        "by": (str(mate.public_id), other),
        "since": (today.isoformat(), other),
        "until": (then.isoformat(), document),
    }[filter_by]
    everything = page("insolvent")
    assert str(other.public_id) in everything
    assert str(document.public_id) in everything
    some = page("insolvent", **{filter_by: narrowed})
    assert {str(left.public_id)} == set(re.findall(r"documents/([0-9a-f-]{36})/\?", some))


def test_what_is_wrong_in_a_filter_narrows_nothing_and_breaks_nothing(page, document):
    found = page("insolvent", folder="nonsense", tag="none", by="1", since="soon", kind="exe")
    assert hits(found)


def test_strangers_words_are_not_found(as_stranger, elsewhere, document):
    answer = as_stranger.get(f"/w/{elsewhere.slug}/search/", {"query": "insolvent"})
    html = answer.content.decode()
    assert not hits(html)
    assert "0 documents" in html


def test_the_documents_found_can_be_asked_about(page, as_owner, document):
    [address] = re.findall(r'href="([^"]*/ask/\?[^"]*)"', page("insolvent"))
    form = as_owner.get(address.replace("&amp;", "&")).content.decode()
    assert re.search(rf'value="{document.public_id}"[^>]*checked', form)


def test_every_page_has_the_search_box(as_owner, workspace, document):
    html = as_owner.get(f"/w/{workspace.slug}/").content.decode()
    assert f'action="/w/{workspace.slug}/search/"' in html


def test_many_hits_cost_no_more_queries_than_their_documents(page, workspace, owner, document):
    page("insolvent")
    with CaptureQueriesContext(connection) as one:
        page("insolvent")
    for number in range(3):
        read(upload(workspace, owner, f"{CONTRACT}\nNumber {number}.", f"{number}.txt"))
    with CaptureQueriesContext(connection) as many:
        page("insolvent")
    assert len(many) <= len(one) + 3  # each text is looked into once
