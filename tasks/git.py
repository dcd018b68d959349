"""One file speaks git: plumbing, `-z` everywhere, and never a configuration that someone else can write.

`Git` is a repository (its git directory). Every call sees the environment of `tasks.git_environment`: no global or
system configuration, no hooks, no fsmonitor, no replace refs, no prompts. The exception is `users_git`, for the one
step that brings the user's own work tree forward.
"""

import os
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import NamedTuple

from gates.subject import REGULAR, TreeFile
from tasks.command import Command, Completed, run
from tasks.commits import Commit, parse_commit
from tasks.errors import SparcError
from tasks.git_environment import environment
from tasks.ledger import MOVING, Ledger
from tasks.signing import git_options
from tasks.stale_locks import clear, explained

ZERO = "0" * 40
PATIENCE = 3600.0  # seconds; no command of ours takes nearly as long, but some file that git opens may be a pipe
ROUNDS = 10  # tries at references that others may be making at the same time
LOCKED, REFUSED = b"File exists", b"aborted by hook"
"""Words of git: a lock is in the way; the repository's own rules speak against it."""


class GitError(SparcError):
    """Git refused or could not; carries the command and git's own words."""


class Merge(NamedTuple):
    """What merging two commits gives."""

    tree: str
    conflicts: tuple[str, ...]
    """Paths in conflict; empty for a clean merge. The tree of a conflicted merge holds markers: never commit it."""


def paths(output: bytes) -> list[str]:
    """The paths of a `-z` listing; bytes that are not UTF-8 are surrogate-escaped."""
    return [os.fsdecode(name) for name in output.split(b"\0") if name]


def listing(names: Iterable[str]) -> bytes:
    """The other way round: paths as `-z` input."""
    return b"".join(os.fsencode(name) + b"\0" for name in names)


@dataclass(frozen=True)
class Git:
    """A repository, by its git directory."""

    directory: Path
    """The git directory itself (`x.git`, or `work/.git`)."""
    extra: Mapping[str, str] = field(default_factory=dict)
    """More environment: GIT_WORK_TREE, GIT_INDEX_FILE."""
    cwd: Path | None = None
    base_environment: Mapping[str, str] | None = None
    """Instead of `environment()`; only `users_git` has a reason to."""
    signing: Path | None = None
    """A private SSH key with which every commit is signed."""
    ledger: Ledger | None = None
    """What keeps the rules of a hub; no other repository's hooks are ever run."""
    runner: Callable[[Command], Completed] = run
    """What runs git; what talks to a remote is ended with its whole process tree."""

    @cached_property
    def _environment(self) -> dict[str, str]:
        hooks = {"core.hooksPath": str(self.ledger.hooks)} if self.ledger else {}
        return dict(self.base_environment or environment(hooks)) | {"GIT_DIR": str(self.directory)} | dict(self.extra)

    def try_run(
        self, *arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None, timeout: float = PATIENCE
    ) -> Completed:
        """One git command, whatever its exit code; `timeout` in seconds.

        Raises Blocked, before any reference of a hub is changed, if that hub no longer keeps its rules.
        """
        if self.ledger:
            (self.ledger.check if arguments[0] in MOVING else self.ledger.glance)()
        environ = self._environment | dict(env or {})
        return self.runner(Command(("git", *arguments), self.cwd or self.directory, environ, stdin, timeout))

    def run(self, *arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> bytes:
        """One git command that must succeed; its standard output. Raises GitError."""
        done = self.try_run(*arguments, stdin=stdin, env=env)
        if done.code != 0:
            words = done.failure or done.stderr.decode(errors="replace").strip() or f"exit code {done.code}"
            raise GitError(f"git {' '.join(arguments[:3])} in {self.directory}: {words}")
        return done.stdout

    def line(self, *arguments: str, stdin: bytes = b"") -> str:
        """A command whose output is one line."""
        return os.fsdecode(self.run(*arguments, stdin=stdin)).rstrip("\n")

    # -- reading

    def resolve(self, name: str, kind: str = "commit") -> str | None:
        """The object id that a name means, or None; `kind` is commit, tree or blob."""
        done = self.try_run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{{kind}}}")
        if done.failure:
            raise GitError(f"git rev-parse in {self.directory}: {done.failure}")
        return done.stdout.decode().strip() or None if done.code == 0 else None

    def refs(self, *prefixes: str) -> dict[str, str]:
        """Full reference names below the prefixes and the objects that they point to."""
        output = self.run("for-each-ref", "--format=%(refname) %(objectname)", *prefixes).decode()
        return {name: oid for name, _, oid in (line.partition(" ") for line in output.splitlines())}

    def commit(self, oid: str) -> Commit:
        """One commit; raises GitError if it is none."""
        return parse_commit(oid, self.run("cat-file", "commit", oid))

    def first_parents(self, start: str | None, tip: str) -> Iterator[Commit]:
        """Commits from `tip` back along first parents, up to but without `start`."""
        span = (tip,) if start is None else (tip, f"^{start}")
        names = self.run("rev-list", "--first-parent", *span).decode().split()
        for oid, body in self.objects(names):
            yield parse_commit(oid, body)

    def objects(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """(object id, contents) of each object, by one process; raises GitError for one that is missing."""
        output = self.run("cat-file", "--batch", stdin="".join(f"{name}\n" for name in names).encode())
        at = 0
        while at < len(output):
            begin = output.index(b"\n", at) + 1
            header = output[at : begin - 1].decode()
            fields = header.split()
            if len(fields) != 3:  # noqa: PLR2004 - `oid type size`; anything else is git's word for a missing object
                raise GitError(f"git in {self.directory}: object {header}")
            yield fields[0], output[begin : begin + int(fields[2])]
            at = begin + int(fields[2]) + 1

    def ancestor(self, older: str, newer: str) -> bool:
        """Whether `older` is contained in `newer`; a commit contains itself."""
        done = self.try_run("merge-base", "--is-ancestor", older, newer)
        if done.code not in (0, 1):
            raise GitError(f"git merge-base in {self.directory}: {done.stderr.decode(errors='replace').strip()}")
        return done.code == 0

    def tree_files(self, tree: str, *below: str) -> tuple[TreeFile, ...]:
        """Every file of a tree (or of a commit's), in git's order; `below` as in `entries`."""
        files = []
        for entry in self._listed(tree, below, "--long"):
            if entry:
                about, _, name = entry.partition(b"\t")
                mode, _kind, oid, size = about.decode().split()
                length = 0 if size == "-" else int(size)
                files.append(TreeFile(path=os.fsdecode(name), mode=mode, size=length, blob=oid))
        return tuple(files)

    def entries(self, tree: str, *below: str) -> dict[str, tuple[str, str]]:
        """(mode, object id) of every path of a tree or commit; sizes, as in `tree_files`, take far longer to find.

        `below` are files and folders: then it is only them and what lies in them, which takes as long as they are many.
        """
        found = (entry.partition(b"\t") for entry in self._listed(tree, below))
        fields = ((os.fsdecode(name), about.decode().split()) for about, _, name in found if about)
        return {path: (mode, oid) for path, (mode, _kind, oid) in fields}

    def _listed(self, tree: str, below: Iterable[str], *options: str) -> list[bytes]:
        if "" in below:
            below = ()
        return self.run("ls-tree", "-r", "-z", *options, "--full-tree", tree, "--", *below).split(b"\0")

    def entry(self, tree: str, path: str) -> tuple[str, str] | None:
        """(mode, object id) of what a tree or commit has at a path, or None."""
        entry = self.run("ls-tree", "-z", "--full-tree", tree, "--", path).decode(errors="surrogateescape")
        mode, _kind, oid = entry.partition("\t")[0].split() if entry else ("", "", "")
        return (mode, oid) if entry else None

    def read(self, tree: str, path: str) -> bytes | None:
        """A regular file's contents in a tree or commit, or None."""
        entry = self.entry(tree, path)
        return self.run("cat-file", "blob", entry[1]) if entry and entry[0] in REGULAR else None

    def changed(self, old: str, new: str) -> tuple[str, ...]:
        """Paths that differ between two trees or commits, deletions and modes included; a rename is two paths."""
        return tuple(
            paths(self.run("diff-tree", "-r", "-z", "--name-only", "--no-renames", "--no-commit-id", old, new))
        )

    # -- writing objects

    def write_blob(self, data: bytes) -> str:
        """Store bytes; the object id."""
        return self.line("hash-object", "-w", "--stdin", stdin=data)

    def write_commit(self, tree: str, parents: Iterable[str], message: str) -> str:
        """Store a commit by sparc, signed if there is a key for it; no reference moves."""
        flags = [flag for parent in parents for flag in ("-p", parent)]
        options, sign = (git_options(self.signing), ("-S",)) if self.signing else ((), ())
        return self.line(*options, "commit-tree", *sign, tree, *flags, stdin=message.encode())

    def merge(self, ours: str, theirs: str) -> Merge:
        """Merge two commits without a work tree."""
        done = self.try_run("merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", ours, theirs)
        # a tree that cannot be read is an empty one to it: it says so, and ends as if nothing were wrong
        if done.code not in (0, 1) or not done.stdout or b"error:" in done.stderr or b"fatal:" in done.stderr:
            raise GitError(f"git merge-tree in {self.directory}: {done.stderr.decode(errors='replace').strip()}")
        tree, *names = paths(done.stdout)
        return Merge(tree, tuple(dict.fromkeys(names)) if done.code else ())

    def checkout(self, tree: str, destination: Path) -> None:
        """Write a tree's files into a new directory; no index, no `.git` is left there."""
        destination.mkdir(parents=True)
        with TemporaryDirectory(prefix="sparc-index-") as scratch:
            env = {"GIT_INDEX_FILE": f"{scratch}/index", "GIT_WORK_TREE": str(destination)}
            self.run("read-tree", tree, env=env)
            Git(self.directory, env, destination).run("checkout-index", "--all", "--quiet")

    # -- moving references

    def create_refs(self, refs: Mapping[str, str]) -> None:
        """Create references that must not exist with another value; existing equal ones are fine, whoever made them."""
        fresh = dict(refs)
        for _ in range(ROUNDS):
            orders = b"".join(f"create {name}\0{oid}\0".encode() for name, oid in fresh.items())
            done = self._update("--stdin", "-z", stdin=orders)
            if done.code == 0:
                return
            known = self.refs(*refs)
            fresh = {name: oid for name, oid in refs.items() if known.get(name) != oid}
            if not fresh:
                return
            if known.keys() & fresh.keys() or REFUSED in done.stderr:
                break
            time.sleep(random.uniform(0, 0.1))  # noqa: S311 - somebody else may be making the same ones
        raise self._not_updated("update-ref", done)

    def move(self, ref: str, new: str, old: str, first: Mapping[str, str] = MappingProxyType({})) -> bool:
        """Compare-and-swap of one reference (`old` ZERO: must not exist); False if it has another value by now.

        `first` are references to be made before it, as by `create_refs`; in the same transaction if it can be, for each
        one takes the hook of a hub. After a kill in between, the ones before are there, and it has not moved.
        """
        orders = b"".join(f"create {name}\0{oid}\0".encode() for name, oid in first.items())
        swap = f"update {ref}\0{new}\0{old or ZERO}\0".encode()  # here an empty one would mean: whatever it is
        done = self._update("--no-deref", "--stdin", "-z", stdin=orders + swap)
        if done.code == 0:
            return True
        current = self.resolve(ref) or ZERO
        if current != (old or ZERO):
            return False
        if not first or REFUSED in done.stderr:
            raise self._not_updated(f"update-ref {ref}", done)
        self.create_refs(first)  # some are there already, most likely
        return self.move(ref, new, old)

    def _update(self, *words: str, stdin: bytes = b"") -> Completed:
        """`update-ref`; in a hub once more after a lock that a killed git has left was removed."""
        done = self.try_run("update-ref", *words, stdin=stdin)
        if self.ledger is None or LOCKED not in done.stderr:
            return done
        stay = clear(self.directory)
        again = self.try_run("update-ref", *words, stdin=stdin)
        return replace(again, stderr=again.stderr + " ".join(("", *stay)).encode()) if again.code else again

    def _not_updated(self, command: str, done: Completed) -> GitError:
        words = done.failure or done.stderr.decode(errors="replace").strip()
        told = words if self.ledger else explained(self.directory, words)
        return GitError(f"git {command} in {self.directory}: {told}")
