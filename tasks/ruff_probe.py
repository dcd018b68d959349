"""Runs ruff over a tree, and over the base commit's where the check compares."""

import posixpath
from collections.abc import Mapping

from gates import ruff, ruff_run
from gates.product import analysed
from gates.subject import Ran, Run, Subject
from gates.verdict import Unmeasurable
from tasks.ground import Ground
from tasks.probing import Probing
from tasks.suite_run import Left
from tasks.tools import Desk, Unasked, desk

TIMEOUT = 300.0  # seconds; half a million lines take one


def probe(probing: Probing) -> Left:
    """What ruff says of the candidate, and of the base. Raises SparcError."""
    limits = ruff.Limits.model_validate(probing.check.limits.model_dump())
    ground = probing.ground
    subject = ground.subject()
    try:
        own, ran, rules = _asked(desk(ground, subject), limits, analysed(subject, limits.paths))
        runs = {"base": _of_base(ground, limits, ground.subject(ground.exam.compared))} if _compares(probing) else {}
    except Unmeasurable as problem:
        raise Unasked(str(problem)) from None
    return Left(own.room, ran, (), own.folder, runs, {"rules": rules})


def _compares(probing: Probing) -> bool:
    return probing.check.kind.compares(probing.check.limits) and probing.ground.exam.compared is not None


def _of_base(ground: Ground, limits: ruff.Limits, base: Subject) -> Run:
    other, ran, _ = _asked(desk(ground, base), limits, ruff.base_files(limits, base))
    return Run(ran=ran, reports=other.folder)


def _asked(place: Desk, limits: ruff.Limits, files: tuple[str, ...]) -> tuple[Desk, tuple[Ran, ...], int]:
    """Ask of these files; how many rules that were."""
    folder, configs = _configured(place.ground)
    config = ruff_run.chosen(configs) if limits.config == "base" else None
    if config:
        (place.folder / config.name).write_text(config.text, encoding="utf-8")
    (place.folder / ruff.CANARY).write_text(ruff.PLANTED, encoding="ascii")
    root = place.subject.root
    listed = place.listing("files", [*(str(root / path) for path in files), str(place.folder / ruff.CANARY)])
    words = ruff_run.arguments(
        limits, str(place.folder / config.name) if config else None, ruff_run.target(limits, config, configs)
    )
    # patterns of a configuration are meant from where it was
    cwd = root / folder if (root / folder).is_dir() else root
    ran = [_run(place, (*words, *_into(place, "said.json"), f"@{listed}"), cwd)]
    ran.append(_run(place, (*ruff_run.proof(), *_into(place, "proof.json"), f"@{listed}"), cwd))
    shown = [word for word in words if word != "--ignore-noqa"]
    settings = _run(place, (*shown, "--show-settings", str(place.folder / ruff.CANARY)), cwd)
    return place, tuple(ran), ruff_run.rules(settings.output)


def _run(place: Desk, words: tuple[str, ...], cwd: object) -> Ran:
    return place.module("ruff", words, TIMEOUT, cwd=place.subject.root.joinpath(str(cwd)))


def _into(place: Desk, name: str) -> tuple[str, ...]:
    return ("--output-format", "json", "--output-file", str(place.folder / name))


def _configured(ground: Ground) -> tuple[str, Mapping[str, str]]:
    """The folder that has ruff's configuration at the base commit, and its files: the root, or that of the metadata."""
    found: Mapping[str, str] = {}
    for folder in ("", ground.wanted.python or ""):
        found = _files(ground, "" if folder == "." else folder)
        if ruff_run.chosen(found):
            return folder, found
    return "", found


def _files(ground: Ground, folder: str) -> dict[str, str]:
    base = ground.exam.base
    read = ((name, ground.git.read(base, posixpath.join(folder, name))) for name in ruff_run.NAMES) if base else ()
    return {name: data.decode(errors="replace") for name, data in read if data is not None}
