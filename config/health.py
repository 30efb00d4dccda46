"""Whether the parts of this installation live, for people and monitors."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import redis
from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from kombu.exceptions import OperationalError

from config.celery import app
from config.models import Pulse

PATIENCE = 2.0  # seconds for a service to answer
LATE = timedelta(seconds=30)
QUEUES = ("answers", "ingest", "ocr", "default")


def _state(pulse: Pulse | None) -> str:
    if pulse is None:
        return "not seen yet"
    return "late" if pulse.late(LATE) else "ok"


def _streams() -> str:
    """Without Redis answers are read when they are finished; without the folder nothing goes on."""
    if settings.REDIS_URL:
        try:
            with redis.Redis.from_url(
                settings.REDIS_URL, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE
            ) as client:
                client.ping()
        except (redis.RedisError, OSError) as error:
            return f"unreachable: {error.__class__.__name__}"
        return "ok: redis"
    if not os.access(settings.STREAMS, os.R_OK | os.W_OK):
        return "failed: the folder cannot be written"
    return "ok: files"


def _broker() -> str:
    """Without it nothing is lost and nothing is begun: the sweep finds what waits."""
    with app.connection_for_write(connect_timeout=PATIENCE) as connection:
        try:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=PATIENCE)
        except (OperationalError, *connection.connection_errors) as error:
            return f"unreachable: {error.__class__.__name__}"
        return f"ok: {connection.transport.driver_type}"


def health(request: HttpRequest) -> JsonResponse:
    """200 while pages can be served, 503 when not; the body says which part is in trouble."""
    report: dict[str, Any] = {"database": "ok", "streams": _streams(), "broker": _broker()}
    pulses: dict[str, Pulse] = {}
    try:
        pulses = {pulse.name: pulse for pulse in Pulse.objects.all()}
    except DatabaseError as error:
        report["database"] = f"failed: {error.__class__.__name__}"
    report["workers"] = {queue: _state(pulses.get(f"worker:{queue}")) for queue in QUEUES}
    report["sweep"] = _state(pulses.get("sweep"))
    claude = pulses.get("claude")
    report["claude"] = claude.detail if claude else "not asked yet"
    parts = [report[part] for part in ("database", "streams", "broker")]
    serving = not any(part.startswith("failed") for part in parts)
    well = (
        all(part.startswith("ok") for part in parts)
        and set(report["workers"].values()) == {"ok"}
        and report["sweep"] == "ok"
        and report["claude"].startswith("ok")
    )
    report["status"] = "ok" if well else "degraded" if serving else "failed"
    return JsonResponse(report, status=200 if serving else 503)
