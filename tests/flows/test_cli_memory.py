"""`sparc memory`, as a program."""

from pathlib import Path

from tests.support import at_once, commit, git, sparc


def test_what_is_put_can_be_got_and_every_version_stays(home: Path, repository: Path) -> None:
    def memory(*words: str, stdin: str = "") -> tuple[int, str, str]:
        done = sparc(home, "memory", *words, cwd=repository, stdin=stdin)
        return done.returncode, done.stdout, done.stderr

    code, first, _ = memory("put", "ledger/notes/a.md", "one\n")
    assert (code, first[:25]) == (0, "ledger/notes/a.md sha256:")
    _, second, _ = memory("put", "ledger/notes/a.md", "-", stdin="two")
    assert second != first
    commit(repository, more__md="the root commit stays")
    got, versions, bad = at_once(
        lambda: memory("get", "ledger/notes/a.md"),
        lambda: memory("history", "ledger/notes/a.md"),
        lambda: memory("get", "../x"),
    )
    assert got == (0, "two\n", "")
    lines = [line.split() for line in versions[1].splitlines()]
    assert [line[1:] for line in lines] == [["by-hand", "-", put.split()[1]] for put in (first, second)]
    assert bad[0] == 2
    assert bad[2].startswith("memory key '../x': ")
    assert git(repository, "status", "--porcelain") == ""
