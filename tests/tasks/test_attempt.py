"""One attempt from clone to commit: what counts, what speaks against it, and what is kept either way."""

import hashlib
import json
import os
import sys
import threading
from collections.abc import Callable
from contextvars import copy_context
from pathlib import Path
from typing import Any

import pytest

from tasks import evidence
from tasks.agents.spec import AgentSpec
from tasks.assignment import Assignment
from tasks.attempt import Attempt, Order, carry
from tasks.command import Processes, processes
from tasks.context import Context, Remembered, ToldFinding
from tasks.errors import Interrupted
from tasks.events import AttemptEnded, AttemptStarted, Notice
from tasks.git import Git
from tasks.hub import Hub
from tasks.integrate import Landing, candidate, merge_assignment
from tasks.isolation import Confinement
from tasks.journal import Journal
from tasks.run_folder import RunFolder

Carry = Callable[..., Attempt]

WRITES = "mkdir -p docs; echo done > docs/r.md"
EARLIER = (ToldFinding(check="lines", message="2 lines < 200", path="docs/r.md", line=1),)


@pytest.fixture
def order(folder: RunFolder, hub: Hub) -> Callable[..., Order]:
    """An order for an agent that is this line of shell; other fields are the assignment's or the order's."""
    hub.open_phase(1, "specification")
    folder.plan_dir.mkdir()

    def make(script: str, **fields: Any) -> Order:  # noqa: ANN401
        work = {"role": "Analyst", "prompt": "Document it.", "deliverables": ("docs/r.md",)}
        work |= {name: fields.pop(name) for name in ("deliverables", "writes", "acceptance") if name in fields}
        base: dict[str, Any] = {
            "folder": folder, "hub": hub, "goal": "A ledger.", "number": 1, "phase": "specification",
            "guidance": "Be exact.", "name": "requirements", "assignment": Assignment.model_validate(work),
            "agent_name": "writer", "agent": AgentSpec(command=("sh", "-c", script), env=("TOKEN",)), "timeout": 20.0,
            "memory": (Remembered(key="k", value="v", run="r-0", written="w"),),
            "env": {"PATH": os.environ["PATH"], "TOKEN": "t", "SECRET": "s"}, "confinement": Confinement("none"),
        }  # fmt: skip
        return Order(**{**base, **fields})

    return make


@pytest.fixture
def do(order: Callable[..., Order]) -> Carry:
    """Claim and carry an attempt of an agent that is this line of shell."""

    def carried(script: str, findings: tuple[ToldFinding, ...] = (), **fields: object) -> Attempt:
        made = order(script, **fields)
        return carry(made, made.folder.claim_attempt(made.number, made.phase, made.name), findings)

    return carried


def record(hub: Hub, attempt: Attempt) -> dict[str, Any]:
    return evidence.fetch(hub.git, attempt.evidence)


def messages(attempt: Attempt) -> list[tuple[str | None, str]]:
    return [(finding.path, finding.message) for finding in attempt.findings]


# -- an attempt that counts


def test_what_an_agent_leaves_is_a_commit_on_a_branch_of_its_own(do: Carry, hub: Hub) -> None:
    attempt = do(WRITES)
    assert attempt.stands
    assert (attempt.attempt, attempt.start, attempt.findings, attempt.agent) == (1, hub.start, (), "writer")
    assert hub.git.refs("refs/heads/agent/") == {"refs/heads/agent/1-specification/requirements/1": attempt.commit}
    commit = hub.git.commit(attempt.commit or "")
    assert commit.parents == (hub.start,)
    assert commit.trailers == {
        "Sparc-Run": "ledger-1", "Sparc-Phase": "specification", "Sparc-Assignment": "requirements",
        "Sparc-Attempt": "1", "Sparc-Agent": "writer", "Sparc-Evidence": f"sha256:{attempt.evidence}",
    }  # fmt: skip
    raw = hub.git.run("cat-file", "commit", commit.oid).decode()
    assert "\nauthor sparc <sparc@localhost> " in raw
    assert "\ncommitter sparc <sparc@localhost> " in raw
    assert hub.git.changed(hub.start, commit.oid) == ("docs/r.md",)
    assert hub.tip("refs/heads/phase/1-specification") == hub.start  # merging is another step


def test_its_evidence_tells_what_was_asked_and_what_was_left(do: Carry, hub: Hub, folder: RunFolder) -> None:
    attempt = do(WRITES)
    about = record(hub, attempt)
    papers = folder.attempt_dir(1, "specification", "requirements", 1)
    document = (papers / "context.json").read_bytes()
    assert about.pop("seconds") == pytest.approx(attempt.seconds, abs=0.1)
    assert about == {
        "kind": "attempt", "run": "ledger-1", "plan": "ledger", "phase": "specification", "number": 1,
        "assignment": "requirements", "attempt": 1, "agent": "writer", "agent_kind": "command", "isolation": "none",
        "start": hub.start, "tree": hub.git.commit(attempt.commit or "").tree, "changed": ["docs/r.md"],
        "outcome": "left", "findings": [], "context": hashlib.sha256(document).hexdigest(), "workspace": "full",
    }  # fmt: skip


def test_an_agent_is_told_everything_it_needs(do: Carry, folder: RunFolder, tmp_path: Path) -> None:
    script = f"cat > {tmp_path}/prompt; env -0 > {tmp_path}/env; pwd > {tmp_path}/cwd; {WRITES}"
    attempt = do(script, EARLIER, acceptance=("Every edge case has a scenario",))
    place = folder.path / "workspaces/1-specification/requirements/1"
    papers = folder.attempt_dir(1, "specification", "requirements", 1)
    env = dict(entry.split("=", 1) for entry in (tmp_path / "env").read_text().split("\0") if entry)
    assert {name: env[name] for name in env if name not in {"PATH", "PWD", "SHLVL", "_", "OLDPWD"}} == {
        "HOME": str(papers / "home"), "TMPDIR": str(papers / "tmp"), "TOKEN": "t", "SPARC_RUN": "ledger-1",
        "SPARC_PLAN": "ledger", "SPARC_PHASE": "specification", "SPARC_ASSIGNMENT": "requirements",
        "SPARC_ATTEMPT": "1", "SPARC_WORKSPACE": str(place), "SPARC_CONTEXT": str(papers / "context.json"),
    }  # fmt: skip
    assert Path((tmp_path / "cwd").read_text().strip()) == place
    context = Context.model_validate(json.loads((papers / "context.json").read_bytes()))
    assert (context.findings, context.workspace, context.attempt) == (EARLIER, str(place), attempt.attempt)
    assert (context.deliverables, context.writes) == (("docs/r.md",), ("docs/r.md",))
    prompt = (tmp_path / "prompt").read_text()
    assert prompt == (papers / "prompt.md").read_text()
    assert "lines: docs/r.md:1: 2 lines < 200" in prompt
    assert "Every edge case has a scenario" in prompt


def test_the_journal_tells_of_its_begin_and_its_end(do: Carry, folder: RunFolder) -> None:
    attempt, failed = do(WRITES), do("exit 3")
    events = Journal(folder.journal).read()
    assert [type(event) for event in events] == [AttemptStarted, AttemptEnded] * 2
    ends = [event for event in events if isinstance(event, AttemptEnded)]
    assert [(end.attempt, end.outcome, end.commit) for end in ends] == [
        (1, "left", attempt.commit),
        (2, "failed", failed.commit),
    ]
    assert ends[1].reason == "the agent ended with exit code 3"


def test_no_change_at_all_is_fine_if_the_deliverables_are_there(do: Carry, hub: Hub) -> None:
    attempt = do("true", deliverables=("docs/guide.md", "src/*.py"))
    assert attempt.stands
    assert record(hub, attempt)["changed"] == []
    assert hub.git.commit(attempt.commit or "").tree == hub.git.resolve(hub.start, "tree")


def test_what_it_printed_is_kept_for_people(do: Carry, folder: RunFolder) -> None:
    do(f"echo said; echo cried >&2; {WRITES}")
    log = folder.attempt_dir(1, "specification", "requirements", 1) / "output.log"
    assert sorted(log.read_text().split()) == ["cried", "said"]


# -- what speaks against one


def test_a_missing_deliverable_speaks_against_it_and_what_was_left_is_kept(do: Carry, hub: Hub) -> None:
    attempt = do("mkdir -p docs; echo x > docs/other.md", deliverables=("docs/r.md", "docs/*.txt"), writes=("docs/**",))
    assert not attempt.stands
    words = "was to be delivered, and is not there"
    assert messages(attempt) == [("docs/r.md", words), ("docs/*.txt", words)]
    assert hub.git.read(attempt.commit or "", "docs/other.md") == b"x\n"
    about = record(hub, attempt)
    assert (about["outcome"], about["changed"]) == ("failed", ["docs/other.md"])
    assert [finding["path"] for finding in about["findings"]] == ["docs/r.md", "docs/*.txt"]


@pytest.mark.parametrize(
    "script", ["mkdir -p docs; ln -s guide.md docs/r.md", "mkdir -p docs/r.md", "mkfifo docs/r.md"]
)
def test_a_deliverable_is_a_file(do: Carry, script: str) -> None:
    assert messages(do(script)) == [("docs/r.md", "was to be delivered, and is not there")]


def test_a_deliverable_that_the_agent_has_removed_is_missing(do: Carry) -> None:
    attempt = do("rm docs/guide.md", deliverables=("docs/guide.md",))
    assert messages(attempt) == [("docs/guide.md", "was to be delivered, and is not there")]


def test_a_change_outside_its_paths_is_refused_with_each_path(do: Carry, hub: Hub) -> None:
    attempt = do(f"{WRITES}; echo x >> src/app.py; rm run.sh; chmod +x README.md; echo x > 'docs/x y.md'")
    words = "changed, but it is not among the paths this assignment writes"
    assert messages(attempt) == [(path, words) for path in ("README.md", "docs/x y.md", "run.sh", "src/app.py")]
    assert not attempt.stands
    assert hub.git.read(attempt.commit or "", "docs/r.md") == b"done\n"


def test_its_paths_are_what_the_assignment_writes_and_promises(do: Carry) -> None:
    script = f"{WRITES}; mkdir -p src/a/b notes; echo x > src/a/b/c.py; echo x > notes/one.md"
    assert do(script, deliverables=("docs/r.md", "notes/*.md"), writes=("src/**",)).stands
    assert [path for path, _ in messages(do(script, writes=("src/*",)))] == ["notes/one.md", "src/a/b/c.py"]


def test_a_deliverable_is_taken_although_it_is_ignored(do: Carry, hub: Hub) -> None:
    attempt = do("mkdir -p build; echo '*' > .gitignore; echo x > build/out; echo x > build/other",
                 deliverables=("build/out",), writes=(".gitignore",))  # fmt: skip
    assert attempt.stands
    assert record(hub, attempt)["changed"] == [".gitignore", "build/out"]


def test_a_repository_inside_speaks_against_it_and_nothing_is_stored(do: Carry, hub: Hub) -> None:
    attempt = do(f"{WRITES}; git init -q docs/inner")
    assert messages(attempt) == [("docs/inner/.git", "a repository inside the workspace: remove it")]
    assert attempt.commit is None
    assert hub.git.refs("refs/heads/agent/") == {}
    about = record(hub, attempt)
    assert (about["tree"], about["changed"], about["outcome"]) == (None, [], "failed")


def test_a_workspace_that_is_gone_speaks_against_it(do: Carry, hub: Hub) -> None:
    attempt = do('rm -rf "$SPARC_WORKSPACE"')
    assert attempt.commit is None
    assert "is gone" in attempt.findings[0].message
    assert record(hub, attempt)["outcome"] == "failed"


@pytest.mark.parametrize(
    ("script", "message"),
    [("exit 7", "the agent ended with exit code 7"), ("sleep 60", "the agent timed out after 0.8 s")],
)
def test_an_agents_end_speaks_against_it_whatever_it_left(do: Carry, hub: Hub, script: str, message: str) -> None:
    attempt = do(f"{WRITES}; echo x > src/new.py; {script}", timeout=0.8)
    assert messages(attempt)[0] == (None, message)
    assert messages(attempt)[1][0] == "src/new.py"
    assert hub.git.read(attempt.commit or "", "docs/r.md") == b"done\n"
    assert not attempt.stands


def test_an_agent_that_is_missing_is_named(do: Carry) -> None:
    attempt = do("true", agent=AgentSpec(command=("no-such-agent",)))
    assert messages(attempt)[0] == (None, "cannot start no-such-agent: No such file or directory")


def test_a_file_name_that_is_no_text_is_told_and_can_be_told_on(do: Carry, hub: Hub) -> None:
    program = "import os; os.mkdir('docs') if not os.path.isdir('docs') else 0; open(b'\\xff\\n', 'w')"
    attempt = do(f'{WRITES}; {sys.executable} -c "{program}"')
    assert [path for path, _ in messages(attempt)] == ["\udcff\n"]
    assert record(hub, attempt)["changed"] == ["docs/r.md", "\udcff\n"]
    again = do(WRITES, attempt.findings)
    assert again.stands


def test_what_an_agent_does_to_its_clone_and_its_hub_changes_no_other_branch(do: Carry, hub: Hub) -> None:
    script = f"""
        {WRITES}; git add -A; git -c user.name=x -c user.email=x@x commit -qm mine
        git push -q origin HEAD:refs/heads/sparc/ledger; git push -q origin HEAD:refs/heads/phase/1-specification
        git push -q --force origin HEAD; git gc -q; true
    """
    attempt = do(script)
    assert attempt.stands
    assert set(hub.git.refs("refs/heads/")) == {
        "refs/heads/sparc/ledger", "refs/heads/phase/1-specification",
        "refs/heads/agent/1-specification/requirements/1",
    }  # fmt: skip
    assert hub.plan_tip == hub.tip("refs/heads/phase/1-specification") == hub.start
    assert hub.git.commit(attempt.commit or "").parents == (hub.start,)


# -- again


def test_attempts_are_numbered_across_resumes_and_each_is_kept(do: Carry, hub: Hub, folder: RunFolder) -> None:
    attempts = [do("exit 1"), do(WRITES)]
    assert RunFolder(folder.home, folder.run).claim_attempt(1, "specification", "requirements") == 3
    assert [attempt.attempt for attempt in attempts] == [1, 2]
    assert hub.git.refs("refs/heads/agent/") == {
        f"refs/heads/agent/1-specification/requirements/{attempt.attempt}": attempt.commit for attempt in attempts
    }
    assert len({attempt.evidence for attempt in attempts}) == 2


def test_an_attempt_begins_at_the_tip_of_its_phase(do: Carry, hub: Hub) -> None:
    first = do(WRITES)
    branch = "refs/heads/phase/1-specification"
    assert Git(hub.directory).move(branch, first.commit or "", hub.start)
    second = do("cat docs/r.md && echo more >> docs/r.md")
    assert second.stands
    assert second.start == first.commit
    assert hub.git.read(second.commit or "", "docs/r.md") == b"done\nmore\n"


def test_an_interrupted_attempt_is_no_attempt_that_failed(
    order: Callable[..., Order], hub: Hub, tmp_path: Path
) -> None:
    made, scope = order(f"touch {tmp_path}/begun; sleep 60"), Processes()
    told: list[BaseException] = []

    def call() -> None:
        processes.set(scope)
        try:
            carry(made, made.folder.claim_attempt(1, "specification", "requirements"), ())
        except Interrupted as interrupted:
            told.append(interrupted)

    thread = threading.Thread(target=lambda: copy_context().run(call))
    thread.start()
    while not (tmp_path / "begun").exists():
        thread.join(0.01)
    scope.stop()
    thread.join(10)
    assert len(told) == 1
    assert hub.git.refs("refs/heads/agent/") == {}
    assert list(evidence.all_of(hub.git, "attempt")) == []


def test_a_recording_goes_on_where_it_was_although_an_ask_in_between_was_killed(
    do: Carry, folder: RunFolder, hub: Hub
) -> None:
    cassettes = folder.plan_dir / "cassettes/specification/requirements"
    cassettes.mkdir(parents=True)
    for number, text in enumerate(("one", "two"), 1):
        patch = f"--- /dev/null\n+++ b/docs/r.md\n@@ -0,0 +1 @@\n+{text}\n"
        (cassettes / f"{number}.patch").write_text(patch)
    played = AgentSpec(replay="cassettes")
    first = do("true", agent=played)
    folder.claim_attempt(1, "specification", "requirements")  # and then it was killed
    second = do("true", agent=played)
    assert [attempt.attempt for attempt in (first, second)] == [1, 3]
    assert [hub.git.read(attempt.commit or "", "docs/r.md") for attempt in (first, second)] == [b"one\n", b"two\n"]


# -- its workspace


def places(folder: RunFolder) -> list[str]:
    return sorted(place.name for place in (folder.path / "workspaces/1-specification/requirements").glob("*"))


@pytest.mark.parametrize("script", [WRITES, "exit 3"])
def test_the_workspace_of_an_attempt_that_is_stored_is_cleared_away(do: Carry, folder: RunFolder, script: str) -> None:
    attempt = do(f"echo x > $TMPDIR/large; {script}")
    papers = folder.attempt_dir(1, "specification", "requirements", 1)
    assert attempt.commit
    assert places(folder) == []
    assert {file.name for file in papers.iterdir()} == {"context.json", "prompt.md", "output.log", "home"}


def test_a_workspace_that_cannot_be_stored_stays_until_the_assignment_is_asked_again(
    do: Carry, hub: Hub, folder: RunFolder
) -> None:
    failed = do(f"{WRITES}; truncate -s 2G docs/big")
    assert failed.commit is None
    assert messages(failed)[0][0] == "docs/big"
    assert messages(failed)[0][1].startswith("has 2,048.0 MB, and at most 100 MB of a file are taken")
    assert record(hub, failed)["outcome"] == "failed"
    assert places(folder) == ["1"]
    assert do(WRITES, failed.findings).stands
    assert places(folder) == []


def test_a_sparse_workspace_is_told_and_recorded_as_such(do: Carry, hub: Hub, folder: RunFolder) -> None:
    attempt = do(f"ls -A src docs run.sh; test ! -e src/app.py && {WRITES}", workspace="sparse")
    papers = folder.attempt_dir(1, "specification", "requirements", 1)
    assert attempt.findings == ()
    assert record(hub, attempt)["workspace"] == "sparse"
    assert json.loads((papers / "context.json").read_bytes())["sparse"] is True
    assert "holds only a part of the repository" in (papers / "prompt.md").read_text()
    assert hub.git.changed(hub.start, attempt.commit or "") == ("docs/r.md",)


def test_a_change_outside_of_a_sparse_workspace_is_refused_as_any_other(do: Carry) -> None:
    attempt = do(f"{WRITES}; mkdir -p src; echo x > src/app.py", workspace="sparse")
    assert messages(attempt) == [
        ("src/app.py", "changed, but it is not among the paths this assignment writes"),
    ]


def test_a_pointer_that_became_a_file_is_told_to_people(do: Carry, folder: RunFolder, hub: Hub) -> None:
    branch = hub.phase_branch(1, "specification")
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
    left = do(f"mkdir -p docs; printf '{pointer}' > docs/r.md; echo '*.md filter=lfs' > .gitattributes",
              writes=("docs/**", ".gitattributes"))  # fmt: skip
    landing = Landing(hub, 1, "specification", "requirements", 1, "writer", left.evidence)
    assert merge_assignment(landing, candidate(hub.git, branch, left.commit or ""), ())
    assert hub.git.read(hub.tip(branch), "docs/r.md") == pointer.encode()
    attempt = do("test $(wc -l < docs/r.md) = 3 && seq 9999 > docs/r.md")
    assert attempt.stands
    notices = [event.text for event in Journal(folder.journal).read() if isinstance(event, Notice)]
    assert notices == [
        "requirements, attempt 2: docs/r.md: in place of a Git LFS pointer, the file itself is now in git"
    ]
