"""`sparc gate` as a program: without a plan, on a commit or on what is staged, compared with a base or alone."""

import json
import os
from pathlib import Path

import pytest

from tests.support import Shop, commit, git, told

FEW, MANY = "lines: {paths: '*.md', at_least: 3}", "lines: {paths: '*.md', at_least: 4}"
SHELL = "import subprocess, sys\nsubprocess.call(sys.argv[1], shell=True)\n"
NEW_ONLY = "bandit: {new_only: true}"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """One that has no server and needs none; its SPARC_HOME does not exist."""
    return Shop.open(tmp_path / "look", tmp_path / "home")


@pytest.fixture
def branch(shop: Shop) -> Shop:
    """Its branch `topic` adds a second shell call to the one that main has; main has gone on by itself."""
    commit(shop.repository, run__py=SHELL)
    git(shop.repository, "checkout", "--quiet", "-b", "topic")
    commit(shop.repository, more__py=SHELL)
    git(shop.repository, "checkout", "--quiet", "main")
    commit(shop.repository, later__py=SHELL)
    git(shop.repository, "checkout", "--quiet", "topic")
    return shop


def test_a_gate_without_a_plan_answers_with_figures_and_its_exit_code(shop: Shop) -> None:
    commit(shop.repository, notes__md="one\ntwo\n")
    passed = shop.sparc("gate", FEW)
    assert (passed.returncode, passed.stderr) == (0, "")
    assert passed.stdout.splitlines()[0].startswith("lines....")
    assert "3 >= 3" in passed.stdout
    failed = shop.sparc("gate", FEW, MANY, "--json")
    assert failed.returncode == 1
    document = told(failed)
    assert [document["ok"], document["ref"], document["base"]] == [False, "HEAD", None]
    assert [(check["outcome"], check["measured"], check["limit"]) for check in document["checks"]] == [
        ("passed", 3, 3), ("failed", 3, 4)
    ]  # fmt: skip
    before = shop.sparc("gate", FEW, "--ref", "HEAD~1", "--repository", shop.repository, cwd=shop.root)
    assert before.returncode == 1, "there was one line in that commit"
    assert git(shop.repository, "status", "--porcelain") == ""


def test_an_answer_is_kept_and_says_so_until_a_fresh_one_is_wanted(shop: Shop) -> None:
    assert "kept from" not in shop.sparc("gate", FEW).stdout
    kept = shop.sparc("gate", FEW)
    if "isolation: none" in kept.stderr:
        pytest.skip("nothing is kept where programs are not kept from writing")
    assert "  (kept from 20" in kept.stdout
    assert told(shop.sparc("gate", FEW, "--json"))["checks"][0]["kept"].startswith("20")
    assert "kept from" not in shop.sparc("gate", FEW, "--fresh").stdout
    assert "kept from" not in shop.sparc("gate", MANY).stdout, "another question"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nonsense",), "there is no check 'nonsense'"),
        (("tests: {",), "is no YAML"),
        (("2020-99-99",), "there is no check '2020-99-99'"),
        (("lines: {paths: 3}",), "check: lines.paths: expected a list, found the number 3"),
        (("tests", "--ref", "nowhere"), "has no commit 'nowhere'"),
        (("tests", "--repository", "/"), "/ is not in a git repository"),
        ((), "name a check, `sparc gate tests 'coverage: {at_least: 90}'` for instance"),
        ((), "(checks: deliverables, lines, "),
        (("tests", "--base", "nowhere"), "has no commit 'nowhere' to compare with (--base)"),
        (("tests", "--file", "none.yaml"), "there is no none.yaml"),
        (("tests", "--staged", "--ref", "HEAD"), "say either --staged or --ref"),
        (("tests", "--junit", "nowhere/out.xml"), "cannot write nowhere/out.xml"),
        (("tests", "--requirements", "../x"), "--requirements: "),
        (("tests", "--cobertura", "out.xml"), "none of these checks measures coverage"),
    ],
)
def test_a_gate_that_asks_nothing_sensible_is_refused(shop: Shop, arguments: tuple[str, ...], words: str) -> None:
    done = shop.sparc("gate", *arguments)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert done.stdout == ""


def test_a_refusal_is_one_document_of_json_as_well(shop: Shop) -> None:
    refused = shop.sparc("gate", "nonsense", "--json")
    assert json.loads(refused.stdout)["ok"] is False


# -- a base


def test_a_base_is_the_newest_commit_in_common(branch: Shop) -> None:
    alone = branch.sparc("gate", NEW_ONLY)
    assert alone.returncode == 1
    assert "name the commit to compare with (sparc gate --base REF)" in alone.stdout
    compared = branch.sparc("gate", NEW_ONLY, "--base", "main", "--json")
    document = told(compared)
    assert document["base"] == git(branch.repository, "rev-parse", "main~1")
    assert {finding["path"] for finding in document["checks"][0]["findings"]} == {"more.py"}
    itself = branch.sparc("gate", NEW_ONLY, "--base", "topic")
    assert itself.returncode == 0
    assert "which is what is measured: nothing in it is new" in itself.stderr


def test_a_base_without_history_in_common_is_refused_with_the_reason(branch: Shop, tmp_path: Path) -> None:
    git(branch.repository, "checkout", "--quiet", "--orphan", "other")
    commit(branch.repository, x__md="x")
    unrelated = branch.sparc("gate", NEW_ONLY, "--base", "main")
    assert unrelated.returncode == 2
    assert "no history in common" in unrelated.stderr
    source = f"file://{branch.repository}"
    git(tmp_path, "clone", "--quiet", "--depth=1", "--branch=topic", "--no-single-branch", source, "shallow")
    shallow = branch.sparc("gate", NEW_ONLY, "--base", "origin/main", cwd=tmp_path / "shallow")
    assert shallow.returncode == 2
    assert "fetch-depth: 0" in shallow.stderr


# -- a file


def test_the_base_version_of_a_gate_file_counts(branch: Shop) -> None:
    strict = "gate: [{bandit: {severity: low}}]\n"
    git(branch.repository, "checkout", "--quiet", "main")
    commit(branch.repository, gate__yaml=strict)
    git(branch.repository, "checkout", "--quiet", "-b", "loose")
    commit(branch.repository, gate__yaml="gate: [{lines: {paths: '*.md', at_least: 1}}]\n")
    loosened = branch.sparc("gate", "--file", "gate.yaml", "--base", "main")
    assert loosened.returncode == 1
    assert "gate: gate.yaml of " in loosened.stderr
    assert loosened.stdout.startswith("bandit....")
    own = branch.sparc("gate", "--file", "gate.yaml")
    assert own.returncode == 0
    assert "gate: gate.yaml as it lies here\n" in own.stderr


def test_a_gate_file_names_its_base_waivers_and_environment(branch: Shop) -> None:
    text = (
        "gate: [{bandit: {new_only: true, severity: high}}]\nbase: main\nenvironment: {python: null}\n"
        "waivers: [{rule: B602, paths: more.py, reason: it is a shell}]\n"
    )
    (branch.repository / "own.yaml").write_text(text)
    done = branch.sparc("gate", "--file", "own.yaml", "--json")
    assert "does not have it: nothing keeps it from loosening itself" in done.stderr
    (check,) = told(done)["checks"]
    assert (done.returncode, [each["reason"] for each in check["waived"]]) == (0, ["it is a shell"])
    twice = branch.sparc("gate", "--file", "own.yaml", "--group", "dev")
    assert (twice.returncode, "leave out --group" in twice.stderr) == (2, True)


def test_a_waiver_that_allowed_nothing_is_told(branch: Shop) -> None:
    text = (
        "gate: [{bandit: {new_only: true, severity: high}}, integrity]\nbase: main\nwaivers:\n"
        "- {rule: B602, paths: more.py, reason: it is a shell}\n- {rule: test-deleted, paths: [a, b], reason: moved}\n"
    )
    (branch.repository / "own.yaml").write_text(text)
    done = branch.sparc("gate", "--file", "own.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == (
        "the waiver of test-deleted in a, b allowed nothing here: this gate can do without it"
    )
    assert "the waiver of B602" not in done.stdout
    idle = told(branch.sparc("gate", "--file", "own.yaml", "--json"))["idle_waivers"]
    assert idle == [{"rule": "test-deleted", "paths": ["a", "b"], "reason": "moved"}]
    broken = branch.sparc("gate", "--file", "own.yaml", "types: {tool: mypy}", "--json")
    assert [check["outcome"] for check in told(broken)["checks"]] == ["passed", "passed", "error"]
    assert told(broken)["idle_waivers"] == [], "what could not be measured may have needed it"


def test_a_waiver_of_a_rule_that_no_check_has_is_refused_unless_some_check_could_have_it(shop: Shop) -> None:
    waiver = "waivers: [{rule: test-delted, paths: a, reason: x}]\n"
    (shop.repository / "own.yaml").write_text(f"gate: [{FEW[:5]}: {{paths: '*.md', at_least: 1}}]\n{waiver}")
    refused = shop.sparc("gate", "--file", "own.yaml")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith(
        "own.yaml:2: waivers[0].rule: no check has a rule 'test-delted', so that this allows"
    )
    assert "did you mean test-deleted" in refused.stderr
    doubtful = shop.sparc("gate", "--file", "own.yaml", "command: {name: lint, run: ['true']}")
    assert doubtful.returncode == 0, doubtful.stderr
    assert "own.yaml: waivers[0].rule: no check has a rule 'test-delted'" in doubtful.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("gate: []\n", "gate: is empty"),
        ("gates: [tests]\n", "gates: is no key here; did you mean gate?"),
        ("[tests]\n", "expected a mapping with a gate"),
        ("", "is empty"),
        ("gate: [tests, nonsense]\n", "there is no check 'nonsense'"),
        ("gate: [tests]\nwaivers: [{rule: x}]\n", "waivers[0].paths"),
        ("gate: [tests\n", "is no YAML"),
        ("gate: [tests]\nbase: 3\n", "base: expected a text"),
    ],
)
def test_a_gate_file_that_makes_no_sense_is_refused_with_its_lines(shop: Shop, text: str, words: str) -> None:
    (shop.repository / "bad.yaml").write_text(text)
    done = shop.sparc("gate", "--file", "bad.yaml")
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert done.stderr.startswith("bad.yaml")


# -- what is staged


def test_what_is_staged_is_measured_and_the_index_stays_as_it_is(shop: Shop) -> None:
    (shop.repository / "staged.md").write_text("one\ntwo\n")
    git(shop.repository, "add", "staged.md")
    (shop.repository / "staged.md").write_text("one\ntwo\nthree\n")
    (shop.repository / "meant.md").write_text("one\n" * 9)
    git(shop.repository, "add", "--intent-to-add", "meant.md")
    (shop.repository / "untracked.md").write_text("one\n" * 9)
    index = (shop.repository / ".git/index").read_bytes()
    objects = git(shop.repository, "count-objects", "-v")
    done = shop.sparc("gate", FEW, "--staged", "--json", "--fresh")
    assert (done.returncode, told(done)["checks"][0]["measured"]) == (0, 3)
    assert told(done)["base"] == git(shop.repository, "rev-parse", "HEAD")
    assert (shop.repository / ".git/index").read_bytes() == index
    assert git(shop.repository, "count-objects", "-v") == objects
    # as `git commit --all` has it: another index, named in the environment
    env = {**os.environ, "GIT_INDEX_FILE": ".git/other"}
    import subprocess  # noqa: PLC0415 - git with an environment

    subprocess.run(("git", "read-tree", "HEAD"), cwd=shop.repository, env=env, check=True)
    assert shop.sparc("gate", FEW, "--staged", env={"GIT_INDEX_FILE": ".git/other"}).returncode == 1


def test_only_what_is_new_in_the_index_counts_and_conflicts_are_refused(branch: Shop) -> None:
    (branch.repository / "third.py").write_text(SHELL)
    git(branch.repository, "add", "third.py")
    done = branch.sparc("gate", NEW_ONLY, "--staged", "--json")
    assert {finding["path"] for finding in told(done)["checks"][0]["findings"]} == {"third.py"}
    git(branch.repository, "rm", "--cached", "--quiet", "third.py")
    commit(branch.repository, later__py="other\n")
    with pytest.raises(AssertionError):
        git(branch.repository, "merge", "--quiet", "main")
    conflict = branch.sparc("gate", NEW_ONLY, "--staged")
    assert (conflict.returncode, "has conflicts that are not resolved" in conflict.stderr) == (2, True)


def test_the_first_commit_of_a_repository_can_be_measured_before_it_is_made(shop: Shop, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "first")
    (tmp_path / "first/a.md").write_text("one\ntwo\nthree\n")
    git(tmp_path / "first", "add", "a.md")
    assert shop.sparc("gate", FEW, "--staged", cwd=tmp_path / "first").returncode == 0
    assert "has no commit yet" in shop.sparc("gate", FEW, cwd=tmp_path / "first").stderr
