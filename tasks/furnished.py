"""What installing a project has made of its environment: additions only, and none that runs by itself.

A build does whatever the candidate says. It may not change what was there, for that runs and judges the tests; nor
leave anything that is run whenever Python starts, which would be before anything of ours. Only a released version of
the project itself, which some dependency has brought, makes room for it.
"""

import json
import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from filecmp import cmp
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

MOST_BYTES = 1 << 20
DISTRIBUTIONS = "*.dist-info"
METADATA = (".dist-info", ".egg-info")
CACHE, SITE = "__pycache__", "site-packages"
STARTERS = frozenset({"sitecustomize", "usercustomize"})
"""Modules that Python imports when it starts."""
RUNNERS = frozenset({"pytest", "pluggy", "iniconfig", "coverage"})
"""Distributions by which tests are run and measured."""
EDITABLE = re.compile(
    r"import (__editable___\w+_finder); \1\.install\(\)|import _editable_impl_\w+|import _\w+_editable(_loader)?"
)
"""Lines of `.pth` files by which build backends make an editable install work."""


def unfit(kept: Path, venv: Path, checkout: Path, asked: int, allowed: Collection[str], *, deep: bool) -> str | None:
    """What speaks against an environment that was laid out as `kept`, and got so many projects of a checkout since.

    `allowed`: names of files that may run when Python starts, and of the one of RUNNERS that the project is. `deep`:
    compare contents, not just sizes and times.
    """
    folders, own = _folders(venv), _own(venv, checkout)
    if len(own) > asked:
        return f"installing the project added more than itself: {', '.join(sorted(own))}"
    if runners := sorted((own & RUNNERS) - {*allowed}):
        return (
            f"the project calls itself {runners[0]}, and so takes the place of what runs its tests: if it is that, let"
            f" the plan say `environment: {{startup: [{runners[0]}]}}`"
        )
    replaced = {path for folder in folders for path in _replaced(kept / folder, venv, folder, own)}
    for path in _changed(kept, venv, deep=deep):
        if replaced.isdisjoint((path, *path.parents)):
            return f"installing the project changed {path.relative_to(venv)}, which is no part of it"
    for folder in folders:
        known = _names(kept / folder) - {path.name for path in replaced}
        for name in sorted(_names(venv / folder) - known - {*allowed}):
            if problem := _addition(venv / folder / name, {_module(each) for each in known}, own, checkout):
                return f"installing the project added {name}, which {problem}"
    return None


def takes_over(kept: Path, venv: Path, checkout: Path) -> bool:
    """Whether something of the checkout was installed of which a released version is kept."""
    return not _own(venv, checkout).isdisjoint(distributions(kept))


def distributions(venv: Path) -> frozenset[str]:
    """Names of all that is installed there, as indexes compare them."""
    return frozenset(_distribution(record) for record in venv.glob(f"lib/python*/site-packages/{DISTRIBUTIONS}"))


def _folders(venv: Path) -> list[Path]:
    return [folder.relative_to(venv) for folder in venv.glob("lib/python*/site-packages")]


def _own(venv: Path, checkout: Path) -> set[str]:
    return {name for folder in _folders(venv) for name in _installed(venv / folder, checkout)}


def _installed(site: Path, checkout: Path) -> Iterator[str]:
    """Names of the distributions that came from the checkout."""
    for record in site.glob(f"{DISTRIBUTIONS}/direct_url.json"):
        with suppress(OSError, ValueError, KeyError, TypeError):
            place = Path(unquote(urlsplit(json.loads(record.read_text())["url"]).path))
            if place.resolve().is_relative_to(checkout.resolve()):
                yield _distribution(record.parent)


def _distribution(folder: Path) -> str:
    return re.sub(r"[-_.]+", "-", folder.name.partition("-")[0]).lower()


def _replaced(site: Path, venv: Path, folder: Path, own: set[str]) -> Iterator[Path]:
    """Where released versions of these distributions were, but for folders in which others have a part."""
    every = {record: _distribution(record.parent) for record in site.glob(f"{DISTRIBUTIONS}/RECORD")}
    if not own & {*every.values()}:
        return
    theirs = {place for record, name in every.items() if name not in own for place in _places(record, folder)}
    for record, name in every.items():
        if name in own:
            yield from (venv / place for place in _places(record, folder) - theirs)


def _places(record: Path, folder: Path) -> set[Path]:
    """What lies beside the packages, or among the programs, of a RECORD; from the root of the environment."""
    found: set[Path] = set()
    for line in record.read_text(encoding="utf-8", errors="replace").splitlines():
        parts = PurePosixPath(line.partition(",")[0]).parts
        up = sum(part == ".." for part in parts)
        if up:
            found.add(Path(*folder.parts[: len(folder.parts) - up], *parts[up:]))
        elif parts:
            found.add(folder / parts[0])
    return found


def _names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


def _module(name: str) -> str:
    return name.partition(".")[0]


def _addition(path: Path, known: Collection[str], own: Collection[str], checkout: Path) -> str | None:
    """What speaks against one thing more beside the packages; `known`: the modules that were there."""
    module = _module(path.name)
    if path.suffix in METADATA and _distribution(path) not in own:
        return "is a distribution that nobody asked for: its plugins would be loaded"
    if path.suffix != ".dist-info" and module in known:
        return f"hides the dependency {module}"
    if module in STARTERS or (path.suffix == ".pth" and _runs(path, checkout)):
        return (
            "runs code whenever Python starts, before any test: leave it out, or let the plan say"
            f" `environment: {{startup: [{path.name}]}}`"
        )
    return None


def _changed(kept: Path, here: Path, *, deep: bool) -> Iterator[Path]:
    """What is not as it was laid out: a link to what is kept, or a copy of it."""
    if here.is_symlink():
        if here.readlink() != (kept.readlink() if kept.is_symlink() else kept):
            yield here
    elif kept.is_symlink() or kept.is_dir() != here.is_dir() or not here.exists():
        yield here
    elif kept.is_dir():
        names = _names(kept)
        added = _names(here) - names
        # a compiled module is run in place of its source
        if here.name == CACHE and added:
            yield here
        # a package is imported in place of the module of its name, and an extension before both
        if any(folder.name == SITE for folder in here.parents):
            modules = {_module(name) for name in names}
            yield from (here / name for name in added if _module(name) in modules)
        for name in sorted(names):
            yield from _changed(kept / name, here / name, deep=deep)
    elif not cmp(kept, here, shallow=not deep):
        yield here


def _runs(path: Path, checkout: Path) -> bool:
    """Whether a `.pth` file does more than editable installs do: name folders of the checkout, load their finders."""
    try:
        if path.is_symlink() or path.stat().st_size > MOST_BYTES:
            return True
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return True
    return not all(_is_harmless(line.rstrip(), path.parent, checkout) for line in lines)


def _is_harmless(line: str, folder: Path, checkout: Path) -> bool:
    if not line or line.startswith("#"):
        return True
    if line.startswith(("import ", "import\t")):
        return EDITABLE.fullmatch(line) is not None
    place = (folder / line).resolve()
    return any(place.is_relative_to(root.resolve()) for root in (checkout, folder))
