"""Which lines of a candidate's files its base does not have.

A file with the content of one of the base's that is gone has moved, and is not new. One that has moved and was edited
is held against the base's file of the same name, if that is gone.
"""

import ast
from collections.abc import Iterable
from difflib import SequenceMatcher
from hashlib import sha256
from pathlib import PurePosixPath

from gates.files import read
from gates.subject import REGULAR, Subject, TreeFile

MOST_EXACT = 5000
"""Lines of a file up to which the comparison is exact; in longer ones lines that stand everywhere are no anchors."""


def changed(subject: Subject, base: Subject, paths: Iterable[str]) -> dict[str, frozenset[int]]:
    """Path to the numbers of its new and changed lines, from 1; a file without any is left out."""
    candidates = _regular(subject)
    before = _regular(base)
    wanted = list(paths)
    gone = [file for path, file in before.items() if path not in candidates]
    origins = before | _moved(subject, [candidates[path] for path in wanted if path not in before], base, gone)
    found: dict[str, frozenset[int]] = {}
    for path in wanted:
        origin = origins.get(path)
        if origin is None:
            found[path] = frozenset(range(1, len(_lines(subject, path)) + 1))
        elif not _same(subject, candidates[path], base, origin):
            found[path] = _fresh(_lines(base, origin.path), _lines(subject, path))
    return {path: lines for path, lines in found.items() if lines}


def _regular(subject: Subject) -> dict[str, TreeFile]:
    return {file.path: file for file in subject.files if file.mode in REGULAR}


def _same(subject: Subject, file: TreeFile, base: Subject, other: TreeFile) -> bool:
    if file.blob and other.blob:
        return file.blob == other.blob
    return file.size == other.size and _hash(subject, file) == _hash(base, other)


def _hash(subject: Subject, file: TreeFile) -> bytes:
    return sha256(read(subject.root, file.path)).digest()


def _moved(subject: Subject, new: list[TreeFile], base: Subject, gone: list[TreeFile]) -> dict[str, TreeFile]:
    """Path to the file of the base that a new one was, by content before names; each becomes one and no more."""
    found: dict[str, TreeFile] = {}
    sized: dict[int, list[TreeFile]] = {}
    for old in gone:
        sized.setdefault(old.size, []).append(old)
    for file in new:
        waiting = sized.get(file.size, [])
        if same := next((old for old in waiting if _same(subject, file, base, old)), None):
            waiting.remove(same)
            found[file.path] = same
    named: dict[str, list[TreeFile]] = {}
    for old in (old for left in sized.values() for old in left):
        named.setdefault(PurePosixPath(old.path).name, []).append(old)
    for file in new:
        name = PurePosixPath(file.path).name
        if file.path not in found and name != "__init__.py" and named.get(name):
            found[file.path] = named[name].pop(0)
    return found


def _lines(subject: Subject, path: str) -> list[bytes]:
    # as Python counts lines: a form feed ends none
    return read(subject.root, path).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")


def _fresh(before: list[bytes], now: list[bytes]) -> frozenset[int]:
    start = next((at for at, (old, new) in enumerate(zip(before, now, strict=False)) if old != new), None)
    if start is None:
        start = min(len(before), len(now))
    most = min(len(before), len(now)) - start
    end = next((at for at in range(most) if before[-1 - at] != now[-1 - at]), most)
    old, new = before[start : len(before) - end], now[start : len(now) - end]
    matcher = SequenceMatcher(None, old, new, autojunk=len(new) > MOST_EXACT)
    kept = {at for block in matcher.get_matching_blocks() for at in range(block.b, block.b + block.size)}
    return frozenset(start + at + 1 for at in range(len(new)) if at not in kept)


def statements_on(tree: ast.Module, lines: frozenset[int]) -> frozenset[int]:
    """The first lines of the statements that stand on some of these lines; of a block only its head."""
    return frozenset(
        first
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt | ast.ExceptHandler | ast.match_case)
        for first, last in _heads(node)
        if not lines.isdisjoint(range(first, last + 1))
    )


def _heads(node: ast.stmt | ast.ExceptHandler | ast.match_case) -> list[tuple[int, int]]:
    """First and last lines of a statement, as coverage tells of it; of decorators each by itself."""
    start = node.pattern.lineno if isinstance(node, ast.match_case) else node.lineno
    body: list[ast.stmt] = getattr(node, "body", [])
    if isinstance(node, ast.Match):
        return [(start, node.subject.end_lineno or start)]
    end = _first_line(body[0]) - 1 if body else getattr(node, "end_lineno", start)
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return [(start, max(start, end)), *((each.lineno, each.end_lineno or each.lineno) for each in decorators)]


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(each.lineno for each in decorators)])
