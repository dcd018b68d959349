"""Code that reaches around the tests: ways out of the process, hooks, tracing, replaced modules and builtins.

Each is a mark, and counts where the base did not have it. Names are followed through imports, assignments and
`getattr` with a text. What is hidden better than that (`exec`, text put together) is not found.
"""

import ast
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from gates.tampering import insides
from gates.tampering.conftests import patched_for_all
from gates.tampering.python import Function, Module, last, refused_when_deep
from gates.tampering.rules import Mark, Sign
from gates.tampering.truth import truth

EXECS = frozenset(f"os.exec{how}" for how in ("v", "ve", "vp", "vpe", "l", "le", "lp", "lpe"))
EXITS = EXECS | {"os._exit", "os.abort", "pytest.exit", "_pytest.outcomes.exit", "os.fork", "os.forkpty"}
"""Ends a process, or leaves it, without a word to pytest."""
EXITS_OF_TESTS = frozenset({
    "sys.exit", "exit", "quit", "atexit.register", "signal.signal", "signal.alarm", "signal.raise_signal",
    "signal.pthread_kill", "os.kill", "os.killpg",
})  # fmt: skip
TRACING = frozenset({
    "sys.settrace", "sys.setprofile", "threading.settrace", "threading.setprofile", "threading.settrace_all_threads",
    "sys.monitoring.use_tool_id", "sys.monitoring.free_tool_id", "sys.monitoring.set_events", "sys._settraceallthreads",
})  # fmt: skip
HOOKS = frozenset({
    "pytest_collection_modifyitems", "pytest_collection", "pytest_ignore_collect", "pytest_collect_file",
    "pytest_pycollect_makeitem", "pytest_pycollect_makemodule", "pytest_generate_tests", "pytest_itemcollected",
    "pytest_deselected", "pytest_runtest_makereport", "pytest_runtest_protocol", "pytest_runtestloop",
    "pytest_runtest_call", "pytest_runtest_setup", "pytest_pyfunc_call", "pytest_sessionfinish", "pytest_unconfigure",
    "pytest_report_teststatus", "pytest_runtest_logreport", "pytest_exception_interact", "pytest_assertrepr_compare",
    "pytest_cmdline_main", "pytest_cmdline_parse", "pytest_load_initial_conftests", "pytest_terminal_summary",
    "pytest_fixture_setup", "pytest_collection_finish", "pytest_assertion_pass", "pytest_make_collect_report",
})  # fmt: skip
"""Hooks by which results or the set of tests can be changed."""
GUARDED = frozenset({"pytest", "_pytest", "pluggy", "unittest", "coverage", "builtins", "__builtins__"})
"""Packages that nothing may be put into, nor be put in the place of."""
UNCOLLECTED = frozenset({"collect_ignore", "collect_ignore_glob"})
TAKEN = frozenset(map(last, EXITS))
REPLACING = frozenset({"setattr", "delattr", "import_module", "__import__", "update", "setdefault", "__setitem__"})
CALLED = TAKEN | REPLACING | frozenset(map(last, TRACING | EXITS_OF_TESTS))
"""Last names of calls that are worth a second look."""
EQUALITY = {"__eq__": True, "__ne__": False}


@dataclass(frozen=True)
class _Place:
    """One file, and whether it has to do with tests."""

    module: Module
    testing: bool

    def mark(self, rule: str, node: ast.AST, message: str, key: str) -> Mark:
        number = getattr(node, "lineno", 1)
        return Mark(Sign(rule, self.module.path, number, message), key, self.module.line(number))


def marks_of(module: Module, *, testing: bool) -> list[Mark]:
    """Everything of this kind in a file; `testing`: whether it is a test, or lies beside tests. Raises Unmeasurable."""
    place = _Place(module, testing)
    with refused_when_deep(module):
        found = [mark for node in module.nodes for look in LOOKS.get(type(node), ()) for mark in look(place, node)]
        found += insides.marks_of(module, testing=testing)
        return found + list(patched_for_all(module)) if module.path.rpartition("/")[2] == "conftest.py" else found


def _calls(place: _Place, node: ast.Call) -> Iterator[Mark]:
    if _tail(place.module, node.func) not in CALLED:
        return
    name = _as_os(place.module.dotted(node.func))
    if name in EXITS or (place.testing and name in EXITS_OF_TESTS):
        yield place.mark("process-exit", node, f"{name} is called", name)
    elif name in TRACING:
        yield place.mark("tracing-touched", node, f"{name} is called", name)
    elif name in ("setattr", "delattr") and node.args:
        yield from _on(place, node, place.module.dotted(node.args[0]), ast.unparse(node))
    elif name in ("importlib.import_module", "__import__"):
        yield from _imported(place, node, [place.module.dotted(node)])
    elif isinstance(node.func, ast.Attribute) and (owner := _names_of(place, node.func.value)):
        yield from _on(place, node, owner, ast.unparse(node)[:80])
    elif name.startswith("sys.modules."):
        yield from _modules(place, node, node.args[0] if node.args else None)


def _names_of(place: _Place, node: ast.AST) -> str:
    """The module whose `__dict__` or `vars` something is."""
    dotted = place.module.dotted(node)
    return dotted.removesuffix(".__dict__") if dotted.endswith(".__dict__") else _vars_of(place, node)


def _as_os(name: str) -> str:
    """`os._exit` of `posix._exit`, which is the same."""
    return f"os.{name.removeprefix('posix.')}" if name.startswith("posix.") else name


def _tail(module: Module, node: ast.AST) -> str:
    """The last part of what is called, for a quick look."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return last(module.dotted(node)) if isinstance(node, ast.Name | ast.Call | ast.Subscript) else ""


def _taken(place: _Place, node: ast.Attribute) -> Iterator[Mark]:
    if node.attr in TAKEN and (name := _as_os(place.module.dotted(node))) in EXITS:
        yield place.mark("process-exit", node, f"{name} is taken hold of", name)


def _imports(place: _Place, node: ast.Import | ast.ImportFrom) -> Iterator[Mark]:
    outside = isinstance(node, ast.ImportFrom) and not node.level
    yield from _imported(place, node, [node.module or ""] if isinstance(node, ast.ImportFrom) and outside
                         else [each.name for each in node.names] if isinstance(node, ast.Import) else [])  # fmt: skip


def _imported(place: _Place, node: ast.AST, names: list[str]) -> Iterator[Mark]:
    for name in names:
        if name.partition(".")[0] == "coverage":
            yield place.mark("tracing-touched", node, f"{name} is imported", name)


def _functions(place: _Place, node: Function) -> Iterator[Mark]:
    if node.name in HOOKS and (place.testing or _is_hook(place.module, node)):
        segment = place.module.segment(node.lineno, node.end_lineno or node.lineno)
        yield place.mark("pytest-hook", node, f"{node.name} is defined", f"{node.name} {' '.join(segment.split())}")
    if node.name in EQUALITY and _returns(node.body, value=EQUALITY[node.name]):
        yield place.mark("always-equal", node, f"{node.name} gives {EQUALITY[node.name]} for everything", node.name)


def _assigned(place: _Place, node: ast.Assign | ast.AugAssign | ast.AnnAssign) -> Iterator[Mark]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    for target in targets:
        if isinstance(target, ast.Name):
            yield from _named(place, node, target.id)
        else:
            yield from _into(place, node, target)


def _named(place: _Place, node: ast.Assign | ast.AugAssign | ast.AnnAssign, name: str) -> Iterator[Mark]:
    """What a file of tests sets for pytest, and methods that are set as names."""
    if name in EQUALITY:
        yield from _equal(place, node, name, node.value)
    if node.value is None or not place.testing:
        return
    if name in HOOKS:
        yield place.mark("pytest-hook", node, f"{name} is set", ast.unparse(node))
    elif name == "pytest_plugins":
        yield place.mark("plugin-loaded", node, ast.unparse(node), ast.unparse(node))
    elif name in UNCOLLECTED:
        for text in map(ast.unparse, getattr(node.value, "elts", [node.value])):
            yield place.mark("test-skipped", node, f"{name}: {text} is not collected", text)


def _is_hook(module: Module, node: Function) -> bool:
    return any("hookimpl" in module.dotted(getattr(each, "func", each)) for each in node.decorator_list)


def _equal(place: _Place, node: ast.AST, name: str, value: ast.AST | None) -> Iterator[Mark]:
    if isinstance(value, ast.Lambda) and _answers(value.body, value=EQUALITY[name]):
        yield place.mark("always-equal", node, f"{name} has one answer for everything", name)


def _entries(place: _Place, node: ast.Dict) -> Iterator[Mark]:
    """`type("Any", (int,), {"__eq__": lambda self, other: True})`."""
    for key, value in zip(node.keys, node.values, strict=True):
        name = key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else ""
        if name in EQUALITY:
            yield from _equal(place, node, name, value)


def _returns(body: list[ast.stmt], *, value: bool) -> bool:
    """Whether a function does nothing but give one answer."""
    code = [each for each in body if not (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))]
    only = code[0] if len(code) == 1 else None
    return isinstance(only, ast.Return) and only.value is not None and _answers(only.value, value=value)


def _answers(node: ast.expr, *, value: bool) -> bool:
    """Whether an expression is always that: a constant, or something that is compared with itself."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq | ast.Is):
        return value and ast.dump(node.left) == ast.dump(node.comparators[0])
    return truth(node) is value


def _into(place: _Place, node: ast.AST, target: ast.expr) -> Iterator[Mark]:
    if isinstance(target, ast.Subscript) and place.module.dotted(target.value) == "sys.modules":
        yield from _modules(place, node, target.slice)
    elif isinstance(target, ast.Attribute):
        yield from _on(place, node, place.module.dotted(target.value), ast.unparse(target))
        if target.attr in EQUALITY:
            yield from _equal(place, node, target.attr, getattr(node, "value", None))
    elif isinstance(target, ast.Subscript):
        owner = place.module.dotted(target.value).removesuffix(".__dict__") or _vars_of(place, target.value)
        yield from _on(place, node, owner, ast.unparse(target))


def _vars_of(place: _Place, node: ast.AST) -> str:
    """The module whose names `vars(module)` are."""
    named = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "vars" and len(node.args) == 1
    return place.module.dotted(node.args[0]) if named and isinstance(node, ast.Call) else ""


def _modules(place: _Place, node: ast.AST, key: ast.AST | None) -> Iterator[Mark]:
    """An entry of sys.modules: of a tool, of Python's own or in tests it is a replacement."""
    name = key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else None
    about = name.split(".")[0] if name else ""
    known = about in GUARDED or about in sys.stdlib_module_names
    rule = "modules-replaced" if known or place.testing else "modules-touched"
    yield place.mark(rule, node, f"sys.modules is given {name or 'an entry'}", f"sys.modules {name}")


def _on(place: _Place, node: ast.AST, owner: str, told: str) -> Iterator[Mark]:
    if owner.partition(".")[0] in GUARDED and owner not in ("coverage", "unittest.mock"):
        yield place.mark("builtins-patched", node, f"{told} is set", told)


LOOKS: dict[type[ast.AST], tuple[Callable[[_Place, Any], Iterator[Mark]], ...]] = {
    ast.Call: (_calls,), ast.Attribute: (_taken,), ast.Import: (_imports,), ast.ImportFrom: (_imports,),
    ast.FunctionDef: (_functions,), ast.AsyncFunctionDef: (_functions,),
    ast.Dict: (_entries,), ast.Assign: (_assigned,), ast.AugAssign: (_assigned,), ast.AnnAssign: (_assigned,),
}  # fmt: skip
