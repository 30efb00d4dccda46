"""Putting a question: the row that comes of it, once it is known that it can be put."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID, uuid5

from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Event, User, Workspace
from documents.forms import PlaceForm
from documents.models import Document, Version
from qa import askable, budgets, choosing, engine, looking, modes, passages
from qa import pictures as enclosed
from qa.askable import NotAskable
from qa.claude import backend_of
from qa.hints import hint
from qa.models import (
    Answer,
    ClaudeSettings,
    Picture,
    Scope,
    Source,
    Thread,
    WebAccess,
)
from qa.passages import LONGEST, Passage

MAX_QUESTION = 20_000


def ask(
    *,
    question: str,
    documents: list[Document],
    model: str,
    workspace: Workspace,
    by: User,
    thread: Thread | None = None,
    follows: Answer | None = None,
    submission: UUID | None = None,
    about: Passage | None = None,
    scope: Scope | None = None,
    web: bool = False,
    search: bool = False,
    request: HttpRequest | None = None,
    effort: str = "",
    pictures: Sequence[Picture] = (),
) -> tuple[Answer, bool]:
    """The queued answer, and whether it is new: the same submission again gives the first one.

    It is about the documents, or about a scope instead. ``web``: it may look at the sites that an
    admin has allowed for the workspace. ``search``: it searches, though it might read all of it.

    Raises NotAskable with a sentence, before anything is stored or spent.
    """
    question = question.strip()
    if not question:
        raise NotAskable(_("Write a question first."))
    if len(question) > MAX_QUESTION:
        raise NotAskable(
            ngettext(
                "A question may have at most %(count)d character.",
                "A question may have at most %(count)d characters.",
                MAX_QUESTION,
            )
            % {"count": MAX_QUESTION}
        )
    if submission and (twin := _same_submission(by, submission)):
        return twin, False
    try:
        chosen = choosing.choose(model, effort, workspace, by)
    except choosing.NotAllowed as refusal:
        raise NotAskable(str(refusal)) from refusal
    if any(document.workspace_id != workspace.pk for document in documents):
        raise NotAskable(_("All documents of a question must be in the same workspace."))
    if about is not None and about.end - about.start > LONGEST:
        raise NotAskable(
            _("The passage is too long: select at most %(count)d characters.") % {"count": LONGEST}
        )
    place = ClaudeSettings.place_of(workspace)
    askable.check_place(place, chosen.model)
    if scope is not None:
        askable.check_scope(scope, by)
    versions = askable.usable_versions(documents) if scope is None else []
    if scope is not None and not search:
        versions = modes.versions_of(scope, by)
    if web and not WebAccess.domains_of(workspace):
        raise NotAskable(_("An admin has to list the web sites that may be looked at first."))
    shown = enclosed.tokens(follows, chosen.model, pictures)
    tokens = askable.known_tokens(versions, chosen.model)[0] + shown
    way = modes.way(versions, chosen.model, chosen.key, scope, follows, tokens, search)
    purse = budgets.standings(workspace, by, backend_of(workspace))
    if not way.searches:
        whole = engine.least(tokens, chosen.model, place)
        if modes.cheaper(budgets.least(purse), whole, shown, chosen.model, place):
            way = modes.Way.search(Answer.Reason.BUDGET)
    if way.searches:
        usd = engine.least_of_search(shown, chosen.model, place)
        versions = versions if scope is None else []
    else:
        askable.check_looks(versions, looking.plan(versions, chosen.model), chosen.model)
        usd = engine.least(tokens, chosen.model, place)
    askable.check_money(purse, usd)
    try:
        with transaction.atomic():
            answer = _create(
                question,
                versions,
                chosen,
                workspace,
                by,
                thread,
                follows,
                submission,
                about,
                mode=way.mode,
                mode_reason=way.reason,
                scope=scope,
                web=web,
            )
            enclosed.enclose(answer, pictures)
            Event.objects.record(
                Event.Verb.ASK, by=by, object=answer, workspace=workspace, request=request
            )
    except IntegrityError:
        if submission and (twin := _same_submission(by, submission)):
            return twin, False
        raise
    return answer, True


def selected(by: User, workspace: Workspace, fields: Mapping[str, Any]) -> Passage | None:
    """The passage that a form's ``about_`` fields name; None where they are empty.

    Raises NotAskable when it is not there: the question would be about something else.
    """
    given = {name: fields.get(f"about_{name}", "") for name in ("version", "start", "end")}
    if not any(given.values()):
        return None
    place = PlaceForm.place(given)
    found = passages.find(by, workspace, place) if place else None
    if found is None:
        raise NotAskable(_("The passage is not there any more. Select it anew, or remove it."))
    return found


def _same_submission(by: User, submission: UUID) -> Answer | None:
    return Answer.objects.filter(author=by, submission=submission).first()


def _create(
    question: str,
    versions: list[Version],
    chosen: choosing.Chosen,
    workspace: Workspace,
    by: User,
    thread: Thread | None,
    follows: Answer | None,
    submission: UUID | None,
    about: Passage | None,
    **given: Any,
) -> Answer:
    if submission:
        given["submission"] = submission
    if about is not None:
        given |= {f"about_{name}": value for name, value in vars(about).items()}
    answer = Answer.objects.create(
        workspace=workspace,
        thread=thread,
        follows=follows,
        author=by,
        question=question,
        model_requested=chosen.key,
        effort=chosen.effort,
        **given,
    )
    chosen.keep(answer)
    Source.objects.bulk_create([Source(answer=answer, version=version) for version in versions])
    if thread is not None:
        Thread.objects.filter(pk=thread.pk).update(active_at=timezone.now())
    transaction.on_commit(partial(hint, answer.pk))
    return answer


def ask_again(answer: Answer, by: User, request: HttpRequest | None = None) -> Answer:
    """A new answer to the same question, in the same place; the old one stays as it is.

    Where somebody was quicker, what they made. Raises NotAskable.
    """
    with transaction.atomic():
        if answer.thread is not None:
            # locked: neither two new tries nor a follow-up in the same place
            Thread.objects.select_for_update().get(pk=answer.thread.pk)
        newest = answer.newest_try()
        if newest.may_retry:
            return _ask_again(newest, by, request)
        if newest.status in (Answer.Status.FAILED, Answer.Status.STOPPED):
            raise NotAskable(_("Another question followed this one. Ask it again below."))
        return newest


def ask_anew(answer: Answer, by: User, request: HttpRequest | None = None) -> Answer:
    """The same question about what its documents say today, at the end of its thread.

    Pressing the button twice asks once, until a document has a newer version still. Raises
    NotAskable.
    """
    if answer.thread is None:
        raise NotAskable(_("This question stands in no conversation. Ask it anew."))
    with transaction.atomic():
        # locked: two questions at once must not follow the same answer
        thread = Thread.objects.select_for_update().get(pk=answer.thread.pk)
        last = thread.last_answer()
        documents = documents_of(answer)
        current = ",".join(str(document.current_id) for document in documents)
        submission = uuid5(answer.public_id, f"anew {current}")
        if last is not None and last.working and last.submission != submission:
            raise NotAskable(_("Another answer is being written here. Wait, or stop it."))
        anew, _new = ask(
            question=answer.question,
            documents=documents,
            model=answer.picked,
            effort=answer.effort,
            workspace=answer.workspace,
            by=by,
            thread=thread,
            follows=last,
            submission=submission,
            pictures=enclosed.of(answer),
            scope=answer.scope,
            web=answer.web,
            search=answer.asked_to_search,
            request=request,
        )
    return anew


def documents_of(answer: Answer) -> list[Document]:
    """The documents it is about, as they are today; none where it is about a scope."""
    if answer.scope is not None:
        return []
    rows = Document.objects.filter(versions__answers=answer).select_related("current")
    return list(rows.distinct().order_by("pk"))


def _ask_again(answer: Answer, by: User, request: HttpRequest | None) -> Answer:
    again, _new = ask(
        question=answer.question,
        documents=documents_of(answer),
        model=answer.picked,
        effort=answer.effort,
        workspace=answer.workspace,
        by=by,
        thread=answer.thread,
        follows=answer.follows,
        # made from the answer, so that pressing the button twice tries again once
        submission=uuid5(answer.public_id, "again"),
        about=passages.kept(answer),
        pictures=enclosed.of(answer),
        scope=answer.scope,
        web=answer.web,
        search=answer.asked_to_search,
        request=request,
    )
    return again
