"""The only module that starts processes: git and our own workers plainly, everything foreign under supervision.

* A `Command` is one value; its environment is complete: nothing of the caller's is added.
* `run` is for programs of ours that end by themselves. `run_foreign` is for what agents and targets bring: its output
  is capped, its time limited, and its whole process tree ends with it (`tasks/supervise.py`).
* `Processes` is the handle by which a run ends everything that it started, from a signal handler or on cancellation.
"""

import contextlib
import json
import math
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from tasks.capture import Capture
from tasks.errors import Interrupted
from tasks.jail import Jail
from tasks.share import Share
from tasks.usage import Usage

SUPERVISOR = str(Path(__file__).with_name("supervise.py"))
SUPERVISOR_KILLED = "its supervisor was killed"
DRAIN = 1.0  # seconds to read on after the tree has ended
TICK = 0.5  # seconds between two looks at the clock
PATIENCE = 15.0  # seconds that a supervisor has to end its tree, before it is ended itself


@dataclass(frozen=True)
class Command:
    """One program to run."""

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    stdin: bytes | Callable[[], bytes] = b""
    """A function makes it; `run_foreign` calls it when the program has been started, whose time does not count until it
    returns. What it raises ends the program."""
    timeout: float | None = None
    """Seconds; None: no limit."""
    jail: Jail | None = None
    """What a foreign program is kept to; None: nothing. Programs of ours are never restricted."""
    bounds: Share | None = None
    """What a foreign program may take of the machine; None: whatever it likes."""
    metered: bool = False
    """Whether what a foreign program uses is measured."""
    behind: bool = False
    """Whether a foreign program lets others have the processors first."""


@dataclass(frozen=True)
class Completed:
    """What came of a command."""

    code: int | None
    """Exit code, negative for a signal; None if it did not start or was ended by us."""
    stdout: bytes
    stderr: bytes
    seconds: float
    failure: str | None = None
    """Why it did not end by itself, as a sentence; None when it did."""
    usage: Usage | None = None
    """What it used, if that was to be measured; None as well when its supervisor could not say."""

    @property
    def output(self) -> str:
        """Both streams as text, for people."""
        return (self.stdout + self.stderr).decode(errors="replace")


class Lifeline:
    """A pipe that the orchestrator holds open while a program may live; cutting it ends the program's whole tree."""

    def __init__(self) -> None:
        self.theirs, self._ours = os.pipe()
        self._lock = threading.Lock()
        self._open = True

    def cut(self) -> None:
        """End the program; later cuts do nothing, whatever else has the pipe's number by then."""
        with self._lock:
            if self._open:
                self._open = False
                os.close(self._ours)


class Processes:
    """The supervised programs of one run; `stop` ends them all and lets no other start."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lifelines: set[Lifeline] = set()
        self._stopped = False

    def stop(self) -> None:
        """End every program's whole tree; safe to call twice and from any thread."""
        with self._lock:
            self._stopped = True
            lifelines = tuple(self._lifelines)
        for lifeline in lifelines:
            lifeline.cut()

    @contextlib.contextmanager
    def lifeline(self) -> Iterator[Lifeline]:
        """A lifeline for one program, cut when the block ends. Raises Interrupted after `stop`."""
        with self._lock:
            if self._stopped:
                raise Interrupted("interrupted: nothing more is started; `sparc resume` goes on from here")
            line = Lifeline()
            self._lifelines.add(line)
        try:
            yield line
        finally:
            os.close(line.theirs)
            line.cut()
            with self._lock:
                self._lifelines.discard(line)

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._stopped


processes: ContextVar[Processes] = ContextVar("processes", default=Processes())  # noqa: B039 - one shared default is meant
"""The handle of the run in whose context a command is started; tasks in threads inherit it."""


def run(command: Command) -> Completed:
    """Run a program of ours to its end and keep all that it prints.

    A program that is missing, or that outlives its time, is a `failure`, not an exception.
    """
    started = time.monotonic()
    try:
        done = subprocess.run(
            command.argv,
            cwd=command.cwd,
            env=dict(command.env),
            input=command.stdin() if callable(command.stdin) else command.stdin,
            capture_output=True,
            timeout=command.timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        failure = f"timed out after {command.timeout:g} s: {command.argv[0]}"
        return Completed(None, late.stdout or b"", late.stderr or b"", time.monotonic() - started, failure)
    except OSError as problem:
        failure = f"cannot start {command.argv[0]}: {problem.strerror}"
        return Completed(None, b"", b"", time.monotonic() - started, failure)
    return Completed(done.returncode, done.stdout, done.stderr, time.monotonic() - started)


def run_foreign(command: Command, log: Path | None = None) -> Completed:
    """Run a program that is not ours, under supervision; `log` keeps its output on disk, capped.

    Raises Interrupted when the run was stopped.
    """
    started = time.monotonic()
    scope = processes.get()
    with contextlib.ExitStack() as stack:
        spool = stack.enter_context(log.open("wb")) if log else None
        lifeline = stack.enter_context(scope.lifeline())
        status, status_end = os.pipe()
        stack.callback(os.close, status)
        try:
            process = stack.enter_context(_spawn(command, lifeline.theirs, status_end))
        except OSError as problem:
            return Completed(None, b"", b"", 0.0, f"cannot start {command.argv[0]}: {problem.strerror}")
        finally:
            os.close(status_end)
        stack.callback(lifeline.cut)  # first of all, or whatever is raised below waits for the program's own end
        stdin = command.stdin() if callable(command.stdin) else command.stdin
        pump = _Pump(process, stdin, status, Capture(spool), Capture(spool))
        late = pump.until_ended(command.timeout, scope, lifeline)
        record = pump.record
        if record.get("failure") == SUPERVISOR_KILLED and "pid" in record:
            with contextlib.suppress(OSError):
                os.killpg(record["pid"], signal.SIGKILL)
    if scope.stopped:
        raise Interrupted("interrupted: what was running has been ended; `sparc resume` goes on from here")
    failure = f"timed out after {command.timeout:g} s" if late else record.get("failure")
    code = None if failure else record["code"]
    seconds = time.monotonic() - started
    return Completed(code, pump.stdout.value(), pump.stderr.value(), seconds, failure, Usage.told(record))


def _spawn(command: Command, lifeline: int, status: int) -> subprocess.Popen[bytes]:
    jail = command.jail or Jail("none", ())
    bounds = command.bounds.supervised(map(str, jail.writable)) if command.bounds else ""
    argv = (bounds, *jail.supervised(), *jail.wrapped(command.argv, command.cwd))
    letters = f"{'m' if command.metered else ''}{'b' if command.behind else ''}"
    return subprocess.Popen(
        (sys.executable, "-I", "-S", SUPERVISOR, str(lifeline), f"{status}{letters}", *argv),
        cwd=command.cwd,
        env=dict(command.env),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=(lifeline, status),
        start_new_session=True,
    )


class _Pump:
    """Moves a program's streams in one loop, without a thread of its own."""

    def __init__(
        self, process: subprocess.Popen[bytes], stdin: bytes, status: int, stdout: Capture, stderr: Capture
    ) -> None:
        self.stdout, self.stderr = stdout, stderr
        self._process = process
        self._pending = memoryview(stdin)
        self._status, self._said = status, bytearray()
        self._selector = selectors.DefaultSelector()
        self._gone_at: float | None = None
        streams: tuple[tuple[IO[bytes] | None, Capture], ...] = ((process.stdout, stdout), (process.stderr, stderr))
        for stream, capture in streams:
            self._selector.register(cast("IO[bytes]", stream), selectors.EVENT_READ, capture.add)
        self._selector.register(status, selectors.EVENT_READ, self._said.extend)
        self._stdin = cast("IO[bytes]", process.stdin)
        os.set_blocking(self._stdin.fileno(), False)
        self._selector.register(self._stdin, selectors.EVENT_WRITE)

    def until_ended(self, timeout: float | None, scope: Processes, lifeline: Lifeline) -> bool:
        """Pump until the supervisor has gone; whether the program's time was up, for which its lifeline was cut."""
        deadline = time.monotonic() + (math.inf if timeout is None else timeout)
        late, ending = False, math.inf
        with self._selector:
            while self._selector.get_map():
                now = time.monotonic()
                if self._gone_at and now > self._gone_at + DRAIN:
                    break
                if now >= deadline and not self._gone_at:
                    late, deadline = True, math.inf
                    lifeline.cut()
                if late or scope.stopped:
                    ending = min(ending, now + PATIENCE)
                    # the program may have stopped its supervisor
                    self._process.send_signal(signal.SIGKILL if now > ending else signal.SIGCONT)
                for key, _ in self._selector.select(min(max(deadline - now, 0), TICK)):
                    self._move(key)
        return late

    def _move(self, key: selectors.SelectorKey) -> None:
        if key.fileobj is self._stdin:
            self._feed()
        elif data := os.read(key.fd, 1 << 16):
            key.data(data)
        else:
            self._selector.unregister(key.fileobj)
            if key.fileobj == self._status:
                self._gone_at = time.monotonic()

    def _feed(self) -> None:
        try:
            self._pending = self._pending[os.write(self._stdin.fileno(), self._pending[:65536]) :]
        except BlockingIOError:
            return
        except OSError:  # it does not read its input, which is its right
            self._pending = self._pending[:0]
        if not self._pending:
            self._selector.unregister(self._stdin)
            with contextlib.suppress(OSError):
                self._stdin.close()

    @property
    def record(self) -> dict[str, Any]:
        """What the supervisor said: `pid` first, and `code` or `failure` last; in between others may have spoken."""
        record: dict[str, Any] = {}
        for line in bytes(self._said).splitlines():
            with contextlib.suppress(ValueError, TypeError):  # cut off by a death, or not its word
                record = record | json.loads(line) | ({"pid": record["pid"]} if "pid" in record else {})
        return record if "code" in record or "failure" in record else record | {"failure": SUPERVISOR_KILLED}


def start_detached(command: Command, log: Path) -> int:
    """Start a program that outlives us, in a session of its own, its output in `log`; the process id.

    Its standard input is empty and its time is not limited. While we live, a thread collects it when it ends, so that
    no zombie looks like a running program.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            command.argv,
            cwd=command.cwd,
            env=dict(command.env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    threading.Thread(target=process.wait, daemon=True, name=f"detached-{process.pid}").start()
    return process.pid
