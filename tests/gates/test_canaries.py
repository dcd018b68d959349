"""Canaries: where they are planted, what they are made of, and that they come out as they must."""

import ast
from pathlib import Path
from time import process_time

import pytest

from gates.subject import Ran, Subject
from gates.suites.canaries import Canary, is_selective, planted
from gates.suites.canary_doubts import canary_doubts
from gates.suites.collected import named
from gates.suites.guard import Guard
from gates.suites.junit import Case
from gates.suites.pytest_config import EMPTY, chosen
from gates.suites.pytest_run import Told, told

FILES = ("tests/test_a.py", "tests/deep/test_b.py", "tests/deep/test_c.py", "src/ledger/posting.py")


def plant(seed: str = "seed", ini: str = "", files: tuple[str, ...] = FILES) -> tuple[Canary, ...]:
    config = chosen({"pytest.ini": f"[pytest]\n{ini}\n"})
    return planted(named(files, (), config), files, config, seed)


def test_one_file_lies_in_every_folder_of_tests() -> None:
    assert [str(Path(canary.path).parent) for canary in plant()] == ["tests", "tests/deep"]
    assert plant(files=("src/ledger/posting.py",)) == ()
    assert plant(files=("t\udcff/test_a.py", "t\n/test_a.py")) == ()


@pytest.mark.parametrize("seed", map(str, range(40)))
def test_every_kind_of_outcome_is_among_them(seed: str) -> None:
    for canary in plant(seed):
        functions = [node.name for node in ast.walk(ast.parse(canary.text)) if isinstance(node, ast.FunctionDef)]
        assert set(canary.outcomes.values()) == {"passed", "failure", "error"}
        assert set(canary.outcomes) <= set(functions)
        assert len(functions) == len(set(functions))


def test_no_two_look_alike_and_none_takes_a_name_that_is_there() -> None:
    files = tuple(f"tests/d{number}/test_{number}.py" for number in range(60))
    names = [Path(canary.path).name for canary in plant(files=files)]
    assert len(set(names)) == 60
    assert plant("one") != plant("two")
    assert plant("one") == plant("one")


def test_their_names_are_such_as_the_project_collects() -> None:
    ini = "python_files = check_*.py\npython_functions = it_* should"
    (canary,) = plant(ini=ini, files=("tests/check_a.py",))
    assert Path(canary.path).match("check_*.py")
    assert all(name.startswith(("it_", "should_")) for name in canary.outcomes)
    assert plant(ini="python_files = [a-c]x.py", files=("tests/ax.py",)) == ()


@pytest.mark.parametrize(
    ("words", "selective"),
    [(["-q"], False), (["-m", "slow"], True), (["-mslow"], True), (["-k", "x"], True), (["--maxfail=2"], False)],
)
def test_where_ours_might_be_left_out(words: list[str], selective: bool) -> None:  # noqa: FBT001
    assert is_selective(words) is selective


CANARY = Canary(path="tests/test_x.py", text="", outcomes={"test_p": "passed", "test_f": "failure"})


def case(name: str, outcome: str, module: str = "tests.test_x", message: str = "") -> Case:
    return Case(module, name, module.replace(".", "/") + ".py", 1, outcome, message)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ours", "theirs", "reason"),
    [
        ([case("test_p", "passed"), case("test_f", "failure")], ["passed"], None),
        ([case("test_p[1]", "passed"), case("test_p[2]", "passed"), case("test_f", "failure")], ["passed"], None),
        ([case("test_p", "passed"), case("test_f", "passed")], ["passed"],
         "a test of ours in tests must come out as failure, and came out as passed:"),
        ([case("test_p", "error", message="no app"), case("test_f", "error")], ["passed"],
         "must come out as passed, and came out as error (no app):"),
        ([case("test_f", "failure")], ["passed"], "must come out as passed, and did not run:"),
        ([], ["passed"], "must come out as passed, and did not run:"),
        # a folder in which nothing is run, or all is skipped
        ([], [], None),
        ([case("test_p", "skipped"), case("test_f", "skipped")], ["skipped"], None),
        ([case("test_p", "skipped"), case("test_f", "skipped")], ["skipped", "passed"], "came out as skipped:"),
    ],
)  # fmt: skip
def test_what_must_come_of_them(ours: list[Case], theirs: list[str], reason: str | None) -> None:
    others = [case("test_a", outcome, "tests.test_a") for outcome in theirs]
    doubts = list(canary_doubts(Told(others, ours, Guard(canaries=(CANARY,)))))
    assert [(reason or "") in doubt for doubt in doubts] == ([True] if reason else [])


def test_many_folders_and_cases_take_no_time(tmp_path: Path) -> None:
    canaries = [CANARY.model_copy(update={"path": f"tests/p{at}/test_x.py"}) for at in range(1000)]
    cases = [
        f'<testcase classname="tests.p{at % 1000}.test_a" name="t{at}" file="tests/p{at % 1000}/test_a.py"/>'
        for at in range(8000)
    ]
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports/junit.xml").write_text(f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>")
    (tmp_path / "guard.json").write_text(Guard(canaries=tuple(canaries)).model_dump_json())
    ran = Ran(argv=("pytest",), code=0)
    started = process_time()
    found = told(Subject(root=tmp_path, files=(), ran=(ran,), reports=tmp_path / "reports"))
    assert process_time() - started < 3
    assert (len(found.cases), len(list(canary_doubts(found)))) == (8000, 1000)
    assert process_time() - started < 6


def test_without_a_configuration_names_are_pytests() -> None:
    (canary,) = planted(["tests/test_a.py"], ["tests/test_a.py"], EMPTY, "seed")
    assert Path(canary.path).match("tests/test_*.py")
