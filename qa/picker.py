"""The models a question can be put to, each with what it would cost about these documents."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User, Workspace
from accounts.roles import Role
from documents.models import Document, Version
from qa import claude_models, engine, modes, tiers
from qa.engine import thinking
from qa.models import Answer, ClaudeModel, Route, Scope, Thread
from qa.models.claude_model import MORE
from qa.next_cost import Costs, NextCost

LEVELS = {
    "off": gettext_lazy("no thinking"),
    "low": gettext_lazy("low"),
    "medium": gettext_lazy("medium"),
    "high": gettext_lazy("high"),
    "xhigh": gettext_lazy("very high"),
    "max": gettext_lazy("highest"),
}


@dataclass(frozen=True)
class Option:
    """An entry as it is offered. ``reason`` says why it cannot be chosen, "" where it can;
    ``reads`` is the longest prompt in tokens, None where that depends; without documents there is
    no ``cost``. *Auto*'s is that of an ordinary question, choosing included, and its ``spread`` is
    from the cheapest question to the dearest."""

    key: str
    name: str
    best_for: str
    reads: int | None = None
    cost: NextCost | None = None
    spread: tuple[Decimal, Decimal] | None = None
    reason: str = ""
    ends_on: date | None = None
    twin: str = ""
    levels: tuple[tuple[str, str], ...] = ()
    level: str = ""
    usual: str = ""
    more: bool = False
    chosen: bool = False

    @property
    def label(self) -> str:
        """Its name, with how hard it thinks where that is not what is usual for it."""
        if self.level == self.usual:
            return self.name
        return f"{self.name}, {dict(self.levels).get(self.level, self.level)}"


@dataclass(frozen=True)
class Picker:
    """``moved`` says that what was chosen before is retired, or cannot be chosen here, and what
    takes its place."""

    options: tuple[Option, ...]
    moved: str = ""

    @property
    def chosen(self) -> Option | None:
        return next((option for option in self.options if option.chosen), None)

    @property
    def first(self) -> list[Option]:
        """What is shown at once: also what is chosen, wherever it stands."""
        return [option for option in self.options if not option.more or option.chosen]

    @property
    def more(self) -> list[Option]:
        return [option for option in self.options if option.more and not option.chosen]


def make(
    workspace: Workspace,
    user: User,
    documents: list[Document],
    thread: Thread | None = None,
    picked: str = "",
    effort: str = "",
    scope: Scope | None = None,
    search: bool = False,
) -> Picker:
    """The picker of a form about `documents`, or a scope, with `picked`, or the workspace's
    default, chosen. ``search``: they are to be searched, even if they could be read."""
    role = workspace.role_of(user)
    offered = [one for one in claude_models.entries() if one.offered]
    key, moved = _starting(workspace, user, picked)
    versions = _versions(documents) if scope is None else modes.versions_of(scope, user)
    searches = search if scope is None else search or not versions
    costs = Costs(workspace, thread, versions, searches)
    if versions and not any(costs.fit(one.as_model()) for one in offered):
        # none of them reads all of it: whichever is chosen searches
        costs.searches = True
    options = [_option(one, offered, costs, _reason(one, workspace, role, costs))
               for one in offered]  # fmt: skip
    if tiers.offered(workspace, user):
        options.insert(0, _auto(workspace, user, costs))
    wanted = next((one for one in options if one.key == key), None)
    if wanted is None or wanted.reason:
        # it is not offered any more, or cannot be chosen here: the first that can
        free = next((one for one in options if not one.reason and one.key != tiers.AUTO), None)
        key = free.key if free else ""
        if wanted is not None and free is not None:
            moved = _("%(model)s: %(reason)s. The question goes to %(other)s.") % {
                "model": wanted.name,
                "other": free.name,
                "reason": wanted.reason,
            }
    return Picker(tuple(_picked(one, effort) if one.key == key else one for one in options), moved)


def of_thread(thread: Thread, user: User, last: Answer | None) -> Picker:
    """The picker below a conversation: what answered last is chosen."""
    picked, effort = (last.picked, last.effort) if last else ("", "")
    documents = list(thread.documents.all())
    search = last is not None and last.asked_to_search
    return make(thread.workspace, user, documents, thread, picked, effort, thread.scope, search)


def _starting(workspace: Workspace, user: User, picked: str) -> tuple[str, str]:
    """The key that is chosen at first, and what is said when it is not the one that was."""
    usual, gone = claude_models.default(workspace)
    wanted = picked or usual
    if wanted == tiers.AUTO and tiers.offered(workspace, user):
        return wanted, ""
    try:
        choice = claude_models.choose(wanted, workspace, user)
    except engine.UnknownModel:
        return usual, ""
    gone = choice.instead_of or (None if picked else gone)
    if gone is None:
        return choice.entry.key, ""
    told = {"happened": claude_models.happened(gone), "model": choice.entry.name}
    return choice.entry.key, _("%(happened)s: the next question goes to %(model)s.") % told


def _versions(documents: list[Document]) -> list[Version]:
    current = [one.current_id for one in documents if one.deleted_at is None]
    rows = Version.objects.ready().filter(pk__in=[pk for pk in current if pk])
    return list(rows.select_related("document", "blob").order_by("pk"))


def _picked(option: Option, effort: str) -> Option:
    level = effort if effort in dict(option.levels) else option.level
    return replace(option, chosen=True, level=level)


def _option(
    entry: ClaudeModel, offered: list[ClaudeModel], costs: Costs, reason: str
) -> Option:  # fmt: skip
    model = entry.as_model()
    usual = thinking.default_level(model)
    twins = [one.name for one in offered if one.api_id == entry.api_id and one.pk != entry.pk]
    return Option(
        key=entry.key,
        name=entry.name,
        best_for=entry.best_for,
        reads=model.reads,
        cost=costs.of(model),
        reason=reason,
        ends_on=entry.ends_on,
        twin=", ".join(twins),
        levels=tuple((level, str(LEVELS[level])) for level in thinking.levels(model)),
        level=usual or "",
        usual=usual or "",
        more=entry.order >= MORE,
    )


def _auto(workspace: Workspace, user: User, costs: Costs) -> Option:
    """Each tier as its model answers it, or the next one that the documents fit into."""
    option = Option(tiers.AUTO, _("Auto"), str(tiers.BEST_FOR))
    chosen = {
        tier: costs.of(next((m for m in models if costs.fit(m)), models[0]))
        for tier, models in tiers.candidates(workspace, user).items()
    }
    priced = [cost.plus(costs.choosing) for cost in chosen.values() if cost is not None]
    usual = chosen.get(Route.Tier.ORDINARY)
    if usual is None:
        return option
    spread = min(cost.warm for cost in priced), max(cost.cold for cost in priced)
    return replace(option, cost=usual.plus(costs.choosing), spread=spread)


def _reason(entry: ClaudeModel, workspace: Workspace, role: Role | None, costs: Costs) -> str:
    if not entry.usable_in(workspace, role):
        if entry.minimum_role and workspace.pk in _only(entry, workspace):
            return _("Only for: %(role)s") % {"role": entry.get_minimum_role_display()}
        return _("Not for this workspace")
    if costs.place and not entry.us_only:
        return _("Cannot be kept to the place this workspace names")
    model = entry.as_model()
    if not costs.fit(model):
        tokens = costs.documents(model)
        return _("The documents are too long for it: about %(n)s tokens") % {"n": f"{tokens:,}"}
    return ""


def _only(entry: ClaudeModel, workspace: Workspace) -> set[int]:
    return {one.pk for one in entry.workspaces.all()} or {workspace.pk}
