"""Commands that look and change nothing, as programs: what they print, where, and how they exit."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.cli import app, main
from tests.support import Shop, phase, sparc, told, work

HERE = Path(__file__).parent


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """One that has no server and needs none; its SPARC_HOME does not exist."""
    made = Shop.open(tmp_path / "look", tmp_path / "home")
    a, b = work("true", "docs/a.md"), work("true", "docs/b.md", needs=["a"])
    made.plan({"specification": phase(a=a, b=b), "refinement": {"assignments": {"c": work("true", "src/c.py")}}})
    return made


# -- check and schema


def test_check_shows_the_shape_of_the_work_and_every_gate(shop: Shop) -> None:
    done = shop.sparc("check", shop.plan_dir / "plan.yaml")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].endswith("plan.yaml: 3 assignments in 2 phases, at most 1 at once")
    assert "1 specification: 2 assignments" in lines
    assert "  longest chain: a -> b" in lines
    assert "  gate: coverage: {at_least: 80}" in lines, "the default gate is printed as well"
    assert not shop.home.exists()


def test_check_of_a_bad_plan_tells_every_problem_with_its_line(shop: Shop) -> None:
    file = shop.plan({"specification": phase(a=work("true", "/etc/passwd", needs=["nobody"]))}, defaults={"agent": "x"})
    done = shop.sparc("check", file)
    assert done.returncode == 2
    assert done.stdout == f"{file}: 3 problems, nothing would be started\n"
    lines, told_of = file.read_text().splitlines(), {}
    for line in done.stderr.splitlines():
        number, place, problem = line.removeprefix(f"{file}:").split(": ", 2)
        told_of[place] = lines[int(number) - 1].strip()
        assert problem
    assert told_of == {
        "defaults.agent": '"agent": "x"',
        "phases.specification.assignments.a.deliverables[0]": '"/etc/passwd"',
        "phases.specification.assignments.a.needs[0]": '"nobody"',
    }
    document = told(shop.sparc("check", file, "--json"))
    assert [document["ok"], len(document["problems"]), document["phases"]] == [False, 3, []]


def test_schemas_are_printed_by_name_and_others_are_refused(shop: Shop) -> None:
    plan, context = told(shop.sparc("schema")), told(shop.sparc("schema", "context"))
    assert {"sparc", "name", "agents", "phases"} <= set(plan["properties"])
    assert {"findings", "memory", "workspace", "deliverables"} <= set(context["properties"])
    other = shop.sparc("schema", "gate")
    assert (other.returncode, other.stderr) == (2, "there is no schema 'gate': plan or context\n")


@pytest.mark.parametrize("arguments", [("check", "plan.yaml"), ("status",), ("schema",), ("--help",)])
def test_looking_imports_no_prefect(shop: Shop, arguments: tuple[str, ...]) -> None:
    script = (
        "import sys; import flows.cli; sys.argv[0] = 'sparc'\n"
        "try: flows.cli.main()\n"
        "except SystemExit as end: assert end.code == 0, end.code\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('prefect', 'git', 'httpx', 'bandit')])"
    )
    import subprocess  # noqa: PLC0415 - this one test runs Python itself

    done = subprocess.run(
        (sys.executable, "-c", script, *arguments), cwd=shop.plan_dir, capture_output=True, text=True, check=True,
        env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "SPARC_HOME": str(shop.home)},
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "[]"


# -- status and report


def test_status_of_nothing_and_of_nobody(shop: Shop) -> None:
    nothing = shop.sparc("status")
    assert (nothing.returncode, nothing.stdout) == (0, f"no runs under {shop.home}\n")
    for command in ("status", "report", "resume"):
        done = shop.sparc(command, "../../etc")
        assert done.returncode == 2
        assert done.stderr == f"no run '../../etc' under {shop.home}: `sparc status` lists the runs\n"


def test_runs_of_which_nothing_can_be_told_keep_no_other_back(shop: Shop) -> None:
    record = {"run": "", "plan": "look", "plan_file": "plan.yaml", "repository": str(shop.repository), "base": "main",
              "start": shop.begin, "memory": "local-file-system/sparc-memory", "fingerprint": ""}  # fmt: skip
    started = {"event": "run-started", "at": 1.0, "run": "sound", "plan": "look", "goal": "", "base": "main",
               "branch": "sparc/look", "start": shop.begin, "repository": str(shop.repository), "resumed": False,
               "isolation": "none", "phases": ["specification"]}  # fmt: skip
    journals = {"sound": json.dumps(started), "damaged": "no event", "prepared": None}
    for run, journal in journals.items():
        folder = shop.run_folder(run)
        folder.mkdir(parents=True)
        (folder / "run.json").write_text(json.dumps(record | {"run": run}))
        if journal:
            (folder / "journal.jsonl").write_text(f"{journal}\n")
    shop.run_folder("torn").mkdir()
    (shop.run_folder("torn") / "run.json").write_text("{")
    done = shop.sparc("status")
    assert done.returncode == 0
    first, *others = done.stdout.splitlines()
    assert first.split()[:2] == ["sound", "interrupted"], "its process is gone"
    assert len(others) == 3
    assert "run prepared was prepared and never started: `sparc resume prepared` starts it" in others
    assert any("damaged/journal.jsonl:1: not an event" in line for line in others)
    assert any("torn/run.json cannot be read" in line for line in others)
    assert shop.sparc("status", "damaged").returncode == 1
    assert shop.sparc("status", "prepared").returncode == 2


# -- verify


def test_verify_without_a_release_is_1_and_says_so(shop: Shop) -> None:
    done = shop.sparc("verify", "--json")
    assert done.returncode == 1
    document = told(done)
    assert (document["ok"], document["verified"]) == (False, [])
    assert any("no release of sparc" in note for note in document["notes"])
    for more, word in ((("nowhere",), "nowhere"), (("--since", "nowhere"), "nowhere")):
        refused = shop.sparc("verify", *more)
        assert refused.returncode == 2
        assert f"has no commit {word!r}" in refused.stderr


# -- a bug


@pytest.fixture
def broken() -> Callable[[], None]:
    """A command with a bug, for as long as the test lasts."""

    def broken() -> None:
        raise ZeroDivisionError("a bug that a test has made")

    app.command()(broken)
    yield broken  # type: ignore[misc]
    app.registered_commands.pop()


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize("place", ["home", "nowhere"])
def test_a_bug_is_3_and_leaves_a_report_to_attach(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / place
    if place == "home":
        home.mkdir()
    monkeypatch.setenv("SPARC_HOME", str(home))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr(sys, "argv", ["sparc", "broken"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 3
    out, err = capsys.readouterr()
    assert out == ""
    (report,) = tmp_path.rglob("sparc-crash-*.txt")
    assert report.parent == (home if place == "home" else tmp_path)
    assert err == f"This is a bug in sparc. Please attach {report} when you report it.\n"
    assert "ZeroDivisionError: a bug that a test has made" in report.read_text()
    assert report.read_text().startswith("sparc broken\nPython 3.")


def test_help_of_every_command_is_there(tmp_path: Path) -> None:
    done = sparc(tmp_path / "home", "run", "--help")
    assert done.returncode == 0
    for word in ("--repository", "--run", "--yes", "--json"):
        assert word in done.stdout
