"""Speed and size of real trees: commands that are slower, quicker, greater, and those that would rather look so."""

import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gates.checks import Check
from gates.verdict import Outcome, Verdict
from tasks.bench import Bench
from tasks.exam import Exam
from tasks.slo import turns

PYTHON = (sys.executable, "-S")
BENCH = "import sys\nsys.path.insert(0, '.')\nimport product\nprint(product.work())\n"
QUICK, SLOW = 200_000, 4_000_000
Slo = Callable[..., Verdict]
Files = dict[str, str]


def product(rounds: int) -> str:
    """A loop, which takes time by how often it goes round; what it says is always the same."""
    return f"def work():\n    for _ in range({rounds}):\n        pass\n    return 'done'\n"


@pytest.fixture
def slo(exam_of: Callable[..., Exam]) -> Slo:
    """Commit a base, then a candidate (None: there is no base), and ask for limits on the second."""

    def ask(base: Files | None, candidate: Files, **limits: Any) -> Verdict:  # noqa: ANN401 - what a plan may write
        before = exam_of(base) if base is not None else None
        exam = replace(exam_of(candidate), compared=before.base if before else None)
        written = {"name": "it", "run": [*PYTHON, "bench/work.py"], "pairs": 5, "timeout": 60} | limits
        check = Check.model_validate({"slo": written})
        with Bench(exam, [check]) as bench:
            return bench.verdict(check).verdict

    return ask


def test_slower_is_failed_and_quicker_is_passed(slo: Slo) -> None:
    files = {"bench/work.py": BENCH, "product.py": product(QUICK)}
    slower = slo(files, {"product.py": product(SLOW)}, worse_by_at_most="50 %")
    assert slower.outcome is Outcome.FAILED, slower
    assert "misses at most 50 % worse than the base" in slower.summary
    quicker = slo({"product.py": product(SLOW)}, {"product.py": product(QUICK)}, times_better=1.5)
    assert quicker.passed, quicker


def test_a_benchmark_cannot_be_made_easier(slo: Slo) -> None:
    base = {"bench/work.py": BENCH, "product.py": product(QUICK)}
    easy = {"bench/work.py": "print('done')\n", "bench/product.py": "def work(): return 'done'\n"}
    verdict = slo(base, easy | {"product.py": product(SLOW)}, worse_by_at_most="50 %")
    assert verdict.outcome is Outcome.FAILED, verdict
    assert verdict.measured["benchmark"] == "base"  # type: ignore[call-overload, index]


def test_a_new_benchmark_is_the_candidate_s_in_both_trees(slo: Slo) -> None:
    candidate = {"bench/work.py": BENCH, "product.py": product(QUICK)}
    verdict = slo({"product.py": product(SLOW)}, candidate, times_better=1.5)
    assert verdict.passed, verdict
    assert "the benchmark is new, and the candidate's own" in verdict.summary


def test_a_limit_of_its_own_needs_no_base(slo: Slo) -> None:
    files = {"bench/work.py": BENCH, "product.py": product(QUICK)}
    shown = slo({"product.py": "raise SystemExit(7)\n"}, files, at_most="20 s", before="1 min")
    assert shown.passed, shown
    assert "the base has no figure: " in shown.summary
    assert "ended with code 7" in shown.summary
    assert slo(None, {}, at_most="1 ms", warmup=0).outcome is Outcome.FAILED


def test_without_a_base_nothing_is_compared(slo: Slo) -> None:
    verdict = slo(None, {"bench/work.py": BENCH, "product.py": product(QUICK)}, times_better=2)
    assert verdict.outcome is Outcome.ERROR
    assert "there is nothing to compare with" in verdict.summary


def test_a_base_that_cannot_run_it_is_no_base(slo: Slo) -> None:
    verdict = slo({"product.py": "old = 1\n"}, {"bench/work.py": BENCH, "product.py": product(QUICK)}, times_better=2)
    assert verdict.outcome is Outcome.ERROR
    assert "on the base: " in verdict.summary
    assert "has no attribute 'work'" in verdict.findings[0].message


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
def test_instructions_are_counted_by_valgrind(slo: Slo) -> None:
    files = {"bench/work.sh": ". ./product.sh\n", "product.sh": "for i in 1 2 3 4 5 6 7 8 9; do :; done\n"}
    more = " ".join(map(str, range(3000)))
    run = ["sh", "bench/work.sh"]
    verdict = slo(
        files,
        {"product.sh": f"for i in {more}; do :; done\n"},
        run=run,
        measure="instructions",
        worse_by_at_most="9 %",
        warmup=0,
    )
    assert verdict.outcome is Outcome.FAILED, verdict
    assert "as valgrind counts inside of the command" in verdict.summary


def test_without_valgrind_instructions_are_an_error_that_says_what_to_do(
    exam_of: Callable[..., Exam], tmp_path: Path
) -> None:
    (tmp_path / "few").mkdir()
    (tmp_path / "few/sh").symlink_to("/bin/sh")
    exam = exam_of({"a": ""})
    check = Check.model_validate({"slo": {"name": "it", "run": ["sh"], "measure": "instructions", "at_most": "1 G"}})
    with Bench(replace(exam, env={**exam.env, "PATH": str(tmp_path / "few")}), [check]) as bench:
        verdict = bench.verdict(check).verdict
    assert (verdict.outcome, verdict.summary) == (
        Outcome.ERROR,
        "slo it: valgrind is not installed, and measure: instructions needs it: install it, or measure cpu",
    )


def test_memory_is_the_peak(slo: Slo) -> None:
    greedy = [*PYTHON, "-c", "held = b'x' * (200 << 20)"]
    verdict = slo(None, {"a": ""}, run=greedy, measure="memory", at_most="150 MB", warmup=0)
    assert verdict.outcome is Outcome.FAILED, verdict


def test_a_number_is_taken_from_what_is_printed(slo: Slo) -> None:
    def rate(text: str, **more: object) -> Verdict:
        asked = {"run": ["printf", text], "measure": "output", "pattern": "([0-9.a-z]+) req/s", "at_least": 1000}
        return slo(None, {"a": ""}, **asked, warmup=0, **more)

    good = rate("up\n1500.5 req/s\n", unit="requests a second")
    assert good.summary.startswith("slo it output 1500.5 requests a second, by the command's own word")
    assert good.passed
    for text, sentence in (
        ("nothing", "nowhere"),
        ("nan req/s", "no finite number"),
    ):
        verdict = rate(text)
        assert verdict.outcome is Outcome.ERROR, verdict
        assert sentence in verdict.summary


def test_a_pattern_that_takes_for_ever_takes_its_own_check_along_only(
    slo: Slo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.slo_run.READING", 1.0)
    verdict = slo(
        None, {"a": ""}, run=["printf", "a" * 60], measure="output", pattern="^((?:a+)+)b", at_least=1, timeout=30
    )
    assert verdict.outcome is Outcome.ERROR
    assert "no number could be found in what it printed: timed out after 1 s" in verdict.summary


def test_a_size_is_that_of_the_files_which_a_command_makes(slo: Slo) -> None:
    made = ["sh", "-c", "mkdir -p dist && head -c 3000 product.py > dist/a.whl"]
    files = {"product.py": "x" * 5000}
    size: dict[str, Any] = {"run": made, "measure": "size", "paths": "dist/*.whl", "files": []}
    verdict = slo({"product.py": "x" * 1000}, files, **size, at_most="3 KB")
    assert verdict.summary == "slo it size 2.93 KB, base 1000 B; keeps at most 3 KB (1 run)"
    assert slo({"product.py": "x" * 1000}, files, **size, worse_by_at_most="10 %").outcome is Outcome.FAILED
    assert slo(None, {}, run=[], measure="size", paths="product.py", at_most="1 KB").outcome is Outcome.FAILED
    for run, sentence in (
        ("true", "there is no file dist/*.whl"), ("mkdir dist; ln -s ../product.py dist/a.whl", "no regular file"),
        ("mkdir real; touch real/a.whl; ln -s real dist", "there is no file dist/*.whl"),
    ):  # fmt: skip
        wrong = slo(None, {}, **{**size, "run": ["sh", "-c", run]}, at_most="3 KB")
        assert wrong.outcome is Outcome.ERROR, wrong
        assert sentence in wrong.summary


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("sleep 60", "its time of 2 s was up while sh -c sleep 60 ran"),
        ("exit 3", "ended with code 3"),
        ("kill -9 $$", "was ended by SIGKILL"),
        ("sleep 60 & exit 0", "was still working when it ended"),
        ("echo > product.py", "changed tracked files: product.py"),
    ],
)
def test_a_command_that_does_not_do_its_work_has_no_figure(slo: Slo, script: str, sentence: str) -> None:
    timeout = 2 if "sleep 60 ran" in sentence else 60
    verdict = slo(None, {"product.py": ""}, run=["sh", "-c", script], at_most="1 min", timeout=timeout, warmup=0)
    assert not verdict.passed
    assert sentence in verdict.summary


def test_a_command_that_prints_a_gigabyte_costs_its_own_time_only(slo: Slo) -> None:
    flood = [*PYTHON, "-c", "import os\nfor _ in range(1 << 10): os.write(1, bytes(1 << 20))"]
    verdict = slo(None, {"a": ""}, run=flood, measure="output", pattern="([0-9]+)", at_least=1, warmup=0)
    assert verdict.outcome is Outcome.ERROR  # and not the number of bytes that were left out
    assert "it printed more than 256 KB" in verdict.summary
    assert len(verdict.model_dump_json()) < 20_000


def test_speed_is_measured_after_everything_else() -> None:
    checks = [
        Check.model_validate(entry) for entry in ({"slo": {"name": "a", "run": ["a"], "at_most": "1 s"}}, "tests")
    ]
    assert list(turns(checks)) == [(1,), (0,)]
    assert list(turns(checks[:1])) == [(0,)]
    assert list(turns([])) == []


def test_what_looks_at_named_checks_is_measured_behind_them_and_else_with_all_others() -> None:
    traced = {"traceability": {"requirements": {"paths": "r.md", "pattern": "R"}}}
    speed, build = {"slo": {"name": "a", "run": ["a"], "at_most": "1 s"}}, {"command": {"name": "b", "run": ["b"]}}
    entries = [traced, "tests", build, speed]
    checks = [Check.model_validate(entry) for entry in entries]
    assert list(turns(checks)) == [(1, 2), (3,), (0,)]
    assert list(turns(checks[:3])) == [(1, 2), (0,)]
    assert list(turns(checks[:2])) == [(0, 1)]


def test_time_that_is_up_before_there_are_figures_enough_is_no_answer(slo: Slo) -> None:
    verdict = slo(None, {"a": ""}, run=["sleep", "1"], measure="wall", at_most="1 min", timeout=4, warmup=0)
    assert verdict.outcome is Outcome.UNKNOWN
    assert "samples are too few" in verdict.summary


def test_a_setup_comes_first_and_must_succeed(slo: Slo) -> None:
    run = {"run": ["cat", "built/it"], "at_most": "1 min"}
    assert slo(None, {"a": ""}, **run, setup=[["mkdir", "built"], ["touch", "built/it"]]).passed
    verdict = slo(None, {}, **run, setup=[["false"]])
    assert verdict.outcome is Outcome.ERROR
    assert "false ended with code 1" in verdict.summary


def test_the_same_work_prints_the_same(slo: Slo) -> None:
    base = {"bench/work.py": BENCH, "product.py": product(QUICK)}
    lazy = {"product.py": "def work(): return 'nothing'\n"}
    verdict = slo(base, lazy, worse_by_at_most="90 %", same_output=True)
    assert verdict.outcome is Outcome.FAILED
    assert "the candidate prints something else than the base" in verdict.summary
    assert slo({}, {"product.py": "def work(): return 'nothing' * 1\n"}, at_most="1 min", same_output=True).passed


def test_what_is_benchmark_and_what_is_product_must_be_plain(slo: Slo) -> None:
    files = {"tool.py": "print(1)\n", "perf/it.py": "print(1)\n"}
    unclear = slo(None, files, run=[*PYTHON, "./tool.py"], at_most="1 min")
    assert unclear.outcome is Outcome.ERROR
    assert "run names tool.py, a file of the tree: say whether it is the benchmark's own" in unclear.summary
    assert slo(None, {}, run=[*PYTHON, "tool.py"], files=[], at_most="1 min").passed
    assert slo({}, {}, run=[*PYTHON, "-m", "perf.it"], files="perf/**", at_most="1 min").passed
    misspelt = slo({}, {}, run=["true"], files="pref/**", at_most="1 min")
    assert "files: pref/** is in neither tree" in misspelt.summary
