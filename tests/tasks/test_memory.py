"""Memory in real storage: what is kept, what is refused, and what damage is."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.errors import Blocked, Refused
from tasks.memory import VALUE_LIMIT, Memory, Value
from tests.tasks.memories import OTHER, REPOSITORY, child, files, local

# -- keys and values


@pytest.mark.parametrize(
    "value",
    [
        "text\n",
        "",
        "\u6f22\u5b57 \U0001f600 \udc80",
        b"bytes \x00\xff",
        b"",
        None,
        True,
        1.5,
        [1, "two", None],
        {"b": {"2": [], "10": {}}, "a": "\udcff"},
    ],
)
def test_what_was_put_is_what_is_read(memory: Memory, value: Value) -> None:
    put = memory.put("ledger/specification/docs/requirements.md", value, run="r1", attempt=2, commit="c" * 40)
    got = memory.get("ledger/specification/docs/requirements.md")
    assert got == put
    assert got is not None
    assert got.value == value
    assert type(got.value) is type(value)
    assert (got.run, got.attempt, got.commit, got.repository) == ("r1", 2, "c" * 40, REPOSITORY)
    assert got.written.endswith("+00:00")


def test_json_comes_back_as_json_has_it(memory: Memory) -> None:
    value: dict[object, object] = {10: (1, 2), 9: "x"}
    put = memory.put("k", value, run="r")  # type: ignore[arg-type]
    assert put.value == {"10": [1, 2], "9": "x"}
    assert memory.get("k") == put


def test_an_unknown_key_is_nothing(memory: Memory) -> None:
    memory.put("a/b/c", "1", run="r")
    for key in ("a", "a/b", "a/b/c/d", "x"):
        assert memory.get(key) is None
        assert memory.history(key) == ()


def test_nothing_is_there_before_the_first_put(memory: Memory) -> None:
    assert memory.list() == ()


def test_a_key_may_continue_another(memory: Memory) -> None:
    for key in ("a", "a/b", "a/b/c"):
        memory.put(key, key, run="r")
    assert memory.list() == ("a", "a/b", "a/b/c")
    assert [entry.value for entry in memory.history("a/b")] == ["a/b"]


def test_history_is_oldest_first_and_the_newest_is_the_value(memory: Memory) -> None:
    for number in range(20):
        memory.put("k", number, run=f"r{number}")
    assert [entry.value for entry in memory.history("k")] == list(range(20))
    newest = memory.get("k")
    assert newest is not None
    assert newest.run == "r19"


def test_a_version_follows_one_that_was_written_with_a_fast_clock(tmp_path: Path) -> None:
    memory = local(tmp_path)
    memory.put("k", "first", run="r")
    [file] = files(tmp_path)
    file.rename(file.with_name("=09999999999999999999-00000000.json"))
    memory.put("k", "second", run="r")
    assert [entry.value for entry in memory.history("k")] == ["first", "second"]


ODD_KEYS = (
    "ledger/specification/docs/requirements.md",
    "a b/100%/%2F/=x.json/+y/~",
    "star*/[q]?/{a}/#/:/\\",
    "\u00fc\u6f22\u5b57/\U0001f469\u200d\U0001f680",
    ".git/...",
    "long" * 100 + "/" + "\u6f22" * 150 + "/x",
    "x" * 200 + "/" + "y" * 200 + ".",
)


def test_odd_keys_are_kept_apart_and_listed_as_they_are(memory: Memory) -> None:
    for key in ODD_KEYS:
        memory.put(key, key, run="r")
    assert memory.list() == tuple(sorted(ODD_KEYS))
    for key in ODD_KEYS:
        assert [entry.value for entry in memory.history(key)] == [key]


@pytest.mark.parametrize(
    "key", ["", "/a", "a/", "a//b", ".", "a/../b", "a/./b", "a\nb", "a\x00", "a\udc80", "x" * 1025, "\u6f22" * 400]
)
def test_a_key_that_cannot_be_kept_is_refused(memory: Memory, key: str) -> None:
    ask: tuple[Callable[[], object], ...] = (
        lambda: memory.put(key, "", run="r"),
        lambda: memory.get(key),
        lambda: memory.history(key),
    )
    for question in ask:
        with pytest.raises(Refused, match="memory key"):
            question()


def test_the_largest_value_is_kept_and_one_byte_more_is_refused(tmp_path: Path) -> None:
    memory = local(tmp_path)
    memory.put("k", "x" * VALUE_LIMIT, run="r")
    with pytest.raises(Refused, match="up to 10485760 bytes: 'k' would have 10485761"):
        memory.put("k", b"x" * (VALUE_LIMIT + 1), run="r")
    assert len(memory.history("k")) == 1


@pytest.mark.parametrize(
    ("glob", "found"),
    [
        ("*", ("l/a/docs/x.md", "l/b/x.md", "m/x.md")),
        ("l/*", ("l/a/docs/x.md", "l/b/x.md")),
        ("*/x.md", ("l/a/docs/x.md", "l/b/x.md", "m/x.md")),
        ("l/?/x.md", ("l/b/x.md",)),
        ("[m]/x.md", ("m/x.md",)),
        ("x.md", ()),
        ("L/*", ()),
    ],
)
def test_globs_cross_slashes(memory: Memory, glob: str, found: tuple[str, ...]) -> None:
    for key in ("m/x.md", "l/b/x.md", "l/a/docs/x.md"):
        memory.put(key, "", run="r")
    assert memory.list(glob) == found


def test_another_repository_sees_nothing(memory: Memory) -> None:
    memory.put("k", "mine", run="r")
    theirs = Memory(memory.block, OTHER, memory.storage, memory.root)
    assert theirs.get("k") is None
    assert theirs.list() == ()
    theirs.put("k", "theirs", run="r")
    assert [entry.value for entry in memory.history("k")] == ["mine"]


# -- damage


def spoil_value(text: str) -> str:
    return text.replace("true word", "false word")


def half(text: str) -> str:
    return text[: len(text) // 2]


def empty(_: str) -> str:
    return ""


def unknown_field(text: str) -> str:
    return json.dumps(json.loads(text) | {"extra": 1})


def other_key(text: str) -> str:
    return text.replace('"key": "k"', '"key": "l"')


def other_repository(text: str) -> str:
    return text.replace(REPOSITORY, OTHER)


def no_base64(text: str) -> str:
    return json.dumps(json.loads(text) | {"encoding": "base64"})


def no_object(_: str) -> str:
    return "[1]"


def no_value(text: str) -> str:
    return json.dumps({name: value for name, value in json.loads(text).items() if name != "value"})


@pytest.mark.parametrize(
    "spoil",
    [spoil_value, half, empty, unknown_field, other_key, other_repository, no_base64, no_object, no_value],
)
def test_a_damaged_entry_is_an_error_that_names_its_file(tmp_path: Path, spoil: Callable[[str], str]) -> None:
    memory = local(tmp_path)
    memory.put("k", "the true word", run="r")
    [file] = files(tmp_path)
    file.write_text(spoil(file.read_text()))
    memory.put("k", "a later one", run="r")
    with pytest.raises(Blocked, match="is damaged") as problem:
        memory.history("k")
    assert str(file) in str(problem.value)
    newest = memory.get("k")
    assert newest is not None
    assert newest.value == "a later one"


def test_a_storage_that_fails_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "memory").write_text("no directory")
    memory = local(tmp_path)
    with pytest.raises(Blocked, match=r"memory local-file-system/sparc-memory: cannot write: .*directory"):
        memory.put("k", "", run="r")


def test_what_could_not_be_written_is_not_left_behind(tmp_path: Path) -> None:
    memory = local(tmp_path)
    script = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000));"
        "memory.put('k', 'x' * 200_000, run='r')"
    )
    with child(memory, script, stderr=subprocess.PIPE) as process:
        assert b"cannot write: [Errno 27] File too large" in process.communicate()[1]
    assert files(tmp_path) == []
