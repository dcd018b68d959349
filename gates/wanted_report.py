"""What a plan may ask of the report that a `command` leaves: its format, where it lies, and the limits."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError, model_validator

from gates.model import Count, Flag, Frozen
from gates.paths import PathPattern, Paths

STDOUT = "stdout"
HUNDRED = 100
REPORTS = "{reports}/"
"""How a place outside the tree begins: the word stands for an empty directory, in `run` as well."""

Family = Literal["tests", "coverage", "findings"]
FAMILIES: dict[str, Family] = {
    "junit": "tests", "cargo_test": "tests", "cobertura": "coverage", "lcov": "coverage",
    "sarif": "findings", "clippy": "findings",
}  # fmt: skip
"""Format to what it tells of."""

KEYS: dict[Family, frozenset[str]] = {
    "tests": frozenset({"at_least", "skipped"}),
    "coverage": frozenset({"at_least", "new_code", "branch", "paths", "without"}),
    "findings": frozenset({"level", "at_most", "new_only"}),
}
"""The limits that each takes."""


_PATTERN: TypeAdapter[str] = TypeAdapter(PathPattern)


def _place(text: str) -> str:
    inside = text.removeprefix(REPORTS)
    if "{" in inside or "}" in inside:
        raise ValueError(f"{text!r}: the one word that may stand here is {REPORTS.rstrip('/')}, at the beginning")
    try:
        _PATTERN.validate_python(inside)
    except ValidationError as problem:
        raise ValueError(problem.errors()[0]["msg"].removeprefix("Value error, ")) from None
    return text


Place = Annotated[str, Field(min_length=1), AfterValidator(_place)]
"""A file of the checkout, a glob of such files, the same below `{reports}/`, or `stdout`."""
Percent = Annotated[float, Field(ge=0, le=100, strict=True)]


class WantedReport(Frozen):
    """Exactly one format, with the place of its file, and limits."""

    junit: Place | None = None
    """JUnit XML, of any test runner."""
    cargo_test: Place | None = None
    """What `cargo test` prints, as text or (`--format json`) as JSON."""
    cobertura: Place | None = None
    """Cobertura XML."""
    lcov: Place | None = None
    """LCOV's tracefile."""
    sarif: Place | None = None
    """SARIF 2.1.0."""
    clippy: Place | None = None
    """What cargo prints with `--message-format=json`."""
    at_least: Annotated[float, Field(ge=0, strict=True, allow_inf_nan=False)] | None = None
    """Tests that must have passed (default 1), or percent of all lines that must be
    covered (default 80, and nothing where `new_code` is given)."""
    skipped: Count = 0
    """Tests that may be skipped."""
    new_code: Percent | None = None
    """Percent of the lines changed since the base commit that must be covered."""
    branch: Flag = False
    """Whether the ways out of branches count as well."""
    paths: Paths = ()
    """Files or globs that are the product. Default: what has a suffix that the report names, without tests."""
    without: Paths = ()
    """Files or globs that are not, though `paths` or the report names them."""
    level: Literal["note", "warning", "error"] = "warning"
    """Findings of this level or above count."""
    at_most: Count = 0
    """How many of them may be there."""
    new_only: Flag = False
    """Whether only those count that the same command does not find in the base commit."""

    @model_validator(mode="after")
    def _fit(self) -> "WantedReport":
        formats = [name for name in FAMILIES if getattr(self, name) is not None]
        if len(formats) != 1:
            told = "is asked for twice: name" if formats else "names no format: name"
            raise ValueError(f"a report {told} one of {', '.join(FAMILIES)}")
        # not by what was set: the worker is told of defaults as well
        other = type(self).model_fields.keys() - KEYS[self.family] - FAMILIES.keys()
        foreign = [name for name in other if getattr(self, name) != type(self).model_fields[name].default]
        if foreign:
            allowed = ", ".join(sorted(KEYS[self.family]))
            raise ValueError(f"{', '.join(sorted(foreign))} is no limit of {self.format} (limits: {allowed})")
        if self.family == "tests" and not (self.at_least or 0.0).is_integer():
            raise ValueError(f"at_least of {self.format} is a number of tests, not {self.at_least:g}")
        if self.family == "coverage" and (self.at_least or 0.0) > HUNDRED:
            raise ValueError(f"at_least of {self.format} is a percentage, not {self.at_least:g}")
        return self

    @property
    def format(self) -> str:
        """`junit`, `lcov` and so on."""
        return next(name for name in FAMILIES if getattr(self, name) is not None)

    @property
    def family(self) -> Family:
        """What it tells of."""
        return FAMILIES[self.format]

    @property
    def place(self) -> str:
        """Where it lies, as the plan has it."""
        return str(getattr(self, self.format))

    @property
    def outside(self) -> bool:
        """Whether it lies in the directory of reports, and not in the checkout."""
        return self.place == STDOUT or self.place.startswith(REPORTS)

    @property
    def pattern(self) -> str:
        """Its path, or a glob of paths, from the checkout or from the directory of reports."""
        return self.place.removeprefix(REPORTS)

    @property
    def compares(self) -> bool:
        """Whether it looks at the base commit's tree as well."""
        return self.new_only or self.new_code is not None
