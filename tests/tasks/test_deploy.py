"""A command of a deployment: where it runs, what it sees, and what is told of it."""

import json
import sys
from pathlib import Path

import pytest

from tasks import evidence
from tasks.deploy import Deployment, keep_deployment, run_one
from tests.tasks.stories import Story

SECRET = "the-password-of-the-host"  # noqa: S105 - a word that must not be told
CALLER = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": "/home/ada", "DEPLOY_KEY": SECRET, "OTHER": "private"}
LOOK = "import json, os, sys; json.dump([os.getcwd(), dict(os.environ), sorted(os.listdir())], open(sys.argv[1], 'w'))"


def deployment(story: Story, **more: object) -> Deployment:
    """Of where the plan stands."""
    words = {"plan_dir": "/plans", "run": story.hub.run, "plan": "ledger", "phase": "", "assignment": "", "attempt": ""}
    fields: dict[str, object] = {"names": ("DEPLOY_KEY", "MISSING"), "caller": CALLER} | more
    return Deployment(story.hub.git, story.hub.plan_tip, words, **fields)  # type: ignore[arg-type]


def test_a_command_sees_the_release_alone_and_the_variables_that_are_named(story: Story, tmp_path: Path) -> None:
    ran = run_one(deployment(story), "deploy", (sys.executable, "-c", LOOK, str(tmp_path / "saw")))
    assert ran.failure is None
    place, env, files = json.loads((tmp_path / "saw").read_text())
    assert files == [".gitignore", "README.md", "docs", "run.sh", "src"]
    assert (env["SPARC_COMMIT"], env["SPARC_RUN"], env["DEPLOY_KEY"]) == (story.hub.plan_tip, story.hub.run, SECRET)
    assert "OTHER" not in env
    assert env["HOME"] == f"{Path(place).parent}/home"
    assert not Path(place).exists(), "what it leaves there is thrown away"


def test_a_home_that_is_named_is_the_callers(story: Story, tmp_path: Path) -> None:
    shown = deployment(story, names=("HOME",))
    run_one(shown, "verify", ("sh", "-c", f"echo $HOME > {tmp_path}/saw"))
    assert (tmp_path / "saw").read_text() == "/home/ada\n"


def test_a_failure_is_told_with_its_output_and_without_secrets(story: Story) -> None:
    command = ("sh", "-c", 'echo "$DEPLOY_KEY $PWD"; exit 3', "{run}", "{phase}")
    ran = run_one(deployment(story), "verify", command)
    assert ran.failure == (
        f'sh -c echo "$DEPLOY_KEY $PWD"; exit 3 {story.hub.run} : exit code 3: {{DEPLOY_KEY}} {{workspace}}'
    )
    assert SECRET not in str(ran.record)


def test_half_a_secret_at_the_edge_of_what_is_shown_is_none(story: Story) -> None:
    ran = run_one(
        deployment(story), "verify", ("sh", "-c", 'echo "$DEPLOY_KEY"; head -c 588 /dev/zero | tr "\\0" x; exit 1')
    )
    assert SECRET[-8:] not in (ran.failure or "")


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (("no-such-program",), "no-such-program: cannot start"),
        (("sh", "-c", "kill -9 $$"), "exit code"),
    ],
)
def test_what_cannot_start_or_is_killed_has_failed(story: Story, command: tuple[str, ...], why: str) -> None:
    assert why in (run_one(deployment(story), "deploy", command).failure or "")


def test_the_evidence_of_a_deployment_says_that_nothing_kept_it_from_the_world(story: Story) -> None:
    about = deployment(story)
    ran = [run_one(about, "deploy", ("true",)), run_one(about, "verify", ("false",))]
    record = evidence.fetch(story.hub.git, keep_deployment(story.hub, about, ran))
    assert (record["kind"], record["outcome"], record["isolation"]) == ("deployment", "failed", "none")
    assert record["commit"] == story.hub.plan_tip
    assert [one["outcome"] for one in record["commands"]] == ["passed", "failed"]  # type: ignore[union-attr,index,call-overload]
