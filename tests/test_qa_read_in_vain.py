"""An answer that found nothing says what was read for it."""

from __future__ import annotations

import html

from documents.models import Page, Version
from tests.asked import put, written

NOWHERE = "Who insures the helicopter hangar against avalanches?"
SAID = "Read for this answer, which cites no passage: "


def shown(client, answer):
    page = client.get(f"/w/{answer.workspace.slug}/answers/{answer.public_id}/").content.decode()
    return html.unescape(page)


def test_it_lists_the_documents_with_their_pages(emulator, as_owner, document, owner):
    answer = written(put(document, owner, NOWHERE))
    assert answer.status == "done"
    assert not answer.citations.exists()
    assert f"{SAID}contract.txt (2 pages)." in shown(as_owner, answer)


def test_pages_that_could_not_be_read_are_not_counted(emulator, as_owner, document, owner):
    Version.objects.filter(pk=document.current_id).update(unread=[2])
    Page.objects.filter(version=document.current_id, number=2).update(legible=False, source="none")
    answer = written(put(document, owner, NOWHERE))
    assert f"{SAID}contract.txt (1 of 2 pages)." in shown(as_owner, answer)


def test_an_answer_with_citations_needs_no_such_list(emulator, as_owner, document, owner):
    answer = written(put(document, owner))
    assert answer.citations.exists()
    assert SAID not in shown(as_owner, answer)


def test_nothing_is_said_to_have_been_read_before_the_answer_is_there(as_owner, document, owner):
    assert SAID not in shown(as_owner, put(document, owner, NOWHERE))


def test_a_failed_answer_claims_no_reading(emulator, as_owner, document, owner):
    emulator.faults({"kind": "invalid", "path": "messages"})
    answer = written(put(document, owner, NOWHERE))
    assert answer.status == "failed"
    assert SAID not in shown(as_owner, answer)
