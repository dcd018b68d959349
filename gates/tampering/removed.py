"""What a change takes out of the product, and which tests were about that.

A name is gone if no file of the product defines it any more, or if the module that a test takes it from has lost it and
no other has it instead. Only what a test uses counts, and not what its comments and texts say.
"""

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import PurePosixPath

from gates.tampering.diff import Source
from gates.tampering.python import Function, Module
from gates.tampering.tests import Test

DEFINES = re.compile(r"^[ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)|^(\w+)[ \t]*(?::[^=\n]*)?=", re.MULTILINE)
HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class Removed:
    """The product before and after."""

    def __init__(self, before: Sequence[Module], after: Sequence[Module], rest: Callable[[], Iterable[Source]]) -> None:
        """`before`, `after`: files that differ; `rest`: those of the candidate that do not."""
        self._rest = rest
        self._after = {module.path: module for module in after}
        known = {module.path: module.defined.keys() for module in before}
        offered = {path: _offered(module) for path, module in self._after.items()}
        self._lost: dict[str, set[str]] = {}
        for path, names in known.items():
            for name in names - offered.get(path, set()):
                self._lost.setdefault(name, set()).add(path)
        self._open = {path for path, names in offered.items() if "*" in names}
        self._gained = {name for path, one in self._after.items() for name in one.defined.keys() - known.get(path, ())}
        self.renamed = _renamed(before, after)

    def used_by(self, test: Test) -> frozenset[str]:
        """Names that a test used, and that are gone."""
        return frozenset(name for place, name in _uses(test) if self._is_gone(name, place))

    def excuses(self, test: Test) -> bool:
        """Whether a test was about what is gone: about nothing else, or by its name."""
        gone = self.used_by(test)
        called = _snake(f"{PurePosixPath(test.path).stem}_{test.name}")
        named = any(f"_{_snake(name)}_" in f"_{called}_" for name in gone)
        # a class that stays is what a method was taken from
        others = (name for place, name in _uses(test) if name not in gone and not name[0].isupper())
        return bool(gone) and (named or not any(map(self._imports(test).__contains__, others)))

    def _is_gone(self, name: str, place: str) -> bool:
        paths = self._lost.get(name)
        if not paths or name in self._gained or name in self.renamed:
            return False
        return name not in self._elsewhere or any(_is_module(place, path) for path in paths - self._open)

    @cached_property
    def _elsewhere(self) -> set[str]:
        """Of what a file has lost, what another defines."""
        found = {name for module in self._after.values() for name in module.defined}
        for source in self._rest():
            text = source.data.decode("utf-8", "replace")
            found |= {match[1] or match[2] for match in DEFINES.finditer(text)}
        return found & self._lost.keys()

    def _imports(self, test: Test) -> set[str]:
        """Names that a test uses and that its file imports from modules of the product."""
        return {
            name for place, name in _uses(test) if place in self._modules and f"{place}.{name}" not in self._modules
        }

    @cached_property
    def _modules(self) -> set[str]:
        """Every way to name a module of the product, from any folder on."""
        paths = [*self._after, *(source.path for source in self._rest())]
        parts = [_module_of(path).split(".") for path in paths]
        return {".".join(each[at:]) for each in parts for at in range(len(each))}


def _renamed(before: Sequence[Module], after: Sequence[Module]) -> Mapping[str, str]:
    """What has another name now, old to new, by its body."""
    was, now = ({name: body for one in side for name, body in one.defined.items()} for side in (before, after))
    bodies = {body: name for name, body in now.items() if body and name not in was}
    return {name: bodies[body] for name, body in was.items() if name not in now and body in bodies}


def _offered(module: Module) -> set[str]:
    """What others can take from a module: what it defines, gives a value at its top, or has imported itself."""
    plain = (node for node in module.tree.body if not isinstance(node, Function | ast.ClassDef))
    given = {each.id for node in plain for each in ast.walk(node) if isinstance(each, ast.Name)
             and isinstance(each.ctx, ast.Store)}  # fmt: skip
    return {*module.defined, *module.aliases, *given}


def _uses(test: Test) -> Iterator[tuple[str, str]]:
    """What a test uses: module, empty where it is not known, and name."""
    module = test.module
    for node in ast.walk(test.node):
        if isinstance(node, ast.Attribute):
            yield module.dotted(node).rpartition(".")[0].lstrip("."), node.attr
        elif isinstance(node, ast.Name) and node.id in module.aliases:
            place, _, name = module.aliases[node.id].rpartition(".")
            yield place.lstrip("."), name
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id not in module.defined:
            yield "", node.func.id


def _is_module(place: str, path: str) -> bool:
    return bool(place) and f".{_module_of(path)}".endswith(f".{place}")


def _module_of(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _snake(name: str) -> str:
    return re.sub(r"\W+", "_", HUMP.sub("_", name)).strip("_").lower()
