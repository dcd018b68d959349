"""What cannot be run is refused with a sentence and exit code 2, and nothing was started or changed."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support import Shop, commit, git, phase, sparc, told, work

A = work("mkdir -p docs; echo a > docs/a.md", "docs/a.md")
MIB = 1024 * 1024


class Case(NamedTuple):
    """A request that is refused."""

    prepare: Callable[[Shop], object]
    """Spoils a sound shop; may return other arguments than the plan, and None for the usual ones."""
    words: str
    """What the first sentence on standard error holds."""
    problems: int = 1
    env: tuple[tuple[str, str], ...] = ()


def text(contents: str | bytes) -> Callable[[Shop], None]:
    """The plan is this and nothing else."""

    def write(shop: Shop) -> None:
        data = contents if isinstance(contents, bytes) else contents.encode()
        (shop.plan_dir / "plan.yaml").write_bytes(data)

    return write


def changed(**more: object) -> Callable[[Shop], None]:
    """A sound plan with other keys."""

    def write(shop: Shop) -> None:
        shop.plan({"specification": phase(a=A)}, **more)

    return write


def assigned(**more: object) -> Callable[[Shop], None]:
    """A sound plan with another assignment."""

    def write(shop: Shop) -> None:
        shop.plan({"specification": phase(a=A | more)})

    return write


def arguments(*more: object) -> Callable[[Shop], tuple[object, ...]]:
    """The usual ones and these."""
    return lambda shop: (shop.plan_dir / "plan.yaml", *more)


def only(*arguments: object) -> Callable[[Shop], tuple[object, ...]]:
    """These and no others."""
    return lambda _: arguments


def no_repository(shop: Shop) -> None:
    """No repository at all."""
    shutil.rmtree(shop.repository / ".git")


def detached(shop: Shop) -> None:
    """No branch is checked out, and the plan names none."""
    git(shop.repository, "checkout", "--quiet", "--detach")


def own_branch(shop: Shop) -> None:
    """The plan's own branch is checked out, and the plan names no base."""
    git(shop.repository, "checkout", "--quiet", "-b", f"sparc/{shop.root.name}")


def own_branch_in_use(shop: Shop) -> None:
    """The plan's own branch is checked out, so that git would not move it."""
    own_branch(shop)
    changed(base="main")(shop)


def branch_in_the_way(shop: Shop) -> None:
    """There is a branch where git would have to make a folder."""
    git(shop.repository, "branch", "sparc")


def empty_repository(shop: Shop) -> None:
    """A repository without a commit."""
    no_repository(shop)
    git(shop.repository, "init", "--quiet")


def shallow(shop: Shop) -> tuple[object, ...]:
    """A clone without its history."""
    commit(shop.repository, more__md="more\n")
    git(shop.root, "clone", "--quiet", "--depth=1", f"file://{shop.repository}", "shallow")
    return shop.plan_dir / "plan.yaml", "--repository", shop.root / "shallow"


def not_executable(shop: Shop) -> None:
    """The agent's program lies beside the plan, and cannot be started."""
    (shop.plan_dir / "tool").write_text("#!/bin/sh\n")
    changed(agents={"writer": {"command": ["{plan_dir}/tool"]}})(shop)


def folder_too_large(shop: Shop) -> None:
    """The plan lies among files that are not its own."""
    with (shop.plan_dir / "large").open("wb") as file:
        file.truncate(65 * MIB)


def a_file_for_home(shop: Shop) -> None:
    """SPARC_HOME is a file."""
    shop.home.write_text("mine\n")


def leads_out(shop: Shop) -> None:
    """Beside the plan lies a link to a file of somebody else's."""
    (shop.plan_dir / "shared.md").symlink_to("/etc/passwd")


def no_room_for_a_lock(shop: Shop) -> None:
    """Where the repository keeps what runs of a plan hold, there is a file."""
    (shop.repository / ".git/sparc").write_text("mine\n")


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
CASES = {
    "no-repository": Case(no_repository, "is not in a git repository: "),
    "empty-repository": Case(empty_repository, "has no commit yet: "),
    "detached": Case(detached, "HEAD is detached"),
    "no-base": Case(changed(base="trunk"), "has no branch 'trunk'"),
    "own-branch": Case(own_branch, "sparc/own-branch is the plan's own branch"),
    "own-branch-in-use": Case(own_branch_in_use, "branch sparc/own-branch-in-use is checked out in "),
    "branch-in-the-way": Case(branch_in_the_way, "has a branch named sparc"),
    "shallow": Case(shallow, "is a shallow clone: `git fetch --unshallow`"),
    "no-directory": Case(arguments("--repository", "/no/such/place"), "/no/such/place is not a directory"),
    "run-id": Case(arguments("--run", "../x"), "'../x' is no run id: a-z, 0-9 and -"),
    "run-id-long": Case(arguments("--run", "x" * 121), "is no run id"),
    "no-plan": Case(only("missing.yaml"), "missing.yaml: there is no such file"),
    "directory": Case(lambda shop: (shop.plan_dir,), "is no file; expected a plan"),
    "device": Case(only("/dev/zero"), "is no file; expected a plan"),
    "not-yaml": Case(text("sparc: 1\nname: [x\n"), "plan.yaml:"),
    "list": Case(text("- sparc: 1\n"), "a list"),
    "empty": Case(text(""), "plan.yaml: "),
    "large": Case(text(b"x: " + b"y" * (50 * MIB)), "is larger than 1024 KiB, which no plan needs"),
    "utf-16": Case(text("sparc: 1\nname: x\n".encode("utf-16")), "UTF-8"),
    "anchors": Case(text(BOMB), "plan.yaml"),
    "unknown-keys": Case(changed(phasen={}, goals="x"), "phasen", problems=2),
    "cycle": Case(assigned(needs=["a"]), "a"),
    "name": Case(changed(name="../x"), "'../x' is no name: a-z, 0-9 and -"),
    "space": Case(changed(name="my plan"), "'my plan' is no name"),
    "etc": Case(assigned(deliverables=["/etc/passwd"]), "'/etc/passwd' is absolute"),
    "up": Case(assigned(deliverables=["../../x"]), "'../../x' climbs with .."),
    "git": Case(assigned(deliverables=[".git/config"]), "'.git/config' leads into .git"),
    "no-agent": Case(changed(agents={"writer": {"command": ["no-such-agent"]}}), "no-such-agent is not on PATH"),
    "not-executable": Case(not_executable, "/plan/tool is not executable; chmod +x it"),
    "folder": Case(folder_too_large, "holds more than 64 MiB"),
    "link": Case(leads_out, "plan/shared.md leads out of what a run copies of the plan's folder "),
    "lock": Case(no_room_for_a_lock, "/repository/.git/sparc'"),
    "key": Case(changed(signing={"key": "/no/such/key"}), "signing.key: cannot read /no/such/key: No such file"),
    "key-relative": Case(changed(signing={"key": "keys/sparc"}), "signing.key: 'keys/sparc' is no absolute path"),
    "home-file": Case(a_file_for_home, "cannot write under "),
    "url": Case(arguments(), "no Prefect API answers there", env=(("PREFECT_API_URL", "http://127.0.0.1:9/api"),)),
    "no-arguments": Case(only(), "Missing argument 'plan': `sparc run --help` tells more"),
    "option": Case(arguments("--bogus"), "No such option: --bogus: `sparc run --help` tells more"),
}


class Refused(NamedTuple):
    """A refusal, and what was there before and after it."""

    done: subprocess.CompletedProcess[str]
    before: object
    after: object


def _state(shop: Shop) -> object:
    """Everything that a refused request must leave alone."""
    refs = subprocess.run(("git", "for-each-ref"), cwd=shop.repository, capture_output=True, text=True, check=False)
    kept = shop.home.read_text() if shop.home.is_file() else sorted(path.name for path in shop.home.glob("*"))
    return refs.stdout, kept, git(shop.root, "hash-object", *map(str, sorted(shop.plan_dir.iterdir())))


def _refuse(root: Path, name: str) -> Refused:
    shop = Shop.open(root / name, root / f"{name}-home")
    shop.plan({"specification": phase(a=A)})
    case = CASES[name]
    given = case.prepare(shop)
    before = _state(shop)
    usual = (shop.plan_dir / "plan.yaml",) if given is None else given
    assert isinstance(usual, tuple)
    done = shop.sparc("run", *usual, "--json", env={"GIT_CEILING_DIRECTORIES": str(root), **dict(case.env)})
    return Refused(done, before, _state(shop))


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Refused]]:
    root = tmp_path_factory.mktemp("refusals")
    with ThreadPoolExecutor(max_workers=3) as threads:
        results = {name: threads.submit(_refuse, root, name) for name in CASES}
        yield lambda name: results[name].result()
    shutil.rmtree(root / "large")


@pytest.mark.parametrize("name", CASES)
def test_it_is_refused_with_a_sentence_and_nothing_changed(refused: Callable[[str], Refused], name: str) -> None:
    case, (done, before, after) = CASES[name], refused(name)
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.splitlines()) == case.problems, done.stderr
    assert case.words in done.stderr
    assert "Traceback" not in done.stderr
    document = told(done)
    assert document["ok"] is False
    assert len(document["problems"]) == case.problems
    assert all(problem["problem"] and set(problem) == {"where", "line", "problem"} for problem in document["problems"])
    assert after == before


@pytest.mark.parametrize(
    ("says", "words"),
    [("git version 2.37.4 (Some Git-1)", "git 2.37 is too old: "), (None, "git was not found on PATH: ")],
    ids=["old", "none"],
)
def test_a_git_that_cannot_merge_without_a_work_tree_is_refused(tmp_path: Path, says: str | None, words: str) -> None:
    shop = Shop.open(tmp_path / "shop", tmp_path / "home")
    plan = shop.plan({"specification": phase(a=A)})
    (tmp_path / "bin").mkdir()
    if says:
        (tmp_path / "bin/git").write_text(f"#!/bin/sh\necho '{says}'\n")
        (tmp_path / "bin/git").chmod(0o755)
    done = shop.sparc("run", plan, "--json", env={"PATH": str(tmp_path / "bin")})
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith(f"sparc: {words}") or words in done.stderr
    assert len(told(done)["problems"]) == 1
    assert not shop.home.exists()


def test_every_problem_of_a_plan_is_told_at_once_with_its_line(refused: Callable[[str], Refused]) -> None:
    done = refused("unknown-keys").done
    problems = told(done)["problems"]
    assert [problem["where"] for problem in problems] == ["phasen", "goals"]
    assert all(f"plan.yaml:{problem['line']}: {problem['where']}: " in done.stderr for problem in problems)


# -- the disk


@contextmanager
def small_disk(at: Path, size: str) -> Iterator[Callable[[str], None]]:
    """A file system of its own, and how to give it another size; skips where that may not be made."""
    at.mkdir()
    if subprocess.run(("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", at), check=False).returncode:
        pytest.skip("mounting a small file system is not allowed here")
    try:
        yield lambda other: subprocess.run(("mount", "-o", f"remount,size={other}", at), check=True) and None
    finally:
        subprocess.run(("umount", "--lazy", at), check=True)


def test_a_disk_that_is_full_at_the_start_is_refused(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "16k"):
        shop = Shop.open(tmp_path / "full", tmp_path / "disk/home")
        shop.plan({"specification": phase(a=A)})
        done = shop.sparc("run", shop.plan_dir / "plan.yaml", "--json")
        assert done.returncode == 2, done.stderr
        assert len(done.stderr.splitlines()) == 1
        assert "(SPARC_HOME) is full, with 16 KiB left" in done.stderr
        assert list(shop.home.iterdir()) == []
    assert told(done)["ok"] is False
    assert git(shop.repository, "for-each-ref", "--format=%(refname)") == "refs/heads/main"


def test_a_disk_that_fills_in_the_middle_blocks_and_room_lets_it_go_on(home: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "20m") as resize:
        shutil.copytree(home, tmp_path / "disk/home")
        shop = Shop.open(tmp_path / "filling", tmp_path / "disk/home")
        fill = f"{A['prompt']}; [ $SPARC_ATTEMPT = 1 ] && cat /dev/zero > $TMPDIR/fill; true"
        shop.plan({"specification": phase(a=A, b=work(f"{fill}; cp docs/a.md docs/b.md", "docs/b.md", needs=["a"]))})
        first = shop.sparc("run", shop.plan_dir / "plan.yaml", "--run", "filling", "--json")
        assert first.returncode == 1, first.stderr
        assert "Traceback" not in first.stderr
        assert "bug" not in first.stderr
        assert shop.tip("main") == shop.begin
        resize("60m")
        second = shop.sparc("resume", "filling", "--json")
        assert second.returncode == 0, second.stderr
        assert told(second)["outcome"] == "released"
        assert "specification.a.2" not in shop.asked()


# -- no input gives a traceback


def _run_in_process(*arguments: str) -> tuple[int, str, str]:
    from flows.cli import main  # noqa: PLC0415 - what it settles for its process is for this test alone

    out, err, handler = StringIO(), StringIO(), signal.getsignal(signal.SIGTERM)
    with (
        patch.object(sys, "argv", ["sparc", *arguments]), patch.dict(os.environ), redirect_stdout(out),
        redirect_stderr(err), pytest.raises(SystemExit) as end,
    ):  # fmt: skip
        main()
    signal.signal(signal.SIGTERM, handler)
    assert isinstance(end.value.code, int)
    return end.value.code, out.getvalue(), err.getvalue()


YAML_LIKE = st.text(alphabet=list("abspec:-[]{}&*!|>'\"#%@,?~ \n\t0123456789\\\x00é"), max_size=200)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.one_of(st.binary(max_size=300), YAML_LIKE.map(str.encode)))
def test_no_bytes_as_a_plan_are_a_bug(data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARC_HOME", str(tmp_path / "home"))
    file = tmp_path / "plan.yaml"
    file.write_bytes(data)
    for command in ("run", "check"):
        code, out, err = _run_in_process(command, str(file), "--json")
        assert code == 2, err
        assert json.loads(out)["ok"] is False
        assert err
    assert not (tmp_path / "home").exists()


WORDS = st.sampled_from([
    "run", "check", "resume", "status", "review", "schema", "memory", "--json", "--yes", "--run", "--approve", "list",
    "get", "-", "--", "", "../x", "é", "plan", "--help", "x" * 300,
])  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(WORDS, max_size=4))
def test_no_words_on_the_command_line_are_a_bug(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPARC_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    code, _, err = _run_in_process(*words)
    assert code in (0, 2), err
    assert not (tmp_path / "home").exists()


def test_without_words_the_help_is_shown_and_nothing_done(tmp_path: Path) -> None:
    done = sparc(tmp_path / "home")
    assert done.returncode == 2
    for command in ("check", "run", "resume", "status", "report", "gate", "verify", "memory", "server", "review"):
        assert f" {command} " in done.stdout
    assert not (tmp_path / "home").exists()
    assert list(tmp_path.iterdir()) == []
