"""Waits until the web server answers, then prints where Pincite is and who answers."""

from __future__ import annotations

import http.client
import os
import time
from io import StringIO

from .table import HOST

PATIENCE_SECONDS = 60


def wait_for_page(port: int) -> bool:
    """Whether ``/health`` answered, with whatever status, in time."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection(HOST, port, timeout=5)
        try:
            connection.request("GET", "/health")
            connection.getresponse().read()
            return True
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    return False


def greeting() -> str:
    import django
    from django.core.management import call_command

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from django.conf import settings

    address = settings.URL or f"http://{HOST}:{settings.PORT}"
    if not wait_for_page(settings.PORT):
        return f"\n  Pincite has not answered on {address} yet; the lines above may say why.\n"
    lines = [f"Pincite is running at {address}"]
    if settings.LOCAL:
        link = StringIO()
        call_command("signin_link", stdout=link)
        lines.append(f"Sign in (works once):  {address}{link.getvalue().strip()}")
    if settings.ANTHROPIC_API_KEY:
        lines.append("Answers come from Claude.")
    else:
        lines.append("Answers are extracts made on this machine, not by Claude:")
        lines.append("set ANTHROPIC_API_KEY and start again to ask Claude.")
    lines.append("Ctrl-C stops everything.")
    return "\n".join(["", *(f"  {line}" for line in lines), ""])


if __name__ == "__main__":
    print(greeting(), flush=True)
