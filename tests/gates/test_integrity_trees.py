"""Trees that `integrity` looks at beside the base, what the plan allows, and files that are hard to read."""

import json
from pathlib import Path

import pytest

from gates import integrity
from gates.checks import Check
from gates.subject import TreeFile
from gates.verdict import Verdict
from gates.waivers import Waiver
from gates.worker import answer_to
from tests.gates.integrity_base import (
    BASE,
    PRODUCT,
    TEST,
    TESTS,
    Files,
    answered,
    append,
    asked,
    edit,
    rules,
    subject_of,
)
from tests.gates.integrity_honest import MOVED

MORE = "tests/test_more.py"
LATER = "from shop.money import parse\n\n\ndef test_later():\n    assert parse('7') == 7\n"


def _since(folder: Path, built_on: Files, candidate: Files, *, refused: bool = False) -> Verdict:
    base = subject_of(folder / "base", BASE)
    other = subject_of(folder / "other", {**BASE, **built_on})
    trees = {"refused": [other]} if refused else {"earlier": [other]}
    return answered(subject_of(folder / "candidate", {**BASE, **candidate}, base=base, **trees))


def test_a_test_that_came_after_the_base_is_not_deleted_again(tmp_path: Path) -> None:
    verdict = _since(tmp_path, {MORE: LATER}, {})
    assert (verdict.outcome, rules(verdict)) == ("failed", {"test-deleted"})
    assert verdict.findings[0].path == MORE


def test_what_was_built_on_may_be_added_to(tmp_path: Path) -> None:
    assert _since(tmp_path, {MORE: LATER}, {MORE: LATER + "    assert parse('8') == 8\n"}).outcome == "passed"


def test_only_tests_are_looked_at_in_trees_after_the_base(tmp_path: Path) -> None:
    stricter = edit("pyproject.toml", ("fail_under = 90", "fail_under = 99"))
    assert _since(tmp_path, stricter, {}).outcome == "passed"


def test_what_an_attempt_lost_that_was_refused_is_told(tmp_path: Path) -> None:
    verdict = _since(tmp_path, {MORE: LATER}, {}, refused=True)
    assert verdict.outcome == "passed"
    assert verdict.summary.endswith(f"; noted: test-dropped {MORE}")
    assert isinstance(verdict.measured, dict)
    assert verdict.measured["notes"] == [
        f"{MORE} test-dropped: an attempt before had more: no longer there: test_later"
    ]


def test_a_waiver_allows_a_rule_in_some_files_and_shows(tmp_path: Path) -> None:
    base = subject_of(tmp_path / "base", BASE)
    waiver = {"rule": "test-*", "paths": [TEST], "reason": "the money of old is gone"}
    changed = subject_of(tmp_path / "candidate", {**BASE, TEST: None}, base=base, waivers=[waiver])
    verdict = answered(changed)
    assert (verdict.outcome, verdict.findings) == ("passed", ())
    assert [(each.rule, each.path, each.reason) for each in verdict.waived] == [
        ("test-deleted", TEST, "the money of old is gone")
    ]
    assert verdict.summary.endswith("; waived: test-deleted")
    assert verdict.measured == {"signs": 0, "waived": 1, "changed": 1, "notes": []}
    elsewhere = changed.model_copy(update={"waivers": (Waiver(rule="test-*", paths=("docs/**",), reason="x"),)})
    assert answered(elsewhere).outcome == "failed"


def test_a_waiver_that_stands_in_the_candidate_allows_nothing(tmp_path: Path) -> None:
    plan = f"sparc: 1\nname: shop\nphases: {{}}\nwaivers: [{{rule: '*', paths: ['**'], reason: mine}}]\n# {TEST}\n"
    assert rules(asked(tmp_path, {TEST: None, "plan.yaml": plan})) == {"test-deleted", "plan-changed"}


def test_without_a_base_nothing_can_be_said(tmp_path: Path) -> None:
    verdict = answered(subject_of(tmp_path / "candidate", BASE))
    assert (verdict.outcome, "there is nothing to compare with" in verdict.summary) == ("error", True)


def test_a_new_repository_is_not_accused(tmp_path: Path) -> None:
    base = subject_of(tmp_path / "base", {"README.md": "# Shop\n"})
    weak = "import pytest\n\n\n@pytest.mark.skip\ndef test_nothing():\n    assert True\n"
    new = {
        "README.md": "# Shop\n",
        "tests/test_new.py": weak,
        "src/shop/__init__.py": "",
        "pyproject.toml": BASE["pyproject.toml"],
    }
    assert answered(subject_of(tmp_path / "candidate", new, base=base)).outcome == "passed"


def test_a_file_that_can_no_longer_be_read_is_an_error(tmp_path: Path) -> None:
    verdict = asked(tmp_path, {TEST: TESTS + "\ndef broken(:\n"})
    assert verdict.outcome == "error"
    assert "can no longer be" in verdict.summary
    assert [(finding.path, finding.rule) for finding in verdict.findings] == [(TEST, "unreadable")]


def test_a_new_file_that_cannot_be_read_is_noted(tmp_path: Path) -> None:
    verdict = asked(tmp_path, {"templates/main.py": "def {{ name }}():\n"})
    assert (verdict.outcome, verdict.summary.endswith("; noted: unreadable templates/main.py")) == ("passed", True)


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe\x00bytes",
        b"# coding: latin-1\nNAME = '\xe4'  # nosec\n",
        b"x = '\x00'\n",
        b"",
        b"\xef\xbb\xbfX = 1\n",
        b"def f():\r\n\tpass\r\n",
    ],
)
def test_odd_bytes_never_end_the_check(tmp_path: Path, content: bytes) -> None:
    verdict = asked(
        tmp_path, {"src/shop/odd.py": content, "web/odd.ts": content, "odd.toml": content, "tox.ini": content}
    )
    assert verdict.outcome in ("passed", "failed")
    assert ("suppression-nosec" in rules(verdict)) is (b"nosec" in content)


def test_a_configuration_that_can_no_longer_be_read_has_lost_its_limits(tmp_path: Path) -> None:
    assert "limit-lowered" in rules(asked(tmp_path, {"pyproject.toml": BASE["pyproject.toml"] + "\n[broken\n"}))


def test_a_suppression_may_be_moved_with_its_line(tmp_path: Path) -> None:
    before, after = MOVED
    base = subject_of(tmp_path / "base", before)
    assert answered(subject_of(tmp_path / "candidate", after, base=base)).outcome == "passed"
    twice = {**after, PRODUCT: before[PRODUCT]}
    assert rules(answered(subject_of(tmp_path / "twice", twice, base=base))) <= {"suppression-coverage"}


def test_strict_blocks_what_is_noted_otherwise(tmp_path: Path) -> None:
    change = edit(PRODUCT, ("return a / b", "return a / b  # noqa: S101"))
    assert rules(asked(tmp_path, change, strict=True)) == {"suppression-narrow"}


def test_the_plan_says_what_else_is_a_test(tmp_path: Path) -> None:
    base = subject_of(tmp_path / "base", {**BASE, "specs/money_spec.py": LATER})
    gone = subject_of(tmp_path / "candidate", BASE, base=base)
    assert answered(gone).outcome == "passed"
    assert rules(answered(gone, tests=["specs/**"])) == {"test-deleted"}


def test_many_findings_are_counted(tmp_path: Path) -> None:
    lines = "".join(f"X{number} = {number}  # nosec\n" for number in range(80))
    verdict = asked(tmp_path, append(PRODUCT, lines))
    assert verdict.summary.startswith(
        "integrity 80 signs of weaker tests or checks in 1 changed file: src/shop/money.py:"
    )
    assert verdict.findings[-1].message == "and 30 more"


def test_it_is_a_check_like_the_others(tmp_path: Path) -> None:
    check = Check.model_validate("integrity")
    assert check.kind.compares(check.limits)
    base = subject_of(tmp_path / "base", BASE)
    subject = subject_of(tmp_path / "candidate", {**BASE, TEST: None}, base=base)
    question = {"check": "integrity", "limits": {}, "subject": subject.model_dump(mode="json")}
    verdict = answer_to(json.dumps(question))
    assert verdict == answered(subject)
    assert integrity.Limits() == check.limits


@pytest.mark.parametrize("path", [TEST, "pyproject.toml", ".github/workflows/ci.yml"])
def test_a_link_in_place_of_a_file_is_the_loss_of_it(tmp_path: Path, path: str) -> None:
    base = subject_of(tmp_path / "base", BASE)
    candidate = subject_of(tmp_path / "candidate", {**BASE, path: None}, base=base)
    (candidate.root / path).parent.mkdir(parents=True, exist_ok=True)
    (candidate.root / path).symlink_to("/etc/hostname")
    link = TreeFile(path=path, mode="120000", size=13)
    assert answered(candidate.model_copy(update={"files": (*candidate.files, link)})).outcome == "failed"


@pytest.mark.parametrize(
    "path", ["tests/unit/conftest.py", ".coveragerc", "pytest", ".github/workflows/more.yml", "src/shop/more.py"]
)
def test_a_new_link_is_no_way_around_what_is_looked_at(tmp_path: Path, path: str) -> None:
    base = subject_of(tmp_path / "base", BASE)
    candidate = subject_of(tmp_path / "candidate", {**BASE, "notes.txt": "import os\n\nos._exit(0)\n"}, base=base)
    link = TreeFile(path=path, mode="120000", size=9)
    verdict = answered(candidate.model_copy(update={"files": (*candidate.files, link)}))
    assert (verdict.outcome, rules(verdict)) == ("failed", {"file-linked"})
    to_a_note = link.model_copy(update={"path": "docs/notes.txt"})
    assert answered(candidate.model_copy(update={"files": (*candidate.files, to_a_note)})).outcome == "passed"


@pytest.mark.parametrize(
    ("folders", "found"),
    [(["tests/unit"], {"pytest-configured"}), (["tests"], set()), (["."], set()), (["tests/*"], set())],
)
def test_the_first_testpaths_must_leave_no_test_out(tmp_path: Path, folders: list[str], found: set[str]) -> None:
    before = edit("pyproject.toml", ('testpaths = ["tests"]\n', ""))
    base = subject_of(tmp_path / "base", {**BASE, **before})
    after = edit("pyproject.toml", ('testpaths = ["tests"]\n', f"testpaths = {json.dumps(folders)}\n"))
    assert rules(answered(subject_of(tmp_path / "candidate", {**BASE, **after}, base=base))) == found


def test_a_fixture_that_has_moved_may_lean_on_others(tmp_path: Path) -> None:
    fixture = "import pytest\n\n\n@pytest.fixture\ndef shop():\n    assert open_shop() == 1\n    return 1\n"
    moved = "import pytest\n\n\n@pytest.fixture\ndef opened():\n    assert open_shop() == 1\n\n\n"
    moved += "@pytest.fixture\ndef shop(opened):\n    return 1\n"
    base = subject_of(tmp_path / "base", {**BASE, MORE: fixture + "\n\n" + LATER})
    after = {**BASE, MORE: LATER, "tests/conftest.py": moved}
    assert answered(subject_of(tmp_path / "candidate", after, base=base)).outcome == "passed"


ADD = "def add(a, b):\n    return a + b\n"
USES = "from cart import Cart, add, buy\n\n\ndef test_it():\n    assert add(1, 2) == 3\n    assert add(2, 2) == 4\n"
EMPTYING = USES.replace("assert add(2, 2)", "Cart().put(1)\n    Cart().clear()\n    assert Cart()").replace(
    "add(1", "len(1"
)
BOTH = USES.replace("add(2, 2)", "buy(add(2, 2))")
CART = "class Cart:\n    def put(self, x):\n        pass\n"
CLEAR = "\n    def clear(self):\n        pass\n"


@pytest.mark.parametrize(
    ("test", "before", "after", "rule"),
    [
        # another function of the name is gone; the name stands in a remark; the function is elsewhere
        (USES, {"cart.py": ADD, "sum.py": ADD}, {"cart.py": ADD}, "test-deleted"),
        (USES.replace("== 4", "== 4  # helper"), {"cart.py": ADD, "x.py": "def helper():\n    pass\n"},
         {"cart.py": ADD}, "test-deleted"),
        (USES, {"cart.py": ADD}, {"cart.py": "from core import add\n", "core.py": ADD}, "test-deleted"),
        (USES, {"cart.py": ADD}, {"cart.py": "from core import plus as add\n", "core.py": "def plus(*n):\n    pass\n"},
         "test-deleted"),
        (BOTH, {"cart.py": ADD, "till.py": "X = 1\n"}, {"cart.py": "from till import buy\n", "till.py": "X = 1\n"},
         "test-deleted"),
        # what was tested is gone, or its file is; a method is; what gave the test its name is
        (USES, {"cart.py": ADD}, {"cart.py": "X = 1\n"}, ""),
        (USES, {"cart.py": ADD, "sum.py": ADD}, {"sum.py": ADD}, ""),
        (EMPTYING, {"cart.py": CART + CLEAR}, {"cart.py": CART}, ""),
        (BOTH.replace("test_it", "test_add_all"), {"cart.py": ADD}, {"cart.py": "from till import buy\n"}, ""),
    ],
)  # fmt: skip
def test_a_test_goes_with_what_it_tested_and_not_otherwise(
    tmp_path: Path, test: str, before: Files, after: Files, rule: str
) -> None:
    base = subject_of(tmp_path / "base", {**before, MORE: test})
    verdict = answered(subject_of(tmp_path / "candidate", after, base=base))
    assert rules(verdict) == ({rule} if rule else set())
    assert ("test-replaced" in verdict.summary) is not bool(rule)


def test_assertions_go_with_what_is_gone_and_no_others_do(tmp_path: Path) -> None:
    base = subject_of(tmp_path / "base", {"cart.py": ADD + "\n\ndef buy(x):\n    return x\n", MORE: BOTH})
    after = {
        "cart.py": "def buy(x):\n    return x\n",
        MORE: USES.partition("    assert")[0] + "    assert buy(4) == 4\n",
    }
    assert rules(answered(subject_of(tmp_path / "candidate", after, base=base))) == set()
    more = BOTH + "    assert buy(1) == 1\n    assert buy(2) == 2\n    assert buy(3) == 3\n"
    base = subject_of(tmp_path / "more", {"cart.py": base.root.joinpath("cart.py").read_text(), MORE: more})
    assert rules(answered(subject_of(tmp_path / "again", after, base=base))) == {"test-weakened"}


def test_a_configuration_that_nobody_can_read_is_noted(tmp_path: Path) -> None:
    verdict = asked(tmp_path, {"tsconfig.json": "{no JSON\n"})
    assert verdict.summary.endswith("; noted: unreadable tsconfig.json")


def test_a_submodule_in_place_of_a_tool_is_told(tmp_path: Path) -> None:
    base = subject_of(tmp_path / "base", BASE)
    module = TreeFile(path="pytest", mode="160000", size=0)
    candidate = subject_of(tmp_path / "candidate", BASE, base=base)
    assert rules(answered(candidate.model_copy(update={"files": (*candidate.files, module)}))) == {"file-linked"}


@pytest.mark.parametrize("path", ["tests/unit/conftest.py", "tests/test_more.py"])
def test_new_code_that_runs_with_the_tests_must_be_readable(tmp_path: Path, path: str) -> None:
    verdict = asked(tmp_path, {path: "import os\n\nos._exit(0)\ndef of_a_later_python(:\n"})
    assert (verdict.outcome, [finding.path for finding in verdict.findings]) == ("error", [path])
    assert "would run with the tests, and cannot be read" in verdict.summary


def test_names_of_blobs_stand_for_what_is_in_them(tmp_path: Path) -> None:
    base = subject_of(tmp_path / "base", BASE)
    candidate = subject_of(tmp_path / "candidate", {TEST: "never read: the blob is the same\n"}, base=base)
    named = {"files": tuple(file.model_copy(update={"blob": "a" * 40}) for file in candidate.files)}
    before = base.model_copy(update={"files": tuple(named["files"])})
    assert answered(candidate.model_copy(update={**named, "base": before})).measured == {
        "signs": 0, "waived": 0, "changed": 0, "notes": [],
    }  # fmt: skip


def test_a_line_of_nothing_but_signs_is_read_in_no_time(tmp_path: Path) -> None:
    assert asked(tmp_path, {"src/shop/odd.py": "#" * 300_000 + " nosec\n"}).outcome == "failed"


def test_a_text_that_never_ends_is_read_in_no_time(tmp_path: Path) -> None:
    verdict = asked(tmp_path, {"tsconfig.json": '{"' + '\\"' * 200_000 + "\\"})
    assert verdict.summary.endswith("; noted: unreadable tsconfig.json")


def test_what_is_noted_says_where_and_how_often(tmp_path: Path) -> None:
    more = "X = 1  # noqa: E501\nY = 2  # noqa: E501\n"
    verdict = asked(tmp_path, append(PRODUCT, more))
    line = len(BASE[PRODUCT].splitlines()) + 3
    assert verdict.summary.endswith(f"; noted: suppression-narrow {PRODUCT}:{line} (and 1 more)")
    assert [(note.rule, note.path, note.line) for note in verdict.noted] == [
        ("suppression-narrow", PRODUCT, line), ("suppression-narrow", PRODUCT, line + 1)
    ]  # fmt: skip
    many = asked(tmp_path / "many", append(PRODUCT, "".join(f"X{at} = 1  # noqa: E501\n" for at in range(50))))
    assert (len(many.noted), many.noted[-1].message) == (31, "and 20 more")
