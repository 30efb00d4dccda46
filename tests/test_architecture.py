"""Imports point one way, and what the README says about the environment is true."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from config.celery import app as celery_app
from tests.conftest import free_port

ROOT = Path(__file__).resolve().parents[1]
APP = ("accounts", "documents", "qa", "reviews", "emulator", "config")
MAY = {
    "accounts": {"accounts", "config"},
    "documents": {"documents", "accounts", "config"},
    "qa": {"qa", "documents", "accounts", "config"},
    "reviews": {"reviews", "qa", "documents", "accounts", "config"},
    "emulator": {"emulator"},
}
PURE = {"qa/engine": "qa.engine", "documents/ingest": "documents.ingest"}


def modules(folder):
    return [
        path
        for path in sorted((ROOT / folder).rglob("*.py"))
        if not {"migrations", "__pycache__"} & set(path.parts)
    ]


def imported(path):
    package = ".".join(path.relative_to(ROOT).with_suffix("").parts[:-1])
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if not node.level:
                yield node.module or ""
                continue
            base = package.split(".")[: len(package.split(".")) - node.level + 1]
            yield ".".join([*base, node.module or ""]).rstrip(".")


@pytest.mark.parametrize("package", MAY)
def test_imports_point_one_way(package):
    for path in modules(package):
        for name in imported(path):
            top = name.split(".")[0]
            assert top not in APP or top in MAY[package], f"{path} imports {name}"


@pytest.mark.parametrize("folder", PURE)
def test_engine_and_ingest_know_nothing_of_django_or_the_app(folder):
    for path in modules(folder):
        for name in imported(path):
            assert name.split(".")[0] not in ("django", "celery"), f"{path} imports {name}"
            ours = name.split(".")[0] in APP
            assert not ours or name.startswith(PURE[folder]), f"{path} imports {name}"


def test_models_know_nothing_of_views_and_tasks():
    for package in ("accounts", "documents", "qa", "reviews"):
        whole = ROOT / package / "models.py"
        for path in [whole] if whole.exists() else modules(f"{package}/models"):
            names = {part for name in imported(path) for part in name.split(".")}
            assert not names & {"views", "tasks", "admin", "forms"}, path


def test_config_has_no_domain_word():
    for path in modules("config"):
        tops = {name.split(".")[0] for name in imported(path)}
        if path.name == "urls.py":
            continue
        assert not tops & {"documents", "qa", "accounts", "reviews"}, path


def rows_of_readme():
    readme = (ROOT / "README.md").read_text()
    return dict(re.findall(r"^\| `([A-Z_]+)` \| (.*?) \|", readme, re.M))


def test_the_readme_documents_every_variable_and_no_other():
    from config import env

    assert set(rows_of_readme()) == set(env.REGISTRY)


def test_the_readme_gives_the_true_defaults():
    from config import env

    for name, default in rows_of_readme().items():
        variable = env.REGISTRY[name]
        expected = f"`{variable.default}`" if variable.default else ""
        assert default == expected, name


def settings_with(tmp_path, **variables):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PINCITE_", "ANTHROPIC_"))}
    kept.pop("DATABASE_URL", None)
    return subprocess.run(
        [sys.executable, "-c", "import config.settings"],
        cwd=ROOT,
        env={**kept, "PINCITE_DATA": str(tmp_path), **variables},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PINCITE_PORT", "eighty"),
        ("PINCITE_PORT", "70000"),
        ("PINCITE_URL", "http://pincite.example"),
        ("PINCITE_URL", "https://pincite.example/app"),
        ("PINCITE_DEBUG", "maybe"),
        ("PINCITE_MAX_PAGES", "0"),
        ("PINCITE_LOG_LEVEL", "LOUD"),
        ("PINCITE_DATA", __file__),
        ("DATABASE_URL", "nonsense://x"),
        ("REDIS_URL", "localhost:6379"),
        ("PINCITE_MODEL", "gpt-x"),
    ],
)
def test_a_bad_value_stops_the_start_and_names_its_variable(tmp_path, name, value):
    done = settings_with(tmp_path, **{name: value})
    if name == "PINCITE_MODEL":
        done = subprocess.run(
            [sys.executable, "manage.py", "check"],
            cwd=ROOT,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "config.settings",
                "PINCITE_DATA": str(tmp_path),
                name: value,
            },
            capture_output=True,
            text=True,
        )
    assert done.returncode != 0
    assert name in done.stderr


def test_the_secret_key_is_made_once_and_kept_to_its_owner(tmp_path):
    assert settings_with(tmp_path).returncode == 0
    key = (tmp_path / "secret_key").read_text()
    assert len(key) >= 50
    assert settings_with(tmp_path).returncode == 0
    assert (tmp_path / "secret_key").read_text() == key
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0


def test_a_public_address_switches_on_what_the_deployment_check_wants(tmp_path):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PINCITE_", "ANTHROPIC_"))}
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env={
            **kept,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PINCITE_DATA": str(tmp_path),
            "PINCITE_URL": "https://pincite.example",
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_every_page_has_a_strict_policy_and_no_other_origin(client, as_owner, workspace):
    for answer in (client.get("/signin/"), as_owner.get(f"/w/{workspace.slug}/")):
        policy = answer["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert re.search(r"script-src 'self' 'nonce-[^']+'", policy)
        assert "style-src 'self';" in policy + ";"
        for word in ("unsafe", "http:", "https:", "data:", "*"):
            assert word not in policy


def test_health_answers_without_signing_in_and_names_each_part(client, db):
    answer = client.get("/health")
    assert answer.status_code == 200
    report = answer.json()
    assert (report["database"], report["streams"]) == ("ok", "ok: files")
    assert report["broker"] == "ok: folder"
    assert report["workers"] == dict.fromkeys(
        ("answers", "ingest", "ocr", "default"), "not seen yet"
    )
    assert report["status"] == "degraded"


def test_health_is_well_when_all_have_been_seen_and_says_who_is_late(client, db):
    from datetime import timedelta

    from django.utils import timezone

    from config.models import Pulse

    for name in ("worker:answers", "worker:ingest", "worker:ocr", "worker:default", "sweep"):
        Pulse.beat(name)
    Pulse.beat("claude", "ok: anthropic")
    assert client.get("/health").json()["status"] == "ok"
    Pulse.objects.filter(name="worker:ingest").update(at=timezone.now() - timedelta(minutes=5))
    report = client.get("/health").json()
    assert (report["status"], report["workers"]["ingest"]) == ("degraded", "late")
    Pulse.beat("claude", "failed: bad_key")
    assert client.get("/health").json()["claude"] == "failed: bad_key"


def test_health_says_that_redis_and_the_broker_are_away_while_pages_are_served(
    client, db, settings, monkeypatch
):
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    monkeypatch.setattr(celery_app.conf, "broker_write_url", f"amqp://127.0.0.1:{free_port()}//")
    answer = client.get("/health")
    report = answer.json()
    assert (answer.status_code, report["status"]) == (200, "degraded")
    assert report["streams"] == "unreachable: ConnectionError"
    assert report["broker"] == "unreachable: OperationalError"


@pytest.mark.parametrize("broker", ["redis", "amqp"])
def test_health_names_the_broker_and_the_stream_log_that_are_used(
    client, db, settings, monkeypatch, redis_url, rabbitmq_url, broker
):
    settings.REDIS_URL = redis_url
    url = redis_url if broker == "redis" else rabbitmq_url
    monkeypatch.setattr(celery_app.conf, "broker_write_url", url)
    report = client.get("/health").json()
    assert (report["streams"], report["broker"]) == ("ok: redis", f"ok: {broker}")
