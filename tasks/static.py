"""The checks of one gate whose reports are made of figures of single files: bandit, radon, lines and others.

They share everything: the look at the tree, which is no checkout, the figures that are known from before, and the
workers that measure the others. The first who asks has it done for all. A jailed worker reads the contents; what is
decided on here is names, modes and figures.
"""

from collections.abc import Iterable

from gates.checks import Check
from gates.metrics.by_file import ByFile, Figures
from gates.metrics.figures import Need
from gates.subject import Subject
from gates.verdict import Unmeasurable, Verdict, error
from tasks.errors import Interrupted, SparcError
from tasks.figure_store import FigureStore
from tasks.figures import Measuring
from tasks.ground import Ground
from tasks.once import Once
from tasks.uv import basics

MOST_CHARACTERS = 600


class Static:
    """Those of one gate. Its methods may be called from several threads at once."""

    def __init__(self, checks: Iterable[Check]) -> None:
        self._checks = tuple(check for check in checks if check.kind.by_file)
        self._needs = {_name(check): Once[list[Need]]() for check in self._checks}
        self._common = Once[Figures]()

    def verdict(self, ground: Ground, check: Check, by_file: ByFile) -> Verdict:
        """One check's. Raises SparcError, Interrupted."""
        try:
            needs = self._needed(ground, check, by_file)
            subject = _subject(ground, check)
            report = by_file.report(check.limits, subject, self._figures(ground, needs))
            return check.kind.judge(check.limits, report)
        except Unmeasurable as problem:
            return error(check.label, str(problem), *problem.findings)
        except (SparcError, OSError):
            raise
        except Exception as problem:  # noqa: BLE001 - one check must not take the gate with it
            reason = f"{type(problem).__name__}: {' '.join(str(problem).split())[:MOST_CHARACTERS]}"
            return error(check.label, f"could not be measured: {reason.rstrip(': ')}")

    def _needed(self, ground: Ground, check: Check, by_file: ByFile) -> list[Need]:
        asked = self._needs.get(_name(check), Once[list[Need]]())
        return asked.get(lambda: list(by_file.needs(check.limits, _subject(ground, check))))

    def _figures(self, ground: Ground, needs: Iterable[Need]) -> Figures:
        common = self._common.get(lambda: _measuring(ground).of(self._every_need(ground)))
        others = [need for need in needs if need not in common]
        figures = {**common, **_measuring(ground).of(others)} if others else common
        return {need: figures[need] for need in needs}

    def _every_need(self, ground: Ground) -> list[Need]:
        """What all of the checks need; one that cannot be measured says so when it is asked itself."""
        needs: list[Need] = []
        for check in self._checks:
            if check.kind.by_file:
                try:
                    needs += self._needed(ground, check, check.kind.by_file)
                except Interrupted:
                    raise
                except (Unmeasurable, SparcError):
                    continue
        return needs


def _name(check: Check) -> str:
    return check.model_dump_json()


def _subject(ground: Ground, check: Check) -> Subject:
    subject = ground.glimpse()
    return ground.glimpse_compared(subject) if check.kind.compares(check.limits) else subject


def _store(ground: Ground) -> FigureStore | None:
    """Nothing is believed that a program of an agent or a target could have written."""
    return FigureStore.of(ground.exam.home) if ground.exam.isolation != "none" else None


def _measuring(ground: Ground) -> Measuring:
    exam = ground.exam
    trees = [ground.files(tree) for tree in (exam.tree, exam.compared) if tree]
    sizes = {file.blob: file.size for files in trees for file in files}
    return Measuring(ground.git, exam.confinement, basics(exam.env), ground.new_folder, sizes, _store(ground))
