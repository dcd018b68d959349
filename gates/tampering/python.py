"""Python as `integrity` reads it: names by what they stand for, whatever they were imported as."""

import ast
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from types import UnionType

from gates.syntax import decode, parse, refuse

Function = ast.FunctionDef | ast.AsyncFunctionDef
NAMED_ARGUMENTS = 2


@dataclass(frozen=True)
class Module:
    """One file of Python."""

    path: str
    text: str
    tree: ast.Module

    @classmethod
    def parse(cls, path: str, data: bytes) -> "Module":
        """Read a file. Raises Unmeasurable."""
        tree = parse(path, data)
        return cls(path, decode(path, data), tree)

    @cached_property
    def lines(self) -> list[str]:
        """Its lines, as Python counts them."""
        return self.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")

    def line(self, number: int) -> str:
        """One line, without what stands around it."""
        return self.lines[number - 1].strip() if 0 < number <= len(self.lines) else ""

    def segment(self, first: int, last: int) -> str:
        """The text of some lines."""
        return "\n".join(self.lines[first - 1 : last])

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """All of its nodes."""
        return list(ast.walk(self.tree))

    @cached_property
    def imported(self) -> dict[str, str]:
        """Local name -> dotted name, of what was imported anywhere, also as a part of a module: `stop = os._exit`."""
        found: dict[str, str] = {}
        for node in self.nodes:
            if isinstance(node, ast.Import | ast.ImportFrom):
                found |= _imported(node)
        return self._renamed(found, ast.Attribute)

    @cached_property
    def aliases(self) -> dict[str, str]:
        """The same, and of what was merely given another name."""
        return self._renamed(self.imported, ast.Attribute | ast.Name)

    def _renamed(self, known: dict[str, str], kinds: type | UnionType) -> dict[str, str]:
        found = dict(known)
        given = (node for node in self.nodes if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr))
        for node in given:
            if node.value and isinstance(node.value, kinds) and _root(node.value) in found:
                meant = _dotted(node.value, found)
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                found |= {target.id: meant for target in targets if isinstance(target, ast.Name)}
        return found

    @cached_property
    def strings(self) -> list[tuple[tuple[int, int], tuple[int, int]]]:
        """Where texts stand, in order and apart: (line from 1, column in bytes) of their first and after their last."""
        texts = [node for node in self.nodes if isinstance(node, ast.JoinedStr | ast.Constant) and _is_text(node)]
        spans = [((node.lineno, node.col_offset), (node.end_lineno or 0, node.end_col_offset or 0)) for node in texts]
        apart: list[tuple[tuple[int, int], tuple[int, int]]] = []
        for first, end in sorted(spans):
            # the parts of an f-string are texts inside of it
            if not apart or first >= apart[-1][1]:
                apart.append((first, end))
            elif end > apart[-1][1]:
                apart[-1] = (apart[-1][0], end)
        return apart

    def is_comment(self, line: int, column: int) -> bool:
        """Whether a `#` stands outside of all texts; `column` in characters."""
        place = line, len(self.lines[line - 1][:column].encode())
        before = bisect_right(self.strings, place, key=lambda span: span[0])
        return not before or place >= self.strings[before - 1][1]

    def dotted(self, node: ast.AST) -> str:
        """What a name stands for: `os._exit`, also for `e` after `from os import _exit as e`; empty if unknown."""
        return _dotted(node, self.aliases)

    def meant(self, node: ast.expr) -> ast.expr:
        """The expression that a name stands for, if the module gives it once and at its top; else the node itself."""
        seen: set[str] = set()
        while isinstance(node, ast.Name) and node.id not in seen:
            seen.add(node.id)
            node = self._values.get(node.id, node)
        return node

    @property
    def assigned(self) -> frozenset[str]:
        """Names that the module gives a value once, at its top."""
        return frozenset(self._values)

    @cached_property
    def _values(self) -> dict[str, ast.expr]:
        given: dict[str, list[ast.expr]] = {}
        for each in self.tree.body:
            targets = (
                each.targets
                if isinstance(each, ast.Assign)
                else [each.target]
                if isinstance(each, ast.AnnAssign)
                else []
            )
            for target in targets:
                if isinstance(target, ast.Name) and isinstance(each, ast.Assign | ast.AnnAssign) and each.value:
                    given.setdefault(target.id, []).append(each.value)
        return {name: values[0] for name, values in given.items() if len(values) == 1}

    @cached_property
    def defined(self) -> dict[str, str]:
        """Every name that is defined, functions and classes with the text of their bodies."""
        found: dict[str, str] = {}
        for node in self.nodes:
            if isinstance(node, Function | ast.ClassDef):
                first = node.body[0].lineno
                found[node.name] = " ".join(self.segment(first, node.end_lineno or first).split())
        for node in self.tree.body:
            if isinstance(node, ast.Assign):
                found |= {target.id: "" for target in node.targets if isinstance(target, ast.Name)}
        return found

    def outer_functions(self) -> Iterator[Function]:
        """Functions of the module and of its classes, but none that is defined inside another."""
        for node in self.tree.body:
            for each in node.body if isinstance(node, ast.ClassDef) else [node]:
                if isinstance(each, Function):
                    yield each


@contextmanager
def refused_when_deep(module: Module) -> Iterator[None]:
    """Say which file it was whose code is nested too deeply. Raises Unmeasurable."""
    try:
        yield
    except RecursionError as problem:
        refuse(module.path, problem)


def _imported(node: ast.AST) -> dict[str, str]:
    if isinstance(node, ast.Import):
        # `import a.b` gives `a`
        return {name.asname or name.name.split(".")[0]: name.name if name.asname else name.name.split(".")[0]
                for name in node.names}  # fmt: skip
    if isinstance(node, ast.ImportFrom):
        module = "." * node.level + (node.module or "")
        return {name.asname or name.name: f"{module}.{name.name}" for name in node.names}
    return {}


def _is_text(node: ast.JoinedStr | ast.Constant) -> bool:
    return isinstance(node, ast.JoinedStr) or isinstance(node.value, str | bytes)


def _root(node: ast.AST) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _dotted(node: ast.AST, aliases: dict[str, str]) -> str:
    parts: list[str] = []
    while (step := _step(node)) is not None:
        parts.append(step[0])
        node = step[1]
    if isinstance(node, ast.Name):
        head = aliases.get(node.id, node.id)
    elif isinstance(node, ast.Call):
        head = _fetched(node, aliases)
    else:
        head = ""
    return ".".join([head, *reversed(parts)]) if head else ""


def _step(node: ast.AST) -> tuple[str, ast.AST] | None:
    """The last part of what a node names, and the rest: also of `os.__dict__["_exit"]` and `vars(os)["_exit"]`."""
    if isinstance(node, ast.Attribute):
        return node.attr, node.value
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
        owner = _object_of(node.value)
        return (node.slice.value, owner) if owner else None
    return None


def _object_of(node: ast.AST) -> ast.AST | None:
    """The object whose `__dict__`, or `vars`, something is."""
    if isinstance(node, ast.Attribute) and node.attr == "__dict__":
        return node.value
    is_vars = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "vars" and len(node.args) == 1
    return node.args[0] if is_vars and isinstance(node, ast.Call) else None


def _fetched(call: ast.Call, aliases: dict[str, str]) -> str:
    """What a call gives that only looks something up: getattr(os, "_exit"), __import__("os"), import_module("os")."""
    name = _dotted(call.func, aliases)
    texts = [each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    if name in ("__import__", "importlib.import_module") and texts:
        return texts[0]
    if name == "getattr" and len(call.args) >= NAMED_ARGUMENTS and texts:
        owner = _dotted(call.args[0], aliases)
        return f"{owner}.{texts[0]}" if owner else ""
    return ""


def last(dotted: str) -> str:
    """The last part of a dotted name."""
    return dotted.rpartition(".")[2]
