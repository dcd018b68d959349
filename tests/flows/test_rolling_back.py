"""A released run on its way back and forth, as a user goes it: rollback, undo, bisect, hotfix, verify after each."""

import asyncio
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flows.bisecting import asked_of, bisect, line_of
from flows.cli import app
from flows.hotfix import Request as Wanted
from flows.hotfix import begin
from flows.plain_gate import parse_checks
from flows.priority import first
from flows.rolling_back import Request, RolledBack, carry_out, no_gates
from tasks.atomic import write_atomically
from tasks.base_merge import notes
from tasks.errors import Blocked, Refused, SparcError
from tasks.release import NOTE, Step
from tasks.repository import open_repository
from tasks.run_folder import RunFolder
from tasks.verify import verify
from tests.support import Shop, at_once, commit, git, phase, told, trailers, wait_for, work

Open = Callable[[str], Shop]
Done = subprocess.CompletedProcess[str]
FINE = "command: {name: fine, run: [sh, -c, '! grep -rq broken docs']}"
HELD = {"command": {"name": "readme", "run": ["test", "-e", "README.md"]}}
RUN = "story-1"


def writes(name: str, text: str, **more: object) -> dict[str, Any]:
    """An assignment that leaves one document."""
    return work(f"mkdir -p docs; echo {text} > docs/{name}.md", f"docs/{name}.md", **more)


def ok(done: Done) -> dict[str, Any]:
    """What a command has told, which went well."""
    assert done.returncode == 0, done.stdout + done.stderr
    return told(done)


def verified(shop: Shop) -> None:
    """The repository speaks for itself, and its work tree is as it should be."""
    report = verify(open_repository(shop.repository), "HEAD", None)
    assert report.ok, report.findings
    assert git(shop.repository, "status", "--porcelain") == ""


def documents(shop: Shop) -> list[str]:
    """What the base branch has by the run."""
    names = git(shop.repository, "ls-tree", "-r", "--name-only", "main", "docs/").split()
    return [name.removeprefix("docs/") for name in names]


def gate_of(shop: Shop, names: list[str]) -> dict[str, Any]:
    """The one gate on which a merge rests, from the user's repository."""
    (name,) = names
    return json.loads(git(shop.repository, "cat-file", "blob", f"refs/evidence/{name}"))  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def shop(runs_home: Path) -> Shop:
    """A released run of three phases, the second of which broke something that no gate had asked about."""
    opened = Shop.open(runs_home.parent / "story", runs_home)
    opened.plan({
        "specification": phase(
            a=writes("a", "fine"), b=writes("b", "fine", needs=["a"]), gate=["deliverables", HELD], review=["Is it so?"]
        ),
        "refinement": phase(c=writes("c", "fine"), d=writes("d", "broken", needs=["c"])),
        "completion": phase(e=writes("e", "fine"), gate=["deliverables"]),
    })  # fmt: skip
    done = opened.sparc("run", opened.plan_dir / "plan.yaml", "--run", RUN, "--yes", "--json")
    assert ok(done)["outcome"] == "released"
    return opened


def test_a_released_run_goes_back_and_forth(shop: Shop) -> None:
    released = shop.tip("main")
    done = ok(shop.sparc("rollback", RUN, "--to", "good/story/2", "--reason", "e is\nwrong", "--json"))
    assert (done["to"], done["commit"], done["already"]) == ("good/story/2", shop.tip("main"), False)
    assert documents(shop) == ["a.md", "b.md", "c.md", "d.md"]
    assert git(shop.repository, "rev-parse", "main^1") == released
    assert git(shop.repository, "log", "-1", "--format=%b").startswith("e is wrong\n")
    verified(shop)
    again = back(shop, to="good/story/2")
    assert (again.commit, again.already) == (shop.tip("main"), True)
    forth = shop.sparc("rollback", RUN, "--undo")
    assert forth.stdout.startswith(f"story is back at good/story/3 on main: {shop.tip('main')}\n1 merge reverted; meas")
    assert documents(shop) == ["a.md", "b.md", "c.md", "d.md", "e.md"]
    verified(shop)


def back(shop: Shop, **more: Any) -> RolledBack:  # noqa: ANN401 - of a request
    """The same as the command, in this process."""
    request = Request(home=shop.home, run=RUN, repository=shop.repository, **more)
    return asyncio.run(carry_out(request, no_gates))


def test_an_undo_that_was_killed_is_completed_and_undoes_no_more_than_that(shop: Shop) -> None:
    where = shop.repository
    back(shop, to="good/story/2")
    old = back(shop, to="good/story/1").commit
    new = back(shop, undo=True).commit
    git(where, "reset", "--quiet", "--hard", old)
    git(where, "update-ref", "refs/heads/main", new)
    note = notes(open_repository(where), RUN).path / NOTE
    write_atomically(note, Step(where=where, old=old, new=new, what="rollback").model_dump_json().encode())
    assert git(where, "status", "--porcelain") != ""
    mended = back(shop, undo=True)
    assert (mended.commit, mended.to, mended.already) == (new, "good/story/2", True)
    assert documents(shop) == ["a.md", "b.md", "c.md", "d.md"]
    verified(shop)
    assert back(shop, undo=True).to == "good/story/3"


def test_two_at_once_make_one_rollback(shop: Shop) -> None:
    before = shop.tip("main")
    ended = at_once(*[lambda: shop.sparc("rollback", RUN, "--to", "good/story/2", "--json")] * 2)
    assert {done.returncode for done in ended} <= {0, 2}
    assert {told(done)["commit"] for done in ended if done.returncode == 0} == {shop.tip("main")}
    assert all("is being carried by another process" in done.stderr for done in ended if done.returncode)
    assert git(shop.repository, "rev-list", "--first-parent", f"{before}..main").split() == [shop.tip("main")]
    back(shop, undo=True)
    verified(shop)


def test_bisect_names_the_assignment_that_broke_it(shop: Shop) -> None:
    found = ok(shop.sparc("bisect", RUN, "--check", FINE, "--json"))
    culprit = found["broken_by"]
    assert (culprit["phase"], culprit["assignment"], culprit["agent"], culprit["attempt"]) == (
        "refinement", "d", "writer", 1,
    )  # fmt: skip
    assert trailers(shop.repository, culprit["commit"])["Sparc-Assignment"] == "d"
    assert [state["checks"][0]["outcome"] for state in (found["before"], culprit)] == ["passed", "failed"]
    assert (found["before"]["assignment"], found["untold"]) == ("c", [])
    assert found["measured"] == 5, "start, the three phases, and c; each once"
    assert culprit["subject"] == "Merge d into 2 refinement"


@pytest.mark.parametrize(
    ("check", "kind", "words"),
    [
        ("command: {name: there, run: [test, -e, docs/e.md]}", Refused, "passes, so no merge broke it"),
        ("command: {name: none, run: [test, -e, docs/none.md]}", Blocked, "from which run story-1 started, fails alr"),
        ("tests", Blocked, "the last phase of run story-1, cannot be told: tests: "),
    ],
)
def test_bisect_says_what_it_cannot_tell(shop: Shop, check: str, kind: type[SparcError], words: str) -> None:
    folder, repository = RunFolder(shop.home, RUN), open_repository(shop.repository)
    asked = asked_of(folder, repository, parse_checks([check]), lambda _: None)
    with pytest.raises(kind, match=re.escape(words)):
        bisect(line_of(folder, repository), asked)


def test_a_hotfix_is_begun_and_then_gated_and_merged(shop: Shop) -> None:
    begun = ok(shop.sparc("hotfix", RUN, "mend-d", "--json"))
    assert (begun["outcome"], begun["branch"], begun["start"]) == ("begun", "hotfix/mend-d", "good/story/3")
    assert shop.tip("hotfix/mend-d") == git(shop.repository, "rev-parse", "good/story/3^{commit}")
    git(shop.repository, "switch", "--quiet", "hotfix/mend-d")
    (shop.repository / "docs/d.md").write_text("mended\n")
    words = shop.sparc("hotfix", RUN, "mend-d").stdout
    assert words.startswith("hotfix/mend-d is at good/story/3: `git switch hotfix/mend-d`, commit the fix there"), words
    git(shop.repository, "commit", "--quiet", "--all", "--message=Mend d")
    (shop.repository / "docs/d.md").write_text("mended more\n")
    wanted = Wanted(home=shop.home, run=RUN, repository=shop.repository, name="mend-d")
    with pytest.raises(Blocked, match=r"has local changes \(M docs/d.md\), which would not be part of hotfix/mend-d"):
        begin(wanted)
    git(shop.repository, "checkout", "--quiet", "docs/d.md")
    before = shop.tip("main")
    merged = ok(shop.sparc("hotfix", RUN, "mend-d", "--yes", "--json"))
    assert (merged["outcome"], merged["commit"]) == ("merged", shop.tip("main"))
    assert git(shop.repository, "rev-parse", "main^1", "main^2").split() == [before, shop.tip("hotfix/mend-d")]
    said = trailers(shop.repository, "main")
    assert (said["Sparc-Hotfix"], said["Sparc-Gate"]) == ("mend-d", "passed")
    gate = gate_of(shop, merged["gates"])
    assert gate["tree"] == git(shop.repository, "rev-parse", "main^{tree}")
    assert gate["phases"] == ["specification", "refinement", "completion"]
    assert [(one["phase"], one["by"]) for one in gate["reviews"]] == [("specification", "--yes")]
    assert (begin(wanted).outcome, begin(wanted).commit) == ("merged", merged["commit"])
    git(shop.repository, "switch", "--quiet", "main")
    verified(shop)
    assert shop.journal(RUN)[-1]["event"] == "run-ended", "the run itself is told as before"


def test_with_later_work_the_gates_of_what_stays_are_asked(shop: Shop) -> None:
    theirs = commit(shop.repository, theirs__md="theirs\n")
    done = ok(shop.sparc("rollback", RUN, "--to", "good/story/1", "--yes", "--json"))
    assert documents(shop) == ["a.md", "b.md"]
    assert git(shop.repository, "merge-base", "--is-ancestor", theirs, "main") == ""
    assert (shop.repository / "theirs.md").exists()
    gate = gate_of(shop, done["gates"])
    assert (gate["phases"], len(gate["verdicts"])) == (["specification"], 2)
    assert gate["tree"] == git(shop.repository, "rev-parse", "main^{tree}")
    verified(shop)


def test_to_before_the_release_whatever_was_true_then_has_to_be_true(shop: Shop) -> None:
    git(shop.repository, "mv", "README.md", "READ.md")
    commit(shop.repository)
    before = shop.tip("main")
    refused = shop.sparc("rollback", RUN, "--json")
    assert refused.returncode == 1
    assert "main has gone on since, and there, with run story-1 rolled back to start, a gate fails: " in refused.stderr
    assert shop.tip("main") == before
    git(shop.repository, "mv", "READ.md", "README.md")
    commit(shop.repository)
    done = ok(shop.sparc("rollback", RUN, "--json"))
    assert (done["to"], documents(shop)) == ("start", [])
    assert git(shop.repository, "diff", "--name-only", shop.begin, "main") == "theirs.md"
    verified(shop)
    with pytest.raises(Refused, match="run story-1 is rolled back on main, so that there is nothing to fix"):
        begin(Wanted(home=shop.home, run=RUN, repository=shop.repository, name="late"))
    assert shop.sparc("verify").returncode == 0


def test_what_was_rolled_back_is_not_released_by_another_run_without_a_word(runs_home: Path) -> None:
    shop = Shop.open(runs_home.parent / "other", runs_home)
    shop.plan({"specification": phase(a=writes("a", "fine"))})
    ok(shop.sparc("run", shop.plan_dir / "plan.yaml", "--run", "other-1", "--json"))
    (shop.repository / "README.md").write_text("edited\n")
    shop.plan({"specification": phase(b=writes("b", "fine"))})
    assert shop.sparc("run", shop.plan_dir / "plan.yaml", "--run", "other-2", "--json").returncode == 1
    git(shop.repository, "checkout", "--quiet", "README.md")
    unreleased = shop.sparc("rollback", "other-2", "--json")
    assert (unreleased.returncode, "run other-2 is not released: main does not have" in unreleased.stderr) == (2, True)
    rollback = ok(shop.sparc("rollback", "other-1", "--json"))["commit"]
    blocked = shop.sparc("resume", "other-2", "--json")
    assert blocked.returncode == 1, blocked.stderr
    assert told(blocked)["reason"].startswith(
        "sparc/other builds on work of run other-1 that was rolled back on main by "
        f"{rollback[:12]} (Roll back other to start), and merging it would not bring that back: `sparc rollback other-1"
    )
    ok(shop.sparc("rollback", "other-1", "--undo", "--json"))
    with first(open_repository(shop.repository), "urgent"):
        resumed = shop.start("resume", "other-2", "--json")
        words = "the release waits for hotfix urgent, which goes first"
        wait_for(lambda: any(event["text"] == words for event in shop.events("other-2", "notice")))
        assert documents(shop) == ["a.md"]
    assert resumed.wait(60) == 0
    assert documents(shop) == ["a.md", "b.md"]
    verified(shop)


# -- what is refused before anything is asked


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("rollback", "nobody"), "run nobody is not released as far as"),
        (("rollback", "No Body"), "'No Body' is no run id"),
        (("rollback", "nobody", "--to", "good/x/1", "--undo"), "say either --to or --undo"),
        (("bisect", "nobody", "--check", "bandit"), "run nobody is not released as far as"),
        (("bisect", "nobody", "--check", "nonsense"), "nonsense"),
        (("hotfix", "nobody", "x"), "run nobody is not released as far as"),
        (("rollback", "nobody", "--repository", "/nowhere"), "/nowhere is not a directory"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], words: str
) -> None:
    monkeypatch.setenv("SPARC_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(repository)
    before = sorted(repository.rglob("*"))
    with pytest.raises(Refused, match=re.escape(words)):
        app([*arguments, "--json"], standalone_mode=False)
    assert sorted(repository.rglob("*")) == before, "nothing is left behind"


def test_what_is_refused_is_told_to_programs_and_leaves_the_run_as_it_is(shop: Shop) -> None:
    assert ok(shop.sparc("rollback", RUN, "--undo", "--yes", "--json"))["gates"], "never measured, so it was now"
    verified(shop)
    git(shop.repository, "branch", "hotfix/taken", shop.begin)
    before = git(shop.repository, "for-each-ref")
    for arguments, words in (
        (("hotfix", RUN, "../main"), "'../main' is no name of a hotfix"),
        (("hotfix", RUN, "taken"), "branch hotfix/taken does not start from a good tag of run story-1"),
        (("rollback", RUN, "--to", "good/other/1"), "run story-1 of plan story has no tag 'good/other/1'; it has: "),
    ):
        with pytest.raises(Refused, match=re.escape(words)):
            app([*arguments, "--repository", str(shop.repository)], standalone_mode=False)
    done = shop.sparc("rollback", RUN, "--to", "good/story/9", "--json")
    assert done.returncode == 2
    assert told(done)["problems"][0]["problem"].endswith("it has: good/story/1, good/story/2, good/story/3")
    assert git(shop.repository, "for-each-ref") == before
