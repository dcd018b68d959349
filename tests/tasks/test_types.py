"""Type checkers in the target's own environment."""

import shutil
from collections.abc import Callable
from dataclasses import replace

import pytest

from gates.checks import Check
from gates.verdict import Verdict
from gates.waivers import Waiver
from tasks.bench import Bench
from tasks.exam import Exam

pytestmark = pytest.mark.builds

ExamOf = Callable[..., Exam]

GOOD = "def twice(number: int) -> int:\n    return 2 * number\n"
BAD = 'number: int = "one"\n'
NEEDS_NODE = pytest.mark.skipif(shutil.which("node") is None, reason="pyright needs node")


def asked(exam: Exam, **limits: object) -> Verdict:
    check = Check.model_validate({"types": limits})
    with Bench(exam, [check]) as bench:
        return bench.verdict(check).verdict


def test_errors_that_the_base_does_not_have_are_told_with_rule_and_place(exam_of: ExamOf) -> None:
    metadata = {"requirements.txt": "mypy\n", "mypy.ini": "[mypy]\ndisable_error_code = attr-defined\n"}
    base = exam_of({**metadata, "src/a.py": BAD}).base
    waiver = Waiver.model_validate({"rule": "assignment", "paths": "src/c.py", "reason": "known"})
    files = {
        "src/a.py": "x = ''.nothing\n" + BAD,
        "src/b.py": BAD,
        "src/c.py": BAD,
        "mypy.ini": "[mypy]\nignore_errors=1\n",
    }
    verdict = asked(exam_of(files, base=base, compared=base, waivers=(waiver,)), new_only=True)
    assert [(found.rule, found.path, found.line) for found in verdict.findings] == [("assignment", "src/b.py", 1)], (
        verdict.summary
    )
    assert [found.path for found in verdict.waived] == ["src/c.py"]
    assert "1 new (1 old) finding in 3 files, 1 waived" in verdict.summary


def test_a_checker_that_is_not_among_the_dependencies_is_an_error(exam_of: ExamOf) -> None:
    files = {"requirements.txt": "iniconfig\n", "src/a.py": GOOD}
    assert "mypy is not installed in the target's environment" in asked(exam_of(files)).summary


@NEEDS_NODE
def test_pyright_is_asked_in_the_same_way(exam_of: ExamOf) -> None:
    base = exam_of({"requirements.txt": "pyright==1.1.414\n", "README.md": "x\n"}).base
    hiding = {"pyrightconfig.json": '{"exclude": ["**"], "ignore": ["src"], "typeCheckingMode": "off"}'}
    exam = exam_of({**hiding, "src/a.py": BAD, "src/b.py": BAD.rstrip() + "  # pyright: ignore\n"})
    verdict = asked(replace(exam, base=base, compared=base), tool="pyright")
    assert [(found.rule, found.path, found.line) for found in verdict.findings] == [
        ("reportAssignmentType", "src/a.py", 1),
        ("pyright-comment", "src/b.py", 1),
    ]
