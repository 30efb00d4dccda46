"""The supervisor: restarts what dies, ends everything, and says plainly why it cannot start."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.supervisor.prepare import CannotStart, check_port, choose_emulator, free_port, lock
from config.supervisor.table import table

ROOT = Path(__file__).resolve().parents[1]

SUPERVISE = """
import json, sys
from config.supervisor.processes import Forked, Process, Supervisor
processes = [Process(**fields) for fields in json.loads(sys.argv[1])]
try:
    Supervisor(processes, sys.stdout.buffer, fork=sys.argv[2] == "fork").run()
except Forked as forked:
    forked.process.imitate()
"""

# prints its number, then lives until it is told to end
OBEDIENT = "import os, time; print('pid', os.getpid(), flush=True); time.sleep(600)"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + OBEDIENT
WITH_CHILD = f"""
import subprocess, sys
subprocess.Popen([sys.executable, "-c", {OBEDIENT!r}])
{OBEDIENT}
"""


on_linux = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux tells of a parent's death"
)
forked_or_not = pytest.mark.parametrize("fork", [False, True], ids=["executed", "forked"])


class Run:
    """A supervisor in a process of its own, over ``scripts``: name → Python code."""

    def __init__(self, folder: Path, scripts: dict[str, str], fork: bool = False) -> None:
        self.log = folder / "log"
        processes = [
            {"name": name, "argv": [sys.executable, "-c", script]}
            for name, script in scripts.items()
        ]
        if fork:
            for name, script in scripts.items():
                (folder / f"stub_{name}.py").write_text(script)
            processes = [
                {"name": name, "argv": [sys.executable, "-m", f"stub_{name}"]} for name in scripts
            ]
        with self.log.open("wb") as log:
            self.popen = subprocess.Popen(
                [sys.executable, "-c", SUPERVISE, json.dumps(processes), "fork" if fork else ""],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}"},
            )

    @property
    def lines(self) -> list[str]:
        return self.log.read_text().splitlines()

    def pids(self, name: str = "") -> list[int]:
        return [
            int(line.split()[-1])
            for line in self.lines
            if "| pid " in line and line.startswith(name)
        ]

    def wait_for_pids(self, name: str, count: int) -> list[int]:
        wait_until(lambda: len(self.pids(name)) >= count)
        return self.pids(name)


def wait_until(condition: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Whether the process runs; a zombie nobody reaps does not."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat")
        return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:  # it may end between any two of these questions
        return False


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    runs: list[Run] = []

    def start(scripts: dict[str, str], fork: bool = False) -> Run:
        runs.append(Run(tmp_path, scripts, fork))
        return runs[-1]

    yield start
    for run in runs:
        run.popen.kill()
        run.popen.wait()
        for pid in run.pids():
            if is_alive(pid):
                os.kill(pid, signal.SIGKILL)


@forked_or_not
def test_a_killed_process_is_started_again_and_the_others_stay(
    start: Callable[..., Run], fork: bool
) -> None:
    run = start({"web": OBEDIENT, "worker": OBEDIENT}, fork)
    (web,) = run.wait_for_pids("web", 1)
    (worker,) = run.wait_for_pids("worker", 1)
    os.kill(web, signal.SIGKILL)
    again = run.wait_for_pids("web", 2)[1]
    assert is_alive(again)
    assert is_alive(worker)
    assert run.pids("worker") == [worker]
    assert "web    | ended (signal SIGKILL); starting again in 0.2 s" in run.lines
    run.popen.send_signal(signal.SIGTERM)
    assert run.popen.wait(5) == 0
    assert not any(map(is_alive, run.pids()))


def test_a_process_that_keeps_dying_is_started_ever_more_slowly(
    start: Callable[..., Run],
) -> None:
    run = start({"broken": "raise SystemExit(3)"})
    wait_until(lambda: sum("ended" in line for line in run.lines) >= 4)
    waits = [line.rpartition(" in ")[2] for line in run.lines if "ended (status 3)" in line]
    assert waits[:4] == ["0.2 s", "0.4 s", "0.8 s", "1.6 s"]


def test_one_ctrl_c_ends_all_within_five_seconds_even_the_deaf(
    start: Callable[..., Run],
) -> None:
    run = start({"obedient": OBEDIENT, "deaf": DEAF, "parent": WITH_CHILD})
    pids = [*run.wait_for_pids("obedient", 1), *run.wait_for_pids("deaf", 1)]
    pids += run.wait_for_pids("parent", 2)
    began = time.monotonic()
    run.popen.send_signal(signal.SIGINT)
    wait_until(lambda: not is_alive(pids[0]), 2)
    assert is_alive(pids[1])
    assert run.popen.wait(5) == 0
    assert 3.5 < time.monotonic() - began < 5
    assert not any(map(is_alive, pids))


def test_a_second_ctrl_c_ends_all_at_once(start: Callable[..., Run]) -> None:
    run = start({"deaf": DEAF})
    (pid,) = run.wait_for_pids("deaf", 1)
    run.popen.send_signal(signal.SIGINT)
    time.sleep(0.1)  # two signals at once would be one
    run.popen.send_signal(signal.SIGINT)  # the same key, passed on twice
    time.sleep(0.5)
    assert is_alive(pid)
    run.popen.send_signal(signal.SIGINT)
    assert run.popen.wait(1) == 0
    assert not is_alive(pid)


@on_linux
@forked_or_not
def test_no_process_outlives_a_killed_supervisor(start: Callable[..., Run], fork: bool) -> None:
    run = start({"web": OBEDIENT, "deaf": DEAF}, fork)
    pids = [*run.wait_for_pids("web", 1), *run.wait_for_pids("deaf", 1)]
    run.popen.kill()
    wait_until(lambda: not any(map(is_alive, pids)), 2)


def test_what_a_dead_process_leaves_in_its_group_is_killed(start: Callable[..., Run]) -> None:
    run = start({"parent": WITH_CHILD})
    pids = run.wait_for_pids("parent", 2)
    leader = next(pid for pid in pids if os.getpgid(pid) == pid)
    os.kill(leader, signal.SIGKILL)
    wait_until(lambda: not any(map(is_alive, pids)), 5)
    assert len(run.wait_for_pids("parent", 4)) == 4


def test_every_line_carries_its_process_and_the_unfinished_last_one_too(
    start: Callable[..., Run],
) -> None:
    script = "import sys; print('one\\ntwo', flush=True); sys.stderr.write('three')"
    run = start({"a": script, "longer": OBEDIENT})
    wait_until(lambda: any("ended" in line for line in run.lines))
    assert {"a      | one", "a      | two", "a      | three"} <= set(run.lines)


def test_it_ends_when_nobody_reads_its_output() -> None:
    script = "import time\nwhile True: print('x', flush=True); time.sleep(0.05)"
    processes = [{"name": "chatty", "argv": [sys.executable, "-c", script]}]
    with subprocess.Popen(
        [sys.executable, "-c", SUPERVISE, json.dumps(processes), ""],
        stdout=subprocess.PIPE,
        cwd=ROOT,
    ) as popen:
        assert popen.stdout is not None
        popen.stdout.readline()
        popen.stdout.close()
        assert popen.wait(5) == 0


def test_a_busy_port_is_a_sentence_that_names_the_variable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(CannotStart) as caught:
            check_port(port, "PINCITE_PORT")
    assert f"Port {port} on 127.0.0.1 cannot be used (Address already in use)" in str(caught.value)
    assert "choose another port: PINCITE_PORT=" in str(caught.value)
    check_port(port, "PINCITE_PORT")  # free again, lingering connections or not


def test_make_run_on_a_busy_port_says_so_and_exits_1(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "config.supervisor"],
            cwd=ROOT,
            env={**os.environ, "PINCITE_DATA": str(tmp_path), "PINCITE_PORT": str(port)},
            capture_output=True,
            text=True,
            timeout=30,
        )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith(f"Port {port} on 127.0.0.1 cannot be used")


def test_make_run_serves_pages_and_workers_and_ends_on_one_ctrl_c(tmp_path: Path) -> None:
    environment = dict(os.environ, PINCITE_DATA=str(tmp_path / "data"), PINCITE_URL="")
    environment["DJANGO_SETTINGS_MODULE"] = "config.settings"
    environment |= {"PINCITE_PORT": str(free_port()), "DATABASE_URL": "", "ANTHROPIC_API_KEY": ""}
    environment["PINCITE_EMULATOR_URL"] = environment["PINCITE_EMULATOR_PORT"] = ""
    log = tmp_path / "log"
    with log.open("wb") as output:
        popen = subprocess.Popen(
            [sys.executable, "-m", "config.supervisor"], cwd=ROOT, env=environment, stdout=output
        )

    def all_well() -> bool:
        url = f"http://127.0.0.1:{environment['PINCITE_PORT']}/health"
        with urllib.request.urlopen(url) as response:
            workers = json.load(response)["workers"]
        return set(workers.values()) == {"ok"}

    try:
        wait_until(lambda: "Ctrl-C stops everything" in log.read_text(), 120)
        assert f"http://127.0.0.1:{environment['PINCITE_PORT']}/signin/link/" in log.read_text()
        wait_until(all_well, 20)
        began = time.monotonic()
        popen.send_signal(signal.SIGINT)
        assert popen.wait(5) == 0
        assert time.monotonic() - began < 5
    finally:
        popen.kill()
        popen.wait()
    assert "ended (" not in log.read_text(), "a process had to be started again"


def test_a_second_run_on_the_same_data_is_refused_and_on_other_data_is_not(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    hold = "import sys, pathlib; from config.supervisor.prepare import lock\n"
    hold += "lock(pathlib.Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(CannotStart, match=rf"already running .*process {holder.pid}"):
            lock(tmp_path)
        lock(tmp_path / "other")
        holder.kill()
    lock(tmp_path)


def test_the_emulator_is_started_only_when_nobody_else_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # set first, so that what choose_emulator writes is undone
    for name in ("ANTHROPIC_API_KEY", "PINCITE_EMULATOR_URL", "PINCITE_EMULATOR_PORT"):
        monkeypatch.setenv(name, "")
    assert choose_emulator()
    port = int(os.environ["PINCITE_EMULATOR_PORT"])
    assert os.environ["PINCITE_EMULATOR_URL"] == f"http://127.0.0.1:{port}"
    assert not choose_emulator(), "an emulator somebody named is used, not doubled"
    monkeypatch.setenv("PINCITE_EMULATOR_URL", "")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "a key")
    assert not choose_emulator()
    names = [process.name for process in table(Path("d"), 1, 1, emulator_port=None)]
    assert names == ["web", "answers", "ingest", "ocr", "default", "beat", "greeting"]


def test_the_procfile_lists_the_same_processes() -> None:
    lines = (ROOT / "Procfile").read_text().splitlines()
    listed = dict(line.split(": ", 1) for line in lines if line and not line.startswith("#"))
    processes = table(Path("$PINCITE_DATA"), 8000, 16, emulator_port=8001)
    expected = {p.name: " ".join(["python", *p.argv[1:]]) for p in processes if not p.once}
    assert listed == expected


def test_free_port_is_free() -> None:
    with socket.create_server(("127.0.0.1", free_port())):
        pass
