"""The rules of the hub's references, as the hook that git asks before any of them changes, whoever asks git.

Copied into the hub when it is made, as `rules.py` beside the shell script by which git starts it (`tasks/ledger.py`),
and run there by `python -I -S` with the arguments GIT PLAN START and the updates on standard input. So it imports
nothing of ours and as little as it can: every change of a reference waits for it, and `typing` alone takes as long as
Python itself. Exit code 0 lets a whole transaction through, anything else refuses it with a sentence on standard error.
Nothing of the caller's environment is believed: the hub is where this file lies.

    refs/heads/sparc/<plan>       begins at START; forward only, by merges that rest on evidence (`_forward`)
    refs/heads/phase/*            begins at the tip of the plan's branch; likewise
    refs/heads/agent/*, resolution/*, release/*, revert/*     a commit each; made once
    refs/tags/good/<plan>/<n>     an annotated tag of one of the plan's own merges; made once
    refs/evidence/<sha256>        a blob that hashes to its name; made once
    anything else                 refused; and so is every deletion
"""

import os
import sys

ONCE = tuple(f"refs/heads/{kind}/" for kind in ("agent", "resolution", "release", "revert"))
PLANS, PHASES, GOOD, EVIDENCE = "refs/heads/sparc/", "refs/heads/phase/", "refs/tags/good/", "refs/evidence/"
HEX = "0123456789abcdef"
FALSIFIED = ("info/grafts", "shallow")
"""Files by which git would show other parents than the commits have."""


class Refusal(Exception):
    """Which rule a change breaks."""


class Rules:
    """What is fixed for a hub."""

    def __init__(self, git: str, plan: str, start: str) -> None:
        """`git` is the absolute path of the program."""
        self.git, self.plan_branch, self.start = git, f"{PLANS}{plan}", start
        self.tags = f"{GOOD}{plan}/"
        self.hub = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - pathlib is slow


class Commit:
    """What a commit says."""

    def __init__(self, oid: str, body: str) -> None:
        head, _, message = body.partition("\n\n")
        fields = [line.partition(" ") for line in head.split("\n")]
        pairs = (line.partition(": ") for line in message.rstrip("\n").rpartition("\n\n")[2].split("\n"))
        self.name, self.tree = oid[:12], fields[0][2]
        others = [number for number, (key, _, _) in enumerate(fields) if number and key != "parent"]
        self.parents = [value for _, _, value in fields[1 : others[0]]]  # where git looks for them, not further down
        self.trailers = {key: value for key, colon, value in pairs if colon and " " not in key}


class Child:
    """A git on the hub, with nothing of the caller's environment."""

    def __init__(self, rules: Rules, *words: str) -> None:
        theirs_in, ours_in = os.pipe()
        ours_out, theirs_out = os.pipe()
        env = {
            "PATH": os.defpath, "HOME": os.devnull, "LC_ALL": "C", "GIT_DIR": rules.hub, "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull, "GIT_NO_REPLACE_OBJECTS": "1", "GIT_CONFIG_COUNT": "2",
            "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*",
            "GIT_CONFIG_KEY_1": "core.attributesFile", "GIT_CONFIG_VALUE_1": os.devnull,
        }  # fmt: skip
        ends = [(os.POSIX_SPAWN_DUP2, theirs_in, 0), (os.POSIX_SPAWN_DUP2, theirs_out, 1)]
        self._pid = os.posix_spawn(rules.git, (rules.git, *words), env, file_actions=ends)
        os.close(theirs_in)
        os.close(theirs_out)
        self.stdin, self.stdout = os.fdopen(ours_in, "wb"), os.fdopen(ours_out, "rb")

    def end(self) -> tuple[int, str]:
        """Wait for it: its exit code, and what it has printed."""
        self.stdin.close()
        output = self.stdout.read().decode(errors="surrogateescape")
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1]), output


class Store:
    """Objects and references of the hub, by one git that answers as long as we ask."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._git = Child(rules, "cat-file", "--batch")

    def read(self, name: str) -> tuple[str, str, bytes] | None:
        """(object id, type, contents) of an object, or of what a reference points to; None if there is none."""
        self._git.stdin.write(f"{name}\n".encode())
        self._git.stdin.flush()
        fields = self._git.stdout.readline().decode().split()
        if len(fields) != 3:  # noqa: PLR2004 - `oid type size`
            return None
        contents = self._git.stdout.read(int(fields[2]))
        self._git.stdout.read(1)
        return fields[0], fields[1], contents

    def value(self, ref: str) -> str:
        """The object that a reference points to; empty if there is none."""
        found = self.read(ref)
        return found[0] if found else ""

    def commit(self, oid: str) -> Commit:
        """A commit. Raises Refusal if it is none."""
        found = self.read(oid)
        if found is None or found[1] != "commit":
            raise Refusal(f"{oid[:12]} is no commit of this repository")
        return Commit(oid, found[2].decode(errors="replace"))

    def contains(self, newer: str, older: str) -> bool:
        """Whether one commit contains another. Raises Refusal if git cannot tell."""
        code, _ = Child(self.rules, "merge-base", "--is-ancestor", older, newer).end()
        if code not in (0, 1):
            raise Refusal(f"git cannot tell whether {newer[:12]} contains {older[:12]}")
        return code == 0


def main() -> None:
    """Judge the transaction on standard input. Exits with 1 to refuse it."""
    rules = Rules(*sys.argv[1:4])
    updates = [line.split(" ", 2)[1:] for line in sys.stdin.read().splitlines()]
    os.chdir(rules.hub)
    name = "the whole change"
    try:
        _refuse_falsified()
        store, made = Store(rules), {name: new for new, name in updates}
        for new, name in updates:
            _judge(store, name, new, made)
    except Refusal as rule:
        _refuse(name, str(rule))
    except Exception as problem:  # noqa: BLE001 - what cannot be judged is refused
        _refuse(name, f"it cannot be judged ({type(problem).__name__}: {problem})")


def _refuse_falsified() -> None:
    for file in filter(os.path.lexists, FALSIFIED):
        raise Refusal(f"{file} is there, which makes history look other than it is: remove it")


def _refuse(name: str, rule: str) -> None:
    sys.stderr.write(f"the hub refuses {name}: {rule}\n")
    sys.exit(1)


def _judge(store: Store, name: str, new: str, made: dict[str, str]) -> None:
    """One change. Raises Refusal."""
    if ":" in new:
        raise Refusal("references here point to objects, not to other references")
    current = store.value(name)  # what git tells as the old value is all zeros for a caller that did not care
    if not new.strip("0"):
        if not _packed(name, current):
            raise Refusal("nothing is ever deleted here")
    elif name == store.rules.plan_branch or name.startswith(PHASES):
        _branch(store, name, current, new, made)
    else:
        _once(store, name, current, new)


def _packed(name: str, current: str) -> bool:
    """Whether git only removes the file of a reference that `packed-refs` keeps, which is what packing them does.

    A true deletion holds that file's lock while we are asked.
    """
    if not current or os.path.lexists("packed-refs.lock"):
        return False
    try:
        with open("packed-refs", "rb") as file:  # noqa: PTH123 - see above
            return f"\n{current} {name}\n".encode() in file.read()
    except OSError:
        return False


def _once(store: Store, name: str, current: str, new: str) -> None:
    """What is made once. Raises Refusal."""
    if not name.startswith((*ONCE, EVIDENCE, store.rules.tags)):
        raise Refusal("no such reference belongs here; only sparc writes here, and only what it has a place for")
    if current == new:
        return
    if current:
        raise Refusal("it is made once and never moved")
    found = store.read(new)
    kind, contents = found[1:] if found else ("missing", b"")
    if name.startswith(EVIDENCE):
        if kind != "blob" or _sha256(contents) != name.removeprefix(EVIDENCE):
            raise Refusal("it is to be a blob that hashes to its name")
    elif name.startswith(GOOD):
        _tag(store, name, kind, contents.decode(errors="replace"))
    elif kind != "commit":
        raise Refusal("it is to be a commit")


def _tag(store: Store, name: str, kind: str, contents: str) -> None:
    number = name.rpartition("/")[2]
    if kind != "tag" or number.strip("0123456789") or number.startswith("0") or name.count("/") != 4:  # noqa: PLR2004
        raise Refusal("it is to be an annotated tag that ends with a number")
    head = contents.partition("\n\n")[0].split("\n")
    if head[1] != "type commit" or head[2] != f"tag {name.removeprefix('refs/tags/')}":
        raise Refusal("it is to be a tag of that name, of a commit")
    target, at = head[0].removeprefix("object "), store.value(store.rules.plan_branch)
    while at not in (target, store.rules.start, ""):
        at = next(iter(store.commit(at).parents), "")
    if at != target or at == store.rules.start:
        raise Refusal(f"{target[:12]} is not one of the merges that the plan's branch consists of")


def _branch(store: Store, name: str, current: str, new: str, made: dict[str, str]) -> None:
    """A branch that grows by merges. Raises Refusal."""
    if current:
        _forward(store, current, new, made)
        return
    begin = store.value(store.rules.plan_branch) if name.startswith(PHASES) else store.rules.start
    if new != begin:
        where = "the tip of the plan's branch" if name.startswith(PHASES) else "the commit that the run started from"
        raise Refusal(f"it begins at {where}, {begin[:12]}, not at {new[:12]}")


def _forward(store: Store, current: str, new: str, made: dict[str, str]) -> None:
    """From the old tip to the new one by merges alone, each on the one before it. Raises Refusal."""
    at = new
    try:
        while at != current:
            commit = store.commit(at)
            _merge(store, commit, made)
            at = commit.parents[0]
    except Refusal:  # the sentence that tells most
        if not store.contains(new, current):
            raise Refusal(f"forward only: {new[:12]} does not contain the old tip {current[:12]}") from None
        words = ("rev-list", "--first-parent", "--parents", f"{current}..{new}")
        lines = Child(store.rules, *words).end()[1].splitlines()
        if lines and lines[-1].split()[1:2] != [current]:
            raise Refusal(f"the first parents of {new[:12]} do not lead to the old tip {current[:12]}") from None
        raise


def _merge(store: Store, commit: Commit, made: dict[str, str]) -> None:
    """A merge of two that rests on evidence. Raises Refusal."""
    if len(commit.parents) != 2:  # noqa: PLR2004
        raise Refusal(f"merges of two only: {commit.name} has {len(commit.parents)} parents")
    if commit.parents[0] == commit.parents[1]:
        raise Refusal(f"merges of two only: both parents of {commit.name} are the same")
    record = _evidence(store, commit, made)
    if (record.get("tree"), record.get("parents")) != (commit.tree, commit.parents):
        raise Refusal(f"the evidence of {commit.name} is about another tree or other parents")
    resolved = _resolved(commit, record)
    if not resolved:
        _refuse_other_tree(store.rules, commit)
    # git's merge with what is contained already is the tree that was there: only then is it worth asking
    same = resolved or commit.tree == store.commit(commit.parents[0]).tree
    if same and store.contains(*commit.parents):
        raise Refusal(f"{commit.name} merges what its first parent contains already")


def _evidence(store: Store, commit: Commit, made: dict[str, str]) -> dict[str, object]:
    name = commit.trailers.get("Sparc-Evidence", "").removeprefix("sha256:")
    if len(name) != 64 or name.strip(HEX):  # noqa: PLR2004
        raise Refusal(f"{commit.name} names no evidence")
    ref = f"{EVIDENCE}{name}"
    told = f"the evidence that {commit.name} names, {name[:12]},"
    found = store.read(made.get(ref, ref))
    if found is None:
        raise Refusal(f"{told} is not here")
    if found[1] != "blob" or _sha256(found[2]) != name:
        raise Refusal(f"{told} does not hash to its name")
    try:
        record = _parse(found[2].decode())
    except Exception:  # noqa: BLE001 - the bare scanner raises StopIteration, and errors of a package not loaded here
        record = None
    if not isinstance(record, dict):
        raise Refusal(f"{told} is no record")
    return record


def _resolved(commit: Commit, record: dict[str, object]) -> bool:
    """Whether a conflict was resolved in a merge, by a declared agent. Raises Refusal if commit and evidence differ."""
    resolution, said = record.get("resolution"), commit.trailers.get("Conflict-Resolution")
    if (resolution.get("by") if isinstance(resolution, dict) else resolution) != said:
        raise Refusal(f"{commit.name} and its evidence do not agree on who has resolved a conflict in it")
    if said and not {record.get("gate"), record.get("outcome")} & {"passed", "batch"}:
        raise Refusal(f"{commit.name} resolves a conflict, and no gate has passed on it")
    return said is not None


def _refuse_other_tree(rules: Rules, commit: Commit) -> None:
    """Raise Refusal unless a merge is what git itself makes of its parents."""
    words = ("merge-tree", "--write-tree", "-z", "--name-only", "--no-messages")
    code, output = Child(rules, *words, *commit.parents).end()
    if code != 0 or output.partition("\0")[0] != commit.tree:
        raise Refusal(f"the tree of {commit.name} is not what git makes of its parents")


def _sha256(data: bytes) -> str:
    for module in ("_sha256", "_sha2"):  # what hashlib would lead to, without loading OpenSSL first
        try:
            return str(__import__(module).sha256(data).hexdigest())
        except ImportError:
            continue
    return str(__import__("hashlib").sha256(data).hexdigest())


class _How:
    """What the bare scanner of json asks for."""

    strict, object_hook, object_pairs_hook, parse_float, parse_int, parse_constant = True, None, None, float, int, str


def _parse(text: str) -> object:
    try:
        from _json import make_scanner  # noqa: PLC0415 - the package around it takes longer than all of this
    except ImportError:
        return __import__("json").loads(text)
    value, end = make_scanner(_How)(text, 0)  # type: ignore[arg-type]
    return value if end == len(text) else None
