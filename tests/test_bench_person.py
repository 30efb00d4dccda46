"""Whoever measures reads the pages that there are."""

from __future__ import annotations

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from tests.asked import put, written
from tests.bench.person import SHOWN, Asked, readable


def message(**given):
    context = {"anchor": "answer-0a0b", "first": False, "settled": "", "tail": ""} | given
    return render_to_string("qa/_live.html", {k: _safe(v) for k, v in context.items()})


def _safe(value):
    return SafeString(value) if isinstance(value, str) else value


def test_what_is_streamed_is_taken_in_from_its_first_words_on():
    asked = Asked("thread", "answer", at=0.0, posted=0.1)
    asked.take(message(first=True, status="Writing…"), 1.0)
    assert (asked.first, asked.text) == (0.0, "")
    asked.take(message(tail="<p>Sixty</p>"), 2.0)
    asked.take(message(settled="<p>Sixty days.</p>", tail="<p>In</p>"), 3.0)
    assert (asked.first, asked.last, asked.text) == (2.0, 3.0, "Sixty days. In")
    late = Asked("thread", "answer", at=0.0, posted=0.1)
    late.take(message(first=True, settled="<p>Sixty days.</p>", tail="<p>In</p>"), 4.0)
    assert (late.first, late.text) == (4.0, "Sixty days. In")


def test_what_is_shown_at_the_end_is_the_answers_text(emulator, as_owner, document, owner):
    answer = written(put(document, owner))
    where = f"/w/{answer.workspace.slug}/answers/{answer.public_id}/"
    page = as_owner.get(where, headers={"HX-Request": "true"}).content.decode()
    shown = SHOWN.search(page)
    assert shown
    words = readable(shown[1])
    assert words.startswith(answer.text.split("\n")[0])
    assert words.endswith("This Agreement is governed by the laws of Ireland.")
