"""A target that harms the machine at a gate: it costs its own verdict, and no other."""

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from gates.checks import Check
from gates.verdict import Outcome
from tasks.bench import Bench
from tasks.exam import Exam
from tasks.share import Share
from tasks.target import Environment

pytestmark = pytest.mark.builds

HARM = {
    "hangs": ("import time; time.sleep(600)", "timed out after 2 s"),
    "forks": ("import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass", "processes at"),
    "fills": (
        "n = 0\nwhile True:\n    open(f'f{n}', 'wb').write(bytes(1 << 20)); n += 1",
        "of disk, and may take 64 MB",
    ),
    "holds": ("held = b'x' * (400 << 20)\nwhile True: pass", "of memory, and may take 300 MB"),
    "prints": ("while True: print('x' * 65536)", "timed out after 2 s"),
}


def test_harm_costs_the_verdict_of_who_does_it(exam_of: Callable[..., Exam]) -> None:
    limits = Share.model_validate({"memory": "300 MB", "disk": "64 MB", "processes": 50})
    exam = exam_of({"requirements.txt": "", "a.md": "one\n"}, environment=Environment(limits=limits))
    entries: list[object] = [
        {"command": {"name": name, "run": [sys.executable, "-c", script], "timeout": 2 if "timed" in reason else 60}}
        for name, (script, reason) in HARM.items()
    ]
    honest: list[object] = [
        {"command": {"name": "honest", "run": ["true"]}},
        {"lines": {"paths": "a.md", "at_least": 1}},
    ]
    checks = [Check.model_validate(entry) for entry in [*entries, *honest]]
    with Bench(exam, checks) as bench, ThreadPoolExecutor() as threads:
        verdicts = [measured.verdict for measured in threads.map(bench.verdict, checks)]
    for verdict, (_, reason) in zip(verdicts, HARM.values(), strict=False):
        assert verdict.outcome is Outcome.ERROR, verdict.summary
        assert reason in verdict.summary
    assert [verdict.outcome for verdict in verdicts[-2:]] == [Outcome.PASSED, Outcome.PASSED]


def test_tests_that_fill_the_disk_are_an_error(exam_of: Callable[..., Exam]) -> None:
    write = "(tmp_path / str(n)).write_bytes(bytes(1 << 20))"
    filling = f"def test_fill(tmp_path):\n    for n in range(10**6):\n        {write}\n"
    limits = Share.model_validate({"disk": "256 MB"})
    exam = exam_of({"requirements.txt": "pluggy\n", "test_a.py": filling}, environment=Environment(limits=limits))
    check = Check.model_validate("tests")
    with Bench(exam, [check]) as bench:
        verdict = bench.verdict(check).verdict
    assert verdict.outcome is Outcome.ERROR
    assert "of disk, and may take 256 MB" in verdict.summary
