"""A question becomes a request that keeps its documents at Claude as long as it pays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from accounts.models import Workspace
from qa import engine, warmth
from qa.claude import Connection
from qa.engine import catalogue
from qa.models import Thread


def keeping(
    question: engine.Question,
    connection: Connection,
    workspace: Workspace,
    thread: Thread | None,
    build: Callable[[engine.Question], engine.Request] = engine.build,
) -> engine.Request:
    """What `build` makes of the question, with the lifetimes that cost least."""
    request = build(question)
    rates = catalogue.get(question.model).rates
    chosen = warmth.lifetimes(workspace, thread, warmth.named(connection, request), rates)
    if chosen == request.lifetimes:
        return request
    return build(replace(question, lifetimes=chosen))
