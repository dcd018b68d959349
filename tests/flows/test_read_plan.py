"""Bad plan files: every problem at once, each with its line, its place and what was expected."""

import codecs
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.plan import Plan
from flows.read_plan import load_plan
from tasks.errors import PlanInvalid, Problem

GOOD = """\
sparc: 1
name: small
agents: {writer: {refuse: not today}}
phases:
  specification:
    assignments:
      requirements:
        role: Analyst
        prompt: Write them.
        deliverables: [docs/requirements.md]
"""


@pytest.fixture
def problems(tmp_path: Path) -> Callable[[str | bytes], tuple[Problem, ...]]:
    """The problems of a plan with this content."""

    def read(content: str | bytes) -> tuple[Problem, ...]:
        file = tmp_path / "plan.yaml"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        with pytest.raises(PlanInvalid) as refused:
            load_plan(file)
        assert str(file) in str(refused.value)
        assert "pydantic" not in str(refused.value)
        assert "Input should" not in str(refused.value)
        return refused.value.problems

    return read


Read = Callable[[str | bytes], tuple[Problem, ...]]


def _with(line: str, instead: str) -> str:
    assert line in GOOD
    return GOOD.replace(line, instead)


def test_a_good_plan_loads(tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text(GOOD, encoding="utf-8")
    assert load_plan(file) == load_plan(str(file))


@pytest.mark.parametrize("indent", [None, 2, "\t"])
def test_a_json_plan_loads_however_it_is_written(tmp_path: Path, indent: int | str | None) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text(GOOD.replace("Write them.", "Write \U0001f600 https://x/y"), encoding="utf-8")
    plan = load_plan(file)
    as_json = tmp_path / "plan.json"
    as_json.write_text(json.dumps(plan.model_dump(mode="json"), indent=indent), encoding="utf-8")
    assert load_plan(as_json) == plan


def test_a_byte_order_mark_and_windows_line_ends_are_fine(tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.write_bytes(codecs.BOM_UTF8 + GOOD.replace("\n", "\r\n").encode())
    assert load_plan(file).name == "small"


def test_words_that_are_switches_in_old_yaml_are_texts(tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text(_with("role: Analyst", "role: on").replace("Write them.", "12:30"), encoding="utf-8")
    work = load_plan(file).phases["specification"].assignments["requirements"]
    assert (work.role, work.prompt) == ("on", "12:30")


def test_a_commit_that_looks_like_a_number_is_a_text(tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text(_with("Write them.", "12e45"), encoding="utf-8")
    assert load_plan(file).phases["specification"].assignments["requirements"].prompt == "12e45"


def test_merge_keys_are_fine(tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text(
        GOOD.replace("      requirements:\n", "      requirements: &first\n")
        + "      slos: {<<: *first, deliverables: [docs/slos.md]}\n"
        + "      both: {<<: [{role: Other, deliverables: [docs/both.md]}, *first]}\n",
        encoding="utf-8",
    )
    works = load_plan(file).phases["specification"].assignments
    assert [(work.role, work.prompt, work.deliverables) for work in works.values()] == [
        ("Analyst", "Write them.", ("docs/requirements.md",)),
        ("Analyst", "Write them.", ("docs/slos.md",)),
        ("Other", "Write them.", ("docs/both.md",)),
    ]


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        ("", None, "empty"),
        ("# only a comment\n", None, "empty"),
        ("---\n...\n", None, "empty"),
        ("null\n", 1, "expected a mapping, found nothing"),
        ("\n- a\n- b\n", 2, "expected a mapping, found a list"),
        ("just words\n", 1, "expected a mapping, found the text 'just words'"),
        (GOOD + "---\nsparc: 1\n", 11, "second document"),
        (GOOD.encode("utf-16"), None, "UTF-16"),
        (b"sparc: 1\nname: \xff\n", 2, "not UTF-8: byte 15"),
        (b"sparc: 1\nname: a\x00b\n", 2, "U+0000"),
        ("sparc: 1\nname: a\x1bb\n", 2, "U+001B"),
        ("#" * (1024 * 1024 + 1), None, "1024 KiB"),
        ("sparc: 1\ngoal: a: b\n", 2, "second colon"),
        ("sparc: 1\n\tname: x\n", 2, "tab"),
        ("sparc: 1\nname: [a, b\ngoal: x\n", 3, "flow sequence since line 2"),
        ("sparc: 1\ngoal: 'never closed\n", 3, "quoted scalar since line 2"),
        ("sparc: 1\ngoal: *nowhere\n", 2, "undefined alias 'nowhere'"),
        ('sparc: 1\ngoal: "\\UFFFFFFFF"\n', 2, "no YAML"),
        ("%YAML 1." + "9" * 5000 + "\n---\nsparc: 1\n", 1, "no YAML"),
        ("sparc: 1\ngoal: " + "[" * 100_000, 2, "deeper than 50"),
        ("sparc: 1\ngoal: &a [1, *a]\n", 2, "alias to itself"),
        ("a: &a {b: &b {c: *a}}\n", 1, "alias to itself"),
    ],
)
def test_a_file_that_is_no_plan_at_all(problems: Read, content: str | bytes, line: int | None, words: str) -> None:
    (problem,) = problems(content)
    assert (problem.where, problem.line) == ("", line)
    assert words in problem.problem


def test_aliases_that_explode_are_counted_and_not_expanded(problems: Read) -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    (problem,) = problems("\n".join(levels))
    assert problem.line is not None
    assert "100,000 values" in problem.problem


def test_aliases_that_nest_ever_deeper_are_refused(problems: Read) -> None:
    levels = ["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 3000))]
    (problem,) = problems("\n".join(levels))
    assert "deeper than 50" in problem.problem


def _refusal(path: str | Path) -> Problem:
    with pytest.raises(PlanInvalid) as refused:
        load_plan(path)
    (problem,) = refused.value.problems
    return problem


def test_paths_that_lead_to_no_file(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    assert "no such file" in _refusal(tmp_path / "missing.yaml").problem
    assert "is no file" in _refusal(tmp_path).problem
    assert "is no file" in _refusal("/dev/zero").problem
    assert "cannot be read" in _refusal(tmp_path / ("x" * 300)).problem
    assert "no such file" in _refusal("nul\0byte").problem
    assert _refusal(loop).problem


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that cannot be read even by root")
def test_an_unreadable_file() -> None:
    assert "cannot be read" in _refusal("/proc/self/mem").problem


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.touch(mode=0o000)
    assert "Permission denied" in _refusal(file).problem


WORK = "phases.specification.assignments.requirements"
TRACED = "    gate: [traceability: {requirements: {paths: [a], pattern: R}, im: [b]}]\n"


@pytest.mark.parametrize(
    ("content", "where", "line", "words"),
    [
        (_with("sparc: 1\n", ""), "sparc", 1, "missing: version of the plan language"),
        (_with("sparc: 1", "sparc: 2"), "sparc", 1, "expected 1, found the number 2"),
        (_with("name: small\n", ""), "name", 1, "missing"),
        (_with("small", "Small Plan"), "name", 2, "'Small Plan' is no name"),
        (_with("small", "s" * 61), "name", 2, "61 characters of at most 60"),
        (_with("name: small", "name: 7"), "name", 2, "expected a text, found the number 7; put it in quotes"),
        (GOOD + "colour: blue\n", "colour", 11, "no key here; known here: sparc, name, goal"),
        (GOOD + TRACED, "phases.specification.gate[0].traceability.im", 11, "known here: requirements, in, executed"),
        (GOOD + "realease: {}\n", "realease", 11, "did you mean release?"),
        (GOOD + "increments: []\n", "increments", 11, "not supported yet"),
        (GOOD + "base: -x\n", "base", 11, "no name of a branch"),
        (GOOD + "base: refs/heads/main\n", "base", 11, "no name of a branch"),
        (GOOD + "base: sparc/small\n", "base", 11, "plan's own branch"),
        (GOOD + "base: sparc\n", "base", 11, "no room for sparc/small"),
        (GOOD + "defaults: {timeout: soon}\n", "defaults.timeout", 11, "expected a duration such as 90s"),
        (GOOD + "defaults: {timeout: 0}\n", "defaults.timeout", 11, "more than 0"),
        (GOOD + "defaults: {attempts: 0}\n", "defaults.attempts", 11, "at least 1, found the number 0"),
        (GOOD + "defaults: {attempts: true}\n", "defaults.attempts", 11, "expected a whole number, found true"),
        (GOOD + "defaults: 3\n", "defaults", 11, "expected a mapping, found the number 3"),
        (GOOD + "release: {into_base: maybe}\n", "release.into_base", 11, "expected true or false"),
        (GOOD + "environment: {python: /usr}\n", "environment.python", 11, "absolute"),
        (GOOD + "environment: {python: 'a*'}\n", "environment.python", 11, "is a glob"),
        (GOOD + "environment: {env: [A-B]}\n", "environment.env[0]", 11, "of the form ^[A-Za-z_]"),
        (GOOD + "environment: {requirements: [../r.txt]}\n", "environment.requirements[0]", 11, "climbs"),
        (_with("not today", "1"), "agents.writer.refuse", 3, "expected a text"),
        (_with("{refuse: not today}", "{}"), "agents.writer", 3, "exactly one of command, claude, replay, refuse"),
        (_with("{refuse: not today}", "{command: []}"), "agents.writer.command", 3, "empty; name at least one"),
        (_with("{writer: {refuse: not today}}", "{}"), "agents", 3, "empty; name at least one"),
        (_with("        role: Analyst\n", ""), f"{WORK}.role", 7, "missing: who the agent is to be"),
        (_with("role: Analyst", "role: ' '"), f"{WORK}.role", 8, "is blank"),
        (_with("role: Analyst", "role: R\n        need: []"), f"{WORK}.need", 9, "did you mean needs?"),
        (_with("[docs/requirements.md]", "docs/a.md"), f"{WORK}.deliverables", 10, "expected a list, found the text"),
        (_with("[docs/requirements.md]", "[]"), f"{WORK}.deliverables", 10, "empty"),
        (_with("requirements:\n", "Requirements:\n"), "phases.specification.assignments.Requirements", 7, "no name"),
        (GOOD + "    gate: []\n", "phases.specification.gate", 11, "never passes"),
        (GOOD + "    review: [1]\n", "phases.specification.review[0]", 11, "expected a text"),
        (GOOD + "    hooks: {before: [make]}\n", "phases.specification.hooks.before[0]", 11, "write [make]"),
        (GOOD + "    hooks: {before: [[]]}\n", "phases.specification.hooks.before[0]", 11, "empty"),
        (_with("specification:", "rollout:"), "phases.rollout.gate", 5, "states no gate"),
        (_with("specification:", "specfication:"), "phases.specfication.gate", 5, "did you mean specification?"),
        (GOOD + "name: again\n", "name", 11, "written twice, first on line 2"),
        (GOOD + "1: x\n", "", 11, "'1' is no key; keys are texts, so put it in quotes"),
        (GOOD + "? [a]\n: x\n", "", 11, "a list or a mapping is no key"),
        (GOOD + "<<: 3\n", "", 11, "takes in a mapping"),
        (_with("Write them.", "!!python/object/apply:os.system [x]"), f"{WORK}.prompt", 9, "!!python/object/apply"),
        (_with("Write them.", "!secret x"), f"{WORK}.prompt", 9, "the tag !secret has no place"),
        (_with("Write them.", "!!int x"), f"{WORK}.prompt", 9, "'x' cannot be read as int"),
        (_with("Write them.", "9" * 5000), f"{WORK}.prompt", 9, "cannot be read as int"),
        (_with("Write them.", "1e+999"), f"{WORK}.prompt", 9, "cannot be read as float"),
        (_with("Write them.", '"a\\0b"'), f"{WORK}.prompt", 9, "U+0000"),
        (_with("Write them.", '"\\ud800"'), f"{WORK}.prompt", 9, "cannot be read as str"),
    ],
)
def test_one_problem_is_told_with_its_place_and_line(
    problems: Read, content: str, where: str, line: int, words: str
) -> None:
    (problem,) = problems(content)
    assert (problem.where, problem.line) == (where, line)
    assert words in problem.problem


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("''", "empty"),
        ("/etc/passwd", "absolute"),
        ("'C:/x'", "absolute"),
        ("a/../b", "climbs"),
        ("..", "climbs"),
        ("a\\..\\b", "backslash"),
        ("~/x", "home"),
        ("'!a'", "no exceptions"),
        ("':(top)a'", "git reads"),
        (".git/config", ".git"),
        ("a/.GIT/hooks", ".git"),
        ("'.git /x'", ".git"),
        ("'.git./x'", ".git"),
        ("GIT~1/x", ".git"),
        ("'.git::$INDEX_ALLOCATION/x'", ".git"),
        ("docs/", "ends in /"),
        ("a//b", "empty or a '.' part"),
        ("./a", "empty or a '.' part"),
        ('"a\\tb"', "cannot be seen"),
        ('".g\\u200cit/x"', "cannot be seen"),
        ('"a\\u202eb"', "cannot be seen"),
        ("a" * 1001, "too long"),
    ],
)
def test_deliverables_stay_inside_the_repository(problems: Read, path: str, words: str) -> None:
    (problem,) = problems(_with("docs/requirements.md", path))
    assert (problem.where, problem.line) == (f"{WORK}.deliverables[0]", 10)
    assert words in problem.problem


@pytest.mark.parametrize(
    "path", [".gitignore", ".github/x", "a.git", "src/**/*.py", "app/[id]/p.tsx", "a b.md", "é.md"]
)
def test_ordinary_paths_are_fine(tmp_path: Path, path: str) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text(_with("docs/requirements.md", f"'{path}'"), encoding="utf-8")
    assert load_plan(file).phases["specification"].assignments["requirements"].deliverables == (path,)


def test_all_problems_come_at_once_in_the_order_of_the_file(problems: Read) -> None:
    found = problems("""\
sparc: 2
name: Big Plan
agents:
  writer: {command: [python3], env: [A-B]}
  other: {refuse: no, replay: x}
defaults: {agnt: writer, agent: wrtier}
phases:
  specification:
    assignments:
      a: {role: R, prompt: 5, deliverables: [docs/a.md], needs: [c]}
      b: {role: R, deliverables: [docs/a.md, /etc/passwd], needs: [b, d]}
      c: {role: R, prompt: p, deliverables: [docs/c.md], needs: [a], writes: [src/]}
      c: {role: R}
    gate: [covrage, coverage: {at_leest: 3}]
  rollout:
    assignments: {}
""")
    assert [(problem.line, problem.where) for problem in found] == [
        (1, "sparc"),
        (2, "name"),
        (4, "agents.writer.env[0]"),
        (5, "agents.other"),
        (6, "defaults.agnt"),
        (6, "defaults.agent"),
        (10, "phases.specification.assignments.a.prompt"),
        (10, "phases.specification.assignments.a.needs"),
        (11, "phases.specification.assignments.b.prompt"),
        (11, "phases.specification.assignments.b.deliverables[1]"),
        (11, "phases.specification.assignments.b.needs[0]"),
        (11, "phases.specification.assignments.b.needs[1]"),
        (11, "phases.specification.assignments.b.deliverables[0]"),
        (12, "phases.specification.assignments.c.deliverables[0]"),
        (13, "phases.specification.assignments.c"),
        (14, "phases.specification.gate[0]"),
        (14, "phases.specification.gate[1].coverage.at_leest"),
        (15, "phases.rollout.gate"),
        (16, "phases.rollout.assignments"),
    ]


def test_the_message_is_one_line_a_problem_led_by_file_line_and_place(tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text(_with("sparc: 1", "sparc: 2") + "colour: blue\n", encoding="utf-8")
    with pytest.raises(PlanInvalid) as refused:
        load_plan(file)
    first, second = str(refused.value).splitlines()
    assert first == f"{file}:1: sparc: expected 1, found the number 2"
    assert second.startswith(f"{file}:11: colour: is no key here")


def test_keys_that_would_break_the_line_are_quoted(problems: Read) -> None:
    (problem,) = problems(GOOD + '"a.b\\nc": 1\n')
    assert problem.where == r"'a.b\nc'"
    assert problem.line == 11


def test_a_plan_is_what_its_file_says(tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text(GOOD, encoding="utf-8")
    assert load_plan(file) == Plan.model_validate(
        {
            "sparc": 1,
            "name": "small",
            "agents": {"writer": {"refuse": "not today"}},
            "phases": {
                "specification": {
                    "assignments": {
                        "requirements": {
                            "role": "Analyst",
                            "prompt": "Write them.",
                            "deliverables": ["docs/requirements.md"],
                        }
                    }
                }
            },
        }
    )
