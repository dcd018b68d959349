"""What travels with a branch to a remote: the evidence that its merges name, and the good tags of the run.

Not all evidence that the repository holds: that of runs which were never released, or of other plans, was not asked to
be shown. Pushed is what `sparc verify` needs for the commits that are pushed: every record that a merge among them
names, and those that such a record names in turn.
"""

import re
from collections.abc import Iterable

from tasks.commits import EVIDENCE_PREFIX, Trailer
from tasks.evidence import NAMESPACE
from tasks.git import Git
from tasks.good import TAGS
from tasks.hub import Hub

_NAMED = re.compile(rf"^{Trailer.EVIDENCE}: {EVIDENCE_PREFIX}([0-9a-f]{{64}})$".encode(), re.MULTILINE)
_NAMES = re.compile(rb'"([0-9a-f]{64})"')


def luggage(git: Git, hub: Hub, tip: str, there: str | None) -> dict[str, str]:
    """References to be pushed before `tip` is, and their objects; `git` is the user's repository.

    `there` is where the remote's branch stands. What the run brought is taken along in any case: somebody may have
    pushed its commits, and left the evidence behind.
    """
    known = there if there and git.resolve(there) and git.ancestor(there, hub.start) else hub.start
    bounds = [f"^{known}"] if there else []
    said = git.run("log", "--format=%B", tip, *bounds)
    return evidence_from(git, (name.decode() for name in _NAMED.findall(said))) | tags(git, hub)


def evidence_from(git: Git, names: Iterable[str]) -> dict[str, str]:
    """References of these records and of all that they name in turn, of those that the repository has."""
    known = {ref.removeprefix(NAMESPACE): oid for ref, oid in git.refs(NAMESPACE).items()}
    found: dict[str, str] = {}
    fresh = set(names) & known.keys()
    while fresh:
        found |= {name: known[name] for name in fresh}
        bodies = git.objects(known[name] for name in sorted(fresh))
        fresh = {name.decode() for _, body in bodies for name in _NAMES.findall(body)} & known.keys() - found.keys()
    return {NAMESPACE + name: oid for name, oid in found.items()}


def tags(git: Git, hub: Hub) -> dict[str, str]:
    """The good tags of the run, as they are in the user's repository."""
    wanted = [f"{TAGS}{good.tag}" for good in hub.good_tags()]
    return git.refs(*wanted) if wanted else {}
