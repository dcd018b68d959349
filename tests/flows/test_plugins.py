"""Checks of third parties: distributions that are installed beside sparc, in processes of their own."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import pytest

HEADINGS = '''
"""A check: no document has more top headings than allowed."""

import sys
from typing import Annotated

from pydantic import Field, JsonValue

from gates.checks import Kind, Runs
from gates.files import read_text, select
from gates.model import Frozen
from gates.paths import Paths
from gates.subject import Subject
from gates.verdict import Finding, Verdict, answer

print("acme is imported", file=sys.stderr)


class Limits(Frozen):
    """The documents, and how many top headings each may have."""

    paths: Paths
    """Files or globs to read."""
    most: Annotated[int, Field(ge=1)] = 1
    """Top headings of one document."""


def measure(limits: Limits, subject: Subject) -> JsonValue:
    paths = select(subject, limits.paths)
    return {path: sum(line.startswith("# ") for line in read_text(subject.root, path).split("\\n")) for path in paths}


def judge(limits: Limits, report: dict[str, int]) -> Verdict:
    many = [
        Finding(path=path, message=f"{count} top headings", rule="headings")
        for path, count in report.items()
        if count > limits.most
    ]
    worst = max(report.values())
    summary = f"{worst} of {limits.most}"
    return answer("headings", summary, measured=worst, limit=limits.most, findings=many, passed=not many)


kind = Kind(Limits, Runs.NOTHING, measure, judge)
commands = kind._replace(runs=Runs.COMMAND)
no_kind = "kind"
no_limits = kind._replace(limits=dict)
no_judge = kind._replace(judge=None)
'''
ENTRIES = {
    "headings": "acme.checks:kind",
    "bandit": "acme.checks:kind",
    "commands": "acme.checks:commands",
    "no-kind": "acme.checks:no_kind",
    "no-limits": "acme.checks:no_limits",
    "no-judge": "acme.checks:no_judge",
    "nowhere": "acme.checks:nowhere",
    "broken": "acme.broken:kind",
    "Odd Name": "acme.checks:kind",
    "twice": "acme.checks:kind",
}

SENTENCES = [
    ("headigs", "there is no check 'headigs', did you mean headings? (checks: deliverables, "),
    ("commands", "the check 'commands' of acme-checks 1.5 cannot be used: acme.checks:commands runs command, and"),
    ("no-kind", "acme.checks:no_kind is no gates.checks.Kind"),
    ("no-limits", "acme.checks:no_limits has limits that are no subclass of gates.model.Frozen"),
    ("no-judge", "acme.checks:no_judge has a measure, a judge or a compares that cannot be called"),
    ("nowhere", "cannot be imported: AttributeError: module 'acme.checks' has no attribute 'nowhere'"),
    ("broken", "the check 'broken' of acme-checks 1.5 cannot be imported: SystemExit: acme gives up"),
    ("Odd Name", "cannot be used: a name is of the form [a-z][a-z0-9_-]*"),
    ("twice", "uninstall all but one of them"),
    ("headings: {paths: docs/a.md, mst: 2}", "headings.mst: is no key here; did you mean most?"),
    ("headings", "headings.paths: is missing: files or globs to read"),
]


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter that has what this one has, and the distributions of two third parties."""
    folder = tmp_path_factory.mktemp("plugins") / "env"
    venv.create(folder, symlinks=True)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "ours.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    (site / "acme").mkdir()
    (site / "acme/__init__.py").write_text("")
    (site / "acme/checks.py").write_text(HEADINGS)
    (site / "acme/broken.py").write_text("import sys\n\nsys.exit('acme gives up')\n")
    install(site, "acme-checks", "1.5", ENTRIES)
    install(site, "other-checks", "0.1", {"twice": "acme.checks:no_kind"})
    return folder / "bin" / "python"


def install(site: Path, name: str, version: str, entries: Mapping[str, str]) -> None:
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = (f"{entry} = {value}" for entry, value in entries.items())
    (info / "entry_points.txt").write_text("[sparc.checks]\n" + "\n".join(lines) + "\n")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "good.md").write_text("# One\n")
    (folder / "bad.md").write_text("# One\n# Two\n")
    for words in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"]):
        subprocess.run(["git", *words], cwd=folder, check=True)
    return folder


def sparc(python: Path, home: Path, *words: object) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "SPARC_HOME": str(home / "sparc"), "LANG": "C.UTF-8"}
    argv = [str(python), "-c", "import sys; from flows.cli import main; sys.exit(main())", *map(str, words)]
    return subprocess.run(argv, cwd=home, env=env, check=False, capture_output=True, text=True, timeout=120)


def plan_with(folder: Path, *checks: str) -> Path:
    plan = folder / "plan.yaml"
    plan.write_text(
        dedent(f"""\
            sparc: 1
            name: p
            goal: g
            agents:
              a: {{command: [{sys.executable}, -c, pass]}}
            phases:
              specification:
                assignments:
                  w: {{role: r, prompt: p, deliverables: [docs/a.md]}}
                gate: [{", ".join(f"{{{check}}}" if ":" in check else check for check in checks)}]
        """)
    )
    return plan


def test_a_gate_asks_it_as_one_of_ours(python: Path, repository: Path, tmp_path: Path) -> None:
    asked = ("gate", "--repository", repository, "--json", "headings: {paths: good.md}", "headings: {paths: '*.md'}")
    done = sparc(python, tmp_path, *asked)
    assert done.returncode == 1, done.stderr
    good, bad = json.loads(done.stdout)["checks"]
    assert (good["outcome"], good["summary"]) == ("passed", "headings 1 of 1")
    assert (bad["outcome"], bad["findings"][0]["path"], bad["findings"][0]["rule"]) == ("failed", "bad.md", "headings")
    again = json.loads(sparc(python, tmp_path, *asked, "bandit").stdout)["checks"]
    assert [check["kept"] for check in again[:2]] == [None, None], "what decides there is not ours to know"


def test_each_that_cannot_be_used_is_a_sentence(python: Path, tmp_path: Path) -> None:
    done = sparc(python, tmp_path, "check", plan_with(tmp_path, *(name for name, _ in SENTENCES)))
    assert done.returncode == 2
    told = done.stderr.splitlines()
    for place, (_, sentence) in enumerate(SENTENCES):
        assert any(f".gate[{place}]" in line and sentence in line for line in told), (sentence, told)
    assert "Traceback" not in done.stderr


def test_nothing_of_theirs_is_imported_for_a_plan_of_our_checks(python: Path, tmp_path: Path) -> None:
    ours = sparc(python, tmp_path, "check", plan_with(tmp_path, "bandit"))
    assert (ours.returncode, "acme is imported" in ours.stderr) == (0, False)
    theirs = sparc(python, tmp_path, "check", plan_with(tmp_path, "headings: {paths: docs/a.md}"))
    assert "acme is imported" in theirs.stderr


def test_the_schema_has_it_and_tells_of_those_that_cannot_be_used(python: Path, tmp_path: Path) -> None:
    done = sparc(python, tmp_path, "schema")
    assert done.returncode == 0
    assert '"Top headings of one document."' in done.stdout
    assert "warning: the check 'bandit' of acme-checks 1.5 is not used: sparc has a check of that name" in done.stderr
    assert done.stderr.count("warning: ") == len(ENTRIES) - 1


def test_its_code_is_part_of_the_evidence(python: Path) -> None:
    named = "Check.model_validate({'headings': {'paths': 'a'}}).kind.limits.__module__"
    ask = f"from gates.checks import Check; from gates import plugins; print({named}, plugins.versions('headings'))"

    def version() -> str:
        return subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True).stdout.splitlines()[-1]

    first = version()
    assert first.startswith("acme.checks {'acme-checks': '1.5 (")
    (package,) = python.parent.parent.glob("lib/python*/site-packages/acme")
    (package / "more.py").write_text("# mended\n")
    assert version() != first
