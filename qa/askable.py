"""Whether a question can be put: about these documents, to this model, for this money."""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from documents import visual
from documents.models import Document, Version
from qa import budgets, claude_models, engine, looking
from qa.engine import catalogue
from qa.models import Scope, TokenCount

CHARS_PER_TOKEN = 5  # a low guess, where nothing was counted
FRAME_TOKENS = 3_000  # system prompt, question and titles, generously


class NotAskable(Exception):
    """The question cannot be put; str() says why, in a sentence."""


def usable_versions(documents: list[Document]) -> list[Version]:
    """The current version of each document; raises NotAskable while one is not ready,
    or when nothing at all could be read."""
    if not documents:
        raise NotAskable(_("Choose at least one document."))
    for document in documents:
        version = document.current
        if document.deleted_at or version is None:
            raise NotAskable(
                _(
                    "%(title)s was deleted. Choose the documents of this conversation anew, or "
                    "start a new question."
                )
                % {"title": document.title}
            )
        if version.working:
            raise NotAskable(
                _("%(title)s is still being read. Ask again in a moment.")
                % {"title": document.title}
            )
        if version.status == Version.Status.FAILED:
            raise NotAskable(
                _("%(title)s could not be read: %(reason)s")
                % {"title": document.title, "reason": version.error}
            )
    versions = []
    for document in documents:
        if document.current:
            document.current.document = document
            versions.append(document.current)
    readable = Version.objects.filter(pk__in=[version.pk for version in versions]).with_text()
    if not readable.exists() and not any(map(visual.pages, versions)):
        raise NotAskable(
            ngettext(
                "Nothing of this document could be read, so nothing can be asked about it.",
                "Nothing of these documents could be read, so nothing can be asked about them.",
                len(versions),
            )
        )
    return versions


def known_tokens(versions: list[Version], model: catalogue.Model | str) -> tuple[int, bool]:
    """Tokens of the versions for the model, and whether all of their texts were really counted.
    Pages that are to be looked at are among them: what they cost is never counted.

    Where the API has not counted yet, five characters a token is taken: a low guess, so that
    nothing is refused that might fit; the exact count is taken before the request is sent.
    """
    counts = dict(
        TokenCount.objects.filter(
            version__in=versions, model=catalogue.normalise(model)
        ).values_list("version", "tokens")
    )
    total = sum(counts.get(one.pk, one.chars // CHARS_PER_TOKEN) for one in versions)
    total += looking.plan(versions, claude_models.get(model)).tokens
    return total, len(counts) == len(versions)


def fit(tokens: int, model: catalogue.Model | str) -> bool:
    """Whether so many tokens of documents leave room in the model's window, and keep to our cap
    for it. What does not fit is searched."""
    return engine.fits(tokens + FRAME_TOKENS, claude_models.get(model))


def check_scope(scope: Scope, by: User) -> None:
    """Raises NotAskable when there is nothing to search."""
    if scope.gone:
        raise NotAskable(
            _("%(scope)s was deleted. Choose anew what to ask about.") % {"scope": scope}
        )
    if not scope.documents(by).ready().exists():
        raise NotAskable(_("There is no document to search yet: %(scope)s.") % {"scope": scope})


def check_looks(versions: list[Version], shown: looking.Plan, model: catalogue.Model | str) -> None:
    """Raises NotAskable when more pages are to be looked at than a request takes."""
    known = claude_models.get(model)
    if looking.fits(versions, shown.pages, known):
        return
    raise NotAskable(
        _(
            "%(model)s looks at most at %(count)d pages at once, and these documents are set to "
            "be read visually. Choose fewer documents, or have them read by their text."
        )
        % {"model": known.name, "count": engine.looks.most(known)}
    )


def check_place(place: str, model: catalogue.Model | str) -> None:
    """Raises NotAskable when the workspace says where it is answered, and the model cannot."""
    known = claude_models.get(model)
    if place and not known.us_only:
        raise NotAskable(
            _(
                "%(model)s cannot be kept to the place that this workspace's settings name. "
                "Choose a newer model."
            )
            % {"model": known.name}
        )


def check_money(found: list[budgets.Standing], usd: Decimal) -> None:
    """Raises NotAskable when a budget does not allow a question that costs so much."""
    try:
        budgets.check(found, usd)
    except budgets.OverBudget as refusal:
        raise NotAskable(str(refusal)) from refusal
