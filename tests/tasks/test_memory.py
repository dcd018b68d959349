"""Memory in real storage: what is kept, what is refused, and what survives many writers and sudden deaths."""

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from tasks.errors import Blocked, Refused, SparcError
from tasks.memory import DEFAULT_BLOCK, VALUE_LIMIT, Memory, Value, aopen_memory, open_memory

REPOSITORY, OTHER = "a" * 40, "b" * 40


@pytest.fixture(params=["local", "memory"])
def memory(request: pytest.FixtureRequest, tmp_path: Path) -> Memory:
    """A memory as it is once its block was opened: in a directory, and in a storage that knows no renaming."""
    root = str(tmp_path / "a memory") if request.param == "local" else f"/{uuid.uuid4()}"
    storage = fsspec.filesystem("file" if request.param == "local" else "memory")
    return Memory("remote-file-system/test", REPOSITORY, storage, root)


def local(tmp_path: Path) -> Memory:
    return Memory(DEFAULT_BLOCK, REPOSITORY, fsspec.filesystem("file"), str(tmp_path / "memory"))


def files(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "memory").rglob("*") if path.is_file()]


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


# -- many writers


def child(memory: Memory, script: str, **popen: int) -> subprocess.Popen[bytes]:
    """Another process with the same local memory as `memory`."""
    opening = (
        "import sys, fsspec; from tasks.memory import Memory;"
        f"memory = Memory({memory.block!r}, {memory.repository!r}, fsspec.filesystem('file'), {memory.root!r});"
    )
    return subprocess.Popen((sys.executable, "-c", opening + script), **popen)  # type: ignore[call-overload, no-any-return]


def test_fifty_puts_at_once_from_processes_and_threads_are_all_there(tmp_path: Path) -> None:
    memory = local(tmp_path)
    script = "[memory.put('shared', f'{sys.argv}-{n}', run=str(n)) for n in range(10)]"
    writers = [child(memory, script.replace("{sys.argv}", str(number))) for number in range(3)]
    with ThreadPoolExecutor(20) as threads:
        list(threads.map(lambda number: memory.put("shared", f"t-{number}", run="r"), range(20)))
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]

    expected = {f"{writer}-{number}" for writer in range(3) for number in range(10)} | {f"t-{n}" for n in range(20)}
    history = memory.history("shared")
    assert {entry.value for entry in history} == expected
    assert len(history) == 50
    assert memory.history("shared") == history, "the order is always the same"
    for writer in range(3):
        values = [str(entry.value) for entry in history if str(entry.value).startswith(f"{writer}-")]
        assert values == [f"{writer}-{number}" for number in range(10)], "one writer's puts keep their order"


def test_a_reader_never_meets_half_an_entry(tmp_path: Path) -> None:
    memory = local(tmp_path)
    memory.put("k", "x", run="r")
    stop = threading.Event()

    def read() -> int:
        reads = 0
        while not stop.is_set():
            assert memory.get("k") is not None
            reads += 1
        return reads

    with ThreadPoolExecutor(2) as threads:
        readers = [threads.submit(read) for _ in range(2)]
        with child(memory, "[memory.put('k', 'x' * 1_000_000, run='r') for _ in range(20)]") as writer:
            assert writer.wait(60) == 0
        stop.set()
        assert all(reader.result() > 0 for reader in readers)
    assert len(memory.history("k")) == 21


def test_a_writer_that_is_killed_leaves_only_whole_entries(tmp_path: Path) -> None:
    memory = local(tmp_path)
    script = "[(memory.put('k', f'{n}:' + 'x' * 1_000_000, run='r'), print(n, flush=True)) for n in range(10**6)]"
    confirmed = 0
    for pause in (0.0, 0.003, 0.007, 0.011):
        with child(memory, script, stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(pause)
            writer.kill()
            confirmed += 1 + len(writer.stdout.read().splitlines())
    history = memory.history("k")
    assert all(len(str(entry.value)) > 1_000_000 for entry in history)
    assert len(history) >= confirmed, "what a put has returned is there"
    memory.put("k", "and goes on", run="r")
    assert len(memory.history("k")) == len(history) + 1


# -- blocks


def test_the_default_block_is_made_once_and_then_used_as_it_is(prefect_api: str, home: Path) -> None:
    from prefect.filesystems import LocalFileSystem  # noqa: PLC0415 - only where the server is wanted

    assert prefect_api
    with suppress(ValueError):  # a test before may have made it, in a home of its own
        LocalFileSystem.delete(DEFAULT_BLOCK.rpartition("/")[2])
    with ThreadPoolExecutor(4) as threads:
        asked = [
            threads.submit(copy_context().run, open_memory, DEFAULT_BLOCK, home, REPOSITORY) for _ in range(4)
        ]  # with the context that holds Prefect's settings, as Prefect's own threads
    first, *others = [memory.result() for memory in asked]
    assert first.root == str(home / "memory")
    assert all(other.root == first.root for other in others)
    assert open_memory(DEFAULT_BLOCK, home / "elsewhere", REPOSITORY).root == first.root
    first.put("k", "v", run="r")
    assert others[0].list() == ("k",)


def test_it_opens_in_flows_and_tasks_of_both_worlds(prefect_api: str, home: Path, tmp_path: Path) -> None:
    from prefect import flow, task  # noqa: PLC0415 - only where the server is wanted

    assert prefect_api
    block = save_local(tmp_path)

    @task
    def in_a_task() -> str:
        return open_memory(block, home, REPOSITORY).root

    @flow
    def synchronous() -> list[str]:
        return [open_memory(block, home, REPOSITORY).root, in_a_task.submit().result()]

    @flow
    async def asynchronous() -> list[str]:
        opened = await aopen_memory(block, home, REPOSITORY)
        in_thread = await asyncio.to_thread(open_memory, block, home, REPOSITORY)
        return [opened.root, in_thread.root, in_a_task.submit().result()]

    assert set(synchronous() + asyncio.run(asynchronous())) == {str(tmp_path / "kept")}


def save_local(tmp_path: Path) -> str:
    from prefect.filesystems import LocalFileSystem  # noqa: PLC0415

    name = f"m-{uuid.uuid4()}"
    LocalFileSystem(basepath=tmp_path / "kept").save(name)
    return f"local-file-system/{name}"


def save_remote(basepath: str, **settings: object) -> str:
    from prefect.filesystems import RemoteFileSystem  # noqa: PLC0415

    name = f"m-{uuid.uuid4()}"
    RemoteFileSystem(basepath=basepath, settings=settings).save(name)
    return f"remote-file-system/{name}"


def test_a_remote_block_is_used_with_its_settings(prefect_api: str, home: Path) -> None:
    assert prefect_api
    block = save_remote("memory://bucket/folder/", listed_by="us", skip_instance_cache=True)
    memory = open_memory(block, home, REPOSITORY)
    memory.put("a/b", b"v", run="r")
    assert memory.root == "/bucket/folder"
    assert memory.storage.storage_options["listed_by"] == "us"
    again = open_memory(block, home, REPOSITORY)
    assert again.storage is not memory.storage
    assert again.list() == ("a/b",)


@pytest.mark.parametrize("basepath", ["nonsense://a/b", "http://127.0.0.1:1/a"])
def test_a_remote_block_whose_storage_is_not_to_be_had_is_refused(prefect_api: str, home: Path, basepath: str) -> None:
    assert prefect_api
    with pytest.raises(Refused, match=r"cannot be opened: .+"):
        open_memory(save_remote(basepath), home, REPOSITORY)


class Silent(MemoryFileSystem):  # type: ignore[misc]
    """A storage that takes everything and lists nothing, as some web servers do."""

    protocol = "silent"

    def ls(self, path: str, detail: bool = True, **_: object) -> list[object]:  # noqa: ARG002, FBT001, FBT002
        """Nothing, whatever is there."""
        return []


class ReadOnly(MemoryFileSystem):  # type: ignore[misc]
    """A storage that takes nothing."""

    protocol = "readonly"

    def pipe_file(self, *_: object, **__: object) -> None:
        """Refuse, as fsspec's own base class does."""
        raise NotImplementedError


@pytest.mark.parametrize(
    ("storage", "sentence"), [(Silent, "does not list what it holds"), (ReadOnly, "NotImplementedError")]
)
def test_a_storage_that_cannot_keep_a_memory_is_refused(
    prefect_api: str, home: Path, storage: type[MemoryFileSystem], sentence: str
) -> None:
    assert prefect_api
    fsspec.register_implementation(storage.protocol, storage, clobber=True)
    with pytest.raises(Refused, match=sentence):
        open_memory(save_remote(f"{storage.protocol}://x/y"), home, REPOSITORY)


@pytest.mark.parametrize("block", ["", "sparc-memory", "secret/x", "s3-bucket/x", "local-file-system/", "unknown/x"])
def test_a_block_that_is_no_listing_storage_is_refused_at_once(tmp_path: Path, block: str) -> None:
    with pytest.raises(Refused, match="local-file-system/NAME"):
        open_memory(block, tmp_path, REPOSITORY)


@pytest.mark.parametrize("block", ["local-file-system/missing", "remote-file-system/missing", "local-file-system/a/b"])
def test_a_missing_block_is_refused(prefect_api: str, home: Path, block: str) -> None:
    assert prefect_api
    with pytest.raises(Refused, match=f"memory {block} cannot be opened: "):
        open_memory(block, home, REPOSITORY)


def test_a_local_block_without_a_place_is_refused(prefect_api: str, home: Path) -> None:
    from prefect.filesystems import LocalFileSystem  # noqa: PLC0415

    assert prefect_api
    LocalFileSystem().save("placeless", overwrite=True)
    with pytest.raises(Refused, match="has no basepath"):
        open_memory("local-file-system/placeless", home, REPOSITORY)


def test_a_server_that_is_away_is_a_sentence(tmp_path: Path) -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings  # noqa: PLC0415

    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:1/api"}), pytest.raises(SparcError, match="cannot be"):
        open_memory(DEFAULT_BLOCK, tmp_path, REPOSITORY)
    assert os.listdir(tmp_path) == []  # noqa: PTH208
