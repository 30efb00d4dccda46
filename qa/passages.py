"""A passage that a question is about: what somebody selected in a source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models.functions import Substr

from accounts.models import Workspace
from documents.forms import Place
from documents.models import Page, Text, Version
from qa.models import Answer

LONGEST = 8_000  # characters


@dataclass(frozen=True)
class Passage:
    """``text`` is the version's ``[start:end]``; ``page`` the one it begins on."""

    version: Version
    start: int
    end: int
    text: str
    page: int | None


def find(user: Any, workspace: Workspace, place: Place) -> Passage | None:
    """The passage at a place of a document that the user may see in the workspace.

    None where there is none: another workspace's version, one without text, a range outside it.
    """
    rows = Version.objects.visible_to(user).ready().filter(document__workspace=workspace)
    version = rows.select_related("document").filter(public_id=place.version).first()
    if version is None or place.end > version.chars:
        return None
    length = min(place.end - place.start, LONGEST + 1)
    part = Text.objects.filter(version=version).annotate(
        part=Substr("content", place.start + 1, length)
    )
    text = part.values_list("part", flat=True).first() or ""
    page = Page.objects.filter(version=version, start__lt=place.end, end__gt=place.start)
    number = page.order_by("number").values_list("number", flat=True).first()
    return Passage(version, place.start, place.end, text, number) if text.strip() else None


def kept(answer: Answer) -> Passage | None:
    """The passage that an answer's question is about, as it was when it was asked."""
    version, start, end = answer.about_version, answer.about_start, answer.about_end
    if version is None or start is None or end is None:
        return None
    return Passage(version, start, end, answer.about_text, answer.about_page)
