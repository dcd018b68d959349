"""Runs the target's type checker in its environment, over a tree, and over the base commit's to compare with."""

import posixpath
import secrets
from collections.abc import Mapping
from pathlib import PurePosixPath

from gates import type_run
from gates.subject import Run, Subject
from gates.type_check import Limits, Place, Told, base_product, product
from gates.type_reports import COVERED
from gates.verdict import Unmeasurable
from tasks.dependencies import version
from tasks.ground import Ground
from tasks.probing import Probing
from tasks.rooms import Room
from tasks.suite_run import Left
from tasks.tools import Unasked, desk

OWN_FILE = "pyrightconfig.json"
ENV = {"PYTHONSAFEPATH": "1", "NO_COLOR": "1", "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}


def probe(probing: Probing) -> Left:
    """What the checker says of the candidate, and of the base. Raises SparcError."""
    limits = Limits.model_validate(probing.check.limits.model_dump())
    ground = probing.ground
    try:
        room = ground.open()
        place, ran = _checked(ground, room, limits, product(limits, ground.subject()))
        before, runs = _of_base(ground, limits) if limits.new_only and ground.exam.compared else (None, {})
    except Unmeasurable as problem:
        raise Unasked(str(problem)) from None
    told = Told(candidate=place, base=before).model_dump(mode="json")
    changed = tuple(path for path in room.changed() if path != OWN_FILE)
    return Left(room, ran.ran, changed, ran.reports, runs, told)


def _of_base(ground: Ground, limits: Limits) -> tuple[Place | None, Mapping[str, Run]]:
    base: Subject = ground.subject(ground.exam.compared)
    files = base_product(limits, base)
    if not files:
        return None, {}
    try:
        place, ran = _checked(ground, ground.open(ground.exam.compared), limits, files)
    except Unmeasurable as problem:
        raise Unmeasurable(f"of the base: {problem}") from None
    return place, {"base": ran}


def _checked(ground: Ground, room: Room, limits: Limits, files: tuple[str, ...]) -> tuple[Place, Run]:
    python = _python(room, limits)
    room.reports.mkdir()
    (room.reports / COVERED).mkdir()
    canary = room.folder / f"canary_{secrets.token_hex(8)}.py"
    canary.write_text(type_run.PLANTED, encoding="ascii")
    config = type_run.config(limits, _configured(ground))
    type_run.refuse_plugins(config, room.installed.packages if room.installed else ())
    own = room.checkout if config.name == OWN_FILE else room.folder
    # whatever the tree has in its place, a link for instance
    (own / config.name).unlink(missing_ok=True)
    (own / config.name).write_text(config.text, encoding="utf-8")
    paths = [*(str(room.checkout / path) for path in files), str(canary)]
    listed = desk(ground, ground.subject()).listing("files", paths)
    words = type_run.arguments(limits, python, str(room.reports), str(own / config.name), paths, str(listed))
    ran = room.run(words, limits.timeout, ENV)
    return Place(root=str(room.checkout), canary=str(canary)), Run(ran=(ran,), reports=room.reports)


def _python(room: Room, limits: Limits) -> str:
    if room.installed is None:
        raise Unmeasurable(
            "the target has no environment to check its types in, for the tree has no Python metadata (pyproject.toml,"
            " setup.py, setup.cfg, requirements.txt): add them, or say in the plan where they are (environment.python)"
        )
    if version(room.installed.venv, limits.tool) is None:
        raise Unmeasurable(
            f"{limits.tool} is not installed in the target's environment: add it to the target's dependencies, in a"
            " group that the plan installs (environment.groups; by default test, tests and dev), or choose another tool"
        )
    if any(PurePosixPath(package).stem == limits.tool for package in room.installed.packages):
        raise Unmeasurable(
            f"the target's own packages are named like the checker, {limits.tool}, and would be run for it"
        )
    return str(room.installed.bin / "python")


def _configured(ground: Ground) -> dict[str, str]:
    """The configuration files at the base commit, of the folder of the metadata and of the root, name to text."""
    base, found = ground.exam.base, dict[str, str]()
    for folder in dict.fromkeys((ground.wanted.python or ".", ".")):
        for name in type_run.FILES if base else ():
            data = ground.git.read(base or "", posixpath.normpath(posixpath.join(folder, name)))
            if data is not None and name not in found:
                found[name] = data.decode(errors="replace")
    return found
