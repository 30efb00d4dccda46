"""The command line, on an empty data folder and with nothing running."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "documents" / "samples"
LICENCE = SAMPLES / "Software licence and support agreement.pdf"


@pytest.fixture(scope="module")
def manage(tmp_path_factory):
    data = tmp_path_factory.mktemp("data")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PINCITE_", "ANTHROPIC_"))}
    kept.pop("DATABASE_URL", None)
    environment = kept | {"PINCITE_DATA": str(data), "DJANGO_SETTINGS_MODULE": "config.settings"}

    def run(*argv, **more):
        return subprocess.run(
            [sys.executable, "manage.py", *map(str, argv)],
            cwd=ROOT,
            env=environment | more,
            capture_output=True,
        )

    return run


def lines(done):
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def test_ask_answers_about_a_file_and_prints_the_agreed_shape(manage):
    done = manage("ask", "Which law governs this agreement?", "--file", LICENCE, "--json")
    assert done.returncode == 0, done.stderr.decode()
    (answer,) = lines(done)
    assert set(answer) == {
        "answer", "status", "error", "mode", "model", "backend", "text", "citations", "usage",
        "cost_usd", "timings",
    }  # fmt: skip
    assert (answer["status"], answer["mode"], answer["backend"]) == ("done", "full", "emulator")
    assert answer["error"] is None
    assert set(answer["timings"]) == {"first_token_ms", "total_ms"}
    assert answer["usage"]["output_tokens"] > 0
    assert "Ireland" in answer["text"]
    for citation in answer["citations"]:
        assert set(citation) == {
            "number", "kind", "document", "version", "start", "end", "page_start", "page_end",
            "cited_text", "state", "url",
        }  # fmt: skip
        text = manage("text", citation["version"]).stdout.decode()
        assert text[citation["start"] : citation["end"]] == citation["cited_text"]


def test_ingest_prints_a_line_a_file_and_exits_1_if_one_failed(manage, tmp_path):
    program = tmp_path / "a.exe"
    program.write_bytes(b"MZ\x90\0\x03\0\0\0" + b"\0" * 100)
    note = tmp_path / "note.md"
    note.write_text("# Ünïcode \U0001f4dc\r\nSecond line.")
    done = manage(
        "ingest", note, program, tmp_path / "missing.pdf", "--json", "--workspace", "Deal"
    )
    assert done.returncode == 1
    ready, refused, missing = lines(done)
    keys = {"path", "document", "version", "status", "pages", "chars", "error", "seconds"}
    assert set(ready) == set(refused) == set(missing) == keys
    assert (ready["status"], ready["pages"], ready["error"]) == ("ready", 1, None)
    assert (refused["status"], refused["document"]) == ("failed", None)
    assert "a program" in refused["error"]
    assert "could not be opened" in missing["error"]
    text = manage("text", ready["version"]).stdout
    assert text.decode() == "# Ünïcode \U0001f4dc\nSecond line."
    assert ready["chars"] == len(text.decode())


def test_ask_takes_documents_by_id_and_a_whole_workspace(manage, tmp_path):
    for number, law in enumerate(("Malta", "Cyprus")):
        file = tmp_path / f"{law}.txt"
        file.write_text(f"Agreement {number}. This Agreement is governed by the laws of {law}.")
    ingested = lines(manage("ingest", *tmp_path.glob("*.txt"), "--workspace", "Islands", "--json"))
    by_id = manage("ask", "Which law governs?", "--document", ingested[0]["document"], "--json")
    (answer,) = lines(by_id)
    assert {c["document"] for c in answer["citations"]} == {ingested[0]["document"]}
    assert answer["mode"] == "full"
    for mode, option in (("full", ()), ("search", ("--search",))):
        asked = ("ask", "Which law governs?", "--workspace", "Islands", "--json", *option)
        (both,) = lines(manage(*asked))
        assert both["mode"] == mode
        assert {c["state"] for c in both["citations"]} == {"exact"}
        assert {c["document"] for c in both["citations"]} == {i["document"] for i in ingested}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (("--document", "not-an-id"), "not a document's id"),
        (("--document", "00000000-0000-0000-0000-000000000000"), "no such document"),
        (("--file", "missing.pdf"), "could not be opened"),
        (("--file", LICENCE, "--model", "gpt-x"), "gpt-x is not known"),
    ],
)
def test_ask_says_what_is_wrong_and_exits_1(manage, wrong, says):
    done = manage("ask", "Which law governs?", *wrong)
    assert done.returncode == 1
    assert says in done.stderr.decode()


def test_ask_exits_1_with_the_reason_when_the_answer_failed(manage, emulator):
    emulator.faults({"kind": "billing", "path": "messages"})
    done = manage(
        *("ask", "Which law governs?", "--file", LICENCE, "--json"),
        PINCITE_EMULATOR_URL=emulator.url,
    )
    assert done.returncode == 1
    (answer,) = lines(done)
    assert answer["status"] == "failed"
    assert "billing problem" in answer["error"]


def test_text_of_no_version_is_a_sentence(manage):
    for wrong in ("nonsense", "00000000-0000-0000-0000-000000000000"):
        done = manage("text", wrong)
        assert done.returncode == 1
        assert done.stdout == b""
