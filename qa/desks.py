"""A conversation as somebody has it open: what the next question would be put with, and about."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from accounts.models import User, Workspace
from documents.models import Document, Version
from qa import askable, claude_models, engine, looking, modes, tiers, warmth
from qa.claude import Connection, on_behalf
from qa.engine import catalogue
from qa.models import Answer, Enclosure, Route, Scope, Thread
from qa.preparing import readable, sources_at_hand

# it stands where the question will, and is not part of what is shared
ANYTHING = engine.prompts.WARMING
PICTURED = engine.Turn(
    ANYTHING,
    (engine.AnswerBlock(ANYTHING),),
    pictures=(engine.Picture("image/png", file_id=ANYTHING),),
)


@dataclass(frozen=True)
class Desk:
    """The next question would be put with this. A conversation that is not begun yet has no thread;
    `chosen` are its documents, or `area` is what it is about."""

    thread: Thread | None
    user: User
    model: catalogue.Model
    effort: str | None = None
    auto: bool = False
    """Whether the model is only the likeliest: it is chosen anew for each question."""
    chosen: tuple[Document, ...] = ()
    area: Scope | None = None
    search: bool | None = None
    """Whether the next question is to be searched; None: as the last one was."""

    @property
    def scope(self) -> Scope | None:
        return self.thread.scope if self.thread is not None else self.area

    @property
    def workspace(self) -> Workspace:
        if self.thread is not None:
            return self.thread.workspace
        return self.area.workspace if self.area is not None else self.chosen[0].workspace

    @property
    def last(self) -> Answer | None:
        return self.thread.last_answer() if self.thread else None

    @property
    def versions(self) -> list[Version]:
        """What would be sent; nothing of a scope that is too large. Raises NotAskable."""
        if self.scope is not None:
            askable.check_scope(self.scope, self.user)
            versions = modes.versions_of(self.scope, self.user)
        else:
            versions = askable.usable_versions(self._documents)
        rows = Version.objects.filter(pk__in=[version.pk for version in versions])
        return readable(rows.select_related("document__workspace", "blob").order_by("pk"))

    @property
    def _documents(self) -> list[Document]:
        if self.thread is None:
            return list(self.chosen)
        return list(self.thread.documents.select_related("current"))

    def searches(self, versions: list[Version]) -> bool:
        """Whether the next question is searched: then it shares nothing but the tools."""
        last, search = self.last, self.search
        if search is None:
            search = last is not None and last.asked_to_search
        tokens = askable.known_tokens(versions, self.model)[0]
        key, scope = self.model.key, self.scope
        return modes.way(versions, self.model, key, scope, last, tokens, search).searches

    def key(self, connection: Connection) -> str:
        """The same for all who would read the same documents with the same model and account."""
        if self.scope is not None:
            current = [version.pk for version in modes.versions_of(self.scope, self.user)]
        else:
            current = [document.current_id or 0 for document in self._documents]
        told = repr((connection.account, self.model.id, self.effort, sorted(current)))
        return hashlib.sha256(told.encode()).hexdigest()[:32]

    def question(
        self,
        connection: Connection,
        of: tuple[engine.Source, ...],
        history: tuple[engine.Turn, ...] = (),
        earlier: str | None = None,
    ) -> engine.Question:
        return engine.Question(
            ANYTHING,
            self.model,
            of,
            history,
            earlier=earlier,
            effort=self.effort,
            previous=warmth.previous(self.thread, self.model),
            **on_behalf(connection, self.user),
        )

    def prefix(self, connection: Connection) -> str:
        """The name of what would be shared; "" while the API does not have all of it.

        Raises NotAskable.
        """
        versions = self.versions
        if self.searches(versions):
            return ""
        shown = looking.plan(versions, self.model)
        at_hand = sources_at_hand(versions, connection, shown)
        if not at_hand:
            return ""
        # of what was asked before, only that there was a picture makes another prefix
        asked = Enclosure.objects.filter(answer__thread=self.thread)
        pictured = self.thread is not None and asked.exists()
        said = (PICTURED,) if pictured else ()
        return warmth.named(connection, engine.build(self.question(connection, at_hand, said)))


def of_thread(
    thread: Thread, user: User, key: str = "", effort: str = "", search: bool | None = None
) -> Desk | None:
    """The conversation with the chosen model, or the one that answered last.

    None where there is no such model any more, or it is not for this user.
    """
    last: Answer | None = thread.last_answer()
    wanted, level = key, effort
    if not key:
        wanted = last.picked if last else claude_models.default_key(thread.workspace)
        level = last.effort if last else ""
    found = _model(wanted, thread.workspace, user)
    if found is None:
        return None
    return Desk(thread, user, found[0], level or None, found[1], search=search)


def new(
    documents: Sequence[Document],
    scope: Scope | None,
    workspace: Workspace,
    user: User,
    key: str,
    effort: str = "",
) -> Desk | None:
    """A first question about the documents, or a scope; None where there is neither, or no such
    model for this user."""
    found = _model(key or claude_models.default_key(workspace), workspace, user)
    if found is None or (scope is None and not documents):
        return None
    chosen = () if scope is not None else tuple(documents)
    return Desk(None, user, found[0], effort or None, found[1], chosen, scope)


def _model(key: str, workspace: Workspace, user: User) -> tuple[catalogue.Model, bool] | None:
    """What would answer, and whether only probably."""
    wanted = key
    if auto := wanted == claude_models.AUTO:
        # most questions are ordinary ones
        ordinary = tiers.models(workspace, user).get(Route.Tier.ORDINARY)
        wanted = ordinary.key if ordinary else wanted
    try:
        chosen = claude_models.choose(wanted, workspace, user).entry
    except engine.UnknownModel:
        return None
    if not chosen.usable_in(workspace, workspace.role_of(user)):
        return None
    return claude_models.get(chosen.key), auto
