"""Whether the parts of this installation live, for people and monitors."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse

from config.models import Pulse

LATE = timedelta(seconds=30)
QUEUES = ("answers", "ingest", "ocr", "default")


def _state(pulse: Pulse | None) -> str:
    if pulse is None:
        return "not seen yet"
    return "late" if pulse.late(LATE) else "ok"


def health(request: HttpRequest) -> JsonResponse:
    """200 while pages can be served, 503 when not; the body says which part is in trouble."""
    report: dict[str, Any] = {"database": "ok", "streams": "ok"}
    pulses: dict[str, Pulse] = {}
    try:
        pulses = {pulse.name: pulse for pulse in Pulse.objects.all()}
    except DatabaseError as error:
        report["database"] = f"failed: {error.__class__.__name__}"
    if not os.access(settings.STREAMS, os.R_OK | os.W_OK):
        report["streams"] = "failed: the folder cannot be written"
    report["workers"] = {queue: _state(pulses.get(f"worker:{queue}")) for queue in QUEUES}
    report["sweep"] = _state(pulses.get("sweep"))
    claude = pulses.get("claude")
    report["claude"] = claude.detail if claude else "not asked yet"
    serving = report["database"] == report["streams"] == "ok"
    well = (
        serving
        and set(report["workers"].values()) == {"ok"}
        and report["sweep"] == "ok"
        and report["claude"].startswith("ok")
    )
    report["status"] = "ok" if well else "degraded" if serving else "failed"
    return JsonResponse(report, status=200 if serving else 503)
