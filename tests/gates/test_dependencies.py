"""What pip-audit may leave, and which of it is an answer."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from gates.checks import Check
from gates.dependencies import CANARIES, Limits, Pin, canary, is_private, pins
from gates.subject import Ran, Subject
from gates.verdict import Unmeasurable, Verdict

Tree = Callable[..., Subject]
Ask = Callable[[object, Subject], Verdict]

NOTES = {"asked": [["flask", "3.0.0"], ["jinja2", "3.1.2"]], "canary": ["requests", "2.19.0"]}
PLANTED = {
    "name": "requests",
    "version": "2.19.0",
    "vulns": [{"id": "PYSEC-2018-28", "fix_versions": ["2.20.0"], "aliases": ["CVE-2018-18074"]}],
}


def row(name: str, *vulns: dict[str, Any], version: str = "1") -> dict[str, Any]:
    return {"name": name, "version": version, "vulns": list(vulns)}


@pytest.fixture
def said(tree: Tree, tmp_path: Path) -> Callable[..., Subject]:
    """A subject for which pip-audit left these rows, or this text."""

    def build(*rows: dict[str, Any], text: str | None = None, notes: object = NOTES) -> Subject:
        reports = tmp_path / "reports"
        reports.mkdir(exist_ok=True)
        (reports / "audit.json").write_text(text or json.dumps({"dependencies": rows, "fixes": []}))
        return tree({"pyproject.toml": "[project]\n"}, reports=reports, notes=notes)

    return build


def test_a_row_for_each_and_the_planted_one_told_is_an_answer(said: Callable[..., Subject], ask: Ask) -> None:
    verdict = ask("dependencies", said(row("flask"), row("Jinja2"), PLANTED))
    assert (verdict.outcome, verdict.measured) == ("passed", {"vulnerabilities": 0, "packages": 2})


SKIPPED = {"name": "flask", "skip_reason": "Dependency not found and could not be audited: flask (3.0.0)"}


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([SKIPPED, row("jinja2"), PLANTED], "1 of 3 packages could not be asked about: flask: Dependency not found"),
        ([row("jinja2"), PLANTED], "1 of 3 packages could not be asked about: flask: no answer"),
        ([row("flask"), row("jinja2")], "requests: no answer; not even requests 2.19.0, which everybody knows"),
        ([{"name": "flask", "version": "3"}, row("jinja2"), PLANTED], "flask: no answer"),
        ([row("flask"), row("jinja2"), row("requests")], "did not answer truthfully"),
        ([row("flask"), row("flask"), row("jinja2"), PLANTED], "tells of a package twice"),
        ([row("flask"), row("jinja2"), row("django"), PLANTED], "tells of django, which it was not asked about"),
        ([{"nome": 1}], "cannot be read"),
        ([], "3 of 3 packages could not be asked about"),
    ],
)
def test_anything_less_is_an_error(
    said: Callable[..., Subject], ask: Ask, rows: list[dict[str, Any]], words: str
) -> None:
    verdict = ask("dependencies", said(*rows))
    assert verdict.outcome == "error"
    assert words in verdict.summary


def test_no_report_no_notes_and_no_packages_are_errors(said: Callable[..., Subject], ask: Ask, tmp_path: Path) -> None:
    assert "cannot be read" in ask("dependencies", said(text="not json")).summary
    assert "nobody noted" in ask("dependencies", said(PLANTED, notes=None)).summary
    assert "nothing to ask about" in ask("dependencies", said(PLANTED, notes={**NOTES, "asked": []})).summary
    nothing = said().model_copy(
        update={"reports": tmp_path, "ran": (Ran(argv=("x",), code=1, output="ConnectionError: refused"),)}
    )
    assert ask("dependencies", nothing).summary == "dependencies: pip-audit could not ask: ConnectionError: refused"


@pytest.mark.parametrize("name", ["-r /etc/passwd", "a b", "x; sys_platform", "a\nb", "", "é"])
def test_a_name_that_is_none_is_never_written_into_a_question(name: str) -> None:
    with pytest.raises(Unmeasurable, match="calls itself"):
        pins({name: "1"})
    with pytest.raises(Unmeasurable, match="calls itself"):
        pins({"fine": f"1 {name}"})


def test_local_parts_of_versions_are_not_asked_for() -> None:
    assert pins({"torch": "2.1.0+cpu", "b": "1!2.0rc1"}) == (Pin("b", "1!2.0rc1"), Pin("torch", "2.1.0"))


def test_what_is_planted_is_not_installed() -> None:
    assert canary({"requests": "2"}).name == "jinja2"
    with pytest.raises(Unmeasurable):
        canary({pin.name: "1" for pin in CANARIES})


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"url": "https://mirror.test/query"}, "url is for a mirror of"),
        ({"service": "osv", "url": "mirror.test"}, "expected the address"),
        ({"service": "osv", "url": "https://me:word@mirror.test/"}, "without a password"),
        ({"service": "nvd"}, "'pypi', 'osv' or 'esms'"),
    ],
)
def test_an_address_is_checked(limits: dict[str, str], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Check.model_validate({"dependencies": limits})


@pytest.mark.parametrize("pattern", ["my_pkg", "My.Pkg", "my-pkg", "my_*"])
def test_a_private_package_may_be_written_as_its_metadata_has_it(pattern: str) -> None:
    assert is_private(Limits(private=(pattern,)), "my-pkg")
    assert not is_private(Limits(private=(pattern,)), "your-pkg")
