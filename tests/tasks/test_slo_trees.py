"""On which trees a benchmark is run: the product is each tree's own, the benchmark is one."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gates.slo import Limits
from gates.subject import TreeFile
from tasks.errors import SparcError
from tasks.git import Git
from tasks.git_directories import scratch_repository
from tasks.slo_trees import Trees, alone, both

Commit = Callable[..., str]
RunGit = Callable[..., str]
Compose = Callable[..., Trees]


@pytest.fixture
def repository(tmp_path: Path, git: RunGit) -> Path:
    git(tmp_path, "init", "--quiet", "work")
    return tmp_path / "work"


@pytest.fixture
def scratch(repository: Path) -> Iterator[Git]:
    with scratch_repository(Git(repository / ".git")) as own:
        yield own


def composed(scratch: Git, old: str, new: str, *run: str, **more: object) -> Trees:
    limits = Limits.model_validate({"name": "it", "run": run or ("python", "bench/a.py"), "times_better": 2, **more})
    files = [{file.path: file for file in scratch.tree_files(name)} for name in (new, old)]
    return both(scratch, limits, (new, files[0]), (old, files[1]))


@pytest.fixture
def compose(repository: Path, scratch: Git, commit: Commit) -> Compose:
    """Commit a base and a candidate (None: the file is gone), and compose the trees of a benchmark."""

    def make(base: dict[str, Any], candidate: dict[str, Any], *run: str, **more: object) -> Trees:
        old, new = (commit(repository, files) for files in (base, candidate))
        return composed(scratch, old, new, *run, **more)

    return make


def texts(git: Git, tree: str | None) -> dict[str, str]:
    assert tree
    return {file.path: (git.read(tree, file.path) or b"").decode() for file in git.tree_files(tree)}


def test_the_base_s_benchmark_takes_the_place_of_the_candidate_s(compose: Compose, scratch: Git) -> None:
    base = {"bench/a.py": "hard", "bench/help.py": "help", "src/p.py": "old"}
    trees = compose(base, {"bench/a.py": "easy", "bench/json.py": "fake", "bench/help.py": None, "src/p.py": "new"})
    assert texts(scratch, trees.candidate) == {"bench/a.py": "hard", "bench/help.py": "help", "src/p.py": "new"}
    assert texts(scratch, trees.base) == base
    assert trees.origin == "base"


def test_what_is_the_same_needs_no_new_tree(compose: Compose, scratch: Git, repository: Path, git: RunGit) -> None:
    trees = compose({"bench/a.py": "a", "p.py": "old"}, {"p.py": "new"})
    assert (trees.candidate, trees.base) == (
        git(repository, "rev-parse", "HEAD"),
        git(repository, "rev-parse", "HEAD~"),
    )
    assert scratch.resolve(trees.candidate)


def test_a_new_benchmark_comes_to_the_base(compose: Compose, scratch: Git) -> None:
    trees = compose({"p.py": "old"}, {"bench/a.py": "a", "bench/b.py": "b", "p.py": "new"})
    assert texts(scratch, trees.base) == {"bench/a.py": "a", "bench/b.py": "b", "p.py": "old"}
    assert trees.origin == "candidate"


@pytest.mark.parametrize("run", [("python", "./bench/new.py"), ("python", "-m", "bench.new")])
def test_a_new_one_beside_old_ones_still_has_the_old_ones_files(
    compose: Compose, scratch: Git, run: tuple[str, ...]
) -> None:
    candidate = {"bench/new.py": "new", "bench/help.py": "easy", "p.py": "new"}
    trees = compose({"bench/a.py": "a", "bench/help.py": "help", "p.py": "old"}, candidate, *run)
    common = {"bench/a.py": "a", "bench/help.py": "help", "bench/new.py": "new"}
    assert texts(scratch, trees.base) == common | {"p.py": "old"}
    assert texts(scratch, trees.candidate) == common | {"p.py": "new"}
    assert trees.origin == "candidate"


def test_a_link_in_the_place_of_the_benchmark_leads_nowhere(repository: Path, scratch: Git, commit: Commit) -> None:
    old = commit(repository, {"bench/a.py": "hard", "p.py": "old"})
    (repository / "bench/a.py").unlink()
    (repository / "bench").rmdir()
    (repository / "bench").symlink_to("else")
    new = commit(repository, {"else/a.py": "easy", "p.py": "new"})
    trees = composed(scratch, old, new)
    assert texts(scratch, trees.candidate) == {"bench/a.py": "hard", "else/a.py": "easy", "p.py": "new"}


def test_a_link_in_the_place_of_one_of_its_files_is_no_file(repository: Path, scratch: Git, commit: Commit) -> None:
    old = commit(repository, {"bench/a.py": "hard"})
    (repository / "bench/a.py").unlink()
    (repository / "bench/a.py").symlink_to("../else.py")
    trees = composed(scratch, old, commit(repository, {"else.py": "easy"}))
    assert scratch.entry(trees.candidate, "bench/a.py") == scratch.entry(old, "bench/a.py")


def test_modes_and_odd_names_are_kept(compose: Compose, scratch: Git, repository: Path) -> None:
    odd = 'bench/odd \t"name" é.sh'
    compose({odd: "hard", "p": "old"}, {})
    (repository / odd).chmod(0o755)
    trees = compose({}, {odd: "easy", "p": "new"}, "sh", odd)
    entry = scratch.entry(trees.candidate, odd)
    assert entry
    assert entry[0] == "100755"
    assert texts(scratch, trees.candidate)[odd] == "hard"


def test_a_benchmark_outside_of_the_tree_changes_nothing(compose: Compose) -> None:
    trees = compose({"bench/a.py": "a"}, {"bench/a.py": "b"}, "python", "{plan_dir}/bench.py", files=[])
    assert trees.origin is None


def test_what_is_unclear_is_refused(compose: Compose) -> None:
    with pytest.raises(SparcError, match=r"run names tool.py, a file of the tree: say whether it is the benchmark's"):
        compose({"tool.py": "a"}, {}, "python", "tool.py")
    with pytest.raises(SparcError, match=r"files: perf/\*\* is in neither tree"):
        compose({}, {}, "python", "tool.py", files="perf/**")
    assert compose({}, {"bench/data": "x"}, "python", "tool.py", "bench/data").origin == "candidate"
    limits = Limits.model_validate({"name": "it", "run": ["python", "tool.py"], "at_most": "1 s"})
    with pytest.raises(SparcError, match=r"run names tool\.py"):
        alone(limits, "0" * 40, [TreeFile(path="tool.py", mode="100644", size=1)])
