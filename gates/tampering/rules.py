"""The rules of `integrity`, on one screen: a name, whether breaking it blocks, and what breaks it.

What blocks is what a reviewer would want to have explained; a waiver of the plan is that explanation. The rest is
noted: it is shown in the verdict and lets it pass, unless the check is `strict`.
"""

from typing import NamedTuple


class Rule(NamedTuple):
    """One way in which a change can make a project look better than it is."""

    says: str
    """What breaks it."""
    blocks: bool = True


RULES: dict[str, Rule] = {
    # tests that were there
    "test-deleted": Rule("a test, or a file of tests, is gone, or is no longer collected"),
    "test-cases-fewer": Rule("a parametrised test has fewer cases"),
    "test-skipped": Rule("a test, class, file or folder of tests is skipped, or left out of the collection"),
    "test-xfailed": Rule("a test is expected to fail"),
    "test-weakened": Rule("a test asserts less than it did"),
    "test-emptied": Rule("nothing of a test's body is left"),
    "test-mocked": Rule("a test replaces what it was there to test"),
    "assertion-trivial": Rule("an assertion of a test became one that always holds"),
    "assertion-swallowed": Rule("an assertion of a test can no longer fail it: it is caught, or never reached"),
    "raises-broadened": Rule("a test accepts more exceptions than it did"),
    "tolerance-widened": Rule("a test accepts a larger difference than it did"),
    # what decides on tests
    "always-equal": Rule("a class is equal to everything"),
    "pytest-hook": Rule("a hook of pytest that can change what tests come to"),
    "plugin-loaded": Rule("a plugin of pytest is loaded, by an entry point or by name"),
    "test-detected": Rule("the product asks whether it is being tested"),
    "file-linked": Rule("a symbolic link stands where code, tests or a configuration would be read"),
    "patched-for-all": Rule("a conftest replaces parts of the product for every test"),
    "process-exit": Rule("tests end the process, or run something at its end"),
    "tracing-touched": Rule("code reaches for coverage or for the tracing that it rests on"),
    "modules-replaced": Rule("what an import gives is replaced"),
    "builtins-patched": Rule("parts of Python, of unittest or of pytest are replaced"),
    "startup-file": Rule("a file that Python runs when it starts"),
    "shadowing": Rule("a module that is imported in place of a tool, of the standard library or of the product"),
    "build-strays": Rule(
        "the build puts something beside the project's packages, or begins to run code of the tree's own"
    ),
    "forged-report": Rule("a report, or a file of coverage data, is committed"),
    # what decides on everything else
    "suppression-nosec": Rule("# nosec, # nosemgrep, NOSONAR"),
    "suppression-coverage": Rule("# pragma: no cover, istanbul ignore and the like"),
    "suppression-lint": Rule("a warning of a linter is silenced, whichever it is: a bare # noqa, eslint-disable"),
    "suppression-types": Rule("an error of types is silenced, whichever it is: a bare # type: ignore, @ts-ignore"),
    "suppression-file": Rule("a whole file is taken out of a tool"),
    "limit-lowered": Rule("a limit in a configuration was lowered, or is gone"),
    "check-loosened": Rule("a linter, type checker or coverage is configured to see less"),
    "pytest-configured": Rule("pytest is configured to run or to count less"),
    "ci-loosened": Rule("continuous integration runs a check no longer, or goes on when it fails"),
    "plan-changed": Rule("a plan of sparc was changed; the run keeps to its own copy"),
    "gate-loosened": Rule("a file of sparc gate asks for less, allows more, or is gone"),
    # noted
    "unreadable": Rule("a file that cannot be read, as it could not be before, or is new", blocks=False),
    "test-dropped": Rule("a test of an attempt that was refused, and so was not built on, is not here", blocks=False),
    "test-replaced": Rule("a test is gone together with what it tested, or others stand for it", blocks=False),
    "test-conditional": Rule("a test is skipped under a condition that does not hold here", blocks=False),
    "test-hollow": Rule("a new test that asserts nothing, or is skipped", blocks=False),
    "test-slept": Rule("a test waits", blocks=False),
    "expectation-changed": Rule("a test expects something else than it did", blocks=False),
    "assertions-fewer": Rule("fewer assertions in tests that are no Python", blocks=False),
    "conftest-changed": Rule("a conftest has changed", blocks=False),
    "suppression-narrow": Rule("one named warning is silenced on one line", blocks=False),
    "modules-touched": Rule("code changes sys.modules", blocks=False),
    "config-changed": Rule("a tool's configuration has changed", blocks=False),
    "build-changed": Rule("what builds the project has changed", blocks=False),
    "gate-changed": Rule("a file of sparc gate has changed, and asks for no less", blocks=False),
    "ci-changed": Rule("continuous integration, or a file of commands, has changed", blocks=False),
}


class Sign(NamedTuple):
    """One place that breaks a rule."""

    rule: str
    path: str
    line: int | None
    message: str


class Mark(NamedTuple):
    """Something that a file has, and that is a sign where its base did not have it."""

    sign: Sign
    key: str
    """What makes two of them the same one within a file."""
    text: str
    """What makes two of them the same one across files: the line it stands on."""
