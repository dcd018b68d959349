"""What tools flag in files: what of it the base had already, what the plan allows, and the verdict on the rest."""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from operator import itemgetter
from pathlib import Path

from gates.files import read
from gates.model import Frozen
from gates.moves import moved
from gates.ratchet import fresh
from gates.subject import Subject, compared
from gates.verdict import Finding, Unmeasurable, Verdict, answer, counted, worst
from gates.waivers import Waiver, split

Key = tuple[str, str, str]


class Flag(Frozen):
    """One place that breaks a rule."""

    rule: str
    path: str
    line: int
    """From 1; 0: the file as a whole."""
    message: str

    @property
    def finding(self) -> Finding:
        """The same as a verdict has it."""
        return Finding(path=self.path, line=self.line or None, message=f"{self.rule} {self.message}", rule=self.rule)


class Flagged(Frozen):
    """What a check found in a tree."""

    files: int
    """How many were looked at."""
    flags: tuple[Flag, ...]
    """Those that count: of a comparison the new ones."""
    old: int | None = None
    """How many more the base had already; None where nothing is compared."""
    waivers: tuple[Waiver, ...] = ()


def flagged(
    subject: Subject, files: int, flags: Sequence[Flag], of_base: Callable[[Subject], Iterable[Flag]] | None
) -> Flagged:
    """What counts of the flags: all of them, or with `of_base`, which tells those of the base, the new ones.

    Raises Unmeasurable when there is no base to ask.
    """
    if of_base is None:
        return Flagged(files=files, flags=tuple(flags), waivers=subject.waivers)
    new = new_of(subject, flags, of_base(compared(subject)))
    return Flagged(files=files, flags=new, old=len(flags) - len(new), waivers=subject.waivers)


def new_of(subject: Subject, flags: Sequence[Flag], before: Iterable[Flag]) -> tuple[Flag, ...]:
    """The flags that the base does not have, by rule, path and text of the line: its number changes too easily.

    A file that has moved keeps its flags.
    """
    base = compared(subject)
    own, theirs, now = _key(subject.root), _key(base.root), moved(base.files, subject.files)
    found = [(own(flag), flag) for flag in flags]
    known = [((rule, now.get(path, path), text), flag) for flag in before for rule, path, text in [theirs(flag)]]
    return tuple(flag for _, flag in fresh(found, known, itemgetter(0)))


def lines_of(root: Path, path: str) -> list[str]:
    """The lines of a file of the tree as tools count them: a form feed ends none. Raises Unmeasurable."""
    return re.split(r"\r\n|\r|\n", read(root, path).decode(errors="replace"))


def _key(root: Path) -> Callable[[Flag], Key]:
    @cache
    def lines(path: str) -> list[str]:
        try:
            return lines_of(root, path)
        except Unmeasurable:
            return []

    def key(flag: Flag) -> Key:
        text = lines(flag.path)
        there = 0 < flag.line <= len(text)
        # without a line the message is all that tells two of them apart
        return flag.rule, flag.path, text[flag.line - 1].strip() if there else flag.message

    return key


def verdict(check: str, report: Flagged, *, limit: object = 0) -> Verdict:
    """Passed when nothing stands that the plan does not allow; `limit` is shown."""
    standing, waived = split((flag.finding for flag in report.flags), report.waivers)
    new = "" if report.old is None else f" new ({report.old} old)"
    allowed = f", {len(waived)} waived" if waived else ""
    noun = "finding" if len(standing) == 1 else "findings"
    return answer(
        check,
        f"{len(standing)}{new} {noun} in {counted(report.files, 'file')}{allowed}{worst(standing)}",
        measured=len(standing),
        limit=limit,  # type: ignore[arg-type]
        findings=standing,
        passed=not standing and report.files > 0,
    ).model_copy(update={"waived": waived})
