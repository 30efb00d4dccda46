"""Whatever a file does to the process that reads it, the caller gets a reading or a sentence."""

import os
import signal
import subprocess
import sys
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from documents import ingest, pictures
from documents.ingest import Kind, Limits
from tests.pdfs import Page, write

ROOT = Path(__file__).resolve().parents[1]
LIMITS = Limits(bytes=10 << 20, pages=50, seconds=60)


@pytest.fixture(autouse=True)
def _closed():
    pictures.wait()
    ingest.close()  # another test's children would be counted
    yield
    ingest.close()


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.pdf"
    path.write_bytes(write("Agreement"))
    return path


@pytest.fixture
def greedy(tmp_path: Path) -> Path:
    """Its content is 400 MB of spaces."""
    packer, blank = zlib.compressobj(1), b" " * (10 << 20)
    content = b"".join(packer.compress(blank) for _ in range(40)) + packer.flush()
    path = tmp_path / "greedy.pdf"
    path.write_bytes(write(Page(compressed=content)))
    return path


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    """Its content draws three million words, which takes pdfium seconds."""
    content = b"BT /F 12 Tf " + b"1 0 0 1 9 9 Tm <0001> Tj " * 3_000_000 + b"ET"
    path = tmp_path / "slow.pdf"
    path.write_bytes(write(Page(["a"]), Page(compressed=zlib.compress(content, 1))))
    return path


def children(of: int | None = None) -> list[int]:
    """Process ids of the readers that a process started."""
    found = []
    for task in Path(f"/proc/{of or os.getpid()}/task").iterdir():
        for child in (task / "children").read_text().split():
            if b"documents.ingest.child" in Path(f"/proc/{child}/cmdline").read_bytes():
                found.append(int(child))
    return found


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # it ended, before or while it was read
        return False


def refusal(path: Path, limits: Limits) -> ingest.Unreadable:
    with pytest.raises(ingest.Unreadable) as raised:
        ingest.read(path, Kind.PDF, limits)
    return raised.value


def test_one_child_serves_many_documents_and_close_ends_it(good):
    ingest.read(good, Kind.PDF, LIMITS)
    (first,) = children()
    ingest.read(good, Kind.PDF, LIMITS)
    assert children() == [first]

    ingest.close()
    ingest.close()

    assert children() == []


def test_a_file_that_eats_memory_is_refused_and_the_next_is_read(good, greedy):
    limits = Limits(bytes=10 << 20, pages=50, memory_mb=300, seconds=20)

    error = refusal(greedy, limits)

    assert error.code == "too_much_memory"
    assert "300 MB" in str(error)
    assert children() == []
    assert ingest.read(good, Kind.PDF, limits).text == "Agreement"


def test_a_file_that_takes_too_long_is_refused_in_time_and_the_next_is_read(good, slow):
    ingest.read(good, Kind.PDF, LIMITS)
    began = time.monotonic()

    error = refusal(slow, Limits(bytes=10 << 20, pages=50, seconds=0.5))

    assert error.code == "too_slow"
    assert "0.5 seconds" in str(error)
    assert time.monotonic() - began < 2
    assert children() == []
    assert ingest.read(good, Kind.PDF, LIMITS).text == "Agreement"


def test_a_child_that_is_killed_over_a_file_is_a_refusal(slow):
    def kill(done: int, total: int) -> None:
        os.kill(children()[0], signal.SIGKILL)

    with pytest.raises(ingest.Unreadable) as raised:
        ingest.read(slow, Kind.PDF, LIMITS, kill)

    assert raised.value.code == "crashed"


def test_a_child_that_died_while_idle_is_replaced_unnoticed(good):
    ingest.read(good, Kind.PDF, LIMITS)
    (pid,) = children()
    os.kill(pid, signal.SIGKILL)

    assert ingest.read(good, Kind.PDF, LIMITS).text == "Agreement"
    assert children() not in ([], [pid])


def test_what_progress_raises_stops_the_reading(good, slow):
    def stop(done: int, total: int) -> None:
        raise LookupError("enough")

    with pytest.raises(LookupError):
        ingest.read(slow, Kind.PDF, LIMITS, stop)

    assert children() == []
    assert ingest.read(good, Kind.PDF, LIMITS).text == "Agreement"


def test_the_time_that_progress_takes_is_not_the_documents(good):
    limits = Limits(bytes=10 << 20, pages=50, seconds=4)

    reading = ingest.read(good, Kind.PDF, limits, lambda done, total: time.sleep(4.2))

    assert reading.text == "Agreement"


def test_threads_wait_their_turn(good):
    with ThreadPoolExecutor(8) as pool:
        readings = list(pool.map(lambda _: ingest.read(good, Kind.PDF, LIMITS), range(40)))

    assert {reading.text for reading in readings} == {"Agreement"}
    assert len(children()) == 2


def test_a_short_document_does_not_wait_for_a_long_one(good):
    begun, enough = threading.Event(), threading.Event()

    def long(done, total):
        begun.set()
        assert enough.wait(30)

    thread = threading.Thread(target=ingest.read, args=(good, Kind.PDF, LIMITS, long))
    thread.start()
    assert begun.wait(30)
    assert ingest.read(good, Kind.PDF, LIMITS).text == "Agreement"
    enough.set()
    thread.join(30)


def test_who_looks_does_not_wait_for_a_page_that_is_slow_to_draw(good, slow):
    limits = Limits(bytes=10 << 20, pages=50, seconds=6)
    ingest.get_ready(good, Kind.PDF, LIMITS)
    with ThreadPoolExecutor(1) as pool:
        began = time.monotonic()
        drawing = pool.submit(ingest.picture, slow, Kind.PDF, limits, 2, 600)
        time.sleep(0.5)
        assert ingest.picture(good, Kind.PDF, LIMITS, 1, 160)
        took = time.monotonic() - began
        assert not drawing.done(), "the other page was not slow"
        # how it ends depends on the machine
        assert drawing.exception() is None or drawing.exception().code == "too_slow"
    assert took < 5


def test_the_child_outlives_the_thread_that_started_it(good):
    thread = threading.Thread(target=ingest.read, args=(good, Kind.PDF, LIMITS))
    thread.start()
    thread.join()
    (pid,) = children()

    ingest.read(good, Kind.PDF, LIMITS)

    assert children() == [pid]


def test_the_child_is_given_no_secret_and_its_limits(good, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-hidden")
    monkeypatch.setenv("DATABASE_URL", "postgres://hidden")
    monkeypatch.setenv("PINCITE_SECRET_KEY", "hidden")
    ingest.read(good, Kind.PDF, LIMITS)
    (pid,) = children()

    assert b"hidden" not in Path(f"/proc/{pid}/environ").read_bytes()
    limits = Path(f"/proc/{pid}/limits").read_text().splitlines()
    soft = {line[:26].strip(): line[26:].split()[0] for line in limits}
    assert soft["Max address space"] == str(1536 * 1024 * 1024)
    assert (soft["Max file size"], soft["Max core file size"]) == ("0", "0")
    assert soft["Max cpu time"].isdigit()


def test_a_process_forked_during_a_reading_starts_a_child_of_its_own(good, slow):
    begun = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(ingest.read, slow, Kind.PDF, LIMITS, lambda *_: begun.set())
        assert begun.wait(10)
        mine = children()
        forked = os.fork()
        if forked == 0:
            signal.alarm(30)
            text = ingest.read(good, Kind.PDF, LIMITS).text
            own = children()
            ingest.close()
            os._exit(0 if text == "Agreement" and len(own) == 1 and own != mine else 1)
        _, status = os.waitpid(forked, 0)

        assert status == 0
        assert children() == mine
        assert len(reading.result().pages) == 2


def test_a_child_that_grew_is_replaced(good, greedy):
    ingest.read(good, Kind.PDF, LIMITS)
    (pid,) = children()

    assert refusal(greedy, LIMITS).code == "no_text"

    assert children() == []
    ingest.read(good, Kind.PDF, LIMITS)
    assert children() != [pid]


def test_a_child_is_not_replaced_for_what_its_parent_had(good):
    program = """
import os, sys
from pathlib import Path
from documents import ingest

def children():
    ingest.read(Path(sys.argv[1]), ingest.Kind.PDF, limits)
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()

limits = ingest.Limits(bytes=1 << 20, pages=9, memory_mb=300)
had = b"1" * (200 << 20)
del had
print(len(children()), children() == children())
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(good)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout.split() == ["1", "True"], done.stderr


def test_the_child_dies_with_its_parent_even_at_work(slow):
    program = (
        "from pathlib import Path; from documents import ingest; "
        f"ingest.read(Path({str(slow)!r}), ingest.Kind.PDF, ingest.Limits(10**8, 9, seconds=60))"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT) as parent:
        until = time.monotonic() + 10
        while not children(parent.pid) and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(1)  # now it is within pdfium
        (child,) = children(parent.pid)
        parent.kill()
    killed = time.monotonic()
    while is_alive(child) and time.monotonic() < killed + 10:
        time.sleep(0.01)

    assert not is_alive(child)
    assert time.monotonic() - killed < 2


def test_what_is_no_file_is_a_sentence(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for path in (tmp_path / "nowhere", tmp_path, fifo):
        assert refusal(path, LIMITS).code == "missing"


def test_memory_is_blamed_though_the_parent_once_had_more_itself(greedy):
    script = (
        "import sys; from pathlib import Path; from documents import ingest\n"
        "had = bytearray(400 << 20); had[::4096] = b'x' * len(had[::4096]); del had\n"
        "limits = ingest.Limits(bytes=10 << 20, pages=50, memory_mb=300, seconds=20)\n"
        "try: ingest.read(Path(sys.argv[1]), ingest.Kind.PDF, limits)\n"
        "except ingest.Unreadable as error: print(error.code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(greedy)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout == "too_much_memory\n"
