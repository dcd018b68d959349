"""The audit flow by itself: what it measures, what it leaves in Prefect, and how it says no."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prefect.client.schemas.objects import State
from prefect.logging.handlers import APILogHandler

from flows.audit import gate_audit
from tests.support import commit, git

ROOT = Path(__file__).parents[2]
Audit = Callable[..., State[Any]]
LINES = {"lines": {"paths": "*.md", "at_least": 1}}
MORE = {"lines": {"paths": "*.md", "at_least": 9}}
TRUE = {"command": {"name": "true", "run": ["true"]}}


@pytest.fixture
def audit(prefect_api: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Audit]:
    """Runs the flow in this process; its final state."""
    assert prefect_api
    monkeypatch.setenv("SPARC_HOME", str(tmp_path / "sparc-home"))

    def run(repository: Path, *checks: object, **more: object) -> State[Any]:
        state: State[Any] = asyncio.run(gate_audit(repository, checks, **more, return_state=True))  # type: ignore[call-overload]
        return state

    yield run
    APILogHandler().flush()  # at the exit of the process there is no server left, which would be tried for a minute


@pytest.fixture
def repository(repository: Path) -> Path:
    """The common one under a name of its own, as artifacts and runs are named after it."""
    return repository.rename(repository.with_name(repository.parent.name))


def latest(api: str, key: str) -> Any:  # noqa: ANN401 - as it is stored
    """The newest artifact with this key."""
    user, _, password = os.environ["PREFECT_API_AUTH_STRING"].partition(":")
    with httpx.Client(base_url=api, auth=(user, password), trust_env=False) as client:
        return client.get(f"{api}/artifacts/{key}/latest").raise_for_status().json()["data"]


def test_passes_when_every_check_does(audit: Audit, repository: Path) -> None:
    state = audit(repository, LINES, TRUE)
    assert state.is_completed()
    assert state.message == f"2 checks passed at {git(repository, 'rev-parse', '--short=10', 'main')}"


def test_blocked_names_every_check_that_did_not_pass(audit: Audit, repository: Path) -> None:
    state = audit(repository, LINES, MORE, "bandit")
    assert (state.type.value, state.name) == ("FAILED", "Blocked")
    assert state.message == "lines 1 < 9 in 1 file; bandit: no Python file to measure"


def test_leaves_a_table_and_a_page(audit: Audit, repository: Path, prefect_api: str) -> None:
    audit(repository, LINES, "bandit")
    name = f"audit-{repository.name}-main".replace("_", "-")
    rows = json.loads(latest(prefect_api, f"gate-{name}"))
    assert [(row["check"], row["outcome"]) for row in rows] == [("lines", "passed"), ("bandit", "error")]
    page = latest(prefect_api, f"report-{name}")
    assert git(repository, "rev-parse", "main") in page
    assert "no Python file to measure" in page


def test_measures_the_branch_that_is_named(audit: Audit, repository: Path) -> None:
    git(repository, "checkout", "--quiet", "-b", "topic")
    commit(repository, more__md="\n" * 9)
    assert audit(repository, MORE, ref="topic").is_completed()
    assert not audit(repository, MORE, ref="main").is_completed()


@pytest.mark.parametrize(
    ("path", "ref", "sentence"),
    [
        ("", "nowhere", "has no commit 'nowhere'"),
        ("missing", "main", "is not a directory"),
        ("..", "main", "is not in a git repository"),
    ],
)
def test_refuses_with_a_sentence(
    audit: Audit, repository: Path, path: str, ref: str, sentence: str, caplog: pytest.LogCaptureFixture
) -> None:
    state = audit(repository / path, LINES, ref=ref)
    assert (state.type.value, state.name) == ("FAILED", "Refused")
    assert sentence in str(state.message)
    assert "Traceback" not in caplog.text


def test_refuses_a_relative_path(audit: Audit) -> None:
    assert "is no absolute path" in str(audit(Path("shop"), LINES).message)


@pytest.mark.parametrize("checks", [[], ["nonsense"], [{"lines": {"paths": "*.md", "at_least": "many"}}]])
def test_does_not_start_with_bad_checks(audit: Audit, repository: Path, checks: list[object]) -> None:
    state = audit(repository, *checks)
    assert state.is_failed()
    assert "checks" in str(state.message)


AUDIT = """
import asyncio, os, pathlib, sys
from flows.audit import gate_audit
checks = [{"lines": {"paths": "*.md", "at_least": 1}}]
state = asyncio.run(gate_audit(pathlib.Path(sys.argv[1]), checks, return_state=True))
seen = "tell-tale" in pathlib.Path("/proc/self/environ").read_text(errors="replace")
print(state.is_completed(), seen, os.environ["TOKEN"])
"""


def test_what_a_worker_has_in_its_environment_is_hidden_from_the_target(
    prefect_api: str, repository: Path, tmp_path: Path
) -> None:
    assert prefect_api
    env = {**os.environ, "TOKEN": "tell-tale", "SPARC_HOME": str(tmp_path / "sparc-home")}
    done = subprocess.run(
        (sys.executable, "-c", AUDIT, str(repository)), cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "True False tell-tale"
