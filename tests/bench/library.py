"""How quickly the library answers over a hundred thousand documents, on each database.

Run by itself (`python -m tests.bench.library`) it measures the database of its environment, in a
process of its own because settings name one database only, and prints its numbers as JSON.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = 100_000
ROUNDS = 20
GOAL_MS = 100.0
WORDS = ["lease", "licence", "amendment", "supply", "master", "services", "Northwind", "schedule"]
FOLDERS, TAGS, PEOPLE = 200, 30, 7
# what is asked for; {folder}, {tag}, {by}, {middle} and {last} are filled in
ASKED = {
    "first page, all documents": "?view=all",
    "first page, top folder": "",
    "a folder of thirty thousand": "?folder={folder}",
    "narrowed to kind and state": "?kind=docx&state=failed",
    "narrowed to a tag": "?tag={tag}",
    "narrowed to a person and a month": "?by={by}&since=2026-01-01&until=2026-01-31",
    "name contains, many": "?q=northwind",
    "name contains, few": "?q=99998",
    "narrowed in a folder": "?folder={folder}&q=lease&kind=pdf",
    "by name": "?view=all&sort=title",
    "by pages, most first": "?view=all&sort=-pages",
    "by state": "?view=all&sort=state",
    "by person": "?view=all&sort=by",
    "a folder by pages": "?folder={folder}&sort=-pages",
    "page in the middle": "?view=all&page={middle}",
    "page in the middle, by name": "?view=all&sort=title&page={middle}",
    "last page": "?view=all&page={last}",
    "trash": "trash/",
}


def measure(folder: Path, options: Any) -> dict[str, Any]:
    """p95 in milliseconds of each list, from request to finished page, by database."""
    print(f"the library with {DOCUMENTS:,} documents, whole pages, ms (goal: p95 ≤ {GOAL_MS:g})\n")
    found = {"SQLite": _measured("")}
    with _postgres() as url:
        if url:
            found["PostgreSQL"] = _measured(url)
    print(f"{'':34}" + "".join(f"{name + ' p50':>16}{'p95':>8}" for name in found))
    for asked in ASKED:
        cells = [found[name][asked] for name in found]
        missed = any(cell["p95"] > GOAL_MS for cell in cells)
        print(f"{asked:34}", end="")
        print("".join(f"{cell['p50']:16.0f}{cell['p95']:8.0f}" for cell in cells), end="")
        print("   MISSED" if missed else "   kept")
    if "PostgreSQL" not in found:
        print("PostgreSQL: not measured; DATABASE_URL names the server to measure on")
    return {"library_ms": found}


def _measured(url: str) -> dict[str, dict[str, float]]:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "DATABASE_URL": url}
    command = [sys.executable, "-m", "tests.bench.library"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


@contextmanager
def _postgres() -> Iterator[str]:
    """A database of its own on the server of DATABASE_URL; "" when that names none."""
    url = os.environ.get("DATABASE_URL", "")
    if not url.startswith("postgres"):
        yield ""
        return
    import psycopg

    name = "pincite_bench_library"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name}")
        server.execute(f"CREATE DATABASE {name}")
    try:
        yield urlsplit(url)._replace(path=f"/{name}").geturl()
    finally:
        with psycopg.connect(url, autocommit=True) as server:
            server.execute(f"DROP DATABASE {name}")


# in the process of one database ---------------------------------------------------------------


def main() -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    names = generate()
    if connection.vendor == "postgresql":  # as its autovacuum does by and by
        connection.cursor().execute("VACUUM ANALYZE")
    print(json.dumps(timed(names)))


def generate() -> dict[str, Any]:
    """Documents as a large matter has them; gives what the addresses are filled in with."""
    from django.db.models import OuterRef, Subquery

    from accounts.models import User, Workspace
    from documents.listing import PER_PAGE
    from documents.models import Blob, Document, Folder, Tag, Version

    rng = random.Random(7)
    people = [User.objects.create_user(f"{n}@example.com", name=f"P {n}") for n in range(PEOPLE)]
    workspace = Workspace.found("Bench", people[0])
    blob = Blob.objects.create(workspace=workspace, sha256="0" * 64, size=1, kind="pdf")
    folders = Folder.objects.bulk_create(
        Folder(workspace=workspace, name=f"Folder {n:03}", created_by=people[0])
        for n in range(FOLDERS)
    )
    tags = Tag.objects.bulk_create(Tag(workspace=workspace, name=f"tag {n}") for n in range(TAGS))
    for first in range(0, DOCUMENTS, 5000):
        rows = [_document(rng, workspace, folders, people, first + n) for n in range(5000)]
        made = Document.objects.bulk_create(rows)
        Version.objects.bulk_create(
            Version(
                document=one, blob=blob, status=one.status, error="-", page_count=one.page_count
            )
            for one in made
        )
        on = Document.tags.through
        on.objects.bulk_create(
            on(document=one, tag=rng.choice(tags)) for one in made if rng.random() < 0.3
        )
    own = Version.objects.filter(document=OuterRef("pk")).values("pk")[:1]
    Document.objects.update(current=Subquery(own))
    pages = DOCUMENTS // PER_PAGE
    return {
        "slug": workspace.slug, "user": people[0], "folder": folders[0].public_id,
        "tag": tags[3].name, "by": people[1].public_id, "middle": pages // 2, "last": pages,
    }  # fmt: skip


def _document(
    rng: random.Random, workspace: Any, folders: list[Any], people: list[Any], number: int
) -> Any:
    """Four in ten stand at the top, three in one large folder; one in a hundred is in the trash."""
    from django.utils import timezone

    from documents.models import Document

    place, now = rng.random(), timezone.now()
    made = now - timedelta(seconds=rng.randrange(60_000_000))
    document = Document(
        workspace=workspace,
        folder=None if place < 0.4 else folders[0] if place < 0.7 else rng.choice(folders),
        title=f"{' '.join(rng.choices(WORDS, k=4))} {number:05}.pdf",
        kind=rng.choices(["pdf", "docx", "email", "xlsx"], [6, 2, 1, 1])[0],
        status=rng.choices(["ready", "failed", "queued"], [96, 3, 1])[0],
        page_count=int(rng.lognormvariate(2.5, 1)),
        uploaded_by=rng.choice(people),
        created_at=made,
    )
    if rng.random() < 0.01:
        document.deleted_at, document.deleted_by = now, people[0]
        document.purge_at = now + timedelta(days=30)
    return document


def timed(names: dict[str, Any]) -> dict[str, dict[str, float]]:
    from django.test import Client

    client = Client(headers={"host": "localhost"})
    client.force_login(names["user"])
    found = {}
    for asked, query in ASKED.items():
        address = f"/w/{names['slug']}/{query.format(**names)}"
        times = []
        for _round in range(ROUNDS + 1):
            began = time.perf_counter()
            assert client.get(address).status_code == 200, address
            times.append((time.perf_counter() - began) * 1000)
        times = sorted(times[1:])  # the first compiles templates
        found[asked] = {"p50": times[ROUNDS // 2], "p95": times[int(ROUNDS * 0.95) - 1]}
    return found


if __name__ == "__main__":
    main()
