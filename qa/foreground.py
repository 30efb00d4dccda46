"""Asking without a worker: what the command line does with a question."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from django.conf import settings

from qa.answering import write
from qa.models import Answer, Citation
from qa.notes import note

START_SECONDS = 20.0
POLL = 0.05


@contextmanager
def claude_at_hand() -> Iterator[None]:
    """Makes sure somebody answers: without a key, a running emulator or one of our own."""
    if settings.ANTHROPIC_API_KEY or _answers(settings.EMULATOR_URL):
        yield
        return
    argv = [sys.executable, "-m", "emulator", "--port", "0", "--quiet"]
    argv += ["--tokens-per-second", "0", "--first-token-ms", "0"]
    process = subprocess.Popen(
        [*argv, "--data", str(settings.DATA / "emulator")],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=settings.BASE_DIR,
    )
    assert process.stdout is not None
    before = settings.EMULATOR_URL
    try:
        line = process.stdout.readline()
        if "http" not in line:
            raise RuntimeError("The emulator did not start.")
        settings.EMULATOR_URL = line[line.index("http") :].strip()
        yield
    finally:
        settings.EMULATOR_URL = before
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def _answers(url: str) -> bool:
    if not url:
        return False
    try:
        with urlopen(f"{url}/emulator/health", timeout=2):
            return True
    except (URLError, OSError):
        return False


def write_here(answer: Answer) -> Answer:
    """Write the answer in this process, waiting out retries, until it has ended."""
    while answer.working:
        if not write(answer):
            time.sleep(POLL)
        answer.refresh_from_db()
    return answer


def as_dict(answer: Answer) -> dict[str, Any]:
    """The shape that `ask --json` prints."""
    calls = list(answer.calls.filter(purpose="answer").order_by("pk"))
    citations = answer.citations.select_related("version__document").order_by("number")
    return {
        "answer": str(answer.public_id),
        "status": answer.status,
        "error": answer.error or None,
        "mode": answer.mode,
        "model": answer.model or answer.model_requested,
        "backend": answer.backend or None,
        "text": answer.text,
        "citations": [citation_dict(answer, citation) for citation in citations],
        "usage": added_up([call.usage for call in calls]) if calls else None,
        "cost_usd": float(answer.ledger.cost_usd),
        "timings": {"first_token_ms": answer.first_text_ms, "total_ms": answer.total_ms},
    }


def added_up(usages: list[dict[str, Any]]) -> dict[str, Any]:
    """The usage of several requests as that of one, in the API's own field names."""
    total: dict[str, Any] = {}
    for usage in usages:
        for name, value in usage.items():
            before = total.get(name)
            if isinstance(value, dict):
                total[name] = added_up([before or {}, value])
            elif isinstance(value, int) and isinstance(before, int):
                total[name] = before + value
            elif value is not None or name not in total:
                total[name] = value
    return total


def refused(sentence: str, model: str, searching: bool = False) -> dict[str, Any]:
    """The same shape for a question that was not put."""
    return {
        "answer": None,
        "status": Answer.Status.FAILED,
        "error": sentence,
        "mode": Answer.Mode.SEARCH if searching else Answer.Mode.FULL,
        "model": model,
        "backend": None,
        "text": "",
        "citations": [],
        "usage": None,
        "cost_usd": 0.0,
        "timings": {"first_token_ms": None, "total_ms": None},
    }


def citation_dict(answer: Answer, citation: Citation) -> dict[str, Any]:
    version = citation.version
    return {
        "number": citation.number,
        "kind": citation.kind,
        "document": str(version.document.public_id) if version else None,
        "version": str(version.public_id) if version else None,
        "start": citation.start,
        "end": citation.end,
        "page_start": citation.page_start,
        "page_end": citation.page_end,
        "cited_text": citation.cited_text,
        "state": citation.state,
        "url": citation.address or note(answer, citation).href or None,
    }
