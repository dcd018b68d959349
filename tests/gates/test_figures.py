"""Figures of single files, and the worker that measures many of them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gates.bounded import within
from gates.metrics.bandit_issues import CRASHED, issues
from gates.metrics.figures import METRICS, Unread, figure

EXEC = b"def run(code):\n    exec(code)\n"
IMPORTED = "import sys\nimport {modules}\nsys.exit({forbidden!r} in sys.modules)"


def run(folder: Path, needs: list[tuple[str, str, bytes]], *parameters: str) -> list[Any]:
    """What the worker answers to needs of (metric, path, content)."""
    contents, asked = b"", []
    for metric, path, content in needs:
        asked.append([metric, path, parameters, len(contents), len(content)])
        contents += content
    (folder / "contents").write_bytes(contents)
    argv = (sys.executable, "-I", "-m", "gates.metrics.figure_worker", str(folder / "figures.json"))
    question = json.dumps({"contents": str(folder / "contents"), "needs": asked})
    subprocess.run(argv, input=question, text=True, check=True, cwd=folder, timeout=60)
    answers = json.loads((folder / "figures.json").read_bytes())
    assert isinstance(answers, list)
    return answers


def test_each_file_has_its_answer_in_order(tmp_path: Path) -> None:
    needs = [("lines", "a.md", b"a\nb"), ("bandit", "caf\udce9.py", EXEC), ("complexity", "b.py", b"def f(:\n")]
    lines, found, unread = run(tmp_path, needs)
    assert lines == [2]
    assert [issue[:2] for issue in found[0]] == [[2, "B102"]]
    assert unread == [None, "cannot be read as Python: invalid syntax", 1]


def test_what_one_file_does_is_no_other_ones_affair(tmp_path: Path) -> None:
    deep = b"x = " + b"-" * 200_000 + b"1\n"
    unread, found = run(tmp_path, [("bandit", "a.py", deep), ("bandit", "b.py", b"x = '\\ud800'\nexec(x)\n")])
    assert (unread[0], len(unread)) == (None, 3)
    assert [issue[:2] for issue in found[0]] == [[2, "B102"]]


@pytest.mark.parametrize("metric", METRICS)
def test_the_same_content_has_the_same_figure(metric: str) -> None:
    parameters = ("e",) if metric in ("match", "places") else ()
    first = figure(metric, "a.py", EXEC, parameters)
    figure(metric, "b.py", b"import pickle, telnetlib\n", parameters)
    assert figure(metric, "a.py", EXEC, parameters) == first


def test_a_code_that_bandit_crashes_on_is_an_issue_with_its_place() -> None:
    (crash,) = issues("a.py", b"import tarfile\n\ntarfile.open('x').extractall(members=our.members())\n")
    assert (crash.line, crash.rule, crash.severity) == (3, CRASHED, "high")
    assert "tarfile_unsafe_members" in crash.text


def test_a_file_on_disk_has_no_say_in_what_bandit_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "__init__.py").write_text("")
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / ".bandit").write_text("[bandit]\nskips = B102\n")
    monkeypatch.chdir(tmp_path)
    assert [issue.rule for issue in issues("a.py", EXEC)] == ["B102"]


@pytest.mark.parametrize(
    ("metric", "content", "parameters", "expected"),
    [
        ("lines", b"", (), 0),
        ("lines", b"\xef\xbb\xbfa\r\nb\rc", (), 3),
        ("blank", b"\xef\xbb\xbf \n", (), True),
        ("blank", b"\x00", (), False),
        ("match", b"a\nb\n", ("^b$",), 2),
        ("match", b"a\n", ("^b$",), None),
        ("places", b"x\n  xx\n", ("x",), [(1, "x"), (2, "xx"), (2, "xx")]),
    ],
)
def test_figures_of_text(metric: str, content: bytes, parameters: tuple[str, ...], expected: object) -> None:
    assert figure(metric, "a.md", content, parameters) == expected


def test_what_is_no_text_has_no_figure() -> None:
    with pytest.raises(Unread, match="is not UTF-8 text: byte 1"):
        figure("lines", "a.md", b"a\xff")


def test_a_figure_that_takes_too_long_is_given_up() -> None:
    def endless() -> None:
        with within(0.05):
            while True:
                pass

    with pytest.raises(TimeoutError, match=r"more than 0\.05 s"):
        endless()


@pytest.mark.parametrize(
    "modules",
    ["gates.metrics.figure_worker, gates.metrics.ranks", "gates.metrics.text_figures, gates.metrics.bandit_issues"],
)
def test_a_worker_imports_nothing_that_takes_long(modules: str) -> None:
    for forbidden in ("pydantic", "bandit"):
        code = IMPORTED.format(modules=modules, forbidden=forbidden)
        assert subprocess.run((sys.executable, "-I", "-c", code), check=False, timeout=60).returncode == 0, forbidden
