"""The watch by itself: which branches it compares, what it leaves in Prefect, and that it changes nothing."""

import asyncio
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prefect.client.schemas.objects import State
from prefect.logging.handlers import APILogHandler

from flows.conflict_watch import conflict_watch
from tests.support import commit, git

Watch = Callable[..., State[Any]]


@pytest.fixture
def watch(prefect_api: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    """Runs the flow in this process; its final state."""
    assert prefect_api
    monkeypatch.setenv("SPARC_HOME", str(tmp_path / "sparc-home"))

    def run(repository: Path, **more: object) -> State[Any]:
        state: State[Any] = asyncio.run(conflict_watch(repository, **more, return_state=True))  # type: ignore[call-overload]
        return state

    yield run
    APILogHandler().flush()  # at the exit of the process there is no server left, which would be tried for a minute


@pytest.fixture
def latest(prefect_api: str) -> Callable[[str], Any]:
    """The newest artifact with a key."""

    def data(key: str) -> Any:  # noqa: ANN401 - as it is stored
        user, _, password = os.environ["PREFECT_API_AUTH_STRING"].partition(":")
        with httpx.Client(base_url=prefect_api, auth=(user, password), trust_env=False) as client:
            return client.get(f"{prefect_api}/artifacts/{key}/latest").raise_for_status().json()["data"]

    return data


@pytest.fixture
def busy(repository: Path) -> Path:
    """Two branches that conflict, one that defines what another defines, one that is merged, one stranger, one old."""
    repository = repository.rename(repository.with_name(repository.parent.name))
    commit(repository, module__py="import os\n" + "\n\nX = 1\n" * 9, common="common\n")
    for branch, files in {
        "ours": {"common": "ours\n"},
        "theirs": {"common": "theirs\n"},
        "adds": {"module__py": "import os\n\n\ndef load(): ...\n" + "\n\nX = 1\n" * 9},
        "also-adds": {"module__py": "import os\n" + "\n\nX = 1\n" * 9 + "\n\ndef load(): return 1\n"},
        "merged": {"more": "more\n"},
    }.items():
        git(repository, "checkout", "--quiet", "-b", branch, "main")
        commit(repository, **files)
    git(repository, "checkout", "--quiet", "main")
    git(repository, "merge", "--quiet", "--no-ff", "--no-edit", "merged")
    git(repository, "update-ref", "refs/remotes/origin/theirs", "theirs")
    git(repository, "update-ref", "refs/remotes/origin/far", _dated(repository, "ours", "2020-01-01T00:00:00Z"))
    git(repository, "checkout", "--quiet", "--orphan", "pages")
    commit(repository, common="pages\n")
    git(repository, "checkout", "--quiet", "main")
    return repository


def _dated(repository: Path, parent: str, when: str) -> str:
    argv = ("git", "commit-tree", f"{parent}^{{tree}}", "-p", parent, "-m", "Long ago")
    env = os.environ | {"GIT_COMMITTER_DATE": when, "GIT_AUTHOR_DATE": when}
    return subprocess.run(argv, cwd=repository, env=env, capture_output=True, text=True, check=True).stdout.strip()


def everything(repository: Path) -> list[tuple[str, int, int]]:
    """Every file of the repository, as it is on disk."""
    files = [path for path in repository.rglob("*") if path.is_file()]
    return sorted((str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files)


def test_conflicts_are_told_in_a_table_and_a_page_and_the_repository_is_only_read(
    watch: Watch, busy: Path, latest: Callable[[str], Any]
) -> None:
    before = everything(busy)
    state = watch(busy)
    assert everything(busy) == before
    assert (state.type.value, state.name) == ("COMPLETED", "Conflicts")
    assert state.message == "1 pair will not merge: ours x theirs"
    name = busy.name.replace("_", "-")
    rows = json.loads(latest(f"conflicts-watch-{name}"))
    assert [tuple(row.values()) for row in rows] == [
        ("ours", "theirs", "text", "common (text)"),
        ("adds", "also-adds", "same key", "module.py (same key: load)"),
    ]
    page = latest(f"report-conflicts-{name}")
    assert "ours x theirs: text\n  common (text)" in page
    assert "left out, without any history in common with main: pages" in page
    assert "merged" not in page
    assert "far" not in page


def test_globs_and_limits_choose_the_branches(watch: Watch, busy: Path, latest: Callable[[str], Any]) -> None:
    quiet = watch(busy, branches=["*adds", "ours"])
    assert (quiet.type.value, quiet.name) == ("COMPLETED", "Completed")
    assert quiet.message == "no conflict in 6 pairs of branches"
    assert watch(busy, branches=["origin/*", "ours"], days=9999).name == "Conflicts"
    against = watch(busy, branches=["ours"], against="theirs")
    assert against.message == "1 pair will not merge: ours x theirs"
    watch(busy, most=1)
    assert "left out, older than the newest 1: " in latest(f"report-conflicts-{busy.name.replace('_', '-')}")


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"against": "trunk"}, "has no branch 'trunk'"),
        ({"against": "--all"}, "has no branch '--all'"),
        ({"branches": ["*", "tpoic"]}, "no branch matches 'tpoic'"),
    ],
)
def test_refuses_with_a_sentence(watch: Watch, busy: Path, more: dict[str, Any], sentence: str) -> None:
    state = watch(busy, **more)
    assert (state.type.value, state.name) == ("FAILED", "Refused")
    assert sentence in str(state.message)


def test_refuses_a_relative_path_a_shallow_clone_and_no_repository(watch: Watch, busy: Path, tmp_path: Path) -> None:
    assert "is no absolute path" in str(watch(Path("shop")).message)
    assert "is not a directory" in str(watch(tmp_path / "nowhere").message)
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{busy}", "shallow")
    assert "is a shallow clone" in str(watch(tmp_path / "shallow").message)


def test_what_cannot_be_compared_fails(watch: Watch, busy: Path) -> None:
    tree = git(busy, "rev-parse", "ours^{tree}")
    (busy / ".git/objects" / tree[:2] / tree[2:]).unlink()
    state = watch(busy)
    assert state.is_failed()
    assert tree in str(state.message)


@pytest.mark.parametrize("bad", [{"branches": []}, {"days": 0}, {"days": -1}, {"most": 0}, {"most": 10**9}])
def test_does_not_start_with_bad_parameters(watch: Watch, busy: Path, bad: dict[str, Any]) -> None:
    state = watch(busy, **bad)
    assert state.is_failed()
    assert next(iter(bad)) in str(state.message)
