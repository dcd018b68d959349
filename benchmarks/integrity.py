"""How often `integrity` would block on a real history, by which rules, and what a commit costs.

    .venv/bin/python benchmarks/integrity.py REPOSITORY [--commits 300] [--merges] [--skip N] [--show] [--json]

Each commit is compared with its first parent, the newest first: without --merges every commit that merges nothing and
changes anything, with it those on the first-parent line. A repository is a work tree or a bare one; it is only read.
Seconds and processor time are those of the check's `measure` and `judge` in this process, without what checking out
two trees takes. It prints figures and judges nothing: the exit code is 0 whatever they are.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from gates import integrity
from gates.subject import REGULAR, Subject
from gates.tampering import commands, config
from gates.verdict import Outcome, Unmeasurable, Verdict, error
from tasks.git import Git
from tasks.scratch import remove


@dataclass(frozen=True)
class Judged:
    """One commit."""

    commit: str
    subject: str
    outcome: str
    rules: dict[str, int]
    """Rule -> how many findings of it block."""
    findings: list[str]
    changed: int
    """Files."""
    seconds: float
    processor: float


def judged(git: Git, commit: str, folder: Path) -> Judged:
    """Compare one commit with its first parent."""
    trees = [Subject(root=folder / name, files=git.tree_files(commit + name)) for name in ("^1", "^0")]
    _write(git, trees)
    began, used = time.perf_counter(), time.process_time()
    verdict = _verdict(trees[1].model_copy(update={"base": trees[0]}))
    took = time.perf_counter() - began, time.process_time() - used
    for tree in trees:
        remove(tree.root)
    return Judged(
        commit[:10], git.line("log", "-1", "--format=%s", commit)[:80], str(verdict.outcome),
        dict(Counter(finding.rule or "" for finding in verdict.findings)),
        [finding.headline for finding in verdict.findings], _changed(verdict), round(took[0], 4), round(took[1], 4),
    )  # fmt: skip


def _verdict(subject: Subject) -> Verdict:
    limits = integrity.Limits()
    try:
        return integrity.judge(limits, integrity.measure(limits, subject))
    except Unmeasurable as problem:
        return error("integrity", str(problem), *problem.findings)


def _changed(verdict: Verdict) -> int:
    measured = verdict.measured
    return int(str(measured["changed"])) if isinstance(measured, dict) else 0


def _write(git: Git, trees: Sequence[Subject]) -> None:
    """The files that the check may read: those that differ, what it compares as a whole, and what defines names."""
    listed = [set(tree.files) for tree in trees]
    for tree, own in zip(trees, listed, strict=True):
        tree.root.mkdir(parents=True)
        differing = own - (listed[0] & listed[1])
        read = [file for file in tree.files if file.mode in REGULAR and (file in differing or _is_read(file.path))]
        for file, (_, data) in zip(read, git.objects([file.blob for file in read]) if read else (), strict=True):
            (tree.root / file.path).parent.mkdir(parents=True, exist_ok=True)
            (tree.root / file.path).write_bytes(data)


def _is_read(path: str) -> bool:
    return path.endswith(".py") or commands.is_ci(path) or path.rpartition("/")[2] in config.FILES


def _commits(git: Git, wanted: argparse.Namespace) -> list[str]:
    kind = ("--first-parent",) if wanted.merges else ("--no-merges",)
    count = (f"--max-count={wanted.commits}", f"--skip={wanted.skip}", "--min-parents=1")
    return git.line("rev-list", *kind, *count, wanted.ref).split()


def _repository(path: Path) -> Git:
    return Git(path / ".git" if (path / ".git").exists() else path)


def report(done: Sequence[Judged]) -> Iterator[str]:
    """The figures, as lines."""
    blocked = [one for one in done if one.outcome != Outcome.PASSED]
    yield f"{len(done)} commits, {len(blocked)} blocked: {100 * len(blocked) / len(done):.1f} %"
    rules = Counter(rule for one in blocked for rule in one.rules)
    for rule, count in rules.most_common():
        yield f"  {rule:24} {count:4} commits, {100 * count / len(done):4.1f} %"
    for name in ("processor", "seconds"):
        figures = sorted(getattr(one, name) for one in done)
        high, top = figures[int(0.95 * (len(figures) - 1))], figures[-1]
        yield f"{name} a commit: median {statistics.median(figures):.3f} s, 95 % {high:.3f} s, most {top:.3f} s"


def main() -> None:
    """Judge the commits of a repository, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repository", type=Path)
    parser.add_argument("--commits", type=int, default=300)
    parser.add_argument("--skip", type=int, default=0)
    parser.add_argument("--ref", default="HEAD")
    parser.add_argument("--merges", action="store_true")
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    git = _repository(wanted.repository.resolve())
    with tempfile.TemporaryDirectory(prefix="sparc-integrity-") as scratch:
        done = [judged(git, commit, Path(scratch)) for commit in _commits(git, wanted)]
    if wanted.json:
        json.dump([asdict(one) for one in done], sys.stdout, indent=1)
        return
    for one in done if wanted.show else ():
        if one.outcome != Outcome.PASSED:
            print(f"{one.commit} {one.outcome} {one.subject}")
            print("".join(f"    {finding}\n" for finding in one.findings), end="")
    print("\n".join(report(done)))


if __name__ == "__main__":
    main()
