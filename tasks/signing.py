"""Signing: with `signing: {key: PATH}` every commit that sparc makes carries an SSH signature.

The key is the orchestrator's: git, started by it, reads the file at every commit, and nobody else is to. It must have
no passphrase, for nobody is there to type one, and must lie outside of everything that runs and agents work in: the
repository, SPARC_HOME and the plan's folder. It lies in the user's account all the same: an agent that runs as that
user without isolation can read it, and then the signature proves nothing against that agent. `isolation` hides it
where reading can be forbidden; an account or a machine of its own for sparc does so everywhere.
"""

import base64
import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from tasks.command import Command, run
from tasks.errors import Refused

SECONDS = 30.0
"""For one answer of ssh-keygen, which needs milliseconds unless it waits for somebody."""
MAKE_ONE = "`ssh-keygen -t ed25519 -N '' -f FILE` makes one"


class Signer(NamedTuple):
    """A key to sign with."""

    key: Path
    """The file of the private key, absolute."""
    fingerprint: str
    """Of its public half, as `ssh-keygen -l` writes it: `SHA256:...`."""


def ssh_keygen(*arguments: str | Path) -> Command:
    """One call of ssh-keygen, without anything of the caller's but PATH; times are UTC."""
    env = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC0", "HOME": os.devnull}
    return Command(("ssh-keygen", *map(str, arguments)), Path("/"), env, timeout=SECONDS)


def git_options(key: Path) -> tuple[str, ...]:
    """Options of git by which `commit-tree -S` signs with a key, whatever a repository's configuration says."""
    settings = {"gpg.format": "ssh", "gpg.ssh.program": "ssh-keygen", "user.signingKey": str(key)}
    return tuple(word for name, value in settings.items() for word in ("-c", f"{name}={value}"))


def fingerprint(public: bytes) -> str:
    """Of a public key in its binary form."""
    return f"SHA256:{base64.b64encode(hashlib.sha256(public).digest()).decode().rstrip('=')}"


def signer_of(key: str, env: Mapping[str, str], elsewhere: Iterable[Path] = ()) -> Signer:
    """The key that a plan names, `~` being the HOME of `env`. Raises Refused if it cannot sign unattended.

    `elsewhere`: folders outside of which it must lie.
    """
    path = _path(key, env)
    for folder in elsewhere:
        if path.resolve().is_relative_to(folder.resolve()):
            raise Refused(f"signing.key: {key} lies in {folder}, where agents work: keep it outside, in ~/.ssh say")
    done = run(ssh_keygen("-y", "-P", "", "-f", path))
    words = done.stderr.decode(errors="replace").strip()
    if done.failure:
        raise Refused(f"signing.key: {done.failure}: merges are signed by ssh-keygen, which comes with OpenSSH")
    if done.code != 0:
        raise Refused(f"signing.key: {key} {_why(words)}")
    kind, public, *_ = done.stdout.split()
    if kind.startswith(b"sk-"):
        raise Refused(f"signing.key: {key} needs somebody to touch a device at every merge: {MAKE_ONE}")
    return Signer(path, fingerprint(base64.b64decode(public)))


def _path(key: str, env: Mapping[str, str]) -> Path:
    path = Path(env.get("HOME", "~"), key[2:]) if key.startswith("~/") else Path(key)
    if not path.is_absolute():
        raise Refused(f"signing.key: {key!r} is no absolute path, and none that begins with ~/")
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as problem:
        raise Refused(f"signing.key: cannot read {key}: {problem.strerror}; {MAKE_ONE}") from problem
    return path


def _why(words: str) -> str:
    """Why ssh-keygen does not take a key, from what it says."""
    if "incorrect passphrase" in words:
        return f"is protected by a passphrase, and nobody is there to type it: {MAKE_ONE} without"
    if "too open" in words or "bad permissions" in words:
        return "can be read by others, and ssh-keygen takes no such key: `chmod 600` it"
    return f"is no private SSH key that can be read ({words.rpartition(chr(10))[2]}): {MAKE_ONE}"
