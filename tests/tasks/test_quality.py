"""The checks as tasks of anyone's flow, on a real Prefect server: states, data, tables, refusals."""

import asyncio
import importlib.util
import json
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prefect import flow
from prefect.logging.handlers import APILogHandler

from gates.waivers import Waiver
from tasks.errors import Refused
from tasks.quality import NotPassed, Options, What, acheck, agate, check, gate
from tests.flows.test_audit import latest
from tests.support import commit, git

ROOT = Path(__file__).parents[2]
FEW: dict[str, Any] = {"lines": {"paths": "*.md", "at_least": 1}}
MISSPELT = Waiver(rule="test-delted", paths=("tests/**",), reason="moved")
MANY = "lines: {paths: '*.md', at_least: 9}"


@pytest.fixture(autouse=True)
def _settings(prefect_api: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    assert prefect_api
    monkeypatch.setenv("SPARC_HOME", str(tmp_path / "sparc-home"))
    yield
    APILogHandler().flush()  # at the exit of the process there is no server left, which would be tried for a minute


def test_a_synchronous_flow_gets_verdicts_and_failed_states_with_them(repository: Path) -> None:
    @flow
    def synchronous() -> None:
        passed = check(FEW, repository)
        assert (passed.passed, passed.measured) == (True, 1)
        both = gate([FEW, MANY], repository, return_state=True)
        assert (both.type.value, "lines 1 < 9 in 1 file" in both.message) == ("FAILED", True)
        data = both.result(raise_on_failure=False)
        assert [verdict.outcome for verdict in data.verdicts] == ["passed", "failed"]
        assert pickle.loads(pickle.dumps(data)).verdicts == data.verdicts  # noqa: S301 - of our own making
        with pytest.raises(NotPassed, match="lines 1 < 9 in 1 file"):
            check(MANY, repository)
        assert check.submit(FEW, repository).result().passed

    synchronous()


def test_an_asynchronous_flow_awaits_them(repository: Path) -> None:
    @flow
    async def asynchronous() -> None:
        one, two = await asyncio.gather(acheck(FEW, repository), agate([FEW], repository))
        assert (one.passed, two[0].passed) == (True, True)
        state: Any = await agate([FEW, MANY], repository, return_state=True)  # type: ignore[misc]
        assert (state.is_failed(), "lines 1 < 9" in state.message) == (True, True)

    asyncio.run(asynchronous())


@pytest.mark.parametrize(
    ("what", "more", "words"),
    [
        ("nonsense", {}, "there is no check 'nonsense'"),
        ("lines: {", {}, "is no YAML"),
        ({"lines": {"paths": "*.md", "at_least": "many"}}, {}, "lines.at_least"),
        (FEW, {"ref": "nowhere"}, "has no commit 'nowhere'"),
        (FEW, {"base": "nowhere"}, "has no commit 'nowhere' to compare with"),
        (FEW, {"repository": "/"}, "is not in a git repository"),
        (FEW, {"options": Options(waivers=(MISSPELT,))}, "waivers[0].rule: no check has a rule 'test-delted'"),
        (FEW, {"options": Options(home=Path("/proc/nowhere"))}, "cannot write under /proc/nowhere"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_sentence(
    repository: Path, what: What, more: dict[str, Any], words: str
) -> None:  # fmt: skip
    @flow
    def refused() -> None:
        with pytest.raises(Refused, match=re.escape(words)):
            check(what, **{"repository": repository, **more})

    refused()


def test_a_waiver_that_allowed_nothing_is_logged(repository: Path, caplog: pytest.LogCaptureFixture) -> None:
    waiver = MISSPELT.model_copy(update={"rule": "test-deleted"})

    @flow
    def waiving() -> None:
        check(FEW, repository, options=Options(waivers=(waiver,)))
        asyncio.run(awaiting())

    async def awaiting() -> None:
        await acheck(FEW, repository, options=Options(waivers=(waiver,)))

    waiving()
    sentence = "the waiver of test-deleted in tests/** allowed nothing here: this gate can do without it"
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == [sentence] * 2


def test_a_flow_that_goes_on_after_a_failed_gate_has_failed(repository: Path) -> None:
    @flow
    def careless() -> str:
        gate([MANY], repository)
        return "deployed"

    assert careless(return_state=True).is_failed()


def test_a_base_is_compared_with(repository: Path) -> None:
    shell = "import subprocess, sys\nsubprocess.call(sys.argv[1], shell=True)\n"
    commit(repository, old__py=shell)
    git(repository, "checkout", "--quiet", "-b", "topic")
    commit(repository, new__py=shell)

    @flow
    def compared() -> None:
        state: Any = check({"bandit": {"new_only": True}}, repository, base="main", return_state=True)
        (verdict,) = state.result(raise_on_failure=False).verdicts
        assert [finding.path for finding in verdict.findings] == ["new.py"]

    compared()


def test_the_example_flow_runs_and_leaves_a_table(repository: Path, prefect_api: str) -> None:
    place = ROOT / "examples/quality/nightly.py"
    spec = importlib.util.spec_from_file_location("nightly_example", place)
    assert spec
    assert spec.loader
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    state = example.nightly(str(repository), return_state=True)
    assert state.is_completed()
    assert [row["outcome"] for row in json.loads(latest(prefect_api, "nightly"))] == ["passed", "passed"]
    failed = example.nightly(str(repository), least=9, return_state=True)
    assert (failed.type.value, "lines 1 < 9" in str(failed.message)) == ("FAILED", True)


CALL = """
import os, pathlib, sys
from prefect import flow
from tasks.quality import check
@flow
def own(repository):
    return check({"lines": {"paths": "*.md", "at_least": 1}}, repository)
own(sys.argv[1])
print("tell-tale" in pathlib.Path("/proc/self/environ").read_text(errors="replace"), os.environ["TOKEN"])
"""


def test_what_a_worker_has_in_its_environment_is_hidden_from_the_target(repository: Path) -> None:
    done = subprocess.run(
        (sys.executable, "-c", CALL, str(repository)), cwd=ROOT, env={**os.environ, "TOKEN": "tell-tale"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "False tell-tale"
