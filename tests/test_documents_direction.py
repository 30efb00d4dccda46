"""Names that run from right to left, in sentences that run the other way."""

from __future__ import annotations

import pytest

from documents.labels import isolated
from tests.conftest import CONTRACT, read, upload
from tests.test_documents_current import send
from tests.test_documents_versions import at

ARABIC = "عقد (12).txt"


@pytest.mark.parametrize("name", [ARABIC, "הסכם.txt", "Annex עברית.txt"])
def test_a_name_that_turns_is_kept_from_turning_what_stands_beside_it(name):
    assert isolated(name) == f"\u2068{name}\u2069"


@pytest.mark.parametrize("name", ["contract.txt", "契約書.txt", "Договор 12.txt", ""])
def test_every_other_name_stands_as_it_is(name):
    assert isolated(name) == name


def test_a_message_isolates_the_name_in_it(as_owner, workspace, owner):
    read(upload(workspace, owner, CONTRACT, ARABIC))
    page = send(as_owner, CONTRACT, ARABIC).content.decode()
    assert f"\u2068{ARABIC}\u2069 is here already." in page


def test_names_and_texts_say_in_the_markup_that_they_may_turn(as_owner, workspace, owner):
    document = upload(workspace, owner, "يجوز لأي من الطرفين إنهاء هذه الاتفاقية.", ARABIC)
    read(document)
    library = as_owner.get(f"/w/{workspace.slug}/").content.decode()
    assert f"<bdi>{ARABIC}</bdi></a>" in library
    page = as_owner.get(at(document)).content.decode()
    assert f'<h1 class="clip" dir="auto">{ARABIC}</h1>' in page
    assert '<div class="leaf-text" dir="auto" data-start="0">يجوز' in page
    found = as_owner.get(f"/w/{workspace.slug}/search/?query=الاتفاقية").content.decode()
    assert f"<bdi>{ARABIC}</bdi>" in found
    assert '<q dir="auto">' in found
