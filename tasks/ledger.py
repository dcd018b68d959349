"""What makes a hub keep its own rules: its configuration and hooks, written once, and looked at before every change.

The hooks lie in the hub itself, as they were when the run began, so that neither a newer sparc nor a missing one
changes the rules of a run. `reference-transaction` starts `tasks/reference_transaction.py`; `pre-receive` refuses every
push. Git runs no hook that is not executable, and says nothing: so whatever updates a reference calls `Ledger.check`
first, which compares all that the rules rest on with what `seal` wrote.
"""

import contextlib
import hashlib
import os
import py_compile
import shlex
import shutil
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from gates.model import Frozen
from tasks.atomic import write_atomically
from tasks.errors import Blocked
from tasks.git_environment import ATTRIBUTES

RULES = Path(__file__).with_name("reference_transaction.py")
SEAL = "sparc.json"
MOVING = frozenset({
    "branch", "commit-graph", "fetch", "gc", "pack-refs", "pull", "push", "repack", "symbolic-ref", "tag", "update-ref",
})  # fmt: skip
"""Commands of git that change references, or what is made of them."""
EXECUTABLE, EXECUTABLE_MODE = frozenset({"hooks/reference-transaction", "hooks/pre-receive"}), 0o755
FILES = frozenset({"HEAD", "config", "hooks/rules.py", "info/attributes", "objects/info/alternates"})
COMPILED = "hooks/__pycache__"
UNWANTED = ("commondir", "config.worktree", "info/grafts", "objects/info/http-alternates", "shallow")
"""Files by which git would look at another repository, another configuration, or another history."""
CONFIG = """\
[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = true
\tlogAllRefUpdates = true
\tfsync = committed
\thooksPath = {hooks}
[receive]
\tdenyNonFastForwards = true
\tdenyDeletes = true
\tautogc = false
[gc]
\tauto = 0
\tpruneExpire = never
\treflogExpire = never
\treflogExpireUnreachable = never
"""
REFERENCE_TRANSACTION = """\
#!/bin/sh
[ "$1" = prepared ] || exit 0
for python in {} /usr/bin/python3 /usr/local/bin/python3; do
    [ -x "$python" ] && exec "$python" -I -S -B -c "{}" {} {} {} "${{0%/*}}"
done
echo "the hub refuses any change: no Python is left to look at it with: 'sparc resume' finds another" >&2
exit 1
"""
# imported, and not run as a script, so that it need not be compiled each time
START = "import sys; sys.path.append(sys.argv.pop()); import rules; rules.main()"
PRE_RECEIVE = """\
#!/bin/sh
echo "only sparc writes here: leave files in your working directory, they are taken from there" >&2
exit 1
"""


REMEDY = (
    "somebody changed the hub behind sparc's back, and none of its references is moved until that is mended: find out "
    "who, put it back and resume, or leave this run for a new one"
)


class Seal(Frozen):
    """What was written, where and for what; kept beside it."""

    directory: str
    """Where the hub was: the hooks' path in its configuration is absolute."""
    programs: tuple[str, str]
    """Python and git, which the hook runs."""
    files: dict[str, str]
    """sha256 of each file."""


@dataclass(frozen=True)
class Ledger:
    """A hub, as that which keeps its rules."""

    directory: Path

    @property
    def hooks(self) -> Path:
        """Absolute path of its hooks; from a relative one git would, in some places, run none without a word."""
        return self.directory.absolute() / "hooks"

    @property
    def sealed(self) -> bool:
        """Whether it was made to its end."""
        return os.path.lexists(self.directory / SEAL)

    @property
    def moved(self) -> bool:
        """Whether the hub, or a program that its hook needs, is no longer where it was. Raises Blocked."""
        seal = self._seal()
        return seal.directory != str(self.directory.absolute()) or not all(map(os.path.isfile, seal.programs))

    def check(self) -> None:
        """Raise Blocked unless all that the rules rest on is as it was written; takes well under a millisecond."""
        wanted = self._seal().files
        for name, digest in wanted.items():
            if problem := _differs(self.directory / name, digest, executable=name in EXECUTABLE):
                raise Blocked(f"{self.directory / name} {problem}: {REMEDY}")
        strange = [name for name in UNWANTED if os.path.lexists(self.directory / name)]
        there = {f"{place}/{name}" for place in ("hooks", COMPILED) for name in _listed(self.directory / place)}
        for name in (*strange, *sorted(there - wanted.keys() - {COMPILED})):
            raise Blocked(f"{self.directory / name} is there, and sparc has put no such file there: {REMEDY}")

    def glance(self) -> None:
        """Raise Blocked if git would hang on a file that is none any more, a pipe for instance; microseconds."""
        for name in (*FILES, *EXECUTABLE):
            path = self.directory / name
            with contextlib.suppress(OSError):  # a missing one keeps nobody waiting
                if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 - this is asked for every command
                    raise Blocked(f"{path} is not as sparc wrote it: {REMEDY}")

    def _seal(self) -> Seal:
        file = self.directory / SEAL
        try:
            seal = Seal.model_validate_json(file.read_bytes())
        except (OSError, ValidationError):
            seal = None
        if seal is None or not seal.files.keys() >= {*FILES, *EXECUTABLE}:
            raise Blocked(f"{file} is missing or no longer what it was, so that nobody knows the hub's rules: {REMEDY}")
        return seal


def _listed(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - this is asked often
    except OSError:
        return []


def _differs(path: Path, digest: str, *, executable: bool) -> str | None:
    try:
        with open(path, "rb", opener=_no_link) as file:
            mode = os.fstat(file.fileno()).st_mode
            same = stat.S_ISREG(mode) and hashlib.sha256(file.read()).hexdigest() == digest
    except OSError as problem:
        return f"cannot be read ({problem.strerror})"
    if not same:
        return "is not as sparc wrote it"
    if executable and (stat.S_IMODE(mode) != EXECUTABLE_MODE or not os.access(path, os.X_OK)):
        return "is not executable, so that git would not run it (it needs mode 755, and a disk without noexec)"
    return None


def _no_link(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def seal(directory: Path, objects: Path, plan: str, start: str) -> None:
    """Write configuration, hooks and the link to borrowed objects; last of all, what they have to be from now on.

    `directory` is a bare repository and `objects` the folder whose objects it borrows. Doing it again after a kill
    completes it; after a move of the hub it brings the paths up to date, and the rules stay those that it has.
    """
    own, programs = directory / "hooks/rules.py", (os.path.realpath(sys.executable), _git())
    rules = own if Ledger(directory).sealed else RULES
    python, *words = map(shlex.quote, (*programs, plan, start))
    texts = {
        "HEAD": "ref: refs/heads/main\n",
        "config": CONFIG.format(hooks=_quoted(str(directory.absolute() / "hooks"))),
        "hooks/rules.py": rules.read_text(encoding="utf-8"),
        "hooks/pre-receive": PRE_RECEIVE,
        "hooks/reference-transaction": REFERENCE_TRANSACTION.format(python, START, *words),
        "info/attributes": ATTRIBUTES,
        "objects/info/alternates": f"{_quoted(str(objects)) if chr(10) in str(objects) else objects}\n",
    }
    documents = {name: os.fsencode(text) for name, text in texts.items()}
    for half in own.parent.glob(".*.tmp"):  # of a process that was killed here
        half.unlink()
    for name, document in documents.items():
        mode = EXECUTABLE_MODE if name in EXECUTABLE else 0o644
        write_atomically(directory / name, document, mode)
        (directory / name).chmod(mode)  # whatever the umask is
    compiled = _compiled(directory / "hooks/rules.py")
    documents[str(compiled.relative_to(directory))] = compiled.read_bytes()
    digests = {name: hashlib.sha256(document).hexdigest() for name, document in documents.items()}
    made = Seal(directory=str(directory.absolute()), programs=programs, files=digests)
    write_atomically(directory / SEAL, made.model_dump_json(indent=1).encode())


def _compiled(source: Path) -> Path:
    """What this Python makes of a module; the only one in its folder. It counts as long as it fits the source."""
    shutil.rmtree(source.parent / "__pycache__", ignore_errors=True)
    mode = py_compile.PycInvalidationMode.CHECKED_HASH
    return Path(str(py_compile.compile(str(source), doraise=True, invalidation_mode=mode)))


def _git() -> str:
    return os.path.realpath(shutil.which("git") or "git")


def _quoted(text: str) -> str:
    """As git's own files quote what may hold anything."""
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n")):
        text = text.replace(plain, escaped)
    return f'"{text}"'
