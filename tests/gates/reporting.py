"""A command that has run, and the report that it left; for the tests of every format."""

from collections.abc import Callable, Mapping
from pathlib import Path

from gates.subject import Ran, Run, Subject
from gates.verdict import Verdict

Tree = Callable[..., Subject]
Ask = Callable[[object, Subject], Verdict]
CHECKOUT = "/build/tree"
"""Where the command ran, which is another place than where the tree is read."""


def left(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """A directory of reports."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return folder


def reported(subject: Subject, reports: Path, code: int = 0, base: tuple[Subject, Path] | None = None) -> Subject:
    """The subject once the command has run, with the run on its base if there is one."""
    notes = {"checkout": CHECKOUT, "base": "/build/base"}
    told: dict[str, object] = {
        "ran": (Ran(argv=("it",), code=code, output="said"),),
        "reports": reports,
        "notes": notes,
    }
    if base:
        run = Run(ran=(Ran(argv=("it",), code=0),), reports=base[1])
        told |= {"base": base[0], "runs": {"base": run}}
    return subject.model_copy(update=told)


def command(**report: object) -> dict[str, object]:
    """The check."""
    return {"command": {"name": "it", "run": ["it"], "report": report}}
