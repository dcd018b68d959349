"""Which tests name which requirements.

In Python a test names what stands in its own name (`test_req_12_...` names `REQ-12`), in its docstring, in its
decorators and in the texts of its body, and in names, docstrings and marks of the classes around it; comments name
nothing. In any other language there is no telling tests from what is between them, so that the whole file counts.
"""

import ast
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import NamedTuple

from gates.files import read, read_text
from gates.requirements import names_in
from gates.subject import Subject
from gates.suites.collected import Function, is_suite, last_name
from gates.syntax import parse


class Said(NamedTuple):
    """What is written in and around a test."""

    names: tuple[str, ...] = ()
    """Identifiers: of functions, classes, marks."""
    about: tuple[str, ...] = ()
    """Texts that tell what it is about: docstrings, arguments of decorators."""
    used: tuple[str, ...] = ()
    """Texts that it works with."""

    def and_(self, other: "Said") -> "Said":
        """Both."""
        return Said(*(ours + theirs for ours, theirs in zip(self, other, strict=True)))


class Test(NamedTuple):
    """One test, or a whole file in which tests cannot be told from each other."""

    path: str
    line: int | None
    name: str
    """`TestClass.test_name`; empty for a whole file."""
    said: Said

    @property
    def label(self) -> str:
        """As pytest calls it."""
        return "::".join((self.path, *self.name.split("."))) if self.name else self.path


def tests_of(subject: Subject, paths: Iterable[str]) -> Iterator[Test]:
    """The tests of some files. Raises Unmeasurable for a file that cannot be read."""
    for path in paths:
        if path.endswith(".py"):
            module = parse(path, read(subject.root, path))
            yield from _tests(path, module.body, "", _marks(module.body))
        else:
            yield Test(path, None, "", Said(about=(read_text(subject.root, path),)))


def _tests(path: str, body: Iterable[ast.stmt], prefix: str, around: Said) -> Iterator[Test]:
    for node in body:
        if isinstance(node, ast.ClassDef) and is_suite(node):
            said = around.and_(_own(node)).and_(_marks(node.body))
            yield from _tests(path, node.body, f"{prefix}{node.name}.", said)
        elif isinstance(node, Function) and _is_test(node):
            used = Said(used=tuple(_texts(*node.body)))
            yield Test(path, node.lineno, prefix + node.name, around.and_(_own(node)).and_(used))
        elif isinstance(node, ast.If | ast.Try | ast.With):
            # what they hold is defined all the same
            yield from _tests(path, [*node.body, *getattr(node, "orelse", ())], prefix, around)


def _is_test(node: Function) -> bool:
    return node.name.startswith("test") and not any(last_name(mark) == "fixture" for mark in node.decorator_list)


def _own(node: Function | ast.ClassDef) -> Said:
    docstring = ast.get_docstring(node)
    names = (node.name, *_identifiers(*node.decorator_list))
    return Said(names, (*([docstring] if docstring else []), *_texts(*node.decorator_list)))


def _marks(body: Iterable[ast.stmt]) -> Said:
    """Of `pytestmark = ...`, which stands for every test below it."""
    found = [
        node
        for node in body
        if any(isinstance(target, ast.Name) and target.id == "pytestmark" for target in getattr(node, "targets", ()))
    ]
    return Said(tuple(_identifiers(*found)), tuple(_texts(*found)))


def _texts(*nodes: ast.AST) -> Iterator[str]:
    parts = (part for node in nodes for part in ast.walk(node))
    return (part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str))


def _identifiers(*nodes: ast.AST) -> Iterator[str]:
    return (part.attr for node in nodes for part in ast.walk(node) if isinstance(part, ast.Attribute))


def named_by(check: str, known: Iterable[str]) -> set[str]:
    """Which of the known requirements the name of a check has in it, as whole words: `req-2-latency` has `REQ-2`."""
    flat: dict[str, set[str]] = {}
    for name in known:
        flat.setdefault(_flat(name), set()).add(name)
    # longest first, for one name may begin another
    forms = "|".join(re.escape(form) for form in sorted(flat, key=len, reverse=True) if form)
    found = re.finditer(f"(?<![^_])(?:{forms})(?![^_])", _flat(check)) if forms else ()
    return {name for match in found for name in flat[match[0]]}


def finder(known: Collection[str]) -> Callable[[Test], set[str]]:
    """Tell which of the known requirements a test names."""
    spelt = {name: f"_{_flat(name)}_" for name in known}
    # longest first, for one name may begin another
    forms = "|".join(re.escape(name) for name in sorted(known, key=len, reverse=True))

    def named(test: Test) -> set[str]:
        texts = (*test.said.about, *test.said.used)
        found = {match[0] for text in texts for match in names_in(forms, text)}
        names = [f"_{_flat(name)}_" for name in test.said.names]
        return found | {name for name, flat in spelt.items() if any(flat in each for each in names)}

    return named


def unknown(test: Test, pattern: str | None, known: Collection[str]) -> set[str]:
    """Names that a test is about, and that nothing defines; the texts that it works with may hold any."""
    if pattern is None:
        return set()
    return {match[0] for text in test.said.about for match in names_in(pattern, text)} - set(known)


def _flat(name: str) -> str:
    """`req_12` of `REQ-12`: as a function can be called."""
    return re.sub(r"[\W_]+", "_", name).strip("_").lower()
