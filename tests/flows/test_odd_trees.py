"""A run on a repository full of oddities, in sparse workspaces: it passes through every step without harm."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import Shop, git, phase, told, work

pytestmark = pytest.mark.server

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
ODD = (b"new\nline", b'quo"te\t', b"\xff\xfe.md", b"-rf", b":(top)x", b"a'b$(c)")


def oddities(repository: Path) -> None:
    """A submodule, pointers, links that lead out, twins, and names of every kind; all there before the run."""
    files = {b"README.md": b"# R\n", b"readme.md": b"# r\n", b"big.bin": POINTER}
    files |= {b".gitattributes": b"*.bin filter=lfs\n"} | {b"odd/" + name: name for name in ODD}
    for name, data in files.items():
        place = os.path.join(os.fsencode(repository), name)  # noqa: PTH118 - pathlib takes no bytes
        os.makedirs(os.path.dirname(place), exist_ok=True)  # noqa: PTH103, PTH120
        with open(place, "wb") as file:  # noqa: PTH123
            file.write(data)
    (repository / "out").symlink_to("/etc/hosts")
    git(repository, "add", "--all")
    git(repository, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},libs/sub")
    git(repository, "commit", "--quiet", "--message=Oddities")
    (repository / "libs/sub").mkdir(parents=True)


def test_oddities_pass_through_a_whole_run(shop: Callable[[str], Shop]) -> None:
    odd = shop("odd-trees")
    oddities(odd.repository)
    names = r"""test -e odd && exit 9; mkdir -p docs; printf x > "docs/new
line"; printf x > "$(printf 'docs/\377.md')"; printf x > docs/-rf; printf x > 'docs/quo"te'; echo '# A' > docs/a.md"""
    clash = "test $SPARC_ATTEMPT = 2 || echo x > docs/A.md; test $SPARC_ATTEMPT = 2 || ln -s /etc docs/etc"
    gate = ["deliverables", {"lines": {"paths": "docs/a.md", "at_least": 1}}]
    gate += [{"command": {"name": "there", "run": ["sh", "-c", "test -d libs/sub && test -e 'docs/-rf'"]}}]
    assignment = work(f"{names}; {clash}", "docs/a.md", writes=["docs/**"], workspace="sparse", gate=gate)
    plan = odd.plan({"specification": phase(names=assignment, gate=gate)})
    done = odd.sparc("run", plan, "--run", "odd-1", "--json")
    outcome = told(done)
    assert outcome["outcome"] == "released", done.stderr
    (first,) = [event for event in odd.journal("odd-1") if event["event"] == "attempt-ended" and event["attempt"] == 1]
    assert [finding["path"] for finding in first["findings"]] == ["docs/etc", "docs/a.md"]
    listed = git(odd.repository, "ls-tree", "-r", "HEAD").splitlines()
    assert len(listed) == 4 + len(ODD) + 2 + 5
    assert f"160000 commit {'1' * 40}\tlibs/sub" in listed
    assert (odd.repository / "big.bin").read_bytes() == POINTER
    assert odd.page("specification.names.2")["files"] == [".gitattributes", "README.md", "big.bin", "out", "readme.md"]
    assert odd.sparc("verify").returncode == 0
    assert odd.sparc("report", "odd-1", "--html", odd.root / "report.html").returncode == 0
    assert not (odd.run_folder("odd-1") / "workspaces").exists()
