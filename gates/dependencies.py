"""`dependencies`: no known vulnerability in what is installed for the target, by pip-audit.

By itself pip-audit ends well when it could not ask. Here every package must come back with an answer of its own, and
so must one of an old version whose vulnerability everybody knows, planted among them: a service that does not tell of
it, or tells of anything else, is not believed.
"""

import json
import re
from collections.abc import Collection, Iterator
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal, NamedTuple, Self
from urllib.parse import urlsplit

from pydantic import Field, JsonValue, ValidationError, model_validator

from gates.advised import Place, place_of
from gates.flagged import Flag, Flagged, verdict
from gates.model import Duration, Frozen
from gates.ran import tail
from gates.reports import read_report
from gates.subject import Subject
from gates.verdict import Finding, Unmeasurable, Verdict
from gates.waivers import Waiver

REPORT = "audit.json"
MOST_BYTES = 100_000_000
NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.!_-]*")


class Pin(NamedTuple):
    """A package in one version."""

    name: str
    """As packaging tools compare names: small letters, digits and single hyphens."""
    version: str
    """Without a local part (`+cpu`), of which no service knows."""


CANARIES = {
    Pin("requests", "2.19.0"): {"CVE-2018-18074", "GHSA-x84v-xcm2-53pg", "PYSEC-2018-28"},
    Pin("jinja2", "2.4.1"): {"CVE-2014-1402", "GHSA-8r7q-cvjq-x353", "PYSEC-2014-8"},
    Pin("pyyaml", "5.3"): {"CVE-2020-14343", "GHSA-8q59-q68h-6hv4", "PYSEC-2021-142"},
    Pin("urllib3", "1.24.1"): {"CVE-2019-11324", "GHSA-mh33-7rrq-662w", "PYSEC-2019-133"},
    Pin("pillow", "6.2.0"): {"CVE-2020-5312", "GHSA-p49h-hjvm-jg3h", "PYSEC-2020-83"},
}
"""Packages to plant, and the names of a vulnerability that each of them is known for."""


class Limits(Frozen):
    """Who is asked, and about what."""

    service: Literal["pypi", "osv", "esms"] = "pypi"
    """The service of vulnerabilities, as pip-audit names it."""
    url: str | None = None
    """Address of a mirror of the service; only for `osv`. Default: the service itself."""
    private: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    """Names of packages, or globs, that no service knows: they are not asked about, and told as left out."""
    timeout: Duration = 300
    """How long asking may take."""

    @model_validator(mode="after")
    def _address(self) -> Self:
        if self.url is None:
            return self
        parts = urlsplit(self.url)
        if self.service != "osv":
            raise ValueError("url is for a mirror of `service: osv`; the other services have no mirrors")
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            raise ValueError("url: expected the address of an OSV query, http(s)://host/..., without a password in it")
        return self


class Told(Frozen):
    """What the starter of pip-audit noted, out of everybody's reach."""

    asked: tuple[Pin, ...]
    canary: Pin
    own: tuple[str, ...] = ()
    """Names of packages that come from the repository itself."""
    private: tuple[str, ...] = ()


class Report(Frozen):
    """What is known of the packages."""

    found: Flagged
    left_out: tuple[str, ...]


def canonical(name: str) -> str:
    """A package's name as packaging tools compare names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(installed: dict[str, str]) -> tuple[Pin, ...]:
    """What can be asked about, from names and versions of metadata that anybody may have written."""
    for name, version in installed.items():
        if not NAME.fullmatch(name) or not VERSION.fullmatch(version.partition("+")[0]):
            raise Unmeasurable(f"a package calls itself {name!r} {version!r}, which nobody can be asked about")
    return tuple(Pin(name, version.partition("+")[0]) for name, version in sorted(installed.items()))


def canary(installed: dict[str, str]) -> Pin:
    """A package to plant, of a name that is not installed: nobody is asked about two versions at once."""
    for pin in CANARIES:
        if pin.name not in installed:
            return pin
    raise Unmeasurable("every package that could be planted is installed already")


def is_private(limits: Limits, name: str) -> bool:
    """Whether nobody is asked about a package."""
    return any(fnmatchcase(name, canonical(pattern)) for pattern in limits.private)


def arguments(limits: Limits, requirements: str, report: str, cache: str) -> tuple[str, ...]:
    """Pip-audit's, for a file of pinned requirements."""
    words = ["--requirement", requirements, "--no-deps", "--disable-pip", "--vulnerability-service", limits.service]
    words += ["--osv-url", limits.url] if limits.url else []
    words += ["--format", "json", "--desc", "on", "--aliases", "on", "--output", report]
    return (*words, "--cache-dir", cache, "--progress-spinner", "off", "--timeout", "15")


def measure(limits: Limits, subject: Subject) -> JsonValue:  # noqa: ARG001 - every check is asked with its limits
    """Every known vulnerability of every package."""
    try:
        told = Told.model_validate(subject.notes)
    except ValidationError:
        raise Unmeasurable("nobody noted what is installed") from None
    rows = _rows(subject)
    _complete(told, rows)
    if not CANARIES[told.canary] & _names(rows.pop(told.canary.name)):
        raise Unmeasurable(
            "the service did not answer truthfully: it knows nothing of the vulnerability of"
            f" {told.canary.name} {told.canary.version}, which was planted and which everybody knows"
        )
    flags = [flag for row in rows.values() for flag in _flags(row, place_of(subject, row["name"]), subject.waivers)]
    found = Flagged(files=len(rows), flags=tuple(flags), waivers=subject.waivers)
    return Report(found=found, left_out=(*told.own, *told.private)).model_dump(mode="json")


def _rows(subject: Subject) -> dict[str, dict[str, Any]]:
    """Name of a package to what pip-audit says of it."""
    try:
        rows = json.loads(read_report(subject.reports, REPORT, most=MOST_BYTES))["dependencies"]
        named = [(canonical(row["name"]), row) for row in rows]
    except Unmeasurable as problem:
        words = " ".join(tail(ran.output).split("\n")[-1] if not ran.failure else ran.failure for ran in subject.ran)
        raise Unmeasurable(f"pip-audit could not ask: {words[-400:] or problem}") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Unmeasurable("pip-audit left a report that cannot be read") from None
    if len(dict(named)) != len(named):
        raise Unmeasurable("pip-audit tells of a package twice")
    return dict(named)


def _complete(told: Told, rows: dict[str, dict[str, Any]]) -> None:
    """Every package that was asked about, and no other, has an answer."""
    expected = {pin.name: pin.version for pin in (*told.asked, told.canary)}
    if not told.asked:
        raise Unmeasurable("there is nothing to ask about: no package is installed that is not the repository's own")
    skipped = {name: str(row["skip_reason"]) for name, row in rows.items() if "skip_reason" in row}
    silent = expected.keys() - rows.keys()
    silent |= {name for name, row in rows.items() if not isinstance(row.get("vulns"), list) or not row.get("version")}
    if problems := {**dict.fromkeys(silent, "no answer"), **skipped}:
        findings = [Finding(message=f"{name}: {why}") for name, why in sorted(problems.items())]
        raise Unmeasurable(
            f"{len(problems)} of {len(expected)} packages could not be asked about: {findings[0].message};"
            f" {_advice(told, problems)}",
            *findings,
        )
    if strange := rows.keys() - expected.keys():
        raise Unmeasurable(f"pip-audit tells of {min(strange)}, which it was not asked about")


def _advice(told: Told, problems: Collection[str]) -> str:
    if told.canary.name in problems:
        known = f"{told.canary.name} {told.canary.version}"
        return f"not even {known}, which everybody knows: ask another service (service, url)"
    return "if a package is your own, name it (private: [...])"


def _names(row: dict[str, Any]) -> set[str]:
    return {name for vulnerability in row["vulns"] for name in _ids(vulnerability)}


def _ids(vulnerability: dict[str, Any]) -> list[str]:
    """All names of one vulnerability, pip-audit's own choice first."""
    first, others = str(vulnerability.get("id")), vulnerability.get("aliases") or ()
    return [first, *sorted(str(other) for other in others)]


def _flags(row: dict[str, Any], place: Place, waivers: tuple[Waiver, ...]) -> Iterator[Flag]:
    for vulnerability in row["vulns"]:
        ids = _ids(vulnerability)
        fixes = ", ".join(map(str, vulnerability.get("fix_versions") or ())) or "no version"
        about = " ".join(str(vulnerability.get("description", "")).split())[:200]
        others = f" ({', '.join(ids[1:])})" if ids[1:] else ""
        message = f"{row['name']} {row['version']}{others}: {about}; fixed in {fixes}"
        # a waiver may know it by any of its names
        known = (name for name in ids for waiver in waivers if waiver.covers(_finding(name, place)))
        yield Flag(rule=next(known, ids[0]), path=place.path, line=place.line, message=message)


def _finding(rule: str, place: Place) -> Finding:
    return Finding(rule=rule, path=place.path, message="")


def judge(limits: Limits, report: JsonValue) -> Verdict:
    """Passed when nothing is known against any package that the plan does not allow."""
    found = Report.model_validate(report)
    said = verdict("dependencies", found.found)
    left_out = f"; not asked about: {', '.join(found.left_out)}" if found.left_out else ""
    summary = said.summary.replace(" files", " packages", 1)
    asked: JsonValue = {"vulnerabilities": said.measured, "packages": found.found.files}
    limit: JsonValue = {"vulnerabilities": 0, "service": limits.service}
    return said.model_copy(update={"summary": summary + left_out, "measured": asked, "limit": limit})
