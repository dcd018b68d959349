"""What a passed phase leaves in memory, and what later assignments read of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.local import LocalFileSystem

from tasks import evidence
from tasks.git import listing
from tasks.hub import Hub
from tasks.integrate import candidate, merge_phase
from tasks.memory import VALUE_LIMIT, Memory
from tasks.remember import read_for, store

Pass = Callable[[dict[str, bytes]], str]


@pytest.fixture
def memory(tmp_path: Path, hub: Hub) -> Memory:
    (tmp_path / "memory").mkdir()
    return Memory("local-file-system/test", hub.start, LocalFileSystem(), str(tmp_path / "memory"))


@pytest.fixture
def passed(hub: Hub) -> Pass:
    """Merge a phase with these files after a gate that passed; the merge."""

    def merge(files: dict[str, bytes]) -> str:
        git = hub.git
        entries = [f"100644 blob {git.write_blob(data)}\t{name}" for name, data in files.items()]
        change = git.write_commit(git.line("mktree", "-z", stdin=listing(entries)), (hub.plan_tip,), "Change\n")
        found = candidate(git, hub.plan_branch, change)
        gate = {"kind": "gate", "phase": "specification", "outcome": "passed", "verdicts": [], **found.binding}
        (name,) = evidence.keep(git, [gate])
        done = merge_phase(hub, "specification", 1, found, name)
        assert done
        return done

    return merge


def test_a_passed_phase_leaves_its_deliverables_and_its_gate(hub: Hub, memory: Memory, passed: Pass) -> None:
    commit = passed({"r.md": "# Größe\n".encode(), "s.md": b"", "t.txt": b"not promised"})
    store(memory, hub, "specification", commit, ["*.md"])
    assert memory.list() == (
        "ledger/quality-gates/specification.json",
        "ledger/specification/r.md",
        "ledger/specification/s.md",
    )
    entry = memory.get("ledger/specification/r.md")
    assert entry is not None
    assert (entry.value, entry.run, entry.commit, entry.attempt) == ("# Größe\n", hub.run, commit, None)
    gate = memory.get("ledger/quality-gates/specification.json")
    assert gate is not None
    assert gate.value == evidence.fetch(hub.git, hub.git.commit(commit).trailers["Sparc-Evidence"][7:])


def test_what_is_no_text_or_no_file_or_too_large_is_left_to_git(hub: Hub, memory: Memory, passed: Pass) -> None:
    commit = passed({"latin": b"\xe9", "large": b"x" * (VALUE_LIMIT + 1), "fits": b"x" * VALUE_LIMIT, "nul": b"a\0b"})
    store(memory, hub, "specification", commit, ["*"])
    assert memory.list("ledger/specification/*") == ("ledger/specification/fits", "ledger/specification/nul")


def test_a_link_is_not_followed(hub: Hub, memory: Memory, passed: Pass) -> None:
    commit = passed({"a": b"a"})
    git = hub.git
    listed = git.run("ls-tree", "-z", commit) + f"120000 blob {git.write_blob(b'/etc/passwd')}\tlink\0".encode()
    linked = git.write_commit(git.line("mktree", "-z", stdin=listed), (commit,), git.commit(commit).message)
    store(memory, hub, "specification", linked, ["*"])
    assert memory.list("ledger/specification/*") == ("ledger/specification/a",)


def test_a_file_whose_name_can_be_no_key_is_left_to_git(hub: Hub, memory: Memory, passed: Pass) -> None:
    commit = passed({"new\nline": b"x", "\udcff": b"x", "n" * 1024: b"x", "plain": b"x"})
    store(memory, hub, "specification", commit, ["*"])
    assert memory.list() == ("ledger/quality-gates/specification.json", "ledger/specification/plain")


def test_doing_it_again_after_a_kill_completes_it_and_adds_no_version(hub: Hub, memory: Memory, passed: Pass) -> None:
    commit = passed({"a": b"a", "b": b"b"})
    memory.put("ledger/specification/a", "a", run=hub.run, commit=commit)
    for _ in range(2):
        store(memory, hub, "specification", commit, ["*"])
    assert [len(memory.history(key)) for key in memory.list()] == [1, 1, 1]
    later = passed({"a": b"newer", "b": b"b"})
    store(memory, hub, "specification", later, ["*"])
    assert [entry.value for entry in memory.history("ledger/specification/a")] == ["a", "newer"]


def test_what_a_person_has_put_since_stays_the_newest(hub: Hub, memory: Memory, passed: Pass) -> None:
    commit = passed({"a": b"a"})
    store(memory, hub, "specification", commit, ["*"])
    memory.put("ledger/specification/a", "corrected", run="by-hand")
    store(memory, hub, "specification", commit, ["*"])
    assert [entry.value for entry in memory.history("ledger/specification/a")] == ["a", "corrected"]
    (found,) = read_for(memory, hub, {"one": ["specification/a"]})["one"]
    assert found.value == "corrected"


def test_the_attempt_that_delivered_a_file_is_told(story: Any, memory: Memory) -> None:  # noqa: ANN401 - see conftest.py
    story.assignment(1, "specification", "requirements", {"docs/r.md": "# R\n"})
    story.assignment(1, "specification", "slos", {"docs/s.md": "# S\n", "docs/r.md": "# R, with S\n"}, attempt=3)
    commit = story.phase(1, "specification")
    store(memory, story.hub, "specification", commit, ["**"])
    attempts = {key: entry.attempt for key in memory.list("*/docs/*") if (entry := memory.get(key))}
    assert attempts == {
        "ledger/specification/docs/r.md": 3, "ledger/specification/docs/s.md": 3,
        "ledger/specification/docs/guide.md": None,
    }  # fmt: skip


def test_only_versions_that_the_plans_branch_contains_are_read(hub: Hub, memory: Memory, passed: Pass) -> None:
    commit = passed({"a": b"a"})
    elsewhere = hub.git.write_commit(hub.git.commit(commit).tree, (hub.start,), "A run that was never released\n")
    for key, versions in {
        "a": [("ours", commit), ("unreleased", elsewhere), ("gone", "1" * 40)],
        "b": [("unreleased", elsewhere)],
        "c": [("by hand", None), ("unreleased", elsewhere)],
        "d": [("start", hub.start)],
    }.items():
        for value, of in versions:
            memory.put(f"ledger/{key}", value, run="r-0", commit=of)
    read = read_for(memory, hub, {"one": ["*"]})["one"]
    values = {entry.key: entry.value for entry in read}
    assert values == {"ledger/a": "ours", "ledger/c": "by hand", "ledger/d": "start"}


def test_an_assignment_reads_what_its_globs_mean_in_its_own_plan(hub: Hub, memory: Memory) -> None:
    for key, value in {
        "ledger/specification/docs/r.md": "R",
        "ledger/specification/docs/slos.md": {"p99": 5},
        "ledger/quality-gates/specification.json": {"outcome": "passed"},
        "other/specification/docs/r.md": "not ours",
    }.items():
        memory.put(key, value, run="r-0")
    read = read_for(
        memory,
        hub,
        {
            "short": ["*/r.md"],
            "whole": ["ledger/specification/*"],
            "gates": ["quality-gates/*.json"],
            "foreign": ["other/*"],
            "none": [],
        },
    )
    keys = {name: [entry.key for entry in entries] for name, entries in read.items()}
    assert keys == {
        "short": ["ledger/specification/docs/r.md"],
        "whole": ["ledger/specification/docs/r.md", "ledger/specification/docs/slos.md"],
        "gates": ["ledger/quality-gates/specification.json"],
        "foreign": [],
        "none": [],
    }
    assert [entry.value for entry in read["whole"]] == ["R", {"p99": 5}]
    assert read["short"][0].run == "r-0"


def test_bytes_are_read_as_text(hub: Hub, memory: Memory) -> None:
    memory.put("ledger/x", b"a\xff", run="r-0")
    (found,) = read_for(memory, hub, {"one": ["x"]})["one"]
    assert found.value == "a\ufffd"
