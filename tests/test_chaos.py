"""Forty questions while the API fails one request in five, workers are killed and the web restarts.

At the end each is answered or has failed with a sentence; none is lost, none is there twice; every
citation is exact; and the ledger says what the emulator says. It runs over the folder, and over
others that PINCITE_CHAOS names: PINCITE_CHAOS=folder,redis,amqp. The seed is printed and can be
given: PINCITE_CHAOS_SEED.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.bench.person import Person
from tests.emulator_support import Emulator
from tests.stack import Stack

BROKERS = os.environ.get("PINCITE_CHAOS", "folder").split(",")
pytestmark = [
    pytest.mark.services,
    pytest.mark.slow,
    pytest.mark.xdist_group("brokers"),
    pytest.mark.parametrize("broker", BROKERS, indirect=True),
]

PEOPLE, QUESTIONS_EACH = 10, 4
SECONDS = 80.0  # for all to end
KILLS = ("answers", "answers", "web", "answers", "answers", "web")
FAULTS = ("rate_limit", "overloaded", "reset", "truncate", "mid_stream_error")
# a killed worker's answers are taken over sooner than by default, and failed requests sent again
ENVIRONMENT = {"PINCITE_LEASE_SECONDS": "4", "PINCITE_RETRY_SECONDS": "1"}
SAMPLE = Path(__file__).resolve().parents[1] / "documents/samples/Master services agreement.pdf"
ASKED = (
    "Which law governs this agreement?",
    "How can this agreement be terminated?",
    "What must be kept confidential?",
    "Who owns the intellectual property?",
)
GONE = (OSError, http.client.HTTPException)
T = TypeVar("T")

DUMP = """
import json
from documents.models import Text
from qa.models import Answer, ApiCall
texts = dict(Text.objects.values_list("version", "content"))
answers = [{
    "id": str(a.public_id), "submission": str(a.submission), "status": a.status, "error": a.error,
    "attempts": a.attempts, "crashes": a.crashes, "text": a.text,
    "joined": "".join(b["text"] for b in a.blocks),
    "numbers": sorted(c.number for c in a.citations.all()),
    "used": sorted({n for b in a.blocks for n in b["citations"]}),
    "inexact": [c.number for c in a.citations.all()
                if c.state != "exact" or texts[c.version_id][c.start:c.end] != c.cited_text],
} for a in Answer.objects.prefetch_related("citations")]
calls = [{
    "request": c.request_id, "answer": str(c.answer.public_id) if c.answer else None,
    "error": c.error_type, "cost": float(c.cost_usd), "output_tokens": c.output_tokens,
    "input_tokens": c.input_tokens, "cache_read_input_tokens": c.cache_read_tokens,
    "cache_creation_input_tokens": c.cache_write_5m_tokens + c.cache_write_1h_tokens,
} for c in ApiCall.objects.filter(purpose__in=["answer", "route", "warm"])]
print("DUMP" + json.dumps({"answers": answers, "calls": calls}))
"""
READ = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


@dataclass
class Crowd:
    """People who ask one question after another, and try again where the web is away."""

    address: str
    person: Person
    document: str
    deadline: float
    shown: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def ask_all(self) -> list[threading.Thread]:
        threads = [threading.Thread(target=self._one, args=(n,)) for n in range(PEOPLE)]
        for thread in threads:
            thread.start()
        return threads

    def _one(self, number: int) -> None:
        tab = self.person.again()
        try:
            for question in range(QUESTIONS_EACH):
                self._ask(tab, f"{ASKED[question]} ({number})", str(uuid.uuid4()))
        except Exception as error:
            self.problems.append(f"person {number}: {error!r}")
        finally:
            tab.close()

    def _ask(self, tab: Person, question: str, submission: str) -> None:
        fields = {"question": question, "model": "claude-sonnet-5-5", "submission": submission}
        fields["documents"] = self.document
        # the same submission again: whatever became of the first, it is asked once
        status, headers, page = self._until_there(
            tab, lambda: tab.post(f"{tab.workspace}ask/", fields)
        )
        assert status == 302, page
        self.shown[submission] = self._until_there(
            tab, lambda: self._read_to_its_end(tab, headers["location"])
        )

    def _read_to_its_end(self, tab: Person, thread: str) -> str:
        """Follows the stream, again where it breaks off, until the page shows that it ended."""
        while time.monotonic() < self.deadline:
            page = tab.request("GET", thread)[2]
            if 'hx-sse:connect="' not in page:
                return page.split("<article", 1)[1].split('data-status="')[1].split('"')[0]
            stream = page.split('hx-sse:connect="')[1].split('"')[0]
            for _connected, _message in tab._messages(stream):
                pass
        return "too late"

    def _until_there(self, tab: Person, do: Callable[[], T]) -> T:
        while True:
            try:
                return do()
            except GONE:
                tab.close()
                if time.monotonic() > self.deadline:
                    raise
                time.sleep(0.2)


def monkey(stack: Stack, rng: random.Random, stop: threading.Event) -> Counter[str]:
    """Kills at random moments, until it has killed enough or is told to stop."""
    killed: Counter[str] = Counter()
    for name in rng.sample(KILLS, len(KILLS)):
        if stop.wait(rng.uniform(2.5, 5.0)):
            break
        try:
            stack.kill(name)
        except (AssertionError, ProcessLookupError):
            continue  # it is being started again
        killed[name] += 1
    return killed


@pytest.fixture
def slow_emulator(tmp_path):
    (tmp_path / "emulator").mkdir()
    pace = ("--tokens-per-second", "40", "--first-token-ms", "100")
    running = Emulator(tmp_path / "emulator", *pace)
    yield running
    running.stop()


@pytest.fixture
def stack(broker, slow_emulator, tmp_path):
    (tmp_path / "stack").mkdir()
    running = Stack(
        tmp_path / "stack",
        PINCITE_EMULATOR_URL=slow_emulator.url,
        **ENVIRONMENT,
        **broker.environment,
    )
    yield running
    running.stop()


def test_nothing_is_lost_and_nothing_is_there_twice(stack, slow_emulator):
    seed = int(os.environ.get("PINCITE_CHAOS_SEED", "0")) or random.SystemRandom().randrange(10**6)
    print(f"seed {seed}: PINCITE_CHAOS_SEED={seed} repeats the faults and kills")
    rng = random.Random(seed)
    person = Person.signed_in(stack.link)
    document = person.upload(SAMPLE)
    kinds = [{"kind": kind, "retry_after": 1} for kind in FAULTS]
    chance = {"rate": 0.2, "seed": seed, "faults": kinds}
    slow_emulator.call("POST", "/emulator/faults", {"faults": [], "random": chance})
    began = time.monotonic()
    crowd = Crowd(person.address, person, document, began + SECONDS)
    people = crowd.ask_all()
    stop = threading.Event()
    killed: Counter[str] = Counter()
    killer = threading.Thread(target=lambda: killed.update(monkey(stack, rng, stop)))
    killer.start()
    for thread in people:
        thread.join(SECONDS + 20)
    stop.set()
    killer.join()
    person.close()
    books = dump(stack)
    told = slow_emulator.requests(1000)["requests"]
    report(books, told, killed, time.monotonic() - began)
    assert crowd.problems == []
    assert killed["answers"] >= 3, killed
    assert killed["web"] >= 1, killed
    assert sum(entry["fault"] is not None for entry in told) >= 4
    check_answers(books["answers"], crowd.shown)
    check_ledger(books, told, sum(killed.values()))


def dump(stack: Stack) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(stack.manage("shell", "-c", DUMP).split("DUMP")[1])
    return found


def report(books: dict[str, Any], told: list[Any], killed: Counter[str], seconds: float) -> None:
    states = Counter(answer["status"] for answer in books["answers"])
    faults = Counter(entry["fault"] for entry in told if entry["fault"])
    print(f"{seconds:.0f} s; answers {dict(states)}; kills {dict(killed)}; faults {dict(faults)}")
    attempts = Counter(answer["attempts"] for answer in books["answers"])
    print(f"attempts {dict(sorted(attempts.items()))}; requests {len(books['calls'])}")
    for answer in books["answers"]:
        if answer["status"] == "failed":
            print("failed:", answer["error"], answer["attempts"], answer["crashes"])


def check_answers(answers: list[dict[str, Any]], shown: dict[str, str]) -> None:
    assert Counter(answer["submission"] for answer in answers) == dict.fromkeys(shown, 1)
    assert len(shown) == PEOPLE * QUESTIONS_EACH
    for answer in answers:
        assert answer["status"] in ("done", "failed"), answer
        assert shown[answer["submission"]] == answer["status"]
        if answer["status"] == "failed":
            assert answer["error"].endswith("."), answer
            continue
        assert answer["text"] == answer["joined"] != ""
        assert answer["numbers"] == answer["used"] == list(range(1, len(answer["numbers"]) + 1))
        assert answer["numbers"], answer
        assert answer["inexact"] == [], answer
    done = sum(answer["status"] == "done" for answer in answers)
    assert done >= 0.8 * len(answers), "with one request in five failing, most must be answered"


def check_ledger(books: dict[str, Any], told: list[dict[str, Any]], kills: int) -> None:
    """Request by request. Only of a request whose worker was killed in the instant between the
    API's first word and its own first row can the ledger know nothing."""
    calls = {call["request"]: call for call in books["calls"] if call["request"]}
    nameless = [call for call in books["calls"] if not call["request"]]
    assert all(call["error"] and not call["cost"] for call in nameless), nameless
    assert len(calls) + len(nameless) == len(books["calls"]), "one request, one row"
    entries = {entry["request_id"]: entry for entry in told if entry["path"] == "messages"}
    unheard = [entry for name, entry in entries.items() if name not in calls]
    # an error's row is written when it comes, and a kill may come first
    assert len(unheard) <= kills + len(nameless)
    assert all(entry["disconnected"] or entry["usage"] is None for entry in unheard), unheard
    assert set(calls) <= set(entries)
    for name, call in calls.items():
        usage = entries[name]["usage"] or {}
        for kind in READ:
            assert call[kind] == usage.get(kind, 0), (kind, call, entries[name])
        written = usage.get("output_tokens", 0)
        if not call["error"]:
            assert call["output_tokens"] == written
        elif call["error"] != "unfinished":
            # the API tells it at the end only: until then it is estimated, within a factor of two
            assert 0.5 * written - 5 <= call["output_tokens"] <= 2 * written + 5, call
        assert (call["cost"] > 0) == bool(usage), call
    for kind in READ:
        known = sum((entries[name]["usage"] or {}).get(kind, 0) for name in calls)
        assert sum(call[kind] for call in calls.values()) == known
    complete = Counter(call["answer"] for call in calls.values() if not call["error"])
    for answer in books["answers"]:
        paid = complete[answer["id"]]
        if answer["status"] == "done":
            # a worker killed after the last word and before it is stored pays a second time
            assert 1 <= paid <= 1 + answer["crashes"], answer
