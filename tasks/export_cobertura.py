"""What the coverage checks measured, as Cobertura XML: a class for each file, a line for each line.

Lines that were executed have one hit, for how often is not counted; of branches only their lines are told.
"""

from collections.abc import Iterable
from itertools import groupby
from pathlib import PurePosixPath
from xml.etree import ElementTree as ET

from gates.line_hits import LineHits
from tasks.errors import Blocked
from tasks.export import Answers, clean

DOCTYPE = '<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">'


def cobertura(answers: Answers, now: float) -> str:
    """The text of the file; `now` in seconds since the epoch. Raises Blocked where no check measured coverage."""
    files = {file.path: file for answer in answers for file in answer.lines}
    if not files:
        raise Blocked("no Cobertura file was written: no check of this gate has measured coverage")
    ordered = sorted(files.values(), key=lambda file: (_folder(file), file.path))
    about = {"version": "sparc", "timestamp": str(int(now * 1000)), "complexity": "0", **_sums(ordered)}
    root = ET.Element("coverage", about)
    ET.SubElement(ET.SubElement(root, "sources"), "source").text = "."
    packages = ET.SubElement(root, "packages")
    for folder, group in groupby(ordered, key=_folder):
        _package(packages, folder, list(group))
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{DOCTYPE}\n{text}\n'


def _folder(file: LineHits) -> str:
    return PurePosixPath(file.path).parent.as_posix()


def _package(packages: ET.Element, folder: str, files: list[LineHits]) -> None:
    about = {"name": clean(folder.replace("/", ".")), "complexity": "0", **_rates(files)}
    classes = ET.SubElement(ET.SubElement(packages, "package", about), "classes")
    for file in files:
        named = {"name": clean(PurePosixPath(file.path).name), "filename": clean(file.path), "complexity": "0"}
        element = ET.SubElement(classes, "class", {**named, **_rates([file])})
        ET.SubElement(element, "methods")
        lines = ET.SubElement(element, "lines")
        for number, hits in sorted([*((line, 1) for line in file.hit), *((line, 0) for line in file.missed)]):
            ET.SubElement(lines, "line", {"number": str(number), "hits": str(hits)})


def _sums(files: list[LineHits]) -> dict[str, str]:
    hit, lines = _counted(files)
    branches = {"branches-covered": "0", "branches-valid": "0"}
    return {"lines-covered": str(hit), "lines-valid": str(lines), **branches, **_rates(files)}


def _rates(files: list[LineHits]) -> dict[str, str]:
    hit, lines = _counted(files)
    return {"line-rate": f"{hit / lines if lines else 1:.4f}", "branch-rate": "0"}


def _counted(files: Iterable[LineHits]) -> tuple[int, int]:
    pairs = [(len(file.hit), len(file.hit) + len(file.missed)) for file in files]
    return sum(hit for hit, _ in pairs), sum(lines for _, lines in pairs)
