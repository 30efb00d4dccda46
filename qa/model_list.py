"""The API's list of models, taken over into the table."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from qa.claude import Connection
from qa.engine import files
from qa.engine.catalogue import EFFORTS, undated
from qa.ledger import recorded
from qa.models import ApiCall, ClaudeModel
from qa.models.claude_model import forget

logger = logging.getLogger(__name__)


@dataclass
class Report:
    """What a sync found: keys of entries."""

    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def sync(connection: Connection) -> Report:
    """Asks the API which models there are, and writes down what it says. Raises EngineError.

    What an administrator changed stays. A model that is not known yet arrives without prices and
    therefore not enabled; one that the list lacks is marked, and offered no more.
    """
    with recorded(ApiCall.Purpose.MODELS, connection):
        listed = files.list_models(connection.client)
    report = Report()
    with transaction.atomic():
        _take_over(listed, report)
    forget()
    logger.info(
        "models synced listed=%d new=%d changed=%d missing=%d",
        *(len(listed), len(report.new), len(report.changed), len(report.missing)),
    )
    return report


def _take_over(listed: list[Any], report: Report) -> None:
    now = timezone.now()
    told = {undated(info.id): info for info in listed}
    rows = list(ClaudeModel.objects.select_for_update())
    known = {undated(name) for row in rows for name in (row.api_id, row.key)}
    for row in rows:
        info = told.get(undated(row.api_id))
        if info is None:
            if row.missing_since is None:
                report.missing.append(row.key)
                ClaudeModel.objects.filter(pk=row.pk).update(missing_since=now)
            continue
        said = {name: value for name, value in facts(info).items() if name not in row.edited}
        if any(getattr(row, name) != value for name, value in said.items()):
            report.changed.append(row.key)
        ClaudeModel.objects.filter(pk=row.pk).update(**said, listed_at=now, missing_since=None)
    for name, info in told.items():
        if name not in known:
            report.new.append(info.id)
            ClaudeModel.objects.create(
                key=info.id, api_id=info.id, name=info.display_name, listed_at=now, **facts(info)
            )


def facts(info: Any) -> dict[str, Any]:
    """What an entry of the list tells in the table's columns; what it leaves open is left out."""
    said: dict[str, Any] = {
        "line": info.line or None,
        "lifecycle": info.lifecycle if info.lifecycle in ClaudeModel.Lifecycle else None,
        "released_on": _day(info.created_at),
        "window": info.max_input_tokens,
        "max_output": info.max_tokens,
    }
    if (can := info.capabilities) is not None:
        kinds, levels = can.thinking.types, can.effort
        said |= {
            "thinking": sorted(kind for kind in kinds.to_dict() if _has(getattr(kinds, kind))),
            "efforts": [level for level in EFFORTS if _has(getattr(levels, level, None))],
            "citations": _has(can.citations),
            "pdf": _has(can.pdf_input),
            "images": _has(can.image_input),
            "batch": _has(can.batch),
            "structured": _has(can.structured_outputs),
        }
    told = {name: value for name, value in said.items() if value is not None}
    # these two say something by being empty: a retirement may be put off
    return told | {"deprecated_on": _day(info.deprecated_at), "retires_on": _day(info.retires_at)}


def _has(support: Any) -> bool:
    return bool(getattr(support, "supported", False))


def _day(moment: datetime | None) -> date | None:
    """The day of a moment; None where it is not known, which the epoch may say too."""
    return moment.date() if moment and moment.year > 1970 else None
