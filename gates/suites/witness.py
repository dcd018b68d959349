"""What a run of pytest comes to, told from inside it as it happens: a plugin that is copied beside the target's tree.

It is never imported here, but by the target's pytest, and so needs no more than Python 3.8 and pytest 7. What it sees
goes through a socket to whoever started the run: what was said cannot be taken back, so that a report forged at the
end, or by a hook further out, contradicts it. It tells

* for every phase of every test: whether it raised, and what was made of that;
* whether the test's own code was entered at all, and where that code is; and where the code that was entered under the
  test's name is, for a decorator, a base or a metaclass may have put other code in its place;
* asserts that failed in a forked child, whose end nobody may have looked at;
* who has written into coverage's data but coverage itself;
* that the run was broken off, and why;
* which files of the tree the modules in the end came from.

It lives in the target's process. Whoever knows it can deceive it: it is a tripwire, and no proof.
"""

from __future__ import annotations

import inspect
import json
import opcode
import os
import socket
import sys
import threading
import types
import unittest
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ADDRESS = ""
"""Path of the socket; written in when this file is copied."""
WRAPPERS = 50
WAITING = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
UNBEGUN = opcode.opmap.get("RETURN_GENERATOR", -1)
WRITERS = ("add_lines", "add_arcs", "update", "loads", "touch_file", "touch_files", "erase")
"""Methods of coverage's data that change it."""

_line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
_line.connect(ADDRESS)
_number = _line.detach()  # a socket that nobody closes would be warned of at the end, with the target's tests
_entered: dict[str, tuple[bool | None, list[tuple[str, int]] | None]] = {}
_current = ""


_write, _dumps, _pid = os.write, json.dumps, os.getpid  # as they are before any code of the target has run


def _tell(**what: object) -> None:
    line = (_dumps({"pid": _pid(), **what}) + "\n").encode()
    try:
        while line:
            line = line[_write(_number, line) :]
    except OSError:
        return  # what is missing in the end counts against the run


def _hide() -> None:
    """Leave the variable by which we were found to no program of the target, and our folder last in its path."""
    folder = str(Path(__file__).parent)
    if os.environ.get("PYTHONPATH") == folder:
        del os.environ["PYTHONPATH"]
    if folder in sys.path:
        sys.path.remove(folder)
        sys.path.append(folder)  # processes that pytest-xdist starts look for us there


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Know which test it is that a child is forked from."""
    global _current  # noqa: PLW0603 - a plugin is a module
    _current = item.nodeid
    yield


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """See whether the test's own code is entered: until then every call is looked at, and none after that."""
    codes = _codes(item)
    watch = _Watch(item, codes)
    watched = bool(codes) and sys.getprofile() is None
    # what is wrapped, or has to be awaited, may be called in a thread of its own
    in_threads = watched and not watch.is_plain and getattr(threading, "_profile_hook", None) is None
    if in_threads:
        threading.setprofile(watch.look)
    if watched:
        sys.setprofile(watch.look)
    yield
    ended = watch.is_over or sys.getprofile() == watch.look
    watch.is_over = True
    if sys.getprofile() == watch.look:
        sys.setprofile(None)
    if in_threads:
        threading.setprofile(None)
    # without an end of ours something else was looking in the meantime
    ran = [_place(code, str(item.config.rootpath)) for code in watch.ran.values()] if watched and ended else None
    _entered[item.nodeid] = (watch.entered if watched else None, ran)


class _Watch:
    """What is entered in the call of one test."""

    def __init__(self, item: pytest.Item, codes: list[types.CodeType]) -> None:
        name = getattr(item, "originalname", None) or item.name.partition("[")[0]
        self._codes, self._last = codes, codes[-1] if codes else None
        self._name, self._names = name, {name, *(code.co_name for code in codes[-1:])}
        # of a function that only stands in a test's place, what it may call is to be seen as well
        self._is_own = len(codes) > 1 or (bool(codes) and codes[-1].co_name == name)
        self.is_plain = self._is_own and len(codes) == 1 and not codes[-1].co_flags & WAITING
        self.entered = self.is_over = False
        self.ran: dict[int, types.CodeType] = {}

    def look(self, frame: types.FrameType, _: str, __: object) -> None:
        """Called for every call and return, until the test's own code is found."""
        if self.is_over:
            sys.setprofile(None)  # of a thread that goes on
            return
        code = frame.f_code
        is_named = code.co_name in self._names or (not self._is_own and self._is_made_of(code))
        if not (is_named or code in self._codes) or not _has_begun(frame):
            return
        self.entered = self.entered or code in self._codes
        if is_named:
            self.ran[id(code)] = code  # two that are equal may stand in two files
        if code is self._last and self._is_own:
            self.is_over = True
            sys.setprofile(None)

    def _is_made_of(self, code: types.CodeType) -> bool:
        """Whether the test, `test_sum_1_of_two`, may be one of many that were made of a function, `test_sum`."""
        return self._name.startswith(f"{code.co_name}_")


def _has_begun(frame: types.FrameType) -> bool:
    """A generator that is thrown away before its first step has a frame as well, in which nothing was done."""
    if not frame.f_code.co_flags & WAITING:
        return True
    return frame.f_lasti >= 0 and frame.f_code.co_code[frame.f_lasti] != UNBEGUN


def _codes(item: pytest.Item) -> list[types.CodeType]:
    """The code of a test, and of what is wrapped around it; the test's own last."""
    found: list[types.CodeType] = []
    function: Any = getattr(item, "obj", None)
    while function is not None and len(found) < WRAPPERS:
        function = getattr(function, "__func__", function)
        code = getattr(function, "__code__", None)
        if isinstance(code, types.CodeType):
            found.append(code)
        function = getattr(function, "__wrapped__", None)
    return found


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Tell what a phase came to, by the exception and by the report."""
    made: Any = yield
    skipped = (pytest.skip.Exception, unittest.SkipTest)
    raised = call.excinfo is not None and not issubclass(call.excinfo.type, skipped)
    report = None if made.excinfo else made.get_result()
    entered, ran = _entered.pop(item.nodeid, (None, None)) if call.when == "call" else (None, None)
    if call.when == "call" or raised:
        codes = _codes(item)
        _tell(
            test=getattr(report, "nodeid", item.nodeid),
            when=call.when,
            raised=raised,
            entered=entered,
            ran=ran,
            place=_place(codes[-1], str(item.config.rootpath)) if codes else None,
        )


def _place(code: types.CodeType, root: str) -> tuple[str, int]:
    """File and line; a file of the tree by its path from the root, for it is judged where the tree lies elsewhere."""
    return _inside(code.co_filename, root) or code.co_filename, code.co_firstlineno


def _inside(name: str, root: str) -> str | None:
    for base in (root, os.path.realpath(root)):
        if name.startswith(base + os.sep):
            return name[len(base) + 1 :]
    return None


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    """Tell whether it ends before its time, and which files of the tree stand for modules at the top."""
    if reason := session.shouldstop or session.shouldfail:
        _tell(broken=str(reason)[:300])
    root = str(session.config.rootpath)
    top = [(name, getattr(module, "__file__", None)) for name, module in list(sys.modules.items()) if "." not in name]
    found = {name: _inside(file, root) for name, file in top if isinstance(file, str)}
    _tell(modules={name: path for name, path in found.items() if path})
    yield


@pytest.hookimpl(tryfirst=True)
def pytest_keyboard_interrupt(excinfo: pytest.ExceptionInfo[BaseException]) -> None:
    """Tell that something ended the run: an interrupt, or `pytest.exit`, which may choose its code."""
    _tell(broken=excinfo.exconly()[:300])


def _watch_children() -> None:
    """In a forked child, tell of asserts that fail, as pytest writes them anew."""
    from _pytest import assertion  # noqa: PLC0415 - there is no public way

    rewrite: Any = assertion.rewrite
    explain = getattr(rewrite, "_format_explanation", None)

    def told(explanation: str) -> str:
        _tell(forked=_current, message=explanation[:300])
        return str(explain(explanation)) if explain else explanation

    rewrite._format_explanation = told  # noqa: SLF001


def _watch_coverage() -> None:
    """Tell who writes into the data of the coverage that is measuring, but coverage itself."""
    coverage: Any = sys.modules.get("coverage")
    if coverage is None:
        return
    own = str(Path(coverage.__file__).parent) + os.sep

    def folder(data: object) -> str:
        return os.path.dirname(getattr(data, "data_filename", str)())  # noqa: PTH120 - as text, and fast

    def is_ours(data: object) -> bool:
        measuring = getattr(coverage.Coverage.current(), "_data", None)
        return measuring is not None and folder(data) == folder(measuring)

    def guarded(write: Callable[..., object]) -> Callable[..., object]:
        def told(self: object, *args: object, **more: object) -> object:
            caller = sys._getframe(1)  # noqa: SLF001
            if not caller.f_code.co_filename.startswith(own) and is_ours(self):
                _tell(forged=caller.f_code.co_filename, line=caller.f_lineno)
            return write(self, *args, **more)

        return told

    for name in WRITERS:
        if hasattr(coverage.CoverageData, name):
            setattr(coverage.CoverageData, name, guarded(getattr(coverage.CoverageData, name)))


_hide()
_watch_coverage()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_watch_children)
_tell(started=sys.version_info[:2])
