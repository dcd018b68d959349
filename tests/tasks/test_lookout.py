"""Looking out in a phase: who is compared, what is told once, what is over, and where it is kept."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from fsspec.implementations.local import LocalFileSystem

from tasks import evidence
from tasks.conflict_history import conflicts_of
from tasks.events import ConflictSeen, PhaseEnded
from tasks.git import ZERO
from tasks.hub import Hub
from tasks.integrate import Landing, candidate, merge_assignment
from tasks.journal import Journal
from tasks.lookout import Lookout
from tasks.memory import Memory
from tasks.overlap import Level
from tasks.remember import remember_conflicts
from tests.trees import commit

PHASE, NUMBER = "refinement", 2


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal.jsonl")


@pytest.fixture
def lookout(hub: Hub, journal: Journal) -> Lookout:
    hub.open_phase(NUMBER, PHASE)
    return Lookout(hub, journal, NUMBER, PHASE)


@pytest.fixture
def memory(tmp_path: Path, hub: Hub) -> Memory:
    (tmp_path / "memory").mkdir()
    return Memory("local-file-system/test", hub.start, LocalFileSystem(), str(tmp_path / "memory"))


def attempt(hub: Hub, name: str, files: Mapping[str, str | bytes | None], number: int = 1) -> str:
    """What an attempt left, on its own branch; it began where the phase's branch stands."""
    left = commit(hub.git, files, hub.tip(hub.phase_branch(NUMBER, PHASE)), message=f"{name} {number}\n")
    assert hub.git.move(f"refs/heads/agent/{NUMBER}-{PHASE}/{name}/{number}", left, ZERO)
    return left


def merge(hub: Hub, name: str, left: str, number: int = 1) -> str:
    """Merge it into the phase."""
    landing = Landing(hub, NUMBER, PHASE, name, number, "writer", "0" * 64)
    made = merge_assignment(landing, candidate(hub.git, hub.phase_branch(NUMBER, PHASE), left), ())
    assert made
    return made


def seen(journal: Journal) -> list[tuple[str, str, str, tuple[str, ...]]]:
    """(ours, theirs, level, paths) of every event, in order."""
    events = [event for event in journal.read() if isinstance(event, ConflictSeen)]
    return [
        (event.ours, event.theirs, event.overlap.word, tuple(place.path for place in event.overlap.places))
        for event in events
    ]


def test_a_conflict_is_told_once_and_is_over_when_the_later_one_was_asked_again(
    hub: Hub, journal: Journal, lookout: Lookout
) -> None:
    parser = attempt(hub, "parser", {"src/lib.py": "LIB = 2\n", "parser.py": "P = 1\n"})
    assert not lookout.look()
    attempt(hub, "printer", {"src/lib.py": "LIB = 3\n"})
    attempt(hub, "other", {"other.py": "O = 1\n"})
    told = [("parser", "printer", "text", ("src/lib.py",))]
    assert lookout.look()
    assert seen(journal) == told
    assert not lookout.look()

    merge(hub, "parser", parser)
    assert not lookout.look()  # printer meets parser's work as before, on the phase's branch by now
    assert not Lookout(hub, journal, NUMBER, PHASE).look()  # nor does another process tell it again

    again = attempt(hub, "printer", {"src/lib.py": "LIB = 5\n"}, 2)
    assert lookout.look()
    assert seen(journal) == [*told, ("parser", "printer", "disjoint", ())]
    merge(hub, "printer", again, 2)
    assert not lookout.look()


def test_what_meets_merged_work_is_told_by_who_brought_it(hub: Hub, journal: Journal, lookout: Lookout) -> None:
    late = attempt(hub, "late", {"src/lib.py": "LIB = 9\n", "run.sh": "late\n", "docs/guide.md": "late\n"})
    assert late
    for name, files in {"a": {"src/lib.py": "LIB = 2\n"}, "b": {"run.sh": "b\n"}, "c": {"c.py": "C = 1\n"}}.items():
        merge(hub, name, attempt(hub, name, files))
    assert lookout.look()
    assert seen(journal) == [("a", "late", "text", ("src/lib.py",)), ("b", "late", "text", ("run.sh",))]


def test_a_renamed_folder_that_several_may_have_brought_is_told_of_the_phase(
    hub: Hub, journal: Journal, lookout: Lookout
) -> None:
    folder = {f"src/{number}.py": f"X = {number}\n" * 20 for number in range(4)}
    merge(hub, "first", attempt(hub, "first", folder))
    attempt(hub, "late", {"src/new.py": "N = 1\n"})
    renamed = {path.replace("src", "lib"): text for path, text in folder.items()} | dict.fromkeys(folder)
    moved = renamed | {"src/app.py": None, "src/lib.py": None}
    merge(hub, "mover", attempt(hub, "mover", moved))
    merge(hub, "fourth", attempt(hub, "fourth", {"d.py": "D = 1\n"}))
    assert lookout.look()
    ((ours, theirs, level, paths),) = seen(journal)
    assert (ours, theirs, level) == ("late", f"phase/{NUMBER}-{PHASE}", "text")
    assert set(paths) == {"lib/new.py", "src/new.py"}


def test_the_evidence_has_every_pair_with_its_commits_and_is_kept_once_a_change(hub: Hub, lookout: Lookout) -> None:
    left = {name: attempt(hub, name, {"run.sh": f"{name}\n"}) for name in ("a", "b", "c")}
    for _ in range(3):
        lookout.look()
    ((_, record),) = evidence.all_of(hub.git, "conflicts")
    assert (record["run"], record["phase"], record["number"]) == (hub.run, PHASE, NUMBER)
    assert record["branches"] == left
    assert record["tip"] == hub.tip(lookout.branch)
    pairs = record["pairs"]
    assert isinstance(pairs, list)
    assert [(one["ours"], one["theirs"], one["level"]) for one in pairs if isinstance(one, dict)] == [
        ("a", "b", "text"), ("a", "c", "text"), ("b", "c", "text"),
    ]  # fmt: skip
    first = pairs[0]
    assert isinstance(first, dict)
    assert first["commits"] == [left["a"], left["b"]]
    assert first["places"] == [
        {"path": "run.sh", "level": int(Level.TEXT), "kinds": ["contents"], "names": [], "unread": None}
    ]


def test_a_name_that_is_no_text_is_told_and_comes_back_from_the_journal_as_it_was(
    hub: Hub, journal: Journal, lookout: Lookout
) -> None:
    for name in ("a", "b"):
        attempt(hub, name, {"new\nline \udcff.md": f"{name}\n", "\u202ehidden": f"{name}\n"})
    assert lookout.look()
    ((_, _, _, paths),) = seen(journal)
    assert paths == (r"\u202ehidden", r"new\nline \udcff.md")
    assert not Lookout(hub, journal, NUMBER, PHASE).look()


def test_a_phase_that_never_began_has_nothing_to_see(hub: Hub, journal: Journal) -> None:
    assert not Lookout(hub, journal, 7, "completion").look()


def test_a_passed_phase_has_no_conflict_left_whatever_was_told(hub: Hub, journal: Journal, lookout: Lookout) -> None:
    for name in ("a", "b"):
        attempt(hub, name, {"run.sh": f"{name}\n"})
    lookout.look()
    events = [event for event in journal.read() if isinstance(event, ConflictSeen)]
    (conflict,) = conflicts_of(events)
    assert (conflict.since, conflict.resolved, conflict.ahead) == (events[0].at, None, True)
    assert conflict.places == ("run.sh (text)",)
    (over,) = conflicts_of([*events, PhaseEnded(number=NUMBER, phase=PHASE, outcome="passed", at=7.0)])
    assert (over.resolved, over.ahead) == (7.0, False)


def test_memory_learns_of_every_change_once(hub: Hub, journal: Journal, lookout: Lookout, memory: Memory) -> None:
    for name in ("a", "b"):
        attempt(hub, name, {"run.sh": f"{name}\n"})
    lookout.look()
    for _ in range(2):
        remember_conflicts(memory, hub, NUMBER, PHASE, conflicts_of(journal.read()))
    (entry,) = memory.history(f"{hub.plan}/conflicts/{PHASE}.json")
    assert isinstance(entry.value, dict)
    (told,) = entry.value["conflicts"]  # type: ignore[misc] # JSON
    assert isinstance(told, dict)
    assert (told["ours"], told["theirs"], told["level"], told["resolved"]) == ("a", "b", "text", None)
    assert entry.commit == hub.tip(lookout.branch)
