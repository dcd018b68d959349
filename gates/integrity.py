"""`integrity`: a change takes nothing away by which its own faults would be seen.

Purely from the trees: the candidate, its base, and those that it was built on since (`Subject.earlier`), of which only
tests are looked at. What an attempt before left and was refused (`Subject.refused`) need not be kept, but what is lost
of it is told. The rules are in `gates/tampering/rules.py`: what blocks needs a waiver in the plan, the rest is noted. A
test, a file or a repository that is new cannot have been weakened, and is not accused.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from pydantic import JsonValue

from gates.model import Flag, Frozen
from gates.paths import Paths, matcher
from gates.subject import Subject, compared
from gates.suites.pytest_config import Config, chosen, names
from gates.tampering import build, ci, config, files, hooks, lines, plans, suppressions
from gates.tampering.detours import marks_of as detours_of
from gates.tampering.detours import swapped
from gates.tampering.diff import Diff, Source, difference, new_marks
from gates.tampering.losses import Suite
from gates.tampering.python import Module
from gates.tampering.removed import Removed
from gates.tampering.rules import RULES, Mark, Sign
from gates.tampering.tests import is_collected, is_testing
from gates.verdict import Finding, Unmeasurable, Verdict, answer, counted, worst
from gates.waivers import Waiver, split

LOOKS: tuple[Callable[[Diff], Iterator[Sign]], ...] = (
    config.signs_of, ci.signs_of, files.signs_of, build.signs_of, plans.signs_of, lines.signs_of,
)  # fmt: skip
MOST_NOTES = 30
Named = Callable[[str], bool] | None


class Limits(Frozen):
    """What is taken for a test, and how strictly a change is judged."""

    tests: Paths = ()
    """Files or globs that are tests as well, beyond those that pytest's configuration at the base names."""
    strict: Flag = False
    """Whether what is only noted otherwise blocks as well."""


class Found(Frozen):
    """One sign."""

    rule: str
    path: str
    line: int | None
    message: str


class Report(Frozen):
    """How many files differ from the base, what was found in them, and what the plan allows."""

    changed: int
    signs: tuple[Found, ...]
    waivers: tuple[Waiver, ...] = ()


def compares(_: Limits) -> bool:
    """It always does."""
    return True


def measure(limits: Limits, subject: Subject) -> JsonValue:
    """Every sign in what changed, each once."""
    base = compared(subject)
    config, named = _config_of(base), matcher(limits.tests) if limits.tests else None
    diff = difference(base, subject)
    signs = dict.fromkeys([*_Look(diff, config, named).everything(), *(sign for look in LOOKS for sign in look(diff))])
    for earlier in subject.earlier:
        signs |= dict.fromkeys(_losses(earlier, subject, config, named))
    for refused in subject.refused:
        losses = _losses(refused, subject, config, named)
        signs |= dict.fromkeys(_dropped(sign) for sign in losses if RULES[sign.rule].blocks)
    found = tuple(Found(**sign._asdict()) for sign in signs)
    changed = len({*diff.before, *diff.after})
    return Report(changed=changed, signs=found, waivers=subject.waivers).model_dump(mode="json")


def _losses(old: Subject, new: Subject, config: Config, named: Named) -> list[Sign]:
    """What tests have lost since an earlier tree."""
    since = difference(old, new)
    return [*_Look(since, config, named).losses(), *lines.signs_of(since)]


def _dropped(sign: Sign) -> Sign:
    """Nobody was asked to keep what was refused, and it may have been what was wrong; but it is told."""
    return sign._replace(rule="test-dropped", message=f"an attempt before had more: {sign.message}")


def _config_of(base: Subject) -> Config:
    """Pytest's configuration as the base has it: what the candidate made of it counts for nothing."""
    wanted = frozenset(names(base.python))
    files = {file.path: Source(base.root, file) for file in base.files if file.path in wanted}
    return chosen({name: source.text for name, source in files.items()})


class _Look:
    """A look at what Python there is in a difference."""

    def __init__(self, diff: Diff, config: Config, named: Named) -> None:
        self._diff, self._config, self._named = diff, config, named
        self._unreadable: list[Sign] = []
        self.before, self.after = self._parsed()

    def _parsed(self) -> tuple[list[Module], list[Module]]:
        """Both sides. Raises Unmeasurable if what could be read before can be no longer."""
        before, after, broken = [], [], []
        for path, was, now in self._diff.pairs():
            old = self._module(was) if was and was.is_python else None
            new = self._module(now) if now and now.is_python else None
            before += [old] if isinstance(old, Module) else []
            after += [new] if isinstance(new, Module) else []
            if isinstance(new, Unmeasurable):
                # code that a newer Python reads, and this one does not, would run with the tests all the same
                if isinstance(old, Module) or (was is None and self._runs(path)):
                    broken.append(Finding(path=path, rule="unreadable", message=str(new)))
                self._unreadable.append(Sign("unreadable", path, None, str(new)))
        if broken:
            is_new = broken[0].path not in self._diff.old
            what = (
                "would run with the tests, and cannot be read"
                if is_new
                else "could be read at the base can no longer be"
            )
            raise Unmeasurable(f"what {what}: {broken[0].message}", *broken)
        return before, after

    @staticmethod
    def _module(source: Source) -> Module | Unmeasurable:
        try:
            return source.module
        except Unmeasurable as problem:
            return problem

    def _runs(self, path: str) -> bool:
        return self._is_test(path) or path.rpartition("/")[2] == "conftest.py"

    def _is_test(self, path: str) -> bool:
        return is_collected(path, self._config) or bool(self._named and self._named(path))

    def _is_testing(self, path: str) -> bool:
        return is_testing(path, self._config) or self._is_test(path)

    def losses(self) -> Iterator[Sign]:
        """What tests have lost."""
        beside = [[one for one in side if self._is_testing(one.path)] for side in (self.before, self.after)]
        tests = [[one for one in side if self._is_test(one.path)] for side in beside]
        yield from Suite(tests[0], tests[1], self._removed(), beside[0], beside[1]).signs()

    def _removed(self) -> Removed:
        """What the product has lost."""
        was, now = ([one for one in side if not self._is_testing(one.path)] for side in (self.before, self.after))
        return Removed(was, now, self._untouched)

    def _untouched(self) -> list[Source]:
        """Files of the product that are as they were."""
        diff = self._diff
        paths = (path for path in diff.new if path not in diff.after and path.endswith(".py"))
        return [Source(diff.new_root, diff.new[path]) for path in paths if not self._is_testing(path)]

    def everything(self) -> Iterator[Sign]:
        """The same, and every mark that the base did not have."""
        yield from self._unreadable
        yield from self.losses()
        marks = list(new_marks(self._marks(self.after), self._marks(self.before)))
        marks += self._detours()
        marks += new_marks(*(self._suppressions(side.values()) for side in (self._diff.after, self._diff.before)))
        yield from marks
        for path, was, now in self._diff.pairs():
            if path.rpartition("/")[2] == "conftest.py" and was and now and path not in {sign.path for sign in marks}:
                yield Sign("conftest-changed", path, None, "what every test below it uses has changed")

    def _detours(self) -> Iterator[Sign]:
        """Ways around tests that were there; where there was none, and in new files of tests, nothing is led astray."""
        if not any(map(self._is_test, self._diff.old)):
            return
        known = {module.path for module in self.before}
        sides = (
            [mark for one in side for mark in detours_of(one, testing=self._is_testing(one.path))]
            for side in (self.after, self.before)
        )
        marks = new_marks(*sides)
        yield from (sign for sign in marks if sign.path in known or not self._is_test(sign.path))
        yield from swapped(*([one for one in side if self._is_test(one.path)] for side in (self.before, self.after)))

    def _marks(self, modules: Sequence[Module]) -> list[Mark]:
        marks = hooks.marks_of
        return [mark for module in modules for mark in marks(module, testing=self._is_testing(module.path))]

    def _suppressions(self, sources: Iterable[Source]) -> list[Mark]:
        readable = (one for one in sources if not one.is_python or isinstance(self._module(one), Module))
        marks = suppressions.marks_of
        return [mark for source in readable for mark in marks(source, testing=self._is_testing(source.path))]


def judge(limits: Limits, report: JsonValue) -> Verdict:
    """Passed when nothing blocks but what the plan allows."""
    found = Report.model_validate(report)
    blocking: list[Found] = []
    noted: list[Found] = []
    for sign in found.signs:
        (blocking if limits.strict or RULES[sign.rule].blocks else noted).append(sign)
    standing, waived = split([_finding(sign) for sign in blocking], found.waivers)
    notes = _notes(noted)
    verdict = answer(
        "integrity",
        f"{counted(len(standing), 'sign')} of weaker tests or checks in {counted(found.changed, 'changed file')}"
        + worst(standing) + _told("waived", [each.rule or "" for each in waived]) + _places(noted),
        measured={
            "signs": len(standing), "waived": len(waived), "changed": found.changed,
            "notes": [note.headline for note in notes],
        },
        limit={"signs": 0},
        findings=standing,
        passed=not standing,
    )  # fmt: skip
    return verdict.model_copy(update={"waived": waived, "noted": notes})


def _finding(sign: Found) -> Finding:
    return Finding(path=sign.path, line=sign.line, rule=sign.rule, message=f"{sign.rule}: {sign.message}")


def _told(word: str, rules: Sequence[str]) -> str:
    counted = ", ".join(f"{rule} ({count})" if count > 1 else rule for rule, count in Counter(rules).items())
    return f"; {word}: {counted}" if counted else ""


def _places(noted: Sequence[Found]) -> str:
    """Each rule by which something is noted, how often, and where first."""
    often = Counter(sign.rule for sign in noted)
    first = {sign.rule: _finding(sign).place for sign in reversed(noted)}
    told = (f"{rule} {first[rule]}" + (f" (and {often[rule] - 1} more)" if often[rule] > 1 else "") for rule in often)
    return f"; noted: {', '.join(told)}" if often else ""


def _notes(noted: Sequence[Found]) -> tuple[Finding, ...]:
    more = len(noted) - MOST_NOTES
    return (*map(_finding, noted[:MOST_NOTES]), *([Finding(message=f"and {more} more")] if more > 0 else ()))
