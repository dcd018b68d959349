"""What a change takes away from tests that were there.

A test is found again in its place, by its name or its body in another file, or as the one most like it; what cannot be
found is gone. It counts as replaced, and not as deleted, if what it tested is gone from the product as well, or if new
tests that assert as much call what it called.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby

from gates.ratchet import fresh
from gates.tampering.compare import compare
from gates.tampering.python import Module
from gates.tampering.removed import Removed
from gates.tampering.rules import Sign
from gates.tampering.skips import skips_of_file
from gates.tampering.tests import Test, fixtures_of, helpers_of, tests_of

ALIKE = 0.5
"""Share of the words of two tests that both have, from which on one is taken for the other."""
MOST_PAIRS = 20_000
CALLED = 0.6
"""Share of what a test called that others must call to stand for it."""
UNKNOWN_CASES = 10
MOST_NAMES = 6


@dataclass
class Stock:
    """What a test asserts that was not there before: others can be made up for by it."""

    test: Test
    worth: float

    def about(self, test: Test) -> bool:
        """Whether it is about what another test was about, or a part of that."""
        both = len(test.calls & self.test.calls)
        return both > 0 and both >= CALLED * min(len(test.calls), len(self.test.calls))


@dataclass
class Suite:
    """The test files that differ, as they were and as they are."""

    before: list[Module]
    after: list[Module]
    removed: Removed
    beside_before: list[Module] = field(default_factory=list)
    """The same files, and those that lie beside tests."""
    beside_after: list[Module] = field(default_factory=list)
    pairs: list[tuple[Test, Test]] = field(init=False)
    lost: list[Test] = field(init=False)
    new: list[Test] = field(init=False)

    def __post_init__(self) -> None:
        was = {(test.path, name): test for module in self.before for name, test in tests_of(module).items()}
        now = {(test.path, name): test for module in self.after for name, test in tests_of(module).items()}
        self.pairs = [(test, now[place]) for place, test in was.items() if place in now]
        self.lost = [test for place, test in was.items() if place not in now]
        self.new = [test for place, test in now.items() if place not in was]
        self._pair(lambda test: test.body)
        self._pair(lambda test: f"{test.name} {sorted(test.calls)}")
        self._pair_alike()

    def _pair(self, key: Callable[[Test], str]) -> None:
        """Find tests again elsewhere; each of those there stands for one of those that are gone."""
        waiting: dict[str, list[Test]] = {}
        for test in self.new:
            waiting.setdefault(key(test), []).append(test)
        lost = [test for test in self.lost if not waiting.get(key(test))]
        for test in self.lost:
            found = waiting.get(key(test))
            if found:
                self._take(test, found.pop(0))
            elif test not in lost:
                lost.append(test)
        self.lost = lost

    def _pair_alike(self) -> None:
        """The most alike first."""
        if len(self.lost) * len(self.new) > MOST_PAIRS:
            return
        rated = [(_likeness(old, new, self.removed.renamed), old, new) for old in self.lost for new in self.new]
        for likeness, old, new in sorted(rated, key=lambda rating: -rating[0]):
            if likeness >= ALIKE and old in self.lost and new in self.new:
                self.lost.remove(old)
                self._take(old, new)

    def _take(self, old: Test, new: Test) -> None:
        self.new.remove(new)
        self.pairs.append((old, new))

    # -- signs

    def signs(self) -> Iterator[Sign]:
        """Everything that was taken away."""
        stocks = [Stock(new, _total(new)) for new in self.new]
        changed = [pair for pair in self.pairs if pair[0].segment != pair[1].segment or pair[0].cases != pair[1].cases]
        stocks += [Stock(new, _total(new) - _total(old)) for old, new in changed]
        fewer = [pair for pair in changed if _is_weaker(*pair)]
        gone = [test for test in self.lost if not self.removed.excuses(test)]
        deleted = [test for test in gone if not _made_up(stocks, test, max(_total(test), 1.0))]
        yield from _deleted(deleted)
        yield from _replaced([test for test in self.lost if test not in deleted])
        for old, new in changed:
            signs = list(compare(old, new))
            weakened = (old, new) in fewer and not self._explained(old, new, signs, stocks)
            yield from (sign for sign in signs if not (sign.rule == "test-cases-fewer" and (old, new) not in fewer))
            if weakened:
                told = f"{new.name} asserts {_figure(new.worth)} things, and did {_figure(old.worth)}"
                yield Sign("test-weakened", new.path, new.line, told)
        yield from self._files()
        yield from self._helpers()
        yield from _hollow(self.new, {module.path for module in self.before})

    def _explained(self, old: Test, new: Test, signs: list[Sign], stocks: list[Stock]) -> bool:
        """Whether fewer assertions are told otherwise, were about what is gone, or were made somewhere else."""
        told = {"test-emptied", "test-cases-fewer", "assertion-trivial", "assertion-swallowed", "raises-broadened"}
        if told & {sign.rule for sign in signs}:
            return True
        gone = fresh(old.assertions, new.assertions, lambda each: each.text)
        names = self.removed.used_by(old)
        excused = sum(each.worth for each in gone if not names.isdisjoint(_words(each.text))) * (old.cases or 1)
        lack = _lack(old, new)
        return excused >= lack or _made_up(stocks, old, lack)

    def _files(self) -> Iterator[Sign]:
        """Files and classes that are skipped; of those files only that had tests."""
        known = {test.path for test, _ in self.pairs} | {test.path for test in self.lost}
        before = {module.path: module for module in self.before}
        moved = {new.path: old.path for old, new in self.pairs}
        for module in self.after:
            was = before.get(moved.get(module.path, module.path))
            if was is None or was.path not in known:
                continue
            for skip in fresh(skips_of_file(module), skips_of_file(was), lambda each: each.text):
                rule = skip.rule if skip.here(module) else "test-conditional"
                yield Sign(rule, module.path, skip.line, f"tests of this file are kept from counting by {skip.name}")

    def _helpers(self) -> Iterator[Sign]:
        """Functions that assert on behalf of tests, here or in other files."""
        before = {module.path: helpers_of(module, every=True) for module in self.beside_before}
        now = {module.path: helpers_of(module, every=True) for module in self.beside_after}
        moved: dict[str, float] = {}
        # a fixture that has moved may lean on others there, which assert what it did
        fixtures = {name for module in self.beside_after for name in fixtures_of(module)}
        for path, found in now.items():
            for name in found.keys() - before.get(path, {}).keys() - fixtures:
                # of several new ones of a name the best: which of them it was is not known
                moved[name] = max(found[name], moved.get(name, 0.0))
        other = {module.path: module.assigned for module in self.beside_after}
        for path, known in before.items():
            for name, was in known.items():
                # one that is no function any more asserts nothing
                gone = 0.0 if name in other.get(path, ()) else moved.get(name, was)
                worth = now.get(path, {}).get(name, gone)
                if worth < was:
                    told = f"{name} asserts {_figure(worth)} things for its tests, and did {_figure(was)}"
                    yield Sign("test-weakened", path, None, told)


def _likeness(one: Test, other: Test, renamed: Mapping[str, str]) -> float:
    """By what they call above all: a test of something else is another test, however short both are."""
    calls, words = ({renamed.get(name, name) for name in names} for names in (one.calls, one.words))
    if len(calls & other.calls) < CALLED * len(calls):
        return 0.0
    named = 0.25 * (one.name == other.name)
    return named + len(words & other.words) / max(1, len(words | other.words))


def _total(test: Test) -> float:
    return test.worth * (UNKNOWN_CASES if test.cases is None else test.cases)


def _lack(old: Test, new: Test) -> float:
    """How much less a test asserts than it did; with cases that cannot be counted, by one case."""
    if old.cases is None or new.cases is None:
        return old.worth - new.worth if new.cases is not None or old.cases is None else 0.0
    return _total(old) - _total(new)


def _is_weaker(old: Test, new: Test) -> bool:
    """By a whole assertion; a weak one, as `is not None`, may go where others stay."""
    lack = _lack(old, new)
    return lack >= 1 or (lack > 0 and new.worth < 1)


def _made_up(stocks: Iterable[Stock], test: Test, worth: float) -> bool:
    """Take as much from what is new as a test has lost, if that calls what the test called, and asserts as much."""
    alike = [stock for stock in stocks if stock.worth > 0 and stock.about(test)]
    calls = frozenset[str]().union(*(stock.test.calls for stock in alike))
    if (
        not test.calls
        or len(calls & test.calls) < CALLED * len(test.calls)
        or sum(stock.worth for stock in alike) < worth
    ):
        return False
    for stock in alike:
        taken = min(stock.worth, worth)
        stock.worth, worth = stock.worth - taken, worth - taken
    return True


def _deleted(tests: Iterable[Test]) -> Iterator[Sign]:
    for path, group in groupby(sorted(tests, key=lambda test: test.path), key=lambda test: test.path):
        yield Sign("test-deleted", path, None, f"no longer there: {_names([test.name for test in group])}")


def _replaced(tests: Iterable[Test]) -> Iterator[Sign]:
    for path, group in groupby(sorted(tests, key=lambda test: test.path), key=lambda test: test.path):
        told = f"gone with what was tested, or others stand for it: {_names([test.name for test in group])}"
        yield Sign("test-replaced", path, None, told)


def _names(names: list[str]) -> str:
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more


def _hollow(new: Iterable[Test], known: set[str]) -> Iterator[Sign]:
    for test in new:
        if test.path in known and (test.worth == 0 or any(skip.here(test.module) for skip in test.skips)):
            yield Sign("test-hollow", test.path, test.line, f"{test.name} asserts nothing, or is skipped")


def _figure(worth: float) -> str:
    return f"{worth:g}"


def _words(text: str) -> Counter[str]:
    """The names in a dump of syntax."""
    return Counter(text.replace("'", " ").split())
