"""Good tags: what every passed phase leaves behind, for rollbacks, bisections and hotfixes to start from.

`good/<plan>/<n>` is an annotated tag of a phase's merge into `sparc/<plan>`. `n` goes on where the tags of that plan
end, be they of earlier runs in the user's repository or of this one in its hub: no two phases ever share a number, and
the first run of a plan has `n` equal to the number of the phase. A tag is made once, in the hub, right after the merge,
so that a resumed run finds its numbers again; it never moves, and is brought to the user's repository with the branch.
What it says, the run, the phase and the gate's evidence, stands in trailers of its message.
"""

from collections.abc import Iterator
from typing import NamedTuple

from tasks.commits import Commit, Trailer, trailers_of
from tasks.git import Git
from tasks.git_environment import IDENTITY

TAGS = "refs/tags/"


class GoodTag(NamedTuple):
    """A phase that passed, by its tag."""

    tag: str
    """`good/<plan>/<n>`, without `refs/tags/`."""
    commit: str
    """The phase's merge."""
    phase: str
    number: int
    """The phase's number in its run, from 1; `n`, which counts across runs, is in the tag's name."""
    run: str

    @property
    def place(self) -> int:
        """The `n` of its name."""
        return _place(self.tag)


def good_tags(git: Git, plan: str) -> list[GoodTag]:
    """The good tags of a plan, whichever runs made them, in the order of their `n`; tags not of ours are left out.

    `git` is a hub or the user's repository.
    """
    refs = {name: oid for name, oid in git.refs(f"{TAGS}{prefix(plan)}").items() if _place(name)}
    names = {oid: name.removeprefix(TAGS) for name, oid in refs.items()}
    bodies = git.objects(names) if names else ()
    found = (parsed for oid, body in bodies if (parsed := _parsed(names[oid], body.decode(errors="replace"))))
    return sorted(found, key=lambda good: good.place)


def tag_passed(hub: Git, users: Git, plan: str, passed: list[Commit]) -> None:
    """Tag the merges of a run's phases, oldest first, where that is not done yet. Doing it again changes nothing."""
    tagged = {good.commit for good in good_tags(hub, plan)}
    for number, commit in enumerate(passed, 1):
        if commit.oid not in tagged:
            name = f"{prefix(plan)}{_next(hub, users, plan)}"
            hub.create_refs({f"{TAGS}{name}": hub.line("mktag", stdin=_body(hub, name, number, plan, commit).encode())})


def prefix(plan: str) -> str:
    """What the names of a plan's good tags begin with."""
    return f"good/{plan}/"


def _next(hub: Git, users: Git, plan: str) -> int:
    taken = [_place(name) for git in (hub, users) for name in git.refs(f"{TAGS}{prefix(plan)}")]
    return max(taken, default=0) + 1


def _place(name: str) -> int:
    """The `n` that a name ends with; 0 if it is none of ours."""
    last = name.rpartition("/")[2]
    return int(last) if last.isascii() and last.isdigit() and not last.startswith("0") else 0


def _body(git: Git, name: str, number: int, plan: str, commit: Commit) -> str:
    said = commit.trailers
    trailers = {
        Trailer.RUN: said[Trailer.RUN], Trailer.PHASE: said[Trailer.PHASE], Trailer.NUMBER: str(number),
        Trailer.EVIDENCE: said[Trailer.EVIDENCE],
    }  # fmt: skip
    # the time of the merge: made again after a kill, it is the same tag
    tagger = f"{IDENTITY['NAME']} <{IDENTITY['EMAIL']}> {git.line('log', '-1', '--format=%ct', commit.oid)} +0000"
    lines = "".join(f"{key}: {value}\n" for key, value in trailers.items())
    subject = f"Phase {number} {said[Trailer.PHASE]} of {plan} has passed its gate"
    return f"object {commit.oid}\ntype commit\ntag {name}\ntagger {tagger}\n\n{subject}\n\n{lines}"


def _parsed(name: str, body: str) -> GoodTag | None:
    head, _, message = body.partition("\n\n")
    fields = dict(_fields(head))
    said = trailers_of(message)
    number = said.get(Trailer.NUMBER, "")
    if fields.get("type") != "commit" or fields.get("tag") != name or not number.isdigit():
        return None
    return GoodTag(name, fields["object"], said.get(Trailer.PHASE, ""), int(number), said.get(Trailer.RUN, ""))


def _fields(head: str) -> Iterator[tuple[str, str]]:
    for line in head.splitlines():
        key, _, value = line.partition(" ")
        yield key, value
