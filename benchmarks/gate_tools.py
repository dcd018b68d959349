"""The tools as people run them, one after the other."""

import os
import re
import shutil
import sys
from pathlib import Path

from gate_project import GIT, Project, run, top


class Theirs:
    """The tools as a person would run them: in one environment, with the configuration that the project has."""

    def __init__(self, project: Project, scratch: Path, home: Path) -> None:
        """The environment has what ours has, for it is a copy of what ours has kept below `home`, if there is any."""
        self._project, self._scratch = project, scratch
        self._python = scratch / "env/bin/python"
        self._uv = Path(sys.executable).with_name("uv")
        self.checkout = project.root
        if kept := next(home.glob("environments/*/venv"), None):
            shutil.copytree(kept, scratch / "env", symlinks=True)
        else:
            self._do(self._uv, "venv", "--python", sys.executable, scratch / "env")
        self._do(self._uv, "venv", "--python", sys.executable, scratch / "tools")
        self._install("tools", "bandit", "radon")

    def _install(self, environment: str, *wanted: str | Path) -> None:
        self._do(self._uv, "pip", "install", "--python", self._scratch / environment / "bin/python", *wanted)

    def _do(self, *argv: str | Path) -> None:
        done = run(*argv, cwd=self._scratch)
        if done.returncode:
            raise SystemExit(f"{' '.join(map(str, argv))}: {done.stderr.decode()[-1000:]}")

    def begin(self) -> None:
        """A fresh checkout, and the project installed from it."""
        self.checkout = self._scratch / "fresh"
        self.clear()
        self._do(GIT, "clone", "--quiet", "--shared", self._project.root, self.checkout)
        self._install("env", "--no-deps", "--editable", self.checkout)

    def clear(self) -> None:
        """Take the fresh checkout away."""
        if self.checkout != self._project.root and self.checkout.exists():
            shutil.rmtree(self.checkout)

    def _run(self, *argv: str | Path) -> str:
        return run(*argv, cwd=self.checkout).stdout.decode(errors="replace")

    def tests(self) -> int:
        """The tests; how many passed."""
        words = self._run(self._python, "-m", "pytest", "-q", "-p", "no:cacheprovider")
        return passed(words)

    def covered(self) -> None:
        """The tests under coverage, and its report."""
        coverage = (self._python, "-m", "coverage")
        self._run(*coverage, "run", "--branch", "-m", "pytest", "-q", "-p", "no:cacheprovider")
        self._run(*coverage, "json", "-o", os.devnull)

    def static(self) -> None:
        """The tools that read the product."""
        product, python = top(self._project), self._scratch / "tools/bin/python"
        self._run(python, "-m", "bandit", "-q", "-r", product, "-f", "json")
        self._run(python, "-m", "radon", "cc", "--json", product)
        self._run(python, "-m", "radon", "mi", "--json", product)

    def all(self) -> None:
        """One after the other."""
        self.tests()
        self.covered()
        self.static()

    def all_afresh(self) -> None:
        """The same in a fresh checkout."""
        self.begin()
        self.all()


def passed(words: str) -> int:
    """How many tests pytest says have passed, or we; 0 if it says nothing."""
    found = re.findall(r"(\d+) passed", words)
    return int(found[-1]) if found else 0
