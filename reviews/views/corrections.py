"""Corrections that were made in an exported workbook: shown first, then taken."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core import signing
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.access import MemberRequest, in_workspace
from accounts.models import Workspace
from accounts.roles import Act
from reviews import corrections as reading
from reviews.corrections import Correction
from reviews.models import Table
from reviews.views import lookups

DAY = 24 * 60 * 60


@in_workspace(Act.MARK)
def corrections(request: MemberRequest, workspace: Workspace, table_id: UUID) -> HttpResponse:
    """Asks for a workbook (GET), shows what is different in it, and takes what is ticked."""
    table = lookups.table(request, workspace, table_id)
    if "kept" in request.POST:
        return _take(request, table)
    if request.method != "POST":
        return _page(request, table)
    file = request.FILES.get("file")
    if file is None:
        return _page(request, table, refusal=_("Choose the workbook first."))
    try:
        found = reading.read(table, file.read(reading.LARGEST + 1))
    except reading.BadFile as error:
        return _page(request, table, refusal=str(error))
    if not found:
        return _page(request, table, nothing=True)
    return _page(request, table, found)


def _page(
    request: MemberRequest, table: Table, found: list[Correction] | None = None, **more: Any
) -> HttpResponse:
    can = [one for one in found or () if not one.problem]
    cannot = [one for one in found or () if one.problem]
    # what somebody sees here is what the next press is about
    kept = [(str(one.cell.public_id), one.text, one.cell.revision) for one in can]
    context = {
        "workspace": table.workspace,
        "table": table,
        "can": list(enumerate(can)),
        "cannot": cannot,
        "kept": signing.dumps(kept, salt=_salt(request, table), compress=True) if can else "",
        **more,
    }
    status = 422 if "refusal" in more else 200
    return render(request, "reviews/corrections.html", context, status=status)


def _salt(request: MemberRequest, table: Table) -> str:
    return f"corrections {table.public_id} {request.user.pk}"


def _take(request: MemberRequest, table: Table) -> HttpResponse:
    try:
        kept = signing.loads(request.POST["kept"], salt=_salt(request, table), max_age=DAY)
    except signing.BadSignature:
        return _page(request, table, refusal=_("That page was too old. Choose the file again."))
    ticked = set(request.POST.getlist("take"))
    chosen = [one for number, one in enumerate(kept) if str(number) in ticked]
    wanted = reading.of_cells(table, [(key, text, seen) for key, text, seen in chosen])
    taken, left = reading.take(wanted, request.user)
    if taken:
        table.touch()
    told = ngettext("%(n)d correction is taken.", "%(n)d corrections are taken.", taken)
    if left:
        return _page(request, table, left, taken=told % {"n": taken})
    messages.success(request, told % {"n": taken})
    return redirect("reviews:table", table.workspace.slug, table.public_id)
