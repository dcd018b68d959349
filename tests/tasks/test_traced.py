"""Traceability at a gate: it shares the run of the tests, and needs no environment where none is run."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gates.checks import Check
from gates.verdict import Outcome
from tasks.bench import Bench
from tasks.exam import Exam, Measured
from tasks.isolation import Confinement
from tasks.measuring import Answered, Memory, measure_all

FILES = {
    "requirements.txt": "pluggy\n",
    "docs/r.md": "# REQ-1\n# REQ-2\n",
    "tests/test_a.py": "def test_req_1():\n    pass\n\n\ndef test_req_2():\n    assert False\n",
}
REQUIREMENTS = {"paths": "docs/r.md", "pattern": "REQ-[0-9]+"}


def answers(exam: Exam, *entries: object) -> list[Measured]:
    checks = [Check.model_validate(entry) for entry in entries]
    with Bench(exam, checks) as bench, ThreadPoolExecutor() as threads:
        return list(threads.map(bench.verdict, checks))


def test_where_tests_are_not_run_no_environment_is_made(exam_of: Callable[..., Exam]) -> None:
    (named,) = answers(exam_of(FILES), {"traceability": {"requirements": REQUIREMENTS, "executed": False}})
    assert (named.verdict.outcome, named.evidence["environment"], named.evidence["ran"]) == (Outcome.PASSED, None, [])


@pytest.mark.builds
def test_one_run_serves_the_tests_and_what_they_stand_for(exam_of: Callable[..., Exam], tmp_path: Path) -> None:
    counter = tmp_path / "runs"
    counting = f"def pytest_sessionfinish():\n    open({str(counter)!r}, 'a').write('x')\n"
    exam = exam_of(FILES | {"tests/conftest.py": counting}, confinement=Confinement("none"))
    tested, traced = answers(exam, "tests", {"traceability": {"requirements": REQUIREMENTS}})
    assert tested.verdict.outcome is Outcome.FAILED
    assert traced.verdict.summary == (
        "traceability 1 of 2 requirements have a test that passed:"
        " docs/r.md:2 REQ-2 has no test that counts (tests/test_a.py::test_req_2 failed)"
    )
    assert counter.read_text() == "x"


def command(name: str, program: str) -> dict[str, object]:
    return {"command": {"name": name, "run": [program]}}


def test_named_checks_of_the_gate_are_measured_first_and_stand_for_what_they_are_named_after(
    exam_of: Callable[..., Exam],
) -> None:
    exam = exam_of({"docs/r.md": "# REQ-1\n# REQ-2\n", "tests/test_a.py": "def test_a(): ...\n"})
    asked = {"traceability": {"requirements": REQUIREMENTS, "executed": False}}

    def answer(*entries: object) -> Answered:
        checks = [Check.model_validate(entry) for entry in (asked, *entries)]
        return measure_all(checks, exam, Memory())[0]

    good = answer(command("req-1", "true"), command("req-2-too", "true"))
    assert good.verdict.passed, good
    bad = answer(command("req-1", "true"), command("req-2-too", "false"))
    assert (bad.kept, bad.verdict.outcome) == (None, Outcome.FAILED)
    assert bad.verdict.summary.endswith("REQ-2 has no test or check that counts (check command req-2-too failed)")
    assert answer().verdict.summary.endswith(
        "0 of 2 requirements have a test that names them: docs/r.md:1 no test names REQ-1"
    )


@pytest.mark.builds
def test_a_repository_that_is_no_python_has_no_tests_that_could_have_run(exam_of: Callable[..., Exam]) -> None:
    files = {name: text for name, text in FILES.items() if name != "requirements.txt"}
    (traced,) = answers(exam_of(files), {"traceability": {"requirements": REQUIREMENTS}})
    assert (traced.verdict.outcome, "no environment" in traced.verdict.summary) == (Outcome.ERROR, True)


def test_the_schema_of_the_base_holds_at_a_gate(exam_of: Callable[..., Exam]) -> None:
    schema, weaker = '{"required": ["name", "owner"]}', '{"required": ["name"]}'
    base = exam_of({"schema.json": schema, "spec.json": '{"name": 1, "owner": 2}'}).base
    exam = exam_of({"schema.json": weaker, "spec.json": '{"name": 1}'}, compared=base)
    (compared,) = answers(exam, {"specification": {"data": "spec.json", "schema": "schema.json"}})
    assert (compared.verdict.outcome, compared.verdict.findings[0].rule) == (Outcome.FAILED, "schema-required")
    assert ", by the schema of the base: " in compared.verdict.summary
    assert compared.evidence["versions"].keys() >= {"pyshacl", "rdflib", "jsonschema"}  # type: ignore[union-attr]
