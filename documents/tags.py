"""Tags: put on documents and taken off, renamed and given up."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.models import Event, User, Workspace
from documents.models import Document, DocumentQuerySet, NotPossible, Tag
from documents.uploads import clean_title

_NAME_LENGTH = 40
_On = Document.tags.through


def clean_name(name: str) -> str:
    """A tag's name on one line, without control characters; "" for none."""
    return clean_title(name.replace("/", " / "))[:_NAME_LENGTH].strip() if name.strip() else ""


def ensure(name: str, workspace: Workspace) -> Tag:
    """The workspace's tag of that name, however it is capitalised, made where there is none."""
    known = Tag.objects.filter(workspace=workspace, name__iexact=name).first()
    return known or Tag.objects.get_or_create(workspace=workspace, name=name)[0]


def put(
    rows: DocumentQuerySet,
    name: str,
    workspace: Workspace,
    by: User,
    request: HttpRequest | None = None,
) -> int:
    """Puts the tag on the documents; how many had it not."""
    count = 0
    for keys in rows.batches():
        with transaction.atomic():
            tag = ensure(name, workspace)
            has = _On.objects.filter(tag=tag, document__in=keys).values("document")
            found = list(Document.objects.filter(pk__in=keys).exclude(pk__in=has))
            _On.objects.bulk_create(
                [_On(document=document, tag=tag) for document in found],
                batch_size=500,
                ignore_conflicts=True,  # somebody else may be putting it on at this moment
            )
            Event.objects.record_each(Event.Verb.TAG, found, by=by, request=request, put=tag.name)
        count += len(found)
    return count


def take(rows: DocumentQuerySet, tag: Tag, by: User, request: HttpRequest | None = None) -> int:
    """Takes the tag off the documents; how many had it."""
    count = 0
    for keys in rows.batches():
        with transaction.atomic():
            on = _On.objects.filter(tag=tag, document__in=keys)
            found = list(Document.objects.filter(pk__in=on.values("document")))
            on.delete()
            Event.objects.record_each(Event.Verb.TAG, found, by=by, request=request, taken=tag.name)
        count += len(found)
    return count


def rename(tag: Tag, name: str, by: User, request: HttpRequest | None = None) -> None:
    """Raises NotPossible when another tag has the name."""
    before, tag.name = tag.name, name
    twin = Tag.objects.filter(workspace=tag.workspace, name__iexact=name).exclude(pk=tag.pk)
    taken = NotPossible(_("There is a tag “%(name)s” already.") % {"name": name})
    if twin.exists():
        raise taken
    try:
        with transaction.atomic():
            tag.save(update_fields=["name"])
            _record(Event.Verb.RENAME, tag, by, request, name=before, to=name)
    except IntegrityError as error:
        raise taken from error


def delete(tag: Tag, by: User, request: HttpRequest | None = None) -> None:
    """Off all documents, and gone; the documents stay."""
    with transaction.atomic():
        _record(Event.Verb.DELETE, tag, by, request, name=tag.name)
        tag.delete()


def _record(
    verb: Event.Verb, tag: Tag, by: User, request: HttpRequest | None, **detail: str
) -> None:
    Event.objects.record(
        verb, by=by, object=tag, workspace=tag.workspace, request=request, **detail
    )
