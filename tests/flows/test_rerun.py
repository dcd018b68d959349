"""`sparc verify` on a real run, at a stranger's: signed, measured again, and what a made-up record is worth then."""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from pwd import getpwuid
from typing import Any

import pytest

from flows.plain_gate import exam_of
from flows.rerun import Place, rerun
from gates.checks import Check
from gates.verdict import Outcome
from tasks import evidence
from tasks.bench import Bench
from tasks.git import Git
from tasks.repository import open_repository
from tasks.verify import verify
from tasks.verify_report import Report, Resting, lines
from tests.support import Shop, git, phase, sparc, told, work

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="OpenSSH is not installed")

# HOME is a temporary one in tests; the configuration of package indexes is read from the real one
CALLER = {**os.environ, "XDG_CONFIG_HOME": str(Path(getpwuid(os.getuid()).pw_dir, ".config"))}
PROGRAM = 'test "$(cat docs/a.md)" = "$1" && test -n "$LENT"'
GATE = (
    "deliverables",
    {"lines": {"paths": "docs/*.md", "at_least": 2}},
    {"command": {"name": "same", "run": ["sh", "{plan_dir}/same.sh", "one"]}},
    {
        "command": {
            "name": "here",
            "run": ["test", "-f", "{workspace}/docs/a.md", "-a", "{phase}", "=", "specification"],
        }
    },
)


@pytest.fixture(scope="module")
def released(shop: Callable[[str], Shop]) -> Shop:
    """A run of two phases that was signed and released."""
    made = shop("signed")
    subprocess.run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", made.root / "key"), check=True)
    (made.plan_dir / "same.sh").write_text(PROGRAM)
    docs = phase(
        gate=GATE, a=work("mkdir -p docs; echo one > docs/a.md", "docs/a.md", gate=["deliverables"]),
        b=work("mkdir -p docs; echo two > docs/b.md", "docs/b.md"),
    )  # fmt: skip
    required = {"paths": "src/c.py", "pattern": "R-[0-9]+"}
    traced = {"traceability": {"requirements": required, "executed": False}}
    more = phase(
        gate=("deliverables", "bandit", traced, {"command": {"name": "r-1", "run": ["true"]}}),
        c=work("mkdir -p src; printf '# R-1\\nX = 1\\n' > src/c.py", "src/c.py"),
    )
    plan = made.plan(
        {"specification": docs, "refinement": more}, signing={"key": str(made.root / "key")},
        environment={"env": ["LENT"]},
    )  # fmt: skip
    done = made.sparc("run", plan, "--run", "signed-1", env={"LENT": "lent"})
    assert done.returncode == 0, done.stdout + done.stderr
    return made


@pytest.fixture
def stranger(released: Shop, tmp_path: Path) -> Path:
    """Another place, to which somebody has fetched everything."""
    git(tmp_path, "clone", "--quiet", "--mirror", str(released.repository), "mirror.git")
    return tmp_path / "mirror.git"


def listed(released: Shop, tmp_path: Path) -> Path:
    file = tmp_path / "allowed"
    file.write_text(f"sparc@localhost {(released.root / 'key.pub').read_text()}")
    return file


def asked(stranger: Path, *words: object) -> subprocess.CompletedProcess[str]:
    return sparc(stranger.parent / "sparc-home", "verify", "--repository", stranger, *words, env={"LENT": "other"})


# -- the command


def test_a_plain_clone_holds_after_the_fetch_that_it_is_told(released: Shop, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", released.repository.as_uri(), "clone")
    done = asked(tmp_path / "clone")
    assert done.returncode == 1
    fetch = done.stdout.partition("leaves it behind: git ")[2].partition("\n")[0]
    git(tmp_path / "clone", *fetch.replace("'", "").split())
    done = asked(tmp_path / "clone")
    assert done.returncode == 0, done.stdout
    assert "verified: 6 merges since" in done.stdout
    assert done.stderr == ""


def test_who_signed_is_told_everywhere_and_compared_with_a_list(released: Shop, stranger: Path, tmp_path: Path) -> None:
    found = told(asked(stranger, "--signers", listed(released, tmp_path), "--json"))
    assert (found["ok"], found["findings"]) == (True, [])
    ((key, number),) = [(one["key"], one["merges"]) for one in found["signers"]]
    assert number == len(found["verified"]) == 6
    assert [one["signer"] for one in released.evidence("release")] == [key]
    assert [event["signer"] for event in released.events("signed-1", "run-started")] == [key]
    assert f"signed by {key}" in released.sparc("status", "signed-1").stdout
    assert key in (released.run_folder("signed-1") / "report.html").read_text()
    assert "PRIVATE KEY" not in "".join(
        path.read_text(errors="replace") for path in released.run_folder("signed-1").rglob("*") if path.is_file()
    )
    subprocess.run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "other"), check=True)
    (tmp_path / "others").write_text(f"* {(tmp_path / 'other.pub').read_text()}")
    done = asked(stranger, "--signers", tmp_path / "others")
    assert (done.returncode, done.stdout.count("does not allow")) == (1, 6)
    assert asked(stranger, "--signers", tmp_path / "none").returncode == 2


def test_every_recorded_check_is_run_once_more_on_its_tree(released: Shop, stranger: Path) -> None:
    done = asked(stranger, "--rerun", "--json", "--plan-dir", released.plan_dir)
    found = told(done)
    assert (done.returncode, found["findings"]) == (0, [])
    checks = sorted(one["check"] for one in found["repeated"])
    assert checks == [
        "bandit", "command here", "command r-1", "command same", "deliverables", "deliverables", "deliverables",
        "lines", "traceability",
    ]  # fmt: skip
    assert all(one["now"] == one["recorded"] for one in found["repeated"])
    numbered = [line.split()[0] for line in done.stderr.splitlines()]
    assert numbered == [f"{place}/9" for place in range(1, 10)]


def test_what_cannot_be_run_again_is_named_and_does_not_count(stranger: Path) -> None:
    done = asked(stranger, "--rerun")
    assert done.returncode == 1
    (line,) = [line for line in done.stdout.splitlines() if "cannot" in line]
    assert "command same: cannot be run again here: it needs the plan's folder: give --plan-dir DIR" in line
    assert done.stdout.splitlines()[-1].startswith("NOT verified: 1 finding")
    assert asked(stranger, "--rerun", "--plan-dir", stranger / "none").returncode == 2


# -- what is made up


def forged(stranger: Path, **changes: Any) -> str:  # noqa: ANN401
    """A release in the place of the real one, with evidence of `lines` that somebody made up; the record's name."""
    store = Git(stranger)
    tip = store.commit("refs/heads/main")
    release = evidence.fetch(store, tip.trailers["Sparc-Evidence"].removeprefix("sha256:"))
    (first,) = (name for name, record in evidence.all_of(store, "verdict") if record["check"] == "lines")
    real: Mapping[str, Any] = evidence.fetch(store, first)
    record = {**real, "tree": tip.tree, **{key: value for key, value in changes.items() if value is not ...}}
    record = {key: value for key, value in record.items() if changes.get(key) is not ...}
    (name,) = evidence.keep(store, [record])
    gates = evidence.keep(store, [{"kind": "gate", "outcome": "passed", "tree": tip.tree, "verdicts": [name]}])
    (made,) = evidence.keep(store, [{**release, "gates": list(gates)}])
    message = tip.message.replace(tip.trailers["Sparc-Evidence"], f"sha256:{made}")
    git(stranger, "update-ref", "refs/heads/main", store.write_commit(tip.tree, tip.parents, message))
    return name


def again(stranger: Path, name: str) -> Report:
    """The verification, and the check of one record run again."""
    repository = open_repository(stranger)
    found = verify(repository, "main", None)
    assert [one.problem for one in found.findings if "not signed" not in one.problem] == []
    only = tuple(one for one in found.rests_on if one.evidence == name) or (
        Resting(evidence=name, commits=(repository.tip("main") or "",)),
    )
    bare = found.model_copy(update={"ok": True, "findings": (), "notes": (), "rests_on": only})
    return rerun(bare, Place(repository, stranger.parent / "sparc-home", {"PATH": "/bin"}), lambda _: None)


def test_a_check_that_was_never_passed_is_found_by_running_it_again(stranger: Path) -> None:
    boast = {"outcome": "passed", "check": "lines", "summary": "lines 9000 in 2 files", "measured": 9000}
    name = forged(stranger, limits={"paths": ["docs/*.md"], "at_least": 5000}, verdict=boast)
    assert verify(open_repository(stranger), "main", None).signers[0].merges == 5
    report = again(stranger, name)
    assert not report.ok
    (found,) = report.findings
    assert found.commit == open_repository(stranger).tip("main")
    expected = "lines: recorded as passed (lines 9000 in 2 files), and now it is failed (lines 2 < 5000 in 2 files"
    assert found.problem.startswith(expected)
    (one,) = report.repeated or ()
    assert (one.recorded.outcome, one.now and one.now.outcome) == (Outcome.PASSED, Outcome.FAILED)


def test_figures_that_differ_while_both_pass_are_a_note(stranger: Path) -> None:
    verdict = {"outcome": "passed", "check": "lines", "summary": "lines 3 in 2 files", "measured": 3}
    report = again(stranger, forged(stranger, verdict=verdict))
    assert report.ok
    assert len(report.notes) == 1
    assert "recorded as lines 3 in 2 files, and now it is lines 2" in report.notes[0]
    assert list(lines(report))[-1].endswith("each measured before it was made, and 1 check passed again")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"asked": ...}, "its evidence does not say with what it was asked: an older sparc wrote it"),
        ({"check": "telepathy"}, "its evidence asks what this sparc cannot ask"),
        ({"check": ...}, "its evidence asks what this sparc cannot ask"),
        ({"limits": {"at_least": "many"}}, "its evidence asks what this sparc cannot ask"),
        ({"limits": ...}, "its evidence asks what this sparc cannot ask"),
        ({"asked": {"words": {}}}, "its evidence asks what this sparc cannot ask"),
        ({"asked": []}, "its evidence asks what this sparc cannot ask"),
        ({"base": "1" * 40}, "the commit whose configuration held, 111111111111, is not here"),
        ({"base": "--all"}, "the commit whose configuration held, --all, is not here"),
    ],
    ids=str,
)
def test_a_record_that_cannot_be_repeated_does_not_count(stranger: Path, changes: dict[str, Any], words: str) -> None:
    report = again(stranger, forged(stranger, **changes))
    assert not report.ok
    assert words in report.findings[0].problem
    assert [one.now for one in report.repeated or ()] == [None]


def test_a_command_whose_record_leaves_out_its_words_is_an_answer_and_no_crash(stranger: Path) -> None:
    asks = {"deliverables": [], "environment": None, "words": {}, "suite": []}
    limits = {"name": "x", "run": ["test", "-z", "{run}{phase}{assignment}"], "timeout": 60}
    verdict = {"outcome": "passed"}
    report = again(stranger, forged(stranger, check="command x", limits=limits, asked=asks, verdict=verdict))
    assert report.ok


def test_nothing_to_run_again_is_no_pass(stranger: Path) -> None:
    repository = open_repository(stranger)
    empty = verify(repository, "main", None).model_copy(update={"rests_on": ()})
    report = rerun(empty, Place(repository, stranger.parent / "sparc-home", {}), lambda _: None)
    assert (empty.ok, report.ok) == (True, False)
    assert report.notes[-1] == "there was no recorded check to run again"


# -- the tests of a target


@pytest.mark.builds
def test_tests_and_coverage_share_one_run_of_the_suite_again(tmp_path: Path, repository: Path) -> None:
    files = {
        "requirements.txt": "pluggy\n", "src/total.py": "def total(a, b):\n    return a + b\n",
        "tests/test_total.py": "import sys\nsys.path.insert(0, 'src')\nfrom total import total\n\n"
        "def test_total():\n    assert total(1, 2) == 3\n\ndef test_slow():\n    assert True\n",
    }  # fmt: skip
    for name, text in files.items():
        (repository / name).parent.mkdir(exist_ok=True)
        (repository / name).write_text(text)
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message=Files")
    users, home = open_repository(repository), tmp_path / "sparc-home"
    exam = replace(exam_of(users, "main", home, CALLER), words={"run": "r"})
    checks = [
        Check.model_validate(one)
        for one in ("tests", {"coverage": {"at_least": 90}}, {"lines": {"paths": "src/*.py", "at_least": 1}})
    ]
    with Bench(exam, checks) as bench:
        records = [{**bench.verdict(check).evidence, "kind": "verdict"} for check in checks]
    assert [record["verdict"]["outcome"] for record in records] == ["passed"] * 3  # type: ignore[index,call-overload]
    names = evidence.keep(users.git, records)
    resting = tuple(Resting(evidence=name, commits=(users.tip("main") or "",)) for name in names)
    report = Report(ok=True, start=None, verified=("x",), findings=(), rests_on=resting)
    shutil.rmtree(home / "gates", ignore_errors=True)
    found = rerun(report, Place(users, home, CALLER), lambda _: None)
    assert found.ok, list(lines(found))
    assert [one.check for one in found.repeated or ()] == ["tests", "coverage", "lines"]
    assert all(one.now == one.recorded for one in found.repeated or ())
