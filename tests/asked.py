"""Questions put and written, for tests."""

from __future__ import annotations

import time

from django.db import connections

from qa import answering, asking
from qa.models import Answer, Thread

GOVERNING = "Which law governs this agreement?"


def put(document, by, question=GOVERNING, **fields):
    """A queued answer about one document, in a thread of its own unless told otherwise."""
    if "thread" not in fields:
        fields["thread"] = Thread.objects.create(
            workspace=document.workspace, author=by, title=question[:200]
        )
        fields["thread"].documents.add(document)
    answer, created = asking.ask(
        question=question,
        documents=[document],
        model=fields.pop("model", "claude-sonnet-5-5"),
        workspace=document.workspace,
        by=by,
        **fields,
    )
    assert created
    return answer


def written(answer):
    answering.write(Answer.objects.get(pk=answer.pk))
    return Answer.objects.get(pk=answer.pk)


def in_thread(pk: int) -> None:
    try:
        answering.write(Answer.objects.get(pk=pk))
    finally:
        connections.close_all()


def wait_for(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
