"""*Auto*: which model answers simple, ordinary and hard questions in a workspace."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext_lazy as _

from accounts.models import User, Workspace
from qa import claude_models, engine
from qa.engine import catalogue
from qa.models import ClaudeModel, ClaudeSettings, Route

AUTO = claude_models.AUTO
BEST_FOR = _("Look-ups to Haiku, ordinary questions to Sonnet, hard ones to Opus")
LINES = {
    Route.Tier.SIMPLE: ("haiku", "sonnet", "opus"),
    Route.Tier.ORDINARY: ("sonnet", "opus", "haiku"),
    Route.Tier.HARD: ("opus", "sonnet", "haiku"),
}
"""Which line answers a tier; the next one where the workspace does not allow it, or where the
documents do not fit."""


def newest(line: str, among: list[ClaudeModel]) -> ClaudeModel | None:
    """The newest model of a line; of two entries of one, that with the larger prompts."""
    of_line = [one for one in among if one.line == line]
    return max(
        of_line,
        key=lambda one: (one.released_on or date.min, one.prompt_cap or one.window),
        default=None,
    )


def models(workspace: Workspace, user: User) -> dict[Route.Tier, ClaudeModel]:
    """What answers each tier; empty when the user may use none of the three lines."""
    among = claude_models.usable(workspace, user)
    found: dict[Route.Tier, ClaudeModel] = {}
    for tier, lines in LINES.items():
        for line in lines:
            if (model := newest(line, among)) is not None:
                found[tier] = model
                break
    return found


def candidates(workspace: Workspace, user: User) -> dict[Route.Tier, list[catalogue.Model]]:
    """What may answer each tier, best first: the next one where the documents do not fit."""
    found = models(workspace, user)
    if not found:
        return {}
    others = (Route.Tier.ORDINARY, Route.Tier.HARD, Route.Tier.SIMPLE)
    return {tier: [found[one].as_model() for one in (tier, *others)] for tier in LINES}


def offered(workspace: Workspace, user: User) -> bool:
    """Whether there is something to choose between, and the workspace lets it be chosen."""
    different = {one.pk for one in models(workspace, user).values()}
    return len(different) > 1 and ClaudeSettings.offers_auto(workspace)


def roomiest(workspace: Workspace, user: User) -> engine.catalogue.Model:
    """The one that reads the longest prompts."""
    known = [one.as_model() for one in models(workspace, user).values()]
    return max(known, key=lambda model: model.reads)


def router(workspace: Workspace, user: User) -> engine.catalogue.Model:
    """The cheap model that sorts questions. Raises ``UnknownModel`` when none can."""
    for model in models(workspace, user).values():
        if model.structured:
            return model.as_model()
    raise engine.UnknownModel(AUTO)
