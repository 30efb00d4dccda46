"""Starts processes, restarts those that die, passes their output on and ends them all together.

One thread and one loop: forking is safe only without threads, and the thread a child's life hangs
on (Linux: PR_SET_PDEATHSIG) must live as long as the supervisor.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import runpy
import selectors
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, NoReturn

FIRST_DELAY, LONGEST_DELAY = 0.2, 5.0
HEALTHY_SECONDS = 10.0
GRACE_SECONDS = 4.0
# make, timeout and a terminal may all pass the same Ctrl-C on; only a later one is a second one.
IMPATIENCE_SECONDS = 0.3

_PR_SET_PDEATHSIG = 1
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_COLOURS = (36, 33, 32, 35, 34, 31)
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Process:
    """``env`` is added to the supervisor's own. ``once``: its output has no prefix, no restart."""

    name: str
    argv: list[str]
    env: Mapping[str, str] = field(default_factory=dict)
    once: bool = False

    def execute(self) -> NoReturn:
        """Become the program."""
        try:
            os.execvp(self.argv[0], self.argv)
        except OSError as error:
            os.write(2, f"{self.argv[0]}: {error}\n".encode())
            os._exit(127)

    def imitate(self) -> None:
        """Do what ``python -m module`` does, in this process with all it has imported already."""
        _python, _m, module, *arguments = self.argv
        sys.argv = [module, *arguments]
        _name_process(f"pincite {self.name} ({module})")
        runpy.run_module(module, run_name="__main__", alter_sys=True)


class Forked(BaseException):
    """Leaves the supervisor's stack in a child; whoever catches it calls ``process.imitate()``."""

    def __init__(self, process: Process) -> None:
        super().__init__(process.name)
        self.process = process


@dataclass
class _Child:
    process: Process
    pid: int = 0  # 0: it does not run
    stdout: int = -1
    started: float = 0.0
    failures: int = 0
    due: float | None = 0.0  # when to start it (monotonic); None: it runs, or is not to run again
    unfinished: bytes = b""


class Supervisor:
    """``run()`` returns when SIGINT, SIGTERM or SIGHUP ended everything, at most 5 s later.

    Each process has its own process group. Ending means SIGTERM to the process, then SIGKILL to
    its group after 4 s, or at once on a second Ctrl-C. What a dead process leaves in its group is
    killed before it is started again. On Linux no process outlives a killed supervisor.

    With ``fork``, ``python -m`` processes are not executed but forked: ``run`` raises Forked in
    each. They share what the supervisor imported, in memory and in time.
    """

    def __init__(
        self,
        processes: Sequence[Process],
        output: BinaryIO,
        *,
        colour: bool = False,
        fork: bool = False,
    ) -> None:
        self._children = [_Child(process) for process in processes]
        self._output = output
        self._colour = colour
        self._fork = fork
        self._width = max(len(process.name) for process in processes if not process.once)
        self._selector = selectors.DefaultSelector()
        self._signals: list[int] = []  # received, not yet acted on
        self._stopping: float | None = None  # since when (monotonic)
        self._killed = False
        self._pid = os.getpid()

    def run(self) -> None:
        wake, wake_write = os.pipe()
        for end in (wake, wake_write):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        for number in _STOP_SIGNALS:
            # acted on in the loop: here a process may be half started
            signal.signal(number, lambda number, _frame: self._signals.append(number))
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only to wake the loop
        self._selector.register(wake, selectors.EVENT_READ)
        while self._stopping is None or any(child.pid for child in self._children):
            now = time.monotonic()
            self._start_due(now)
            for key, _events in self._selector.select(self._patience(now)):
                if key.data is None:
                    os.read(wake, 4096)
                else:
                    self._read(key.data)
            while self._signals:
                self._stop(self._signals.pop(0))
            self._reap()
            if self._stopping is not None and time.monotonic() >= self._stopping + GRACE_SECONDS:
                self._kill()

    # Starting and ending --------------------------------------------------------------------

    def _start_due(self, now: float) -> None:
        for child in self._children:
            if self._stopping is None and child.due is not None and child.due <= now:
                child.due, child.started = None, now
                self._spawn(child)

    def _spawn(self, child: _Child) -> None:
        child.stdout, write = os.pipe()
        self._output.flush()
        pid = os.fork()
        if pid == 0:
            self._leave(write)
            os.environ.update({"PYTHONUNBUFFERED": "1", **child.process.env})
            if self._fork and child.process.argv[:2] == [sys.executable, "-m"]:
                raise Forked(child.process)
            child.process.execute()
        os.close(write)
        with contextlib.suppress(OSError):  # as the child does: whoever comes first
            os.setpgid(pid, pid)
        os.set_blocking(child.stdout, False)
        self._selector.register(child.stdout, selectors.EVENT_READ, child)
        child.pid = pid

    def _leave(self, stdout: int) -> None:
        """In the child: hold nothing of the supervisor's, and do not outlive it."""
        os.setpgid(0, 0)
        if _libc:
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != self._pid:  # killed in between
            os._exit(1)
        signal.set_wakeup_fd(-1)
        for number in (*_STOP_SIGNALS, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self._selector.close()
        stdin = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((stdin, 0), (stdout, 1), (stdout, 2)):
            os.dup2(source, target)
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))

    def _reap(self) -> None:
        for child in self._children:
            # Looked at but not reaped yet, so that the number of its group is still its own.
            if child.pid and os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                _signal_group(child.pid, signal.SIGKILL)
                self._bury(child)

    def _bury(self, child: _Child) -> None:
        status = os.waitstatus_to_exitcode(os.waitpid(child.pid, 0)[1])
        self._read(child)
        if child.unfinished:
            self._write(child, [child.unfinished])
            child.unfinished = b""
        self._selector.unregister(child.stdout)
        os.close(child.stdout)
        child.pid = 0
        if self._stopping is None and not child.process.once:
            if time.monotonic() - child.started >= HEALTHY_SECONDS:
                child.failures = 0
            delay = min(FIRST_DELAY * 2**child.failures, LONGEST_DELAY)
            child.failures = min(child.failures + 1, 10)
            child.due = time.monotonic() + delay
            message = f"ended ({_describe(status)}); starting again in {delay:.1f} s"
            self._write(child, [message.encode()])

    def _stop(self, number: int) -> None:
        now = time.monotonic()
        if self._stopping is None:
            self._stopping = now
            for child in self._children:
                if child.pid:
                    os.kill(child.pid, signal.SIGTERM)
        elif number == signal.SIGINT and now - self._stopping >= IMPATIENCE_SECONDS:
            self._kill()

    def _kill(self) -> None:
        if not self._killed:
            self._killed = True
            for child in self._children:
                if child.pid:
                    _signal_group(child.pid, signal.SIGKILL)

    def _patience(self, now: float) -> float | None:
        """Seconds until something is to be done without being woken; None: nothing is."""
        if self._stopping is not None:
            return 0.2 if self._killed else max(0.0, self._stopping + GRACE_SECONDS - now)
        due = [child.due for child in self._children if child.due is not None]
        return max(0.0, min(due) - now) if due else None

    # Output ---------------------------------------------------------------------------------

    def _read(self, child: _Child) -> None:
        """Pass on every finished line there is."""
        try:
            while data := os.read(child.stdout, 65536):
                *lines, child.unfinished = (child.unfinished + data).split(b"\n")
                self._write(child, lines)
        except BlockingIOError:
            return

    def _write(self, child: _Child, lines: Sequence[bytes]) -> None:
        prefix = b""
        if not child.process.once:
            name = f"{child.process.name:<{self._width}} |"
            if self._colour:
                colour = _COLOURS[self._children.index(child) % len(_COLOURS)]
                name = f"\x1b[{colour}m{name}\x1b[0m"
            prefix = name.encode() + b" "
        try:
            self._output.write(b"".join(prefix + line + b"\n" for line in lines))
            self._output.flush()
        except OSError:
            # Nobody reads any more (`make run | head`): there is nobody to run for.
            self._output = open(os.devnull, "wb")  # noqa: SIM115
            self._stop(signal.SIGTERM)


def _signal_group(group: int, number: int) -> None:
    # macOS answers EPERM when only zombies are left
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _describe(status: int) -> str:
    return f"status {status}" if status >= 0 else f"signal {signal.Signals(-status).name}"


def _name_process(title: str) -> None:
    """Show the title in ``ps``, cut to the room that this process's own arguments have there."""
    if not _libc:
        return
    with contextlib.suppress(OSError, ValueError, IndexError):
        with open("/proc/self/stat", "rb") as stat:
            fields = stat.read().rpartition(b")")[2].split()
        start, end = int(fields[45]), int(fields[46])
        if 0 < start < end:
            ctypes.memmove(
                start, title.encode()[: end - start - 1].ljust(end - start, b"\0"), end - start
            )
