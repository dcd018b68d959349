"""The names that a file has and that its base has not, as code that does nothing, to be put at the base's end.

A test that is red on the base, and green as soon as these names are there, has seen that they exist and nothing more.
Names are the functions, classes, variables and imports of a module, and members of its classes; those that are made
while the code runs (`setattr`, `globals`) are not known. Functions return nothing, variables are of no type.
"""

import ast
import io
import tokenize
from collections.abc import Iterable, Iterator
from contextlib import suppress

from gates.proof.changed_code import Function
from gates.syntax import decode
from gates.verdict import Unmeasurable

BLOCKS = ("body", "orelse", "finalbody")
Bound = dict[str, ast.AST]
"""Name to what binds it; of an import that brings several, the part that brings this one."""


def with_names(path: str, base: bytes, source: bytes) -> bytes | None:
    """The base's source with the names that only the other one has; None without any, or if one of both is no Python.

    Nothing that is added raises; what was there by that name, be it inherited, stays what it is.
    """
    with suppress(Unmeasurable, SyntaxError, ValueError, RecursionError, MemoryError):
        added = [*_added(ast.parse(decode(path, base)).body, ast.parse(decode(path, source)).body)]
        if added:
            encoding = tokenize.detect_encoding(io.BytesIO(base).readline)[0].replace("-sig", "")
            made = base + "\n\n\n{}\n".format("\n".join(added)).encode(encoding)
            compile(made, path, "exec", dont_inherit=True)
            return made
    return None


def _added(old: list[ast.stmt], new: list[ast.stmt]) -> Iterator[str]:
    before, after = _bound(old), _bound(new)
    for name, node in after.items():
        known = before.get(name)
        if known is None:
            yield from _unless(f"{name!r} in globals()", _made(name, node), f"class {name}: pass")
        elif isinstance(known, ast.ClassDef) and isinstance(node, ast.ClassDef):
            had = _members(known)
            for member, what in _members(node).items():
                if member not in had:
                    made = f"{name}.{member} = {_member(member, what)}"
                    yield from _unless(f"hasattr({name}, {member!r})", made, "pass")


def _unless(known: str, text: str, otherwise: str) -> Iterator[str]:
    yield from (f"if not {known}:", "    try:", *(f"        {line}" for line in text.split("\n")))
    yield from ("    except Exception:", f"        {otherwise}")


def _bound(statements: Iterable[ast.stmt]) -> Bound:
    """What the statements of a module or a class bind, in order; Python's own names are left out."""
    found: Bound = {}
    for node in statements:
        if isinstance(node, Function | ast.ClassDef):
            found[node.name] = node
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= dict(_imported(node))
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            stored = (part for target in targets for part in ast.walk(target) if isinstance(part, ast.Name))
            found |= {part.id: node for part in stored if isinstance(part.ctx, ast.Store)}
        elif isinstance(node, ast.If | ast.Try | ast.With):
            blocks = [node, *getattr(node, "handlers", ())]
            found |= _bound([each for block in blocks for field in BLOCKS for each in getattr(block, field, ())])
    return {name: node for name, node in found.items() if not (name.startswith("__") and name.endswith("__"))}


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, ast.AST]]:
    for alias in node.names if getattr(node, "module", "") != "__future__" else ():
        if isinstance(node, ast.Import):
            yield alias.asname or alias.name.partition(".")[0], ast.Import(names=[alias])
        elif alias.name != "*":  # of which nobody knows what it brings
            yield alias.asname or alias.name, ast.ImportFrom(module=node.module, names=[alias], level=node.level)


def _members(node: ast.ClassDef) -> Bound:
    """Of its body, and what its methods put into the instance."""
    found = _bound(node.body)
    for method in (each for each in node.body if isinstance(each, Function) and each.args.args):
        for part in ast.walk(method):
            if isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store) and _is_own(part.value, method):
                found.setdefault(part.attr, part)
    return found


def _is_own(value: ast.expr, method: Function) -> bool:
    return isinstance(value, ast.Name) and value.id == method.args.args[0].arg


def _made(name: str, node: ast.AST) -> str:
    match node:
        case ast.FunctionDef():
            return f"def {name}(*_, **__): return None"
        case ast.AsyncFunctionDef():
            return f"async def {name}(*_, **__): return None"
        case ast.ClassDef():
            return ast.unparse(_Emptied().visit(node))
        case ast.Import() | ast.ImportFrom():
            return ast.unparse(node)
    return f"{name} = object()"


def _member(name: str, node: ast.AST) -> str:
    if isinstance(node, Function):
        marks = " ".join(map(ast.unparse, node.decorator_list))
        return "property(lambda _: None)" if "property" in marks else "lambda *_, **__: None"
    return f"type({name!r}, (), {{}})" if isinstance(node, ast.ClassDef) else "object()"


class _Emptied(ast.NodeTransformer):
    """Functions that do nothing, and hold nothing that could be read."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.body = [ast.Pass()]
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AsyncFunctionDef:
        node.body = [ast.Pass()]
        return node
