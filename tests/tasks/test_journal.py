"""The journal: what is written is read, by whomever and whenever the writer died."""

import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from gates.verdict import Finding, Outcome, Verdict
from tasks.errors import Blocked
from tasks.events import AttemptEnded, CheckEnded, Merged, Notice, RunEnded
from tasks.journal import Journal

LEDGER = Path(__file__).parent / "journals" / "ledger.jsonl"

WRITER = """
import sys
from pathlib import Path
from tasks.journal import Journal
from tasks.events import Notice
for number in range(60):
    Journal(Path(sys.argv[1])).write(Notice(text=f"{sys.argv[2]} {number} " + sys.argv[2] * 30_000))
"""

FULL_DISK = """
import os, resource, sys
from pathlib import Path
from tasks.errors import Blocked
from tasks.journal import Journal
from tasks.events import Notice
path = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 40, resource.RLIM_INFINITY))
try:
    Journal(path).write(Notice(text="x" * 200))
except Blocked as blocked:
    print(blocked)
"""


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal.jsonl")


def texts(journal: Journal) -> list[str]:
    return [event.text for event in journal.read() if isinstance(event, Notice)]


def test_no_journal_is_an_empty_one(journal: Journal) -> None:
    assert journal.read() == ()


def test_what_is_written_is_read_and_bears_the_time(journal: Journal) -> None:
    verdict = Verdict(
        check="coverage",
        outcome=Outcome.FAILED,
        summary="coverage 91.2 % < 95 %",
        measured={"percent": 91.2, "branch": True},
        limit=95,
        findings=(Finding(message="zeile\n2", path="src/ü.py", line=3),),
    )
    place = {"number": 4, "phase": "refinement", "assignment": "api"}
    events = (
        CheckEnded(**place, round=2, verdict=verdict, seconds=3.5, evidence="ab" * 32),
        AttemptEnded(**place, attempt=1, outcome="failed", reason="exit code 1", seconds=2),
        RunEnded(outcome="released", commit="c0ffee"),
    )
    before = time.time()
    for event in events:
        journal.write(event)
    read = journal.read()
    assert all(before <= event.at <= time.time() for event in read)
    assert tuple(event.model_copy(update={"at": 0.0}) for event in read) == events


def test_every_kind_of_event_survives_a_round_trip(journal: Journal) -> None:
    told = Journal(LEDGER).read()
    for event in told:
        journal.write(event)
    assert len({event.event for event in told}) == 13
    assert [event.model_copy(update={"at": 0.0}) for event in journal.read()] == [
        event.model_copy(update={"at": 0.0}) for event in told
    ]


def test_a_finding_that_knows_more_is_kept_as_a_finding(journal: Journal) -> None:
    class Told(Finding):
        check: str

    found = Told(message="x", path="a.py", check="attempt")
    place = {"number": 1, "phase": "p", "assignment": "a", "attempt": 1}
    journal.write(AttemptEnded(**place, outcome="failed", findings=(found,), seconds=1))
    (event,) = journal.read()
    assert isinstance(event, AttemptEnded)
    assert event.findings == (Finding(message="x", path="a.py"),)


def test_only_its_owner_reads_it(journal: Journal) -> None:
    journal.write(Notice(text="hello"))
    assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600


def test_a_name_that_is_no_utf8_is_told_all_the_same(journal: Journal) -> None:
    journal.write(Notice(text=os.fsdecode(b"caf\xe9.py")))
    assert texts(journal) == ["caf?.py"]


def test_a_torn_last_line_is_no_event(journal: Journal) -> None:
    journal.write(Notice(text="whole"))
    journal.write(Notice(text="torn"))
    journal.path.write_bytes(journal.path.read_bytes()[:-1])
    assert texts(journal) == ["whole"]


@pytest.mark.parametrize("kept", [1, 30, -1])
def test_writing_after_a_torn_line_loses_nothing(journal: Journal, kept: int) -> None:
    journal.write(Notice(text="first"))
    whole = journal.path.read_bytes()
    journal.path.write_bytes(whole + whole[:kept])
    journal.write(Notice(text="second"))
    journal.write(Notice(text="third"))
    assert texts(journal) == ["first", "second", "third"]
    assert journal.path.read_bytes().startswith(whole + whole[:kept])


@pytest.mark.parametrize(
    "line", ['{"event": "noti', '{"event": "told", "at": 1}', '{"event": "notice"}', "[]", "", "\x00"]
)
def test_any_other_unreadable_line_is_told_with_its_place(journal: Journal, line: str) -> None:
    journal.write(Notice(text="first"))
    with journal.path.open("a") as file:
        file.write(line + "\n")
    journal.write(Notice(text="second"))
    with pytest.raises(Blocked, match=r"journal\.jsonl:2: not an event"):
        journal.read()


def test_a_disk_that_fills_up_blocks_and_leaves_the_journal_readable(journal: Journal) -> None:
    journal.write(Notice(text="before"))
    size = journal.path.stat().st_size
    said = subprocess.run(
        [sys.executable, "-c", FULL_DISK, journal.path], capture_output=True, text=True, check=True
    ).stdout
    assert "journal.jsonl: cannot be written" in said
    assert journal.path.stat().st_size == size + 40
    journal.write(Notice(text="after"))
    assert texts(journal) == ["before", "after"]


def test_a_folder_that_is_gone_blocks(tmp_path: Path) -> None:
    with pytest.raises(Blocked, match="No such file or directory"):
        Journal(tmp_path / "gone" / "journal.jsonl").write(Notice(text="x"))


def test_threads_never_interleave(journal: Journal) -> None:
    def write(name: str) -> None:
        for number in range(50):
            journal.write(Merged(number=1, phase="p", assignment=name, attempt=number, commit=name * 9_000, seconds=0))

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcdef"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    merges = [event for event in journal.read() if isinstance(event, Merged)]
    for name in "abcdef":
        assert [one.attempt for one in merges if one.assignment == name] == list(range(50))
    assert all(one.commit == one.assignment * 9_000 for one in merges)


def test_processes_never_interleave(journal: Journal) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, journal.path, name]) for name in "abc"]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0]
    for name in "abc":
        own = [text for text in texts(journal) if text.startswith(name)]
        assert own == [f"{name} {number} {name * 30_000}" for number in range(60)]


def test_following_tells_the_past_the_present_and_what_was_written_before_the_end(journal: Journal) -> None:
    journal.write(Notice(text="past"))
    stop = threading.Event()
    following = journal.follow(stop, poll=0.01)
    seen = [next(following)]
    threading.Timer(0.05, journal.write, [Notice(text="present")]).start()
    seen.append(next(following))
    journal.write(Notice(text="last"))
    stop.set()
    seen += following
    assert [event.text for event in seen if isinstance(event, Notice)] == ["past", "present", "last"]


def test_following_waits_for_the_end_of_a_line(journal: Journal) -> None:
    journal.write(Notice(text="whole"))
    line = journal.path.read_bytes()
    journal.path.write_bytes(line[:25])
    stop = threading.Event()
    following = journal.follow(stop, poll=0.01)

    def complete() -> None:
        with journal.path.open("ab") as file:
            file.write(line[25:])

    threading.Timer(0.05, complete).start()
    first = next(following)
    assert isinstance(first, Notice)
    assert first.text == "whole"


def test_following_a_journal_that_is_not_there_yet(journal: Journal) -> None:
    stop = threading.Event()
    threading.Timer(0.05, journal.write, [Notice(text="first")]).start()
    first = next(journal.follow(stop, poll=0.01))
    assert isinstance(first, Notice)
    assert first.text == "first"
