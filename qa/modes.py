"""Whether a question reads its documents whole or searches them, and why it searches."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from accounts.models import User
from documents import visual
from documents.models import Version
from qa import askable, engine, looking
from qa.engine import catalogue
from qa.models import Answer, Scope

WHOLE = 100
"""Documents of a folder, a tag or a workspace that are read whole at most: each is uploaded and
counted once, and of more than these somebody would wait for that."""


@dataclass(frozen=True)
class Way:
    mode: Answer.Mode = Answer.Mode.FULL
    reason: str = ""

    @classmethod
    def search(cls, reason: str) -> Way:
        return cls(Answer.Mode.SEARCH, reason)

    @property
    def searches(self) -> bool:
        return self.mode == Answer.Mode.SEARCH


def versions_of(scope: Scope, by: User) -> list[Version]:
    """What a scope's documents say today, if they are few enough to be read whole; else nothing."""
    rows = scope.documents(by).ready()
    current = list(rows.values_list("current", flat=True)[: WHOLE + 1])
    if len(current) > WHOLE:
        return []
    found = list(
        Version.objects.filter(pk__in=current).select_related("document", "blob").order_by("pk")
    )
    texts = Version.objects.filter(pk__in=current).with_text().exists()
    return found if texts or any(map(visual.pages, found)) else []


def way(
    versions: list[Version],
    model: catalogue.Model,
    key: str,
    scope: Scope | None,
    follows: Answer | None,
    tokens: int,
    search: bool,
) -> Way:
    """How a question is answered that was put to the entry ``key``, as far as is known before
    anything is counted, whatever it costs."""
    if search:
        return Way.search(Answer.Reason.ASKED)
    if not askable.fit(tokens, model):
        return Way.search(Answer.Reason.SIZE)
    if scope is None:
        return continued(versions, key, follows)
    shown = looking.plan(versions, model)
    if not versions or not looking.fits(versions, shown.pages, model):
        return Way.search(Answer.Reason.COUNT)
    return Way()


def continued(versions: list[Version], model: str, follows: Answer | None) -> Way:
    """A follow-up about the same documents with the same model goes on as the answer before it:
    that one may have been searched because an exact count was larger than what was thought."""
    if follows is None or not follows.searches or follows.model_requested != model:
        return Way()
    if follows.mode_reason not in ("", Answer.Reason.SIZE) or follows.scope is not None:
        return Way()
    same = set(follows.sources.values_list("pk", flat=True)) == {v.pk for v in versions}
    return Way.search(Answer.Reason.SIZE) if same else Way()


def cheaper(
    left: Decimal | None, whole: Decimal, tokens: int, model: catalogue.Model, place: str = ""
) -> bool:
    """Whether what is ``left`` of the budgets allows a search and not the ``whole`` of it, both in
    US dollars. ``tokens`` are those of what is sent either way."""
    if left is None or whole <= left:
        return False
    return engine.least_of_search(tokens, model, place) <= left
