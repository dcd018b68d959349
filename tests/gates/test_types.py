"""Real mypy over real files, and how what is checked would get by it; the environment is that of these tests."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from gates import type_run
from gates.subject import Ran, Run, Subject
from gates.type_check import Limits, base_product, product
from gates.type_comments import switches
from gates.type_reports import COVERED
from gates.verdict import Unmeasurable, Verdict

Tree = Callable[..., Subject]
Ask = Callable[[object, Subject], Verdict]
Judged = Callable[..., Verdict]

GOOD = "def twice(number: int) -> int:\n    return 2 * number\n"
BAD = 'number: int = "one"\n'


def ran_on(
    folder: Path, subject: Subject, files: tuple[str, ...], config: Mapping[str, str]
) -> tuple[Run, dict[str, str]]:
    """What a run of mypy as we ask it left, and the note of its place."""
    reports = folder / "reports"
    (reports / COVERED).mkdir(parents=True)
    canary = folder / "canary_1.py"
    canary.write_text(type_run.PLANTED)
    chosen = type_run.config(Limits(), config)
    (folder / chosen.name).write_text(chosen.text)
    paths = [*(str(subject.root / path) for path in files), str(canary)]
    (folder / "files").write_text("\n".join(paths) + "\n")
    words = type_run.arguments(
        Limits(), sys.executable, str(reports), str(folder / chosen.name), paths, str(folder / "files")
    )
    env = {"PATH": os.defpath, "HOME": str(folder), "PYTHONSAFEPATH": "1"}
    done = subprocess.run(words, cwd=subject.root, env=env, check=False, capture_output=True, text=True)
    came = Ran(argv=tuple(words), code=done.returncode, output=done.stdout + done.stderr)
    return Run(ran=(came,), reports=reports), {"root": str(subject.root), "canary": str(canary)}


@pytest.fixture
def judged(tree: Tree, ask: Ask, tmp_path: Path) -> Judged:
    """The verdict on files, with the files of a base and its configuration; the base comes first."""

    def answer(
        files: Mapping[str, str], *, base: Mapping[str, str] | None = None, config: Mapping[str, str] | None = None,
        new_only: bool = False,
    ) -> Verdict:  # fmt: skip
        notes: dict[str, object] = {}
        runs, before = {}, None
        if base is not None:
            before = tree(base)
            before = before.model_copy(update={"root": before.root.rename(tmp_path / "base")})
            if new_only and (known := base_product(Limits(), before)):
                runs["base"], notes["base"] = ran_on(tmp_path / "of-base", before, known, config or {})
        subject = tree(files)
        run, notes["candidate"] = ran_on(tmp_path / "own", subject, product(Limits(), subject), config or {})
        told = {"base": before, "runs": runs, "reports": run.reports, "ran": run.ran, "notes": notes}
        return ask({"types": {"new_only": new_only}}, subject.model_copy(update=told))

    return answer


def plainly(root: Path) -> int:
    """What mypy itself says of the same folder, by its exit code."""
    words = (sys.executable, "-m", "mypy", "--cache-dir", os.devnull, "src")
    return subprocess.run(words, cwd=root, check=False, capture_output=True).returncode


def test_what_code_says_to_the_checker_hides_nothing_but_what_is_never_reached(judged: Judged, tmp_path: Path) -> None:
    decorated = "from typing import no_type_check as n\n@n\ndef f() -> int:\n    return 'x'\n"
    files = {
        "src/a.py": "# mypy: ignore-errors\n" + BAD,
        "src/b.py": "# type: ignore\n" + BAD,
        "src/c.py": BAD.rstrip() + "  # type: ignore[assignment]\n",
        "src/d.py": decorated,
        "src/e.py": "def f():\n    return 1 + ''\n",
        "src/f.py": "import sys\n\nif sys.platform == 'beos':\n    x: int = ''\n",
    }
    verdict = judged(files, base={})
    assert plainly(tmp_path / "checkout") == 0
    found = [(found.path, found.rule) for found in verdict.findings]
    assert found == [
        ("src/e.py", "operator"),
        ("src/a.py", "mypy-comment"),
        ("src/b.py", "type-ignore"),
        ("src/c.py", "type-ignore"),
        ("src/d.py", "no-type-check"),
    ]


def test_the_candidates_configuration_counts_for_nothing(judged: Judged, tmp_path: Path) -> None:
    config = "[mypy]\nignore_errors = true\nignore_missing_imports = true\nexclude = src\n"
    verdict = judged({"mypy.ini": config, "src/a.py": "import nowhere\n" + BAD})
    assert plainly(tmp_path / "checkout") != 1
    assert [found.rule for found in verdict.findings] == ["import-not-found", "assignment"]


def test_a_shadow_of_the_checker_in_the_tree_is_not_run(judged: Judged) -> None:
    verdict = judged(
        {"mypy.py": "", "mypy/__init__.py": "", "mypy/__main__.py": "print('Success')\n", "a/__init__.py": BAD}
    )
    assert verdict.outcome != "passed"


def test_missing_imports_are_told_although_the_base_ignores_them_all(judged: Judged, tmp_path: Path) -> None:
    section = "[mypy-known.*]\nignore_missing_imports = true\n"
    # of the last section it says in plain words that nothing needs it
    unused = section.replace("known", "never").replace("[mypy-", "[mypy-not.")
    config = {"mypy.ini": f"[mypy]\nignore_missing_imports = true\nwarn_unused_configs = true\n{section}{unused}"}
    verdict = judged({"src/a.py": "import nowhere\nimport known\n", **config}, base=config, config=config)
    assert plainly(tmp_path / "checkout") == 0
    assert [found.line for found in verdict.findings] == [1]


def test_a_base_that_switches_the_checker_off_is_an_error(judged: Judged, tmp_path: Path) -> None:
    config = {"setup.cfg": "[mypy]\ndisable_error_code = assignment\n"}
    verdict = judged({"src/a.py": BAD, **config}, config=config)
    assert plainly(tmp_path / "checkout") == 0
    assert "mypy does not find the errors planted for it" in verdict.summary


def test_only_new_errors_count_if_the_plan_wants_so_and_only_new_switches_ever(judged: Judged) -> None:
    line = "x: int = 'a'  # type: ignore\n"
    before = {"src/a.py": BAD, "src/s.py": line}
    after = {
        "src/a.py": "\n" + BAD,
        "src/b.py": BAD,
        "src/s.py": "Y = 1\n" + line.replace("'a'", "'b'") + line.replace("x", "z"),
    }
    verdict = judged(after, base=before, new_only=True)
    assert [(found.rule, found.path, found.line) for found in verdict.findings] == [
        ("assignment", "src/b.py", 1),
        ("type-ignore", "src/s.py", 3),
    ]
    assert "2 new (1 old) findings in 3 files" in verdict.summary


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"src/a.py": "def f(:\n"}, "mypy came to no end: a.py:1"),
        ({"src/a/x.py": GOOD, "src/b/x.py": GOOD}, 'Duplicate module named "x"'),
    ],
    ids=["syntax", "twice"],
)
def test_what_cannot_be_checked_is_an_error(judged: Judged, files: dict[str, str], words: str) -> None:
    verdict = judged(files, base={})
    assert verdict.outcome == "error"
    assert words in verdict.summary


def test_a_file_that_was_not_checked_no_report_and_no_note_are_errors(judged: Judged, ask: Ask, tree: Tree) -> None:
    judged({"src/a.py": GOOD})
    subject = tree({"src/a.py": GOOD, "src/b.py": BAD})
    folder = subject.root.parent / "own"
    place = {"root": str(subject.root), "canary": str(folder / "canary_1.py")}
    told = {"reports": folder / "reports", "notes": {"candidate": place}, "ran": (Ran(argv=("x",), code=0),)}
    assert "mypy did not check 1 of 3 files: b.py" in ask("types", subject.model_copy(update=told)).summary
    assert "nobody noted" in ask("types", subject.model_copy(update={**told, "notes": None})).summary
    base = tree({"src/a.py": GOOD})
    unasked = subject.model_copy(update={**told, "files": subject.files[:1], "base": base})
    assert "the base was not checked" in ask({"types": {"new_only": True}}, unasked).summary
    late = {**told, "reports": subject.root, "ran": (Ran(argv=("x",), code=None, failure="timed out after 1 s"),)}
    assert "mypy came to no end: timed out after 1 s" in ask("types", subject.model_copy(update=late)).summary


def test_words_in_texts_are_no_switches() -> None:
    assert switches("a.py", b"x = '# type: ignore'\ny = 1  # type: int\nz = 1  # type: ignores\n") == []
    assert switches("a.py", b"x = '# mypy: ignore-errors'\n") == []
    lines = b'"""\n# mypy: ignore-errors\n"""\n# mypy: strict\n'
    told = [(flag.rule, flag.line) for flag in switches("a.py", lines)]
    assert told == [("mypy-comment", 2), ("mypy-comment", 4)], "one that is read in texts as well"
    found = switches("a.py", b"import typing\n@typing.no_type_check\ndef f(): pass  # pyright: basic\n")
    assert [(flag.rule, flag.line) for flag in found] == [("no-type-check", 2), ("pyright-comment", 3)]


def test_a_decorator_that_came_by_a_star_is_told(judged: Judged, tmp_path: Path) -> None:
    verdict = judged({"src/a.py": "from typing import *\n@no_type_check\ndef f() -> int:\n    return 'x'\n"}, base={})
    assert plainly(tmp_path / "checkout") == 0
    assert [(found.rule, found.line) for found in verdict.findings] == [("no-type-check", 2)]


def test_a_decorator_is_one_switch_however_it_was_imported() -> None:
    used = b"@no_type_check\ndef f(): pass\n"
    for source in (b"from typing import no_type_check\n" + used, b"import typing\n" + used.replace(b"@", b"@typing.")):
        assert [(flag.rule, flag.line) for flag in switches("a.py", source)] == [("no-type-check", 2)]


def test_switches_of_a_file_that_has_moved_are_not_new(judged: Judged) -> None:
    line = "x: int = 'a'  # type: ignore\n"
    verdict = judged({"src/b.py": line, "src/c.py": line}, base={"src/a.py": line})
    assert [found.path for found in verdict.findings] == ["src/c.py"]


def test_pyrights_configuration_narrows_nothing_and_takes_nothing_from_elsewhere() -> None:
    limits = Limits(tool="pyright", strict=True)
    text = '{"exclude": ["**"], "ignore": ["a"], "include": [], "pythonVersion": "3.12"}'
    assert type_run.config(limits, {"pyrightconfig.json": text}).text == (
        '{"pythonVersion": "3.12", "typeCheckingMode": "strict"}'
    )
    table = {"pyproject.toml": "[tool.pyright]\npythonVersion = '3.12'\n"}
    assert type_run.config(Limits(tool="pyright"), table).text == '{"pythonVersion": "3.12"}'
    for broken in ('{"extends": "../other.json"}', "{", "[]"):
        with pytest.raises(Unmeasurable):
            type_run.config(limits, {"pyrightconfig.json": broken})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("mypy.ini", "[mypy]\nplugins = pydantic.mypy, led.plugin\n"),
        ("pyproject.toml", "[tool.mypy]\nplugins = ['tools/plugin.py']\n"),
        ("setup.cfg", "[mypy]\nplugins =\n    led.plugin:make\n"),
    ],
)
def test_plugins_that_are_the_targets_own_are_refused(name: str, text: str) -> None:
    config = type_run.config(Limits(), {name: text})
    with pytest.raises(Unmeasurable, match="would judge itself"):
        type_run.refuse_plugins(config, ["src/led"])
    type_run.refuse_plugins(type_run.config(Limits(), {"mypy.ini": "[mypy]\nplugins = pydantic.mypy\n"}), ["src/led"])
    type_run.refuse_plugins(type_run.config(Limits(), {}), ["src/led"])


def diagnostic(path: Path, line: int, severity: str = "error") -> dict[str, object]:
    """As pyright tells it, which counts lines from 0."""
    return {
        "file": str(path), "severity": severity, "rule": "reportX", "message": "is\n  bad",
        "range": {"start": {"line": line - 1, "character": 0}},
    }  # fmt: skip


def test_pyrights_report_is_believed_with_its_number_of_files_and_the_planted_errors(
    tree: Tree, ask: Ask, tmp_path: Path
) -> None:
    subject = tree({"src/a.py": GOOD})
    canary, own = tmp_path / "canary.py", subject.root / "src/a.py"
    planted = [diagnostic(canary, 1), diagnostic(canary, 5)]

    def told(rows: list[dict[str, object]], analysed: int = 2, text: str | None = None) -> Verdict:
        said = {"generalDiagnostics": rows, "summary": {"filesAnalyzed": analysed}}
        (tmp_path / "said.json").write_text(text or json.dumps(said))
        notes = {"candidate": {"root": str(subject.root), "canary": str(canary)}}
        came = (Ran(argv=("x",), code=1, output="node: not found"),)
        update = {"reports": tmp_path, "ran": came, "notes": notes}
        return ask({"types": {"tool": "pyright"}}, subject.model_copy(update=update))

    assert told([*planted, diagnostic(own, 2, "warning")]).passed
    (found,) = told([*planted, diagnostic(own, 2)]).findings
    assert (found.path, found.line, found.message) == ("src/a.py", 2, "reportX is bad")
    assert "pyright checked 1 files instead of 2" in told(planted, 1).summary
    assert "does not find the errors planted for it" in told(planted[:1]).summary
    assert "pyright came to no end: node: not found" in told([], text="no json").summary
