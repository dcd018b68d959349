"""The proof that kept figures are what a measurement gives, and what the tools' own commands say: file by file."""

import json
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from gates.metrics.bandit_issues import CRASHED
from gates.metrics.figures import Need, Unread, figure
from tasks.figure_store import FigureStore
from tasks.git import Git


def differences(root: Path, product: Sequence[str], home: Path, programs: Path) -> list[str]:
    """Files whose kept figures differ from a measurement now, or from what the tools' commands say of them.

    `root` is a repository whose HEAD a gate has just measured; `programs` the folder of an environment with the tools.
    """
    tree = {file.path: file for file in Git(root / ".git").tree_files("HEAD")}
    told: list[str] = []
    for metric in ("bandit", "complexity", "maintainability"):
        needs = {path: Need(metric, path, tree[path].blob) for path in product}
        kept = FigureStore.of(home).find(tuple(needs.values()))
        for path, need in needs.items():
            now = _now(metric, root, path)
            if kept.get(need) != now:
                told.append(f"{path}: {metric} is kept as another figure")
        print(f"  {metric}: {len(kept)} of {len(product)} files kept, the others cannot be measured")
    return told + _unlike_bandit(root, programs, product) + _unlike_radon(root, programs, product)


@cache
def _now(metric: str, root: Path, path: str) -> Any:  # noqa: ANN401 - JSON
    try:
        return json.loads(json.dumps(figure(metric, path, (root / path).read_bytes())))
    except Unread:
        return None


def _unlike_bandit(root: Path, programs: Path, product: Sequence[str]) -> list[str]:
    argv = ("-m", "bandit", "-q", "--ignore-nosec", "-f", "json", *product)
    theirs = json.loads(_run(programs / "python", *argv, cwd=root))
    skipped = {entry["filename"].removeprefix("./") for entry in theirs["errors"]}
    found: dict[str, list[Any]] = {path: [] for path in product}
    for each in theirs["results"]:
        levels = each["issue_severity"].lower(), each["issue_confidence"].lower()
        found[each["filename"].removeprefix("./")].append([each["line_number"], each["test_id"], *levels])
    told = []
    for path in product:
        figures = _now("bandit", root, path)
        same = sorted(issue[:4] for issue in figures or () if issue[1] != CRASHED) == sorted(found[path])
        if (figures is None) != (path in skipped) or not same:
            told.append(f"{path}: bandit's command says otherwise")
    return told


def _unlike_radon(root: Path, programs: Path, product: Sequence[str]) -> list[str]:
    told = []
    for metric, words in (("complexity", ("cc", "--json", "--show-closures")), ("maintainability", ("mi", "--json"))):
        theirs = json.loads(_run(programs / "python", "-m", "radon", *words, *product, cwd=root))
        told += [
            f"{path}: radon's command has another {metric}"
            for path in product
            if not _agrees(metric, _now(metric, root, path), theirs.get(path, {}))
        ]
    return told


def _agrees(metric: str, ours: Any, theirs: Any) -> bool:  # noqa: ANN401 - JSON
    """Whether all that radon shows is ours as well, and no less.

    It leaves out nested blocks, code of the module, and what a function's decorators and defaults decide.
    """
    if ours is None or "error" in theirs:
        return ours is None and "error" in theirs
    if metric == "maintainability":
        return bool(ours[3] == theirs["rank"])
    blocks = {(block[0], block[1].rpartition(".")[2]): block[2] for block in sorted(ours, key=lambda block: block[2])}
    return all(
        blocks.get((_line(block), block["name"].rpartition(".")[2]), -1) >= block["complexity"] for block in theirs
    )


def _line(block: dict[str, Any]) -> int:
    return int(block["lineno"])


def _run(*argv: str | Path, cwd: Path) -> bytes:
    return subprocess.run(tuple(map(str, argv)), cwd=cwd, capture_output=True, check=False).stdout
