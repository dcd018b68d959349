"""Reading signatures: whose key made one, whether it is good, and whether a list of signers allows it.

Git's own `verify-commit` takes its program and its list from configuration, which the repository may hold; here
ssh-keygen is asked itself, about what stands in the object.
"""

import base64
import binascii
import os
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tasks.command import run
from tasks.errors import Refused
from tasks.signing import fingerprint, ssh_keygen

BEGIN, END = b"-----BEGIN SSH SIGNATURE-----", b"-----END SSH SIGNATURE-----"
NAMESPACE = "git"
MAGIC = b"SSHSIG\x00\x00\x00\x01"
LATEST = 253402300799
"""The last second of the year 9999; a time beyond it is none."""


class Signed(NamedTuple):
    """A commit, taken apart."""

    payload: bytes
    """What was signed."""
    signature: bytes | None
    """The signature as it stands there; None: it has none."""
    time: int
    """When it says that it was made, in seconds since the epoch."""

    @property
    def fingerprint(self) -> str | None:
        """Of the key that made the signature; None if there is none, or not exactly one of SSH."""
        text = (self.signature or b"").strip()
        if not (text.startswith(BEGIN) and text.endswith(END) and text.count(BEGIN) == 1):
            return None
        try:
            raw = base64.b64decode(text[len(BEGIN) : -len(END)])
        except binascii.Error:
            return None
        start = len(MAGIC) + 4
        size = int.from_bytes(raw[len(MAGIC) : start])
        return fingerprint(raw[start : start + size]) if raw.startswith(MAGIC) and len(raw) >= start + size else None


def of_commit(body: bytes) -> Signed:
    """A commit, by its stored form; every header that is named like a signature is taken for one."""
    head, blank, message = body.partition(b"\n\n")
    kept: list[bytes] = []
    signature: list[bytes] | None = None
    inside = False
    for line in head.split(b"\n"):
        if line.startswith(b"gpgsig"):
            inside = True
            signature = [*(signature or []), line.partition(b" ")[2]]
        elif inside and line.startswith(b" "):
            signature = [*(signature or []), line[1:]]
        else:
            inside = False
            kept.append(line)
    whole = None if signature is None else b"\n".join(signature) + b"\n"
    return Signed(b"\n".join(kept) + blank + message, whole, _time(head))


def _time(head: bytes) -> int:
    lines = [line for line in head.split(b"\n") if line.startswith(b"committer ")]
    told = re.search(rb"> (\d{1,12}) [+-]\d{4}$", lines[0]) if lines else None
    return min(int(told[1]), LATEST) if told else 0


class Signatures:
    """Judges signatures, with a list of allowed signers (`ssh-keygen`'s ALLOWED SIGNERS) or without."""

    def __init__(self, allowed: Path | None = None) -> None:
        """Raises Refused if there is to be a list and it names nobody."""
        self._allowed = allowed.absolute() if allowed else None
        lines = _lines(allowed) if allowed else []
        if self._allowed and not lines:
            raise Refused(f"--signers: {allowed} names no signer: a line is `NAME ssh-ed25519 AAAA...`")
        # whom the list allows may depend on when something was signed
        self._timed = any("valid-" in line for line in lines)
        self._names: dict[tuple[str, str], tuple[str, ...]] = {}

    @property
    def listed(self) -> bool:
        """Whether there is a list: then whatever is not signed by somebody on it is a problem."""
        return self._allowed is not None

    def problems(self, signed: Iterable[Signed]) -> list[str | None]:
        """What is wrong with each of these; None: nothing."""
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as threads:
            return list(threads.map(self.problem, signed))

    def problem(self, signed: Signed) -> str | None:
        """What is wrong with one."""
        if signed.signature is None:
            return "it is not signed" if self.listed else None
        who = signed.fingerprint
        if who is None:
            return "its signature is not one of SSH, so that it cannot be checked"
        with TemporaryDirectory(prefix="sparc-signature-") as scratch:
            file = Path(scratch, "signature")
            file.write_bytes(signed.signature)
            if self._allowed and self._allows(self._allowed, signed, file):
                return None
            if not _asked(signed, "check-novalidate", file):
                return f"its signature, by {who}, does not fit: it or the commit was altered"
            return f"it is signed by {who}, which the list of signers does not allow" if self._allowed else None

    def _allows(self, allowed: Path, signed: Signed, file: Path) -> bool:
        """Whether somebody on the list has signed this; each name is only looked for here, and judged by ssh-keygen."""
        then = datetime.fromtimestamp(signed.time, UTC).strftime("-Overify-time=%Y%m%d%H%M%S")
        known = (signed.fingerprint or "", then if self._timed else "")
        if known not in self._names:
            self._names[known] = tuple(_principals(allowed, file, then))
        listed = ("-f", str(allowed), then)
        return any(_asked(signed, "verify", file, *listed, "-I", name) for name in self._names[known])


def _lines(file: Path) -> list[str]:
    """Of a list of signers, those that name somebody."""
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as problem:
        raise Refused(f"--signers: cannot read {file}: {problem.strerror}") from problem
    return [line for line in lines if line.strip() and not line.strip().startswith("#")]


def _principals(allowed: Path, file: Path, then: str) -> Iterator[str]:
    done = run(ssh_keygen("-Y", "find-principals", "-s", file, "-f", allowed, then))
    names = os.fsdecode(done.stdout).replace(",", "\n").splitlines() if done.code == 0 else []
    yield from (name for name in names if name and not name.startswith("!"))


def _asked(signed: Signed, what: str, file: Path, *more: str) -> bool:
    command = ssh_keygen("-Y", what, "-n", NAMESPACE, "-s", file, *more)
    return run(replace(command, stdin=signed.payload)).code == 0
