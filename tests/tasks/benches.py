"""What tests of the bench ask of it, and of which targets."""

from concurrent.futures import ThreadPoolExecutor

from gates.checks import Check
from tasks.bench import Bench
from tasks.exam import Exam, Measured
from tasks.isolation import Confinement

METADATA = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "ledger"
version = "1"
dependencies = ["iniconfig"]
"""
LEDGER = {
    "pyproject.toml": METADATA,
    "src/ledger/__init__.py": "def total(a, b):\n    return a + b\n",
    "tests/test_total.py": "from ledger import total\n\ndef test_total():\n    assert total(1, 2) == 3\n",
}

SCRIPTS = {"requirements.txt": "pluggy\n"}
"""Metadata of a repository that is no package, so that nothing has to be built."""

FREE = Confinement("none")
"""For programs that leave a note where only their test looks."""


def answers(exam: Exam, *entries: object) -> list[Measured]:
    """What every check says, all of them asked at once."""
    checks = [Check.model_validate(entry) for entry in entries]
    with Bench(exam, checks) as bench, ThreadPoolExecutor() as threads:
        return list(threads.map(bench.verdict, checks))


def command(*argv: str, timeout: float = 20) -> dict[str, object]:
    return {"command": {"name": "it", "run": list(argv), "timeout": timeout}}
