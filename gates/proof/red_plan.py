"""What a proof of red and green is to run: what is laid over the base, which tests are run there, and which stubs."""

import base64
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from pydantic import JsonValue

from gates.files import read, regular
from gates.model import Frozen
from gates.paths import is_glob, is_test, matcher
from gates.product import covered
from gates.proof import stubs
from gates.proof.changed_functions import changed
from gates.proof.changed_tests import Files
from gates.proof.names import with_names
from gates.proof.stubs import IN_TESTS, Switch
from gates.subject import Subject, compared
from gates.suites import collected, pytest_config, pytest_run
from gates.suites.junit import Case
from gates.suites.pytest_config import Config
from gates.tests import Limits as Tests
from gates.verdict import Unmeasurable


class Plan(Frozen):
    """What is to be run; paths are from the root of the tree."""

    laid: tuple[str, ...]
    """Files of the tests' side that differ from the base: the candidate's are laid over it, or taken away."""
    files: tuple[str, ...] | None
    """Test files to run on the base; None: all of them, for they have changed in what several share."""
    base_has_tests: bool
    texts: Mapping[str, str] = {}
    """Product files in which new and changed functions do nothing while tests run, in base64."""
    names: Mapping[str, str] = {}
    """Product files as the base has them, with the names that only the candidate has; in base64."""

    @property
    def runs_red(self) -> bool:
        """Whether there is anything to be run on the base."""
        return self.files is None or bool(self.files)


def planned(subject: Subject) -> JsonValue:
    """The plan for a candidate whose own run of the tests the subject has; `notes` are the limits of that run.

    Raises Unmeasurable if there is no base, or no run that could be believed.
    """
    base, limits = compared(subject), Tests.model_validate(subject.notes)
    cases = pytest_run.cases(subject)
    config = pytest_config.chosen(subject.base_config).over(limits.options)
    laid = _laid(subject, base, limits, config)
    product = _product(subject, [case for case in cases if case.module])
    files = Files(subject)
    ran = {path for case in cases if (path := files.of(case))}
    return Plan(
        laid=laid,
        files=None if set(laid) - ran - _gone(subject, laid) else tuple(sorted(ran.intersection(laid))),
        base_has_tests=bool(collected.named(regular(base), limits.paths, config)),
        texts=_texts(subject, base, product),
        names=_names(subject, base, product),
    ).model_dump(mode="json")


def _gone(subject: Subject, laid: Iterable[str]) -> set[str]:
    """What the candidate has no more: nothing can be run of it."""
    return set(laid) - {file.path for file in subject.files}


def differing(subject: Subject, base: Subject) -> tuple[str, ...]:
    """Paths that are not the same in two trees, or in one of them only."""
    old = {file.path: (file.mode, file.blob) for file in base.files}
    new = {file.path: (file.mode, file.blob) for file in subject.files}
    both = sorted(old.keys() | new.keys())
    return tuple(path for path in both if old.get(path) != new.get(path) or not (new.get(path) or ("", ""))[1])


def _laid(subject: Subject, base: Subject, limits: Tests, config: Config) -> tuple[str, ...]:
    belongs = _tests_side(subject, limits, config)
    return tuple(path for path in differing(subject, base) if belongs(path))


def _tests_side(subject: Subject, limits: Tests, config: Config) -> Callable[[str], bool]:
    """Tell whether a path is a test's, or what tests need: by its name, or below a folder of tests without product."""
    product = ("src", *subject.packages)
    roots = [root.removeprefix("./").rstrip("/") for root in limits.paths or config.words("testpaths") or ()]
    below = matcher(root for root in roots if root and root != "." and not is_glob(root))
    inside = matcher(product)
    return lambda path: is_test(path) or (below(path) and not inside(path))


def _product(subject: Subject, cases: list[Case]) -> tuple[str, ...]:
    """Without any there is nothing to replace."""
    try:
        return covered(subject, (), cases)
    except Unmeasurable:
        return ()


def _texts(subject: Subject, base: Subject, product: Iterable[str]) -> dict[str, str]:
    switches: defaultdict[str, list[Switch]] = defaultdict(list)
    for each in changed(subject, base, product):
        if not each.is_empty:
            switches[each.path].append(Switch(each.node, IN_TESTS))
    made = ((path, stubs.switched(path, read(subject.root, path), some)) for path, some in switches.items())
    return {path: _text(data) for path, data in made}


def _names(subject: Subject, base: Subject, product: Iterable[str]) -> dict[str, str]:
    differ, known = set(differing(subject, base)), {*regular(base)}
    made: dict[str, str] = {}
    for path in (path for path in product if path in differ):
        old = read(base.root, path) if path in known else b""
        found = with_names(path, old, read(subject.root, path))
        if found or path not in known:
            # that a module is there is a name as well
            made[path] = _text(found or b"")
    return made


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
