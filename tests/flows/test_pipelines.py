"""What others' tools run of ours: pre-commit's hooks as git runs them, and the scripts of the pipelines' examples."""

import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows.gate_file import on_disk
from tests.support import SPARC, Shop, commit, git

ROOT = Path(__file__).parents[2]
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
GATE = "gate: [{lines: {paths: '*.md', at_least: 1}}, {bandit: {new_only: true, severity: high}}]\n"
SHELL = "import subprocess, sys\nsubprocess.call(sys.argv[1], shell=True)\n"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """One that has no server, and a gate on its branch main."""
    made = Shop.open(tmp_path / "look", tmp_path / "home")
    commit(made.repository, gate__yaml=GATE)
    return made


def hook(name: str) -> dict[str, Any]:
    (found,) = [each for each in HOOKS if each["id"] == name]
    assert isinstance(found, dict)
    return found


def environment(shop: Shop, **more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM")}
    return {**kept, "PATH": f"{SPARC.parent}:{kept['PATH']}", "SPARC_HOME": str(shop.home), **more}


def as_git_hook(shop: Shop, entry: dict[str, Any]) -> None:
    """What pre-commit does with a hook that takes no file names: entry and arguments, from the root, in git's hook."""
    argv = [*shlex.split(entry["entry"]), *entry["args"]]
    script = shop.repository / ".git/hooks" / entry["stages"][0]
    script.parent.mkdir(exist_ok=True)
    script.write_text(f"#!/bin/sh\nexec {shlex.join(argv)}\n")
    script.chmod(0o755)


def run(shop: Shop, *argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, cwd=shop.repository, env=environment(shop), capture_output=True, text=True, check=False)


def test_every_hook_says_what_pre_commit_demands() -> None:
    assert [each["id"] for each in HOOKS] == ["sparc-gate", "sparc-gate-push"]
    for each in HOOKS:
        assert {"id", "name", "entry", "language"} <= each.keys()
        assert (each["language"], each["pass_filenames"], each["always_run"]) == ("python", False, True)


def test_a_commit_is_stopped_by_what_is_new_in_it_and_by_nothing_else(shop: Shop) -> None:
    commit(shop.repository, old__py=SHELL)
    as_git_hook(shop, hook("sparc-gate"))
    (shop.repository / "more.py").write_text(SHELL)
    # the gate's file in the work tree is the change's own, and has no say
    (shop.repository / "gate.yaml").write_text("gate: [{lines: {paths: '*.md', at_least: 1}}]\n")
    git(shop.repository, "add", "--all")
    before = git(shop.repository, "rev-parse", "HEAD")
    stopped = run(shop, "git", "commit", "--message=More")
    assert stopped.returncode == 1, stopped.stderr
    assert "more.py:2: " in stopped.stdout + stopped.stderr
    assert git(shop.repository, "rev-parse", "HEAD") == before
    (shop.repository / "more.py").write_text("print()\n")
    passed = run(shop, "git", "commit", "--all", "--message=Better")
    assert passed.returncode == 0, passed.stderr
    assert git(shop.repository, "status", "--porcelain") == ""


def test_a_push_is_stopped_as_well(shop: Shop, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--bare", str(shop.repository), "origin.git")
    git(shop.repository, "remote", "add", "origin", str(tmp_path / "origin.git"))
    git(shop.repository, "fetch", "--quiet", "origin")
    git(shop.repository, "remote", "set-head", "origin", "main")
    as_git_hook(shop, hook("sparc-gate-push"))
    commit(shop.repository, more__py=SHELL)
    assert run(shop, "git", "push", "origin", "HEAD:topic").returncode == 1
    commit(shop.repository, more__py="print()\n")
    assert run(shop, "git", "push", "origin", "HEAD:topic").returncode == 0


def test_the_step_of_the_workflow_asks_the_gate_and_leaves_its_files(shop: Shop, tmp_path: Path) -> None:
    workflow = yaml.safe_load((ROOT / "examples/ci/github-actions.yml").read_text())
    job = workflow["jobs"]["gate"]
    checkout = job["steps"][0]
    assert (checkout["with"]["fetch-depth"], checkout["with"]["persist-credentials"]) == (0, False)
    assert "secrets." not in str(workflow)
    (step,) = [step for step in job["steps"] if step.get("name") == "Gate"]
    (tmp_path / "sparc").mkdir()
    (tmp_path / "sparc/bin").symlink_to(SPARC.parent)
    base = git(shop.repository, "rev-parse", "HEAD")
    commit(shop.repository, more__py=SHELL)
    env = environment(shop, RUNNER_TEMP=str(tmp_path), BASE=base)
    done = subprocess.run(
        ("bash", "-e", "-c", step["run"]), cwd=shop.repository, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    assert "more.py" in (tmp_path / "gate.sarif").read_text()
    assert 'failures="1"' in (tmp_path / "gate.xml").read_text()


def test_the_script_of_the_pipeline_asks_the_gate_and_leaves_its_files(shop: Shop) -> None:
    job = yaml.safe_load((ROOT / "examples/ci/gitlab-ci.yml").read_text())["gate"]
    assert job["variables"]["GIT_DEPTH"] == "0"
    lcov = "TN:\nSF:README.md\nDA:1,1\nend_of_record\n"
    run_it = f"command: {{name: cover, run: [printf, {lcov!r}], report: {{lcov: stdout, paths: README.md}}}}"
    commit(shop.repository, gate__yaml=f"gate:\n- {run_it.replace(chr(39), chr(34))}\n")
    env = environment(shop, BASE=git(shop.repository, "rev-parse", "HEAD"))
    for line in job["script"]:
        done = subprocess.run(
            ("bash", "-e", "-c", line), cwd=shop.repository, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert (shop.repository / job["artifacts"]["reports"]["junit"]).is_file()
    assert 'filename="README.md"' in (shop.repository / "gate-coverage.xml").read_text()


def test_the_gate_of_the_examples_is_one() -> None:
    file = on_disk(ROOT / "examples/ci/gate.yaml")
    assert file
    assert [check.name for check in file.gate] == ["tests", "coverage", "bandit", "radon"]
