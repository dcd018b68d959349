"""Running the command that a plan names, so that what it reports can be believed to come from this run.

Nothing may lie where the report is to be: what was committed, or came with the installation, would be read as this
run's. With `new_only` the same command is run once more on the base commit's tree, in a room of its own. Files that the
plan wants `from_base` are the base commit's in both.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from gates import command
from gates.formats.command_findings import BASE
from gates.formats.left_files import present
from gates.paths import shown
from gates.subject import Ran, Run
from gates.verdict import Unmeasurable
from gates.wanted_report import REPORTS, STDOUT, WantedReport
from tasks.agents.asking import replaced
from tasks.base_files import with_base_files
from tasks.errors import SparcError
from tasks.ground import Ground
from tasks.rooms import Room
from tasks.suite_run import Left

INTO_FILE = ("/bin/sh", "-c", 'exec "$@" >"$0"')
"""Standard output whole and by itself: of what a program prints, only head and tail are kept otherwise."""


class ReportInTheWay(SparcError):
    """A file is where the command's report is to be, before the command has run."""


def run_command(ground: Ground, limits: command.Limits, words: Mapping[str, str]) -> Left:
    """Run a command in a room of its own, and on the base commit as well if that is asked for."""
    room = ground.open(with_base_files(ground, ground.exam.tree, limits.from_base))
    ran = _run(room, limits, words)
    report = limits.report
    if report is None:
        return Left(room, (ran,), room.changed())
    changed, notes = room.changed(), {"checkout": str(room.checkout)}
    runs: dict[str, Run] = {}
    if report.new_only and ground.exam.compared and ran.failure is None:
        before = ground.open(with_base_files(ground, ground.exam.compared, limits.from_base))
        try:
            runs[BASE] = Run(ran=(_run(before, limits, words),), reports=_folder(before, report))
        except ReportInTheWay as problem:
            raise ReportInTheWay(f"on the base commit: {problem}") from None
        notes[BASE] = str(before.checkout)
    return Left(room, (ran,), changed, _folder(room, report), runs, {**notes})


def _run(room: Room, limits: command.Limits, words: Mapping[str, str]) -> Ran:
    argv = replaced(limits.run, {**words, "workspace": str(room.checkout)})
    if limits.report is None:
        return room.run(argv, limits.timeout)
    room.reports.mkdir()
    _refuse_stale(_folder(room, limits.report), limits.report)
    word, place = REPORTS.rstrip("/"), str(room.reports)
    argv = tuple(argument.replace(word, place) for argument in argv)
    if limits.report.place != STDOUT:
        return room.run(argv, limits.timeout)
    ran = room.run((*INTO_FILE, str(room.reports / STDOUT), *argv), limits.timeout)
    return ran.model_copy(update={"argv": argv})


def _folder(room: Room, report: WantedReport) -> Path:
    """What the place of the report is counted from."""
    return room.reports if report.outside else room.checkout


def _refuse_stale(folder: Path, report: WantedReport) -> None:
    try:
        there: Sequence[str] = present(folder, report.pattern)
    except Unmeasurable as problem:
        raise ReportInTheWay(str(problem)) from None
    if there:
        raise ReportInTheWay(
            f"{shown(there[0])} is there before the command has run, committed or left by the installation of the"
            " project: a report has to come from the run, so take it out of the tree, or name another place"
        )
