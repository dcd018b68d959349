"""A remote of the user's repository: looked at, fetched from and pushed to, never forced.

Here git runs as its user has set it up, for that is where the credentials are: ssh and its agent, credential helpers,
proxies. Three things differ. It has no terminal to ask on (GIT_TERMINAL_PROMPT=0, a session of its own) and is ended
after a time. It runs no hook: a pre-push hook may well be a file of the repository, and then an agent may have written
it. And of what the configuration may say about pushing, nothing that forces, mirrors or deletes has a say. What git
answers is told without the passwords that addresses may hold.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.command import Completed, run_foreign
from tasks.errors import Blocked
from tasks.git import Git
from tasks.redact import without_passwords
from tasks.repository import BRANCHES, Repository
from tasks.threads import in_thread

TIMEOUT = 15 * 60.0  # seconds for one talk with a remote
AT_ONCE = 500  # references in one push: their names have to fit on a command line
USERS_OWN = ("GIT_SSH", "GIT_ASKPASS", "GIT_CONFIG", "GIT_SSL_", "GIT_HTTP_", "GIT_PROXY")
"""What variables begin with by which people lead git to their remotes; any other GIT_* is about another repository."""
SAID = 400  # characters of git's words


def _environment(name: str) -> dict[str, str]:
    """The caller's own, with our settings behind those that it may hold."""
    own = {key: value for key, value in os.environ.items() if not key.startswith("GIT_") or key.startswith(USERS_OWN)}
    count = own.get("GIT_CONFIG_COUNT", "")
    first = int(count) if count.isdecimal() else 0
    settings = (
        ("core.fsmonitor", "false"),
        ("core.hooksPath", os.devnull),
        ("gc.auto", "0"),
        ("maintenance.auto", "false"),
        (f"remote.{name}.mirror", "false"),  # a mirror forces and deletes
    )
    ours = {"GIT_CONFIG_COUNT": str(first + len(settings)), "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    for number, (key, value) in enumerate(settings, first):
        ours |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return own | ours


@dataclass(frozen=True)
class Remote:
    """A remote, by the name that the user gave it."""

    repository: Repository
    name: str

    @cached_property
    def _git(self) -> Git:
        directory = self.repository.git.directory
        # addresses may be relative to where a person stands
        return Git(directory, {}, self.repository.top or directory, _environment(self.name), runner=run_foreign)

    @property
    def known(self) -> bool:
        """Whether the repository has a remote of this name; nobody is asked."""
        # not `git remote`, to which our own setting of it makes it one
        return self._git.try_run("config", "--get-all", f"remote.{self.name}.url").code == 0

    def refs(self, *patterns: str) -> dict[str, str]:
        """Its references that match, full names and object ids. Raises Blocked when it cannot be asked."""
        said = self._talk("ls-remote", "--quiet", self.name, *patterns).stdout.decode(errors="replace")
        pairs = (line.partition("\t") for line in said.splitlines())
        return {name: oid for oid, tab, name in pairs if tab and not name.endswith("^{}")}

    def tip(self, branch: str) -> str | None:
        """The commit of one of its branches, or None. Raises Blocked when it cannot be asked."""
        return self.refs(f"{BRANCHES}{branch}").get(f"{BRANCHES}{branch}")

    def fetch(self, branch: str, run: str) -> str | None:
        """The same, once its history is in the user's repository, kept there by a reference of ours for the run.

        None of the user's own references moves, remote-tracking branches included. Raises Blocked.
        """
        tip, git, here = self.tip(branch), self.repository.git, self.repository.tip(branch)
        if tip is None or (here and git.resolve(tip) and git.ancestor(tip, here)):
            return tip
        kept = f"refs/sparc/remote/{run}-{tip[:12]}"
        options = ("--quiet", "--no-tags", "--no-prune", "--no-recurse-submodules", "--no-write-fetch-head")
        self._talk("fetch", *options, "--no-auto-maintenance", "--refmap=", self.name, f"{BRANCHES}{branch}:{kept}")
        return git.resolve(kept)  # it may have moved on since it was looked at

    def push(self, refs: Mapping[str, str]) -> dict[str, str]:
        """Give references these objects, fast-forward only; why it was refused, for each that was.

        Raises Blocked when the remote cannot be reached.
        """
        refused: dict[str, str] = {}
        for names in _in_parts(sorted(refs), AT_ONCE):
            orders = [f"{refs[name]}:{name}" for name in names]
            done = self._try("push", "--porcelain", "--no-force", "--no-follow-tags", "--recurse-submodules=no",
                             self.name, *orders)  # fmt: skip
            found = dict(_refusals(done.stdout.decode(errors="replace")))
            if (done.code != 0 or done.failure) and not found:
                raise self._unreachable(done)
            said = _from_there(done.stderr.decode(errors="replace"))
            refused |= {name: f"{why}{said}" for name, why in found.items()}
        return refused

    def _try(self, *arguments: str) -> Completed:
        return self._git.try_run(*arguments, timeout=TIMEOUT)

    def _talk(self, *arguments: str) -> Completed:
        done = self._try(*arguments)
        if done.code != 0 or done.failure:
            raise self._unreachable(done)
        return done

    def _unreachable(self, done: Completed) -> Blocked:
        if not self.known:
            return Blocked(f"{self.repository.path} has no remote {self.name} any more: put it back and resume")
        said = done.failure or done.stderr.decode(errors="replace").strip() or f"exit code {done.code}"
        words = " ".join(without_passwords(said).split())[:SAID]
        return Blocked(f"git could not talk to {self.name} ({words}): mend that and resume")


@task(name="push", task_run_name="push {what}", cache_policy=NO_CACHE, persist_result=False)
async def push(remote: Remote, refs: Mapping[str, str], what: str) -> dict[str, str]:  # noqa: ARG001 - the task's name
    """Push: see `Remote.push`."""
    return await in_thread(remote.push, refs)


def _refusals(porcelain: str) -> Iterator[tuple[str, str]]:
    """(reference, git's reason) of each line `!<tab>from:to<tab>[rejected] (why)`."""
    for line in porcelain.splitlines():
        flag, _, rest = line.partition("\t")
        names, tab, why = rest.partition("\t")
        if flag == "!" and tab:
            yield names.partition(":")[2], without_passwords(why)


def _from_there(stderr: str) -> str:
    """What the remote itself had to say, a hook of it for instance."""
    words = " ".join(line.removeprefix("remote:").strip() for line in stderr.splitlines() if line.startswith("remote:"))
    return f": {without_passwords(words)[:SAID].strip()}" if words.strip() else ""


def _in_parts(names: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    return (names[start : start + size] for start in range(0, len(names), size))
