"""What the tests of remotes share: a plan of one assignment, a remote, somebody who pushes there, and what it has."""

from pathlib import Path

from tests.flows.scenes import MINE
from tests.support import Shop, git, phase, work

RECORD = """\
#!/bin/sh
cat > {asked}.now
cat {asked}.now >> {asked}
test -x {asked}.hook || exit 0
exec {asked}.hook < {asked}.now
"""


def plan(shop: Shop, script: str = "true", *, gate: object = ("deliverables",), **release: object) -> None:
    """A plan of one assignment, whose agent writes a file and then does something outside, and of a release."""
    text = f"mkdir -p docs; echo mine > {MINE}; {script}"
    shop.plan(
        {"specification": phase(mine=work(text, MINE), gate=gate)}, release={"push": "origin"} | release,
        isolation="none",
    )  # fmt: skip


def origin(shop: Shop) -> Path:
    """A bare repository that has what the user's has, that refuses what is forced and keeps a list of what is asked."""
    bare = shop.root / "origin.git"
    git(shop.root, "clone", "--quiet", "--bare", "repository", bare.name)
    for key in ("denyNonFastForwards", "denyDeletes"):
        git(bare, "config", f"receive.{key}", "true")
    git(shop.repository, "remote", "add", "origin", "../origin.git")  # from the root of the work tree, as git has it
    hook = bare / "hooks/pre-receive"
    hook.write_text(RECORD.format(asked=shop.root / "asked"))
    hook.chmod(0o755)
    return bare


def elsewhere(shop: Shop, name: str, text: str) -> str:
    """A script by which somebody else pushes a file."""
    where = shop.root / "other"
    who = "-c user.name=Other -c user.email=other@localhost"
    return (
        f"rm -rf {where}; git clone --quiet {shop.root}/origin.git {where}; cd {where}; mkdir -p docs; "
        f"echo {text} > {name}; git add --all; git {who} commit --quiet -m 'elsewhere {name}'; git push --quiet"
    )


def remote_refs(shop: Shop) -> dict[str, str]:
    """What the remote has."""
    lines = git(shop.root / "origin.git", "for-each-ref", "--format=%(refname) %(objectname)").splitlines()
    return dict(line.split() for line in lines)


def at_remote(shop: Shop, branch: str = "main") -> str:
    """Where a branch stands there."""
    return remote_refs(shop)[f"refs/heads/{branch}"]
