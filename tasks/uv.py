"""The one place that speaks to uv, in an environment of our own making.

Of the caller's environment uv sees the declared names, the proxies and certificates, and the index configuration:
uv's own, or else pip's, since that is what makes `pip install` work on the caller's machine. Addresses of indexes may
hold passwords: no sentence leaves this module with them.

What is built, or runs in an environment with something foreign in it, may do harm: it writes to its own folders only,
and its cache is its own as well. The cache that all runs share is written by uv alone, from wheels, running nothing.
"""

import configparser
import contextlib
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from uv import find_uv_bin

from tasks.agents.registry import base_environment
from tasks.command import Command, Completed, run_foreign
from tasks.errors import SparcError
from tasks.isolation import Confinement
from tasks.redact import without_passwords
from tasks.scratch import copy
from tasks.share import Share
from tasks.wording import plain

VERSION = version("uv")
TIMEOUT, QUICK = 900.0, 60.0  # seconds for uv with its builds, for a line of Python
WOULD_INSTALL = re.compile(r"^ \+ ([\w.-]+?)(?:==| @ |$)", re.MULTILINE)
NETWORK = frozenset({
    "SSL_CERT_FILE", "SSL_CERT_DIR", "NETRC", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
    "http_proxy", "https_proxy", "all_proxy", "no_proxy",
})  # fmt: skip
INDEXES = ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_NO_INDEX")
OF_UV = re.compile(
    r"UV_(DEFAULT_INDEX|(EXTRA_)?INDEX(_\w+)?|NO_INDEX|FIND_LINKS|INSECURE_HOST|KEYRING_PROVIDER|NATIVE_TLS|SYSTEM_CERTS"
    r"|OFFLINE|HTTP_\w+|REQUEST_TIMEOUT|CONCURRENT_\w+|EXCLUDE_NEWER|PYTHON_DOWNLOADS|PYTHON_INSTALL_\w+)"
)
# pip's name of a setting, and uv's
OF_PIP = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
}


DENIED = ("Permission denied", "Read-only file system")
"""In the words of uv, or of a build, that would have written into what is kept: under Landlock, under bubblewrap."""


class UvFailed(SparcError):
    """uv, or a build that it ran, did not succeed; carries its last words."""

    @property
    def denied(self) -> bool:
        """Whether it was kept from writing, so that doing the same again is no use."""
        return any(words in str(self) for words in DENIED)


@dataclass(frozen=True)
class Uv:
    """The uv program, for one purpose."""

    cache: Path
    """Shared by all runs, it locks for itself."""
    home: Path
    """A private folder: a HOME for uv itself; a HOME, a TMPDIR and a cache for the builds that it starts."""
    caller: Mapping[str, str]
    """The caller's environment."""
    confinement: Confinement
    """How uv, and what it starts, is kept from the machine."""
    names: tuple[str, ...] = ()
    """Variables of the caller that a build may see."""

    @property
    def ours(self) -> Path:
        """HOME of uv while it runs nothing foreign."""
        return self.home / "ours"

    @property
    def theirs(self) -> Path:
        """HOME of what is foreign; holds their cache."""
        return self.home / "theirs"

    def _environment(self, home: Path, cache: Path) -> dict[str, str]:
        """Made with a private HOME, to which the caller's settings of uv go along."""
        folder = home / ".config/uv"
        for made in (folder, home / "tmp", cache):
            made.mkdir(parents=True, exist_ok=True)
        if (settings := _settings_of_uv(self.caller)) and not (folder / "uv.toml").exists():
            (folder / "uv.toml").write_text(settings, encoding="utf-8")
        ours = {
            "HOME": str(home),
            "TMPDIR": str(home / "tmp"),
            "UV_CACHE_DIR": str(cache),
            # a hard link would let a target's tests write into the cache
            "UV_LINK_MODE": "copy",
            "UV_NO_PROGRESS": "1",
            "NO_COLOR": "1",
            "UV_PYTHON_PREFERENCE": "system",
        }
        basic = basics(self.caller, self.names)
        return {"UV_PYTHON_DOWNLOADS": "never"} | basic | index_settings(self.caller) | ours

    def __call__(
        self, *arguments: str, cwd: Path, writable: Iterable[Path] = (), more: Mapping[str, str] | None = None
    ) -> str:
        """Run a command that starts nothing foreign, with `more` in its environment; its standard output.

        Raises UvFailed with its last lines.
        """
        env = self._environment(self.ours, self.cache) | {**(more or {})}
        done = self._run(arguments, cwd, env, (self.ours, self.cache, *writable))
        return done.stdout.decode(errors="replace")

    def wheels(self, venv: Path, *arguments: str, cwd: Path) -> None:
        """Install into a virtual environment without anything foreign in it, and build nothing. Raises UvFailed."""
        self("pip", "install", "--quiet", "--no-build", f"--python={venv}", *arguments, cwd=cwd, writable=(venv,))

    def resolved(self, venv: Path, *arguments: str, cwd: Path) -> frozenset[str]:
        """The names of all that installing this would bring. Raises UvFailed if only a build could tell."""
        env = self._environment(self.ours, self.cache)
        words = ("pip", "install", "--dry-run", "--no-build", f"--python={venv}", *arguments)
        return frozenset(WOULD_INSTALL.findall(self._run(words, cwd, env, (self.ours, self.cache, venv)).output))

    def fetch(self, cache: Path, interpreter: str, names: Iterable[str]) -> None:
        """Put the wheels of these into a new cache. Raises UvFailed if there are not wheels for all."""
        env = self._environment(self.ours, cache)
        to = (f"--python={interpreter}", f"--target={self.ours / 'fetched'}", "--no-build")
        self._run(("pip", "install", "--quiet", *to, *names), self.ours, env, (self.ours, cache))
        self.compile(cache, interpreter, copied=True)  # each build gets a copy of its own

    def foreign(self, what: str, venv: Path, *arguments: str, cwd: Path, writable: Iterable[Path] = ()) -> None:
        """Install or uninstall where something foreign runs: a build, or what is installed there. Raises UvFailed."""
        env = self._environment(self.theirs, self.theirs / "cache")
        words = ("pip", what, "--quiet", f"--python={venv}", *arguments)
        self._run(words, cwd, env, (self.theirs, venv, *writable))

    def build(self, venv: Path, *arguments: str, cwd: Path, writable: Iterable[Path] = ()) -> None:
        """Install what must be built, from what is known (see `knows`), or else has to be fetched. Raises UvFailed."""
        try:
            self.foreign("install", venv, *arguments, "--offline", cwd=cwd, writable=writable)
        except UvFailed as failed:
            if failed.denied:
                raise
            self.foreign("install", venv, *arguments, cwd=cwd, writable=writable)

    def knows(self, cache: Path) -> None:
        """Begin the cache of builds with a copy of another one, unless it has begun already."""
        own = self.theirs / "cache"
        if not cache.is_dir() or own.exists():
            return
        self.theirs.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix="cache-", dir=self.theirs) as scratch:
            # whole or not at all, for two rooms may be furnished at once
            if copy(cache, Path(scratch, "cache")):
                with contextlib.suppress(OSError):
                    Path(scratch, "cache").rename(own)

    def compile(self, folder: Path, interpreter: str, *, copied: bool = False) -> None:
        """Compile modules beforehand: nothing may write beside them later, or nobody would find it there again.

        Nothing of theirs runs: without `site` no `.pth` file is read. What cannot be compiled, for it is a template or
        made for another Python, stays as it is. `copied`: they will be copied without the times of their sources.
        """
        argv = (interpreter, "-I", "-S", "-m", "compileall", "-q", "-j", "0")
        mode = ("--invalidation-mode", "unchecked-hash") if copied else ()
        env = {"PATH": os.defpath, "HOME": str(self.ours), "TMPDIR": str(self.ours / "tmp")}
        jail = self.confinement.jail(folder)
        run_foreign(Command((*argv, *mode, str(folder)), folder, env, timeout=TIMEOUT, jail=jail, bounds=Share()))

    def _run(
        self, arguments: tuple[str, ...], cwd: Path, env: Mapping[str, str], writable: tuple[Path, ...]
    ) -> Completed:
        jail = self.confinement.jail(*writable)
        done = run_foreign(Command((find_uv_bin(), *arguments), cwd, env, timeout=TIMEOUT, jail=jail, bounds=Share()))
        if done.code != 0:
            what = " ".join(word for word in arguments[:2] if not word.startswith("-"))
            raise UvFailed(f"uv {what}: {last_words(done.failure or '', done.output)}")
        return done

    def ask(self, interpreter: Path, program: str, *arguments: str) -> Any:  # noqa: ANN401 - JSON
        """What a program of ours prints as JSON in a target's interpreter. Raises UvFailed.

        Foreign all the same: a `.pth` file that the project installs may run code.
        """
        folder = self.theirs / "tmp"
        folder.mkdir(parents=True, exist_ok=True)
        argv = (str(interpreter), "-I", "-c", program, *arguments)
        own = basics(self.caller, self.names) | {"HOME": str(self.theirs), "TMPDIR": str(folder)}
        jail = self.confinement.jail(self.theirs)
        done = run_foreign(Command(argv, self.theirs, own, timeout=QUICK, jail=jail, bounds=Share()))
        try:
            return json.loads(done.stdout.splitlines()[-1])
        except (IndexError, ValueError):
            words = last_words(done.failure or "", done.output)
            raise UvFailed(f"the target's Python does not work: {words}") from None


def basics(caller: Mapping[str, str], names: Iterable[str] = ()) -> dict[str, str]:
    """What every program of a target may see of the caller's environment."""
    declared = {name: caller[name] for name in ("TMPDIR", *names) if name in caller}
    return {"PATH": os.defpath} | base_environment(caller) | declared


def index_settings(caller: Mapping[str, str]) -> dict[str, str]:
    """Where uv finds packages, and how it gets there."""
    own = {name: value for name, value in caller.items() if name in NETWORK or OF_UV.fullmatch(name)}
    passwords = _home(caller) / ".netrc"
    if passwords.is_file():
        own = {"NETRC": str(passwords)} | own
    if any(name in own for name in INDEXES) or "index" in _settings_of_uv(caller):
        return own
    return dict(_settings_of_pip(caller)) | own


def _settings_of_uv(caller: Mapping[str, str]) -> str:
    file = _config(caller) / "uv/uv.toml"
    return file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""


def _home(caller: Mapping[str, str]) -> Path:
    return Path(caller.get("HOME") or Path.home())


def _config(caller: Mapping[str, str]) -> Path:
    return Path(caller.get("XDG_CONFIG_HOME") or _home(caller) / ".config")


def _settings_of_pip(caller: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    stated = _files_of_pip(caller)
    for name, theirs in OF_PIP.items():
        value = caller.get(f"PIP_{name.replace('-', '_').upper()}") or stated.get(name)
        if value:
            separator = "," if theirs == "UV_FIND_LINKS" else " "
            yield theirs, separator.join(value.split()) if theirs != "SSL_CERT_FILE" else value
            if theirs == "UV_INDEX":
                # all of pip's indexes are equal, where uv would stop at the first that knows a name
                yield "UV_INDEX_STRATEGY", "unsafe-best-match"


def _files_of_pip(caller: Mapping[str, str]) -> dict[str, str]:
    """Settings of pip's configuration files, later files before earlier ones."""
    home, config = _home(caller), _config(caller)
    files = (Path("/etc/xdg/pip/pip.conf"), Path("/etc/pip.conf"), home / ".pip/pip.conf",
             home / "Library/Application Support/pip/pip.conf", config / "pip/pip.conf", Path(sys.prefix, "pip.conf"),
             Path(caller.get("PIP_CONFIG_FILE") or os.devnull))  # fmt: skip
    found: dict[str, str] = {}
    # as pip has it: the null device means no files at all
    for file in () if caller.get("PIP_CONFIG_FILE") == os.devnull else files:
        parser = configparser.RawConfigParser()
        try:
            parser.read(file, encoding="utf-8")
        except (configparser.Error, ValueError):
            continue  # pip itself would refuse it; what is wrong with it will show when uv finds no package
        for section in ("global", "install"):
            found |= dict(parser.items(section)) if parser.has_section(section) else {}
    return found


def last_words(failure: str, output: str) -> str:
    """Why a program failed, on one line: our word for it, and its own last lines."""
    lines = [line.strip() for line in without_passwords(output).splitlines() if line.strip()]
    return "; ".join(part for part in (failure, plain(" ".join(lines[-12:]), 700)) if part) or "it said nothing"
