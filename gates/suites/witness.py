"""What a run of pytest comes to, told from inside it as it happens: a plugin that is copied beside the target's tree.

It is never imported here, but by the target's pytest, and so needs no more than Python 3.8 and pytest 7. What it sees
goes through a socket to whoever started the run: what was said cannot be taken back, so that a report forged at the
end, or by a hook further out, contradicts it. It tells

* for every phase of every test: whether it raised, and what was made of that;
* whether the test's own code was entered at all, and where that code is;
* asserts that failed in a forked child, whose end nobody may have looked at;
* who has written into coverage's data but coverage itself.

It lives in the target's process. Whoever knows it can deceive it: it is a tripwire, and no proof.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import types
import unittest
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ADDRESS = ""
"""Path of the socket; written in when this file is copied."""
WRAPPERS = 50
WRITERS = ("add_lines", "add_arcs", "update", "loads", "touch_file", "touch_files", "erase")
"""Methods of coverage's data that change it."""

_socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
_socket.connect(ADDRESS)
_entered: dict[str, bool | None] = {}
_current = ""


_send, _dumps, _pid = _socket.sendall, json.dumps, os.getpid  # as they are before any code of the target has run


def _tell(**what: object) -> None:
    try:
        _send((_dumps({"pid": _pid(), **what}) + "\n").encode())
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
    entered: list[bool] = []

    def look(frame: types.FrameType, _: str, __: object) -> None:
        if frame.f_code in codes:
            entered.append(True)
            sys.setprofile(None)

    watched = bool(codes) and sys.getprofile() is None
    if watched:
        sys.setprofile(look)
    yield
    if sys.getprofile() is look:
        sys.setprofile(None)
    _entered[item.nodeid] = bool(entered) if watched else None


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
    entered = _entered.pop(item.nodeid, None) if call.when == "call" else None
    if call.when == "call" or raised:
        codes = _codes(item)
        _tell(
            test=getattr(report, "nodeid", item.nodeid),
            when=call.when,
            raised=raised,
            entered=entered,
            place=_place(codes[-1], str(item.config.rootpath)) if codes else None,
        )


def _place(code: types.CodeType, root: str) -> tuple[str, int]:
    """File and line; a file of the tree by its path from the root, for it is judged where the tree lies elsewhere."""
    for base in (root, os.path.realpath(root)):
        if code.co_filename.startswith(base + os.sep):
            return code.co_filename[len(base) + 1 :], code.co_firstlineno
    return code.co_filename, code.co_firstlineno


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
