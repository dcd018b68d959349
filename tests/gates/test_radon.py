"""Real radon over real files, and the code that it alone would not see."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from gates.metrics.rank import Rank
from gates.radon import Limits, judge
from gates.subject import Subject
from gates.verdict import Verdict

Tree = Callable[..., Subject]
Ask = Callable[[object, Subject], Verdict]

SIMPLE = "def add(a, b):\n    return a + b\n"


def indented(code: str, by: str = "    ") -> str:
    return "".join(by + line for line in code.splitlines(keepends=True))


def branches(count: int, head: str = "def f(x):\n") -> str:
    """A block of complexity count + 1."""
    return head + "".join(f"    if x == {number}:\n        return {number}\n" for number in range(count))


def complexity(limit: str) -> dict[str, object]:
    return {"radon": {"complexity": limit, "maintainability": None}}


@pytest.mark.parametrize(
    ("count", "limit", "outcome"), [(4, "A", "passed"), (5, "A", "failed"), (9, "B", "passed"), (10, "B", "failed")]
)
def test_the_limit_is_the_worst_rank_allowed(tree: Tree, ask: Ask, count: int, limit: str, outcome: str) -> None:
    verdict = ask(complexity(limit), tree({"a.py": SIMPLE + branches(count), "b.py": SIMPLE}))
    assert verdict.outcome == outcome
    assert verdict.limit == {"complexity": limit}


def test_a_block_over_the_limit_is_told_with_its_place(tree: Tree, ask: Ask) -> None:
    verdict = ask(complexity("B"), tree({"src/a.py": "class A:\n" + indented(branches(30)), "b.py": branches(11)}))
    assert (verdict.outcome, verdict.measured) == ("failed", {"complexity": "E"})
    assert verdict.summary == "radon complexity E worse than B: src/a.py:1 A 32"
    assert [(f.path, f.line, f.message) for f in verdict.findings] == [
        ("src/a.py", 1, "complexity E worse than B: A 32"),
        ("src/a.py", 2, "complexity E worse than B: A.f 31"),
        ("b.py", 1, "complexity C worse than B: f 12"),
    ]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("outer.f", "def outer():\n" + indented(branches(30)) + "    return f\n"),
        ("outer.K.f", "def outer():\n    class K:\n" + indented(branches(30), " " * 8)),
        ("K.L.f", "class K:\n    class L:\n" + indented(branches(30), " " * 8)),
        ("outer.f", "async def outer():\n" + indented(branches(30, "async def f(x):\n"))),
        ("f", "if True:\n    try:\n        pass\n    except ValueError:\n" + indented(branches(30), " " * 8)),
        ("module", "".join(f"if x == {number}:\n    y = {number}\n" for number in range(30))),
        (
            "f",
            "def f():\n    try:\n        g()\n"
            + "".join(f"    except* E{number}:\n        pass\n" for number in range(30)),
        ),
    ],
)
def test_no_block_hides(tree: Tree, ask: Ask, name: str, code: str) -> None:
    verdict = ask(complexity("D"), tree({"a.py": code}))
    assert verdict.outcome == "failed"
    assert f"complexity E worse than D: {name} 31" in [finding.message for finding in verdict.findings]


def test_a_closure_does_not_burden_what_encloses_it(tree: Tree, ask: Ask) -> None:
    verdict = ask(complexity("A"), tree({"a.py": "def outer():\n" + indented(branches(30)) + "    return f\n"}))
    assert [finding.message for finding in verdict.findings] == ["complexity E worse than A: outer.f 31"]


def test_maintainability_is_of_every_file(tree: Tree, ask: Ask) -> None:
    poor = "".join(
        f"def f{n}(a, b):\n    if a > {n} and b < a * {n}:\n        return a + b * {n} - a / (b + {n})\n    return a\n"
        for n in range(150)
    )
    limits = {"radon": {"complexity": None, "maintainability": "A"}}
    verdict = ask(limits, tree({"good.py": SIMPLE, "src/poor.py": poor}))
    assert verdict.outcome == "failed"
    assert [finding.path for finding in verdict.findings] == ["src/poor.py"]
    assert ask({"radon": {"complexity": None, "maintainability": "C"}}, tree({"src/poor.py": poor})).passed
    assert ask(limits, tree({"good.py": SIMPLE, "src/poor.py": ""})).passed


def test_both_are_kept_apart(tree: Tree, ask: Ask) -> None:
    verdict = ask("radon", tree({"a.py": branches(12)}))
    assert verdict.limit == {"complexity": "B", "maintainability": "A"}
    assert verdict.measured == {"complexity": "C", "maintainability": "A"}
    assert verdict.summary.startswith(
        "radon complexity C worse than B: a.py:1 f 13; maintainability A within A: a.py:1 "
    )


@pytest.mark.parametrize(("value", "text"), [(18.96, "18.9"), (9.0, "9"), (0.0, "0")])
def test_a_figure_is_not_rounded_over_its_limit(value: float, text: str) -> None:
    report = {"figures": {"maintainability": {"a.py": [Rank(1, "module", value, "B")]}}}
    verdict = judge(Limits(complexity=None), report)
    assert (verdict.outcome, verdict.findings[0].message.rpartition(" ")[2]) == ("failed", text)


@pytest.mark.parametrize(
    "content",
    ["def f(:\n", b"x = '\xff'\n", b"# coding: no-such-codec\n", "x = 1\0", "x = " + "-" * 100_000 + "1\n"],
)
@pytest.mark.parametrize("asked", ["complexity", "maintainability"])
def test_a_file_that_cannot_be_parsed_is_an_error(tree: Tree, ask: Ask, content: str | bytes, asked: str) -> None:
    limits = {"complexity": None, "maintainability": None} | {asked: "C"}
    verdict = ask({"radon": limits}, tree({"good.py": SIMPLE, "bad.py": content}))
    assert verdict.outcome == "error"
    assert "bad.py" in verdict.summary
    assert verdict.findings[0].path == "bad.py"


def test_too_deep_for_radon_is_an_error(tree: Tree, ask: Ask) -> None:
    deep = "x = " + " + ".join(["1"] * 3000) + "\n"
    assert ask("radon", tree({"deep.py": deep})).outcome == "error"


def test_configuration_in_the_tree_counts_for_nothing(tree: Tree, ask: Ask) -> None:
    ignore = "[radon]\nexclude = *\ncc_max = A\n"
    files = {"a.py": branches(30), "setup.cfg": ignore, "radon.cfg": ignore, ".hidden/b.py": branches(30)}
    verdict = ask(complexity("B"), tree(files))
    assert {finding.path for finding in verdict.findings} == {"a.py", ".hidden/b.py"}


def test_nothing_to_measure_is_no_pass(tree: Tree, ask: Ask) -> None:
    assert ask("radon", tree({"docs/a.md": "a"})).outcome == "error"
    assert not judge(Limits(), {"figures": {}}).passed
    with pytest.raises(ValidationError, match="nothing to measure"):
        Limits(complexity=None, maintainability=None)


@pytest.mark.parametrize("path", ["src/led/engine_test.py", "src/led/test/x.py", "src/led/conftest.py"])
def test_a_name_hides_no_product(tree: Tree, ask: Ask, path: str) -> None:
    verdict = ask(complexity("B"), tree({"src/led/__init__.py": SIMPLE, path: branches(20)}))
    assert (verdict.outcome, verdict.findings[0].path) == ("failed", path)


def compared(tree: Tree, tmp_path: Path, base: dict[str, str], candidate: dict[str, str], **more: object) -> Subject:
    """A candidate and its base."""
    before = tree(base)
    before.root.rename(tmp_path / "base")
    return tree(candidate, base=before.model_copy(update={"root": tmp_path / "base"}), **more)


@pytest.mark.parametrize(
    ("base", "candidate", "names"),
    [
        ({"a.py": branches(20)}, {"a.py": SIMPLE + branches(20)}, []),
        ({"a.py": branches(20)}, {"a.py": branches(19)}, []),
        ({"a.py": branches(20)}, {"a.py": branches(21)}, ["f 22"]),
        ({"a.py": branches(20)}, {"a.py": branches(20) + branches(20)}, ["f 21"]),
        ({"a.py": branches(20) + branches(30)}, {"a.py": branches(30) + branches(25)}, ["f 26"]),
        ({"a.py": branches(9)}, {"a.py": branches(11)}, ["f 12"]),
        ({"a.py": branches(20)}, {"a.py": branches(20, "def g(x):\n")}, ["g 21"]),
        ({"a.py": branches(20)}, {"lib/a.py": branches(20)}, []),
        ({"a.py": branches(20)}, {"a.py": branches(20), "b.py": branches(20)}, ["f 21"]),
    ],
)
def test_only_what_is_new_or_worse_counts(
    tree: Tree, ask: Ask, tmp_path: Path, base: dict[str, str], candidate: dict[str, str], names: list[str]
) -> None:
    limits = {"radon": {"complexity": "B", "maintainability": None, "new_only": True}}
    verdict = ask(limits, compared(tree, tmp_path, base, candidate))
    assert [finding.message.partition(": ")[2] for finding in verdict.findings] == names
    assert verdict.outcome == ("failed" if names else "passed")


def test_a_file_may_not_become_less_maintainable_than_it_was(tree: Tree, ask: Ask, tmp_path: Path) -> None:
    poor = "".join(branches(9, f"def f{number}(x):\n") for number in range(12))
    limits = {"radon": {"complexity": None, "new_only": True}}
    same = ask(limits, compared(tree, tmp_path, {"a.py": poor}, {"a.py": poor}))
    assert same.passed
    assert same.summary == "radon maintainability nothing new worse than A (1 as at the base)"
    (tmp_path / "base").rename(tmp_path / "first")
    worse = ask(limits, compared(tree, tmp_path, {"a.py": poor}, {"a.py": poor + branches(9, "def g(x):\n")}))
    assert (worse.outcome, worse.findings[0].rule) == ("failed", "maintainability")


def test_without_a_base_nothing_is_known_to_be_old(tree: Tree, ask: Ask) -> None:
    verdict = ask({"radon": {"new_only": True}}, tree({"a.py": SIMPLE}))
    assert (verdict.outcome, "nothing to compare with" in verdict.summary) == ("error", True)


def test_a_waiver_lets_a_block_pass_and_shows_it(tree: Tree, ask: Ask) -> None:
    waivers = [{"rule": "complexity", "paths": ["a.py"], "reason": "generated"}]
    verdict = ask("radon", tree({"a.py": branches(12)}, waivers=waivers))
    assert (verdict.outcome, verdict.waived[0].reason) == ("passed", "generated")
    assert verdict.summary.endswith("(1 waived)")
