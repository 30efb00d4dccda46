"""Which model a question goes to: what was picked, or what took its place."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.models import User, Workspace
from qa import claude_models, engine, tiers
from qa.engine import catalogue, thinking
from qa.models import Answer, ClaudeModel, Route


class NotAllowed(Exception):
    """The model cannot be asked with; str() says why, in a sentence."""


@dataclass(frozen=True)
class Chosen:
    """``model`` is what the documents must fit into: for *Auto* the roomiest it may choose."""

    key: str
    model: catalogue.Model
    effort: str = ""
    instead_of: ClaudeModel | None = None

    def keep(self, answer: Answer) -> None:
        """Writes down that something else answers than was picked."""
        if (gone := self.instead_of) is not None:
            kind = Route.Kind.RETIRED if gone.retired else Route.Kind.MISSING
            Route.objects.create(answer=answer, kind=kind, asked=gone.key)


def choose(picked: str, effort: str, workspace: Workspace, by: User) -> Chosen:
    """What answers where `picked` was chosen. Raises NotAllowed."""
    if picked == tiers.AUTO:
        if not tiers.offered(workspace, by):
            raise NotAllowed(_("Auto is not offered in this workspace. Choose a model."))
        return Chosen(tiers.AUTO, tiers.roomiest(workspace, by))
    try:
        choice = claude_models.choose(picked, workspace, by)
    except engine.UnknownModel as error:
        raise NotAllowed(_("The model %(model)s is not known.") % {"model": picked}) from error
    entry = choice.entry
    if not entry.usable_in(workspace, workspace.role_of(by)):
        raise NotAllowed(_("You may not use %(model)s here.") % {"model": entry.name})
    model = entry.as_model()
    return Chosen(
        entry.key,
        model,
        effort if effort in thinking.levels(model) else "",
        choice.instead_of,
    )
