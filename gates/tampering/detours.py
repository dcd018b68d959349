"""Ways by which tests that look as they did are skipped, or led to something else than the product.

A fixture that skips keeps every test from running that uses it; an import from beside the tests, or another sys.path,
puts something else in the place of what they test.
"""

import ast
from collections.abc import Callable, Iterable, Iterator

from gates.tampering.conditions import Under, placed
from gates.tampering.python import Function, Module, last
from gates.tampering.rebound import replaced_for_all
from gates.tampering.rules import Mark, Sign
from gates.tampering.skips import SKIPS, skipping, texts

MARKERS = frozenset({"applymarker", "add_marker"})
PATHS = frozenset({"sys.path.insert", "sys.path.append", "sys.path.extend", "site.addsitedir"})
NEAR = frozenset({"tests", "test", "conftest", "fixtures", "helpers", "fakes", "stubs"})
Product = Callable[[str], bool]


def marks_of(module: Module, *, testing: bool) -> list[Mark]:
    """Skips outside of tests, and changes of sys.path; `testing`: whether the file has to do with tests."""
    own = [node for node in module.outer_functions() if not (testing and node.name.startswith("test"))]
    found = [mark for node in own for each in placed([node], inner=True) for mark in _skip(module, *each)]
    if testing:
        found += [mark for node in module.tree.body for mark in _kept(module, node)]
        found += [mark for node in module.nodes for mark in _path(module, node)]
    return found


def _skip(module: Module, node: ast.AST, under: Under) -> Iterator[Mark]:
    called = module.dotted(node.func) if isinstance(node, ast.Call) else ""
    if name := skipping(node, module) or (called if last(called) in MARKERS else ""):
        rule = "test-xfailed" if "xfail" in ast.unparse(node) else "test-skipped"
        mark = _mark(module, rule, node, f"whoever uses this is kept from counting by {name}", name)
        # the same line under another condition is another skip, wherever it stands
        about = texts(under)
        yield mark._replace(key=f"{mark.key} {about}", text=f"{mark.text} {about}")


def _kept(module: Module, node: ast.stmt) -> Iterator[Mark]:
    """A skip that is given another name, or is put into something that skips when it is called."""
    if isinstance(node, Function | ast.ClassDef) or not isinstance(node, ast.Assign | ast.AnnAssign):
        return
    called = {id(each.func) for each in ast.walk(node) if isinstance(each, ast.Call)}
    inside = {id(part) for each in ast.walk(node) if isinstance(each, ast.Lambda) for part in ast.walk(each)}
    for each in ast.walk(node):
        name = module.dotted(each) if isinstance(each, ast.Attribute | ast.Name) else ""
        kept = name in SKIPS and (id(each) not in called or id(each) in inside)
        if kept or name in ("pytest.mark.skip", "pytest.mark.xfail"):
            rule = "test-xfailed" if name.endswith("xfail") else "test-skipped"
            yield _mark(module, rule, node, f"whoever uses this is kept from counting by {name}", name)


def _path(module: Module, node: ast.AST) -> Iterator[Mark]:
    called = module.dotted(node.func) if isinstance(node, ast.Call) else ""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AugAssign) else []
    if called in PATHS or any(
        "sys.path" in (module.dotted(each), module.dotted(getattr(each, "value", each))) for each in targets
    ):
        yield _mark(module, "modules-replaced", node, "sys.path is changed", ast.unparse(node))


def _mark(module: Module, rule: str, node: ast.expr | ast.AST, message: str, key: str) -> Mark:
    number = getattr(node, "lineno", 1)
    return Mark(Sign(rule, module.path, number, message), key, module.line(number))


def swapped(before: Iterable[Module], after: Iterable[Module]) -> Iterator[Sign]:
    """Names that a file of tests had from the product, and now has from beside the tests, or makes itself."""
    was = {module.path: module for module in before}
    for module in after:
        if module.path not in was:
            continue
        later = replaced_for_all(module)
        known = _made(module) | later
        for name, origin in was[module.path].imported.items():
            made = f"tests.{name}" if name in known else ""
            now = made if name in later else module.aliases.get(name) or made
            if now and now != origin and _is_near(now) and not _is_near(origin) and _is_used(name, module):
                told = f"{name} was {origin}, and is made beside the tests now"
                yield Sign("test-mocked", module.path, None, told)


def _made(module: Module) -> set[str]:
    """Names that a module defines at its top."""
    names = {getattr(node, "name", "") for node in module.tree.body}
    assigned = (node for node in module.tree.body if isinstance(node, ast.Assign))
    return names | {getattr(target, "id", "") for node in assigned for target in node.targets}


def _is_near(origin: str) -> bool:
    return origin.startswith(".") or not NEAR.isdisjoint(origin.split(".")[:-1])


def _is_used(name: str, module: Module) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name for node in module.nodes)
