"""Memory with many writers, sudden deaths, and blocks of Prefect."""

import asyncio
import os
import subprocess
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from tasks.errors import Refused, SparcError
from tasks.memory import DEFAULT_BLOCK, aopen_memory, open_memory
from tests.tasks.memories import REPOSITORY, child, local

# -- many writers


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
