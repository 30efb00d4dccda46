"""The library's list: orders, filters, pages, and what is done with many documents at once."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Event, Member, User
from accounts.roles import Role
from documents import folders, tags
from documents.models import Document, Version
from tests.conftest import read, upload


def titles(client, workspace, query=""):
    """The documents listed, in the order of the page."""
    page = client.get(f"/w/{workspace.slug}/{query}").content.decode()
    rows = page.split('<tbody id="rows">')[1].split("</tbody>")[0]
    return re.findall(r'class="name"><a [^>]*><bdi>([^<]+)</bdi></a>', rows)


def total(client, workspace, query=""):
    page = client.get(f"/w/{workspace.slug}/{query}").content.decode()
    return re.search(r'id="total"[^>]*>([^<]*)', page)[1]


def act(client, workspace, action, *documents, **data):
    data["document"] = [str(document.public_id) for document in documents]
    return client.post(f"/w/{workspace.slug}/selection/{action}/", data)


def said(client, answer):
    page = client.get(answer.url).content.decode()
    found = re.search(r'id="messages".*?</ul>', page, re.S)
    return re.sub(r"<[^>]+>", "", found[0]) if found else ""


@pytest.fixture
def shelf(workspace, owner, mate):
    """Three documents that differ in everything that lists are ordered by."""
    made = {}
    now = timezone.now()
    for name, text, by, days in (
        ("beta.txt", "One page.", owner, 0),
        ("Alpha.md", "# A heading\n\nText.", mate, 5),
        ("gamma.txt", "One.\fTwo.\fThree.", owner, 10),
    ):
        made[name] = upload(workspace, by, text, name)
        when = now - timedelta(days=days)
        Document.objects.filter(pk=made[name].pk).update(created_at=when)
    read(made["beta.txt"])
    read(made["gamma.txt"])
    return made


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("", ["beta.txt", "Alpha.md", "gamma.txt"]),
        ("date", ["gamma.txt", "Alpha.md", "beta.txt"]),
        ("title", ["Alpha.md", "beta.txt", "gamma.txt"]),
        ("-title", ["gamma.txt", "beta.txt", "Alpha.md"]),
        ("kind", ["Alpha.md", "beta.txt", "gamma.txt"]),
        ("-pages", ["gamma.txt", "beta.txt", "Alpha.md"]),
        ("state", ["Alpha.md", "beta.txt", "gamma.txt"]),
        ("by", ["Alpha.md", "beta.txt", "gamma.txt"]),
        ("nonsense", ["beta.txt", "Alpha.md", "gamma.txt"]),
    ],
)
def test_documents_are_ordered_by_each_column(as_owner, workspace, shelf, sort, expected):
    assert titles(as_owner, workspace, f"?sort={sort}") == expected


def test_a_columns_head_leads_to_its_order_and_says_which_it_has(as_owner, workspace, shelf):
    page = as_owner.get(f"/w/{workspace.slug}/?q=a&sort=title").content.decode()
    head = re.search(r'<th [^>]*aria-sort="ascending"[^>]*>.*?</th>', page)[0]
    assert "Document" in head
    assert "?q=a&amp;sort=-title" in head
    assert page.count("aria-sort") == 1


NAMES = [
    "Änderung 100%.txt",
    "Öffnung_[1].txt",
    "Договор аренды.txt",
    "ΟΔΟΣ.txt",
    "a^b*c?.txt",
    "x-y.txt",
]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("änd", NAMES[:1]),
        ("ÄNDERUNG", NAMES[:1]),
        ("nderung 100%", NAMES[:1]),
        ("Änderung 1_0", []),
        ("öffnung_[1", NAMES[1:2]),
        ("FFNUNG_", NAMES[1:2]),
        ("[", NAMES[1:2]),
        ("ДОГОВОР АРЕНДЫ.TXT", NAMES[2:3]),
        ("говор", NAMES[2:3]),
        ("договора", []),
        ("οδος", NAMES[3:4]),
        ("^B*", NAMES[4:5]),
        ("c?", NAMES[4:5]),
        ("öä", []),
        ("-Y", NAMES[5:]),
        ("ö[", []),
        (".txt", NAMES),
    ],
)
def test_a_name_is_found_by_a_part_of_it_in_any_case(workspace, owner, wanted, expected):
    for name in NAMES:
        upload(workspace, owner, name, name)
    found = Document.objects.filter(title__says=wanted).values_list("title", flat=True)
    assert set(found) == set(expected)


def test_the_librarys_filter_knows_the_cases_of_all_letters(as_owner, workspace, owner):
    upload(workspace, owner, "One.", "Änderung.txt")
    assert titles(as_owner, workspace, "?q=änd") == ["Änderung.txt"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("kind=markdown", {"Alpha.md"}),
        ("state=ready", {"beta.txt", "gamma.txt"}),
        ("state=queued", {"Alpha.md"}),
        ("q=AMM", {"gamma.txt"}),
        ("q=%25", set()),
        ("q=a&state=ready&kind=text", {"beta.txt", "gamma.txt"}),
        ("since=0001-01-01&until=9999-12-31", {"Alpha.md", "beta.txt", "gamma.txt"}),
        ("kind=nonsense&since=yesterday", {"Alpha.md", "beta.txt", "gamma.txt"}),
    ],
)
def test_the_list_is_narrowed(as_owner, workspace, shelf, query, expected):
    assert set(titles(as_owner, workspace, f"?{query}")) == expected


def test_the_list_is_narrowed_to_days_of_the_readers_own_time(as_owner, workspace, shelf):
    day = (timezone.localtime() - timedelta(days=5)).date()
    assert titles(as_owner, workspace, f"?since={day}&until={day}") == ["Alpha.md"]
    assert titles(as_owner, workspace, f"?until={day}") == ["Alpha.md", "gamma.txt"]
    tokyo = datetime.fromisoformat("2026-03-01T00:30+09:00")
    Document.objects.filter(title="beta.txt").update(created_at=tokyo)
    query = "?since=2026-03-01&until=2026-03-01"
    assert titles(as_owner, workspace, query) == []
    User.objects.update(time_zone="Asia/Tokyo")
    assert titles(as_owner, workspace, query) == ["beta.txt"]


def test_the_list_is_narrowed_to_who_added_it(as_owner, mate, workspace, shelf, stranger):
    assert titles(as_owner, workspace, f"?by={mate.public_id}") == ["Alpha.md"]
    page = as_owner.get(f"/w/{workspace.slug}/").content.decode()
    assert "Sam Stranger" not in page
    assert len(titles(as_owner, workspace, f"?by={stranger.public_id}")) == 3


def test_a_filter_without_hits_says_so_and_can_be_cleared(as_owner, workspace, shelf):
    page = as_owner.get(f"/w/{workspace.slug}/?q=zzz").content.decode()
    assert "Nothing matches" in page
    assert "Clear the filter" in page
    assert 'value="zzz"' in page


def test_what_is_searched_for_is_escaped(as_owner, workspace, shelf):
    page = as_owner.get(f"/w/{workspace.slug}/", {"q": '"><script>alert(1)</script>'})
    assert "<script>alert" not in page.content.decode()


def test_the_sentence_counts_what_is_listed(as_owner, workspace, shelf):
    assert total(as_owner, workspace) == "3 documents, 4 pages."
    assert total(as_owner, workspace, "?q=gamma") == "1 document, 3 pages."


def test_large_numbers_are_counted_with_their_thousands_set_apart(as_owner, workspace, shelf):
    Document.objects.filter(title="gamma.txt").update(page_count=1_234_567)
    assert total(as_owner, workspace) == "3 documents, 1,234,568 pages."


def test_pages_follow_one_another_without_gap_from_either_end(
    as_owner, workspace, owner, monkeypatch
):
    monkeypatch.setattr("documents.listing.PER_PAGE", 3)
    made = [upload(workspace, owner, f"Text {n}.", f"{n:02}.txt").title for n in range(11)]
    seen = []
    for number in range(1, 5):
        shown = titles(as_owner, workspace, f"?sort=title&page={number}")
        assert len(shown) == (3 if number < 4 else 2)
        seen += shown
    assert seen == made
    assert titles(as_owner, workspace, "?sort=title&page=99") == made[9:]
    page = as_owner.get(f"/w/{workspace.slug}/?sort=title&page=2").content.decode()
    assert "?sort=title&amp;page=3" in page


def test_lists_show_the_state_of_the_current_version(workspace, owner):
    document = upload(workspace, owner, b"%PDF-1.7\nnothing", "broken.pdf")

    def shown():
        return Document.objects.get(pk=document.pk).status

    assert shown() == "queued"
    document.current.claim("worker")
    assert shown() == "reading"
    document.current.fail("broken", "It is broken.")
    assert shown() == "failed"
    document.current.retry()
    assert shown() == "queued"
    good = upload(workspace, owner, "One.\fTwo.")
    read(good)
    good.refresh_from_db()
    assert (good.status, good.page_count) == ("ready", 2)
    assert good.current.status == Version.Status.READY


def queries(client, workspace, query):
    with CaptureQueriesContext(connection) as asked:
        client.get(f"/w/{workspace.slug}/{query}")
    return len(asked)


def test_a_list_of_many_asks_the_database_the_same_as_a_list_of_one(
    as_owner, workspace, owner, document
):
    deals = folders.create("Deals", workspace, None, owner)
    folders.create("Within", workspace, deals, owner)
    one = upload(workspace, owner, "One.", "one.txt")
    folders.move_documents(Document.objects.filter(pk=one.pk), deals, owner)
    tags.put(Document.objects.all(), "checked", workspace, owner)
    lists = ("", "?view=all", f"?folder={deals.public_id}", "?q=t&sort=by")
    as_owner.get(f"/w/{workspace.slug}/")  # which remembers the workspace
    few = {query: queries(as_owner, workspace, query) for query in lists}
    for number in range(12):
        upload(workspace, owner, f"Text {number}.", f"{number}.txt")
        folders.create(f"Folder {number}", workspace, deals, owner)
    folders.move_documents(Document.objects.filter(title__startswith="1"), deals, owner)
    tags.put(Document.objects.all(), "urgent", workspace, owner)
    assert {query: queries(as_owner, workspace, query) for query in lists} == few
    assert max(few.values()) <= 18


# what is done with many ------------------------------------------------------------------------


def test_asking_about_a_selection_leads_to_a_question_about_what_is_ready(
    as_owner, workspace, shelf
):
    answer = act(as_owner, workspace, "ask", *shelf.values())
    page = as_owner.get(answer.url).content.decode()
    assert set(re.findall(r"document=([0-9a-f-]{36})", answer.url)) == {
        str(shelf[name].public_id) for name in ("beta.txt", "gamma.txt")
    }
    assert "beta.txt" in page


def test_asking_about_a_folder_asks_about_it_as_a_whole(as_owner, owner, workspace, shelf):
    inner = folders.ensure(workspace, ["Deals", "2026"], owner)
    data = {"folder": str(inner.parent.public_id)}
    answer = as_owner.post(f"/w/{workspace.slug}/selection/ask/", data)
    assert answer.url.endswith(f"?scope=folder%3A{inner.parent.public_id}")


def test_asking_about_folders_and_documents_takes_what_lies_in_them_and_below(
    as_owner, owner, workspace, shelf
):
    inner = folders.ensure(workspace, ["Deals", "2026"], owner)
    folders.move_documents(Document.objects.filter(title="gamma.txt"), inner, owner)
    both = {"folder": str(inner.parent.public_id), "document": str(shelf["beta.txt"].public_id)}
    answer = as_owner.post(f"/w/{workspace.slug}/selection/ask/", both)
    assert set(re.findall(r"document=([0-9a-f-]{36})", answer.url)) == {
        str(shelf[name].public_id) for name in ("beta.txt", "gamma.txt")
    }


def test_a_selection_leads_to_a_new_table_of_it(as_owner, owner, workspace, shelf, monkeypatch):
    address = f"/w/{workspace.slug}/selection/review/"
    folder = folders.create("Deals", workspace, None, owner)
    documents = [str(document.public_id) for document in list(shelf.values())[:2]]

    picked = as_owner.post(address, {"document": documents}, follow=True)
    assert len(picked.context["choice"].picked) == 2
    whole = as_owner.post(address, {"folder": str(folder.public_id)})
    assert whole.url.endswith(f"scope=folder%3A{folder.public_id}")
    assert "selected" in as_owner.get(whole.url).content.decode()
    nothing = as_owner.post(address, {}, follow=True)
    assert "Choose documents first" in nothing.content.decode()
    monkeypatch.setattr("documents.views.selection.ASKED_AT_ONCE", 1)
    many = as_owner.post(address, {"document": documents}, follow=True)
    assert "At most 1 documents" in many.content.decode()


def test_asking_about_nothing_or_too_much_is_a_sentence(as_owner, workspace, shelf, monkeypatch):
    nothing = act(as_owner, workspace, "ask", shelf["Alpha.md"])
    assert "None of what you chose can be read yet." in said(as_owner, nothing)
    monkeypatch.setattr("documents.views.selection.ASKED_AT_ONCE", 1)
    much = act(as_owner, workspace, "ask", *shelf.values())
    assert "at most 1 documents; these are 2." in said(as_owner, much)


def test_a_selection_is_read_again_and_what_is_being_read_is_passed_over(
    as_owner, workspace, shelf
):
    answer = act(as_owner, workspace, "read-again", *shelf.values())
    assert "read again" in said(as_owner, answer)
    assert set(Document.objects.filter(upcoming__isnull=False)) == {
        shelf["beta.txt"],
        shelf["gamma.txt"],
    }
    page = as_owner.get(f"/w/{workspace.slug}/").content.decode()
    assert page.count("Waiting to be read") == 3


def test_many_are_deleted_and_one_button_brings_them_back(as_owner, workspace, shelf):
    answer = act(as_owner, workspace, "delete", shelf["beta.txt"], shelf["gamma.txt"], query="q=a")
    assert answer.url == f"/w/{workspace.slug}/?q=a"
    page = as_owner.get(answer.url).content.decode()
    assert "2 documents were deleted." in page
    assert titles(as_owner, workspace) == ["Alpha.md"]
    button = re.search(r'formaction="(\S+)" name="at" value="([^"]+)"', page)
    undone = as_owner.post(button[1], {"at": button[2]})
    assert undone.url == f"/w/{workspace.slug}/?q=a"
    assert len(titles(as_owner, workspace)) == 3


def test_deleting_all_that_match_asks_first_and_goes_beyond_the_page(
    as_owner, workspace, shelf, monkeypatch
):
    monkeypatch.setattr("documents.listing.PER_PAGE", 1)
    page = as_owner.get(f"/w/{workspace.slug}/?kind=text").content.decode()
    assert "All 2 that match" in page
    asked = act(as_owner, workspace, "delete", all="yes", query="kind=text")
    assert "Delete 2 documents?" in asked.content.decode()
    assert Document.objects.filter(deleted_at=None).count() == 3
    act(as_owner, workspace, "delete", all="yes", query="kind=text", sure="yes")
    assert titles(as_owner, workspace) == ["Alpha.md"]


def test_a_selection_names_what_is_on_hold_and_deletes_the_rest(as_owner, workspace, shelf):
    Document.objects.filter(title="beta.txt").update(on_hold=True)
    page = as_owner.get(f"/w/{workspace.slug}/").content.decode()
    assert "legal hold" in page
    answer = act(as_owner, workspace, "delete", *shelf.values())
    sentences = said(as_owner, answer)
    assert "1 document is on legal hold and stays: beta.txt" in sentences
    assert "2 documents were deleted." in sentences
    assert titles(as_owner, workspace) == ["beta.txt"]


def test_an_analyst_deletes_their_own_of_a_selection_and_reads_why_the_rest_stays(
    as_mate, workspace, shelf
):
    answer = act(as_mate, workspace, "delete", *shelf.values())
    assert "2 documents are others'" in said(as_mate, answer).replace("&#x27;", "'")
    assert set(titles(as_mate, workspace)) == {"beta.txt", "gamma.txt"}


@pytest.mark.parametrize("action", ["ask", "move", "tag", "delete"])
def test_a_viewer_does_nothing_with_a_selection(as_mate, mate, workspace, shelf, action):
    Member.objects.filter(user=mate).update(role=Role.VIEWER)
    assert act(as_mate, workspace, action, *shelf.values(), name="x").status_code == 403
    page = as_mate.get(f"/w/{workspace.slug}/").content.decode()
    assert "Choose beta.txt" not in page
    assert "New folder" not in page


@pytest.mark.parametrize("action", ["ask", "move", "tag", "delete"])
def test_documents_of_another_workspace_are_not_in_any_selection(
    as_stranger, elsewhere, workspace, shelf, owner, action
):
    for data in ({}, {"all": "yes", "sure": "yes"}):
        act(as_stranger, elsewhere, action, *shelf.values(), to="top", name="x", **data)
    assert not Document.objects.filter(deleted_at__isnull=False).exists()
    assert not Document.objects.filter(tags__isnull=False).exists()
    assert set(Event.objects.values_list("verb", flat=True)) == {"upload"}


def test_what_names_no_document_is_passed_over(as_owner, workspace, shelf):
    data = {"document": ["nonsense", "00000000-0000-0000-0000-000000000000"]}
    answer = as_owner.post(f"/w/{workspace.slug}/selection/delete/", data)
    assert "Choose at least one document." in said(as_owner, answer)
