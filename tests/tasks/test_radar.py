"""The conflict radar: planted conflicts of every kind are found, nothing else is, and nothing is looked at twice."""

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tasks.git import Git
from tasks.git_directories import create_bare
from tasks.merge_bases import merge_bases, pair
from tasks.merge_tree import Merged, merge_all
from tasks.overlap import MOST_PLACES, Level, Overlap
from tasks.radar import MOST_READ, UNRELATED, Radar, unsaved
from tests.trees import EXECUTABLE, LINK, Files, commit

SEQ = "".join(f"{number}\n" for number in range(30))
TOML = (
    '[project]\nname = "x"\nversion = "1"\n\n' + SEQ.replace("\n", " = 0\n") + "[tool.a]\nline = 1\n\n[tool.b]\nx = 1\n"
)
MAKE = "all: a b\n\techo all\n" + "".join(f"\nt{number}:\n\techo {number}\n" for number in range(8))
MODULE = "import os\n\n\n" + "\n\n".join(f"def f{number}():\n    return {number}\n" for number in range(8))
CLASS = "class C:\n" + "".join(f"    def m{number}(self): ...\n\n" for number in range(8))
YAML = "a: 1\n" + "".join(f"k{number}: {number}\n" for number in range(20)) + "table:\n  x: 1\n"
JSON = '{\n "a": 1,\n' + "".join(f' "k{number}": {number},\n' for number in range(20)) + ' "z": 1\n}\n'


@pytest.fixture
def bare(tmp_path: Path) -> Git:
    return create_bare(tmp_path / "bare.git")


def meet(git: Git, start: Files, ours: Files, theirs: Files, modes: Mapping[str, str] | None = None) -> Overlap:
    """What two changes of one start come to."""
    begin = commit(git, {"other.txt": "other\n"} | dict(start))
    one = commit(git, ours, begin, modes=modes)
    other = commit(git, theirs, begin, message="The other\n")
    with unsaved(git) as scratch:
        sight = Radar().look(scratch, [one, other], begin)
    return sight.pairs[pair(one, other)]


def told(overlap: Overlap) -> dict[str, tuple[Level, tuple[str, ...]]]:
    """Path -> level, and git's words or the keys."""
    return {place.path: (place.level, place.kinds or place.names) for place in overlap.places}


OLD = {f"old/{number}.txt": SEQ + str(number) for number in range(4)}
RENAMED: Files = {**dict.fromkeys(OLD, None), **{path.replace("old", "new"): text for path, text in OLD.items()}}
TEXT: dict[str, tuple[Files, Files, Files, dict[str, tuple[str, ...]]]] = {
    "the same line": ({"s": SEQ}, {"s": SEQ.replace("15", "x")}, {"s": SEQ.replace("15", "y")}, {"s": ("contents",)}),
    "a deleted file": ({"s": SEQ}, {"s": None}, {"s": SEQ + "end\n"}, {"s": ("modify/delete",)}),
    "a binary file": ({"b": b"\0a"}, {"b": b"\0b"}, {"b": b"\0c"}, {"b": ("binary", "contents")}),
    "an added file": ({}, {"n": "one\n"}, {"n": "two\n"}, {"n": ("contents",)}),
    "a file and a directory": ({}, {"d": "file\n"}, {"d/x": "x\n"}, {"d": ("file/directory",)}),
    "a renamed directory": (
        OLD, RENAMED, {"old/added.txt": "added\n"},
        dict.fromkeys(["new/added.txt", "old/added.txt"], ("directory rename suggested",)),
    ),
    "two renames": ({"s": SEQ}, {"s": None, "t": SEQ}, {"s": None, "u": SEQ}, dict.fromkeys("stu", ("rename/rename",))),
    "a name with a line break": (
        {"a\nb \udcff": SEQ}, {"a\nb \udcff": SEQ.replace("15", "x")}, {"a\nb \udcff": SEQ.replace("15", "y")},
        {r"a\nb \udcff": ("contents",)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", TEXT)
def test_what_git_does_not_merge_is_a_text_conflict_with_gits_own_word_for_it(bare: Git, kind: str) -> None:
    start, ours, theirs, expected = TEXT[kind]
    found = meet(bare, start, ours, theirs)
    assert (found.level, found.unknown) == (Level.TEXT, None)
    assert told(found) == {path: (Level.TEXT, words) for path, words in expected.items()}


def test_another_type_is_a_text_conflict_under_its_own_name_and_another_mode_is_none(bare: Git) -> None:
    link = meet(bare, {"m": "text\n"}, {"m": "target"}, {"m": "text\nmore\n"}, {"m": LINK})
    assert told(link) == {"m": (Level.TEXT, ("distinct modes",))}
    mode = meet(bare, {"m": "text\n"}, {"m": "text\n"}, {"m": "text\nmore\n"}, {"m": EXECUTABLE})
    assert told(mode) == {"m": (Level.PATH, ())}


KEYS: dict[str, tuple[str, str, str, str, tuple[str, ...]]] = {
    "a TOML key set twice, far apart": (
        "p.toml", TOML, TOML.replace('name = "x"\n', 'name = "x"\nlicense = "A"\n'),
        TOML.replace("20 = 0\n", '20 = 0\nlicense = "B"\n'), ("project.license",),
    ),
    "a TOML key set alike, far apart": (
        "p.toml", TOML, TOML.replace('name = "x"\n', 'name = "x"\nlicense = "A"\n'),
        TOML.replace("20 = 0\n", '20 = 0\nlicense = "A"\n'), (),
    ),
    "a YAML key set twice": ("c.yaml", YAML, YAML.replace("a: 1\n", "new: 1\na: 1\n"), YAML + "new: 2\n", ("new",)),
    "a JSON key set twice": (
        "c.json", JSON, JSON.replace(' "k2"', ' "new": 1,\n "k2"'), JSON.replace(' "k18"', ' "new": 2,\n "k18"'),
        ("new",),
    ),
    "a Makefile target": (
        "Makefile", MAKE, MAKE.replace("\nt1:", "\ncheck:\n\techo one\n\nt1:"), MAKE + "\ncheck:\n\techo two\n",
        ("check",),
    ),
    "a Python function": (
        "m.py", MODULE, MODULE.replace("def f1", "def load():\n    return 1\n\n\ndef f1"),
        MODULE + "\n\ndef load():\n    return 2\n", ("load",),
    ),
    "a Python function, alike": (
        "m.py", MODULE, MODULE.replace("def f1", "def load():\n    return 1\n\n\ndef f1"),
        MODULE + "\n\ndef load():\n    return 1\n", ("load",),
    ),
    "a function and an import": (
        "m.py", MODULE, MODULE.replace("import os\n", "import os\nfrom a import load\n"),
        MODULE + "\n\ndef load():\n    return 2\n", ("load",),
    ),
    "one list": (
        "l.toml", f"deps = [\n{SEQ.replace(chr(10), ',' + chr(10))}]\n",
        f"deps = [\n-1,\n{SEQ.replace(chr(10), ',' + chr(10))}]\n",
        f"deps = [\n{SEQ.replace(chr(10), ',' + chr(10))}99,\n]\n", ("deps",),
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", KEYS)
def test_one_key_changed_by_both_is_found_though_git_merges_it(bare: Git, kind: str) -> None:
    path, start, ours, theirs, keys = KEYS[kind]
    found = meet(bare, {path: start}, {path: ours}, {path: theirs})
    assert told(found) == {path: (Level.KEY, keys)}


def test_a_merge_that_no_longer_can_be_read_is_told_with_the_parsers_words(bare: Git) -> None:
    _, start, ours, theirs, _ = KEYS["a TOML key set alike, far apart"]
    (place,) = meet(bare, {"p.toml": start}, {"p.toml": ours}, {"p.toml": theirs}).places
    assert str(place).startswith("p.toml (same key: its merge cannot be read as TOML: ")


CLEAN: dict[str, tuple[str, str, str, str]] = {
    "keys of one table": ("p.toml", TOML, TOML.replace("3 = 0", "3 = 1"), TOML.replace("25 = 0", "25 = 1")),
    "keys of two tables": ("p.toml", TOML, TOML.replace('"x"', '"y"'), TOML.replace("x = 1", "x = 2")),
    "targets": ("Makefile", MAKE, MAKE.replace("echo 1", "echo one"), MAKE.replace("echo 6", "echo six")),
    "prerequisites": ("Makefile", MAKE, f".PHONY: x\nall: x\n{MAKE}", f"{MAKE}.PHONY: y\nall: y\n"),
    "functions": ("m.py", MODULE, MODULE.replace("return 1\n", "return 11\n"), MODULE.replace("return 6", "return 66")),
    "one import, far apart": ("m.py", MODULE, f"import re\n{MODULE}", f"{MODULE}\nimport re\n"),
    "comments and layout": ("m.py", MODULE, MODULE.replace("return 1\n", "return 1  # one\n"), f"{MODULE}\n\n# f1\n"),
    "methods": (
        "m.py", CLASS, f"{CLASS}    def x(self): ...\n", CLASS.replace("C:\n", "C:\n    def y(self): ...\n\n"),
    ),
    "a text": ("a.txt", SEQ, f"start\n{SEQ}", f"{SEQ}end\n"),
}  # fmt: skip


@pytest.mark.parametrize("kind", CLEAN)
def test_what_merges_and_means_different_things_is_the_same_file_and_no_more(bare: Git, kind: str) -> None:
    path, start, ours, theirs = CLEAN[kind]
    assert told(meet(bare, {path: start}, {path: ours}, {path: theirs})) == {path: (Level.PATH, ())}


def test_a_key_that_explains_a_text_conflict_is_told_with_it(bare: Git) -> None:
    ours, theirs = ({"p.toml": TOML.replace('"1"', version)} for version in ('"2"', '"3"'))
    (place,) = meet(bare, {"p.toml": TOML}, ours, theirs).places
    assert str(place) == "p.toml (text: keys project.version)"
    adjacent = {"p.toml": TOML.replace('"x"', '"y"')}
    (place,) = meet(bare, {"p.toml": TOML}, ours, adjacent).places
    assert (place.level, place.names) == (Level.TEXT, ())


@pytest.mark.parametrize(
    ("path", "broken", "reason"),
    [
        ("p.toml", "a = \n", "cannot be read as TOML: Invalid value"),
        ("m.py", "def f(:\n", "cannot be read as Python: invalid syntax"),
        ("c.json", "[" * 9000, "cannot be read as JSON: maximum recursion depth"),
        ("c.yaml", "[" * 9000, "nested deeper than 50 levels"),
        ("l.yaml", "a: [\n", "cannot be read as YAML"),
        ("big.json", f'"{"x" * 600_000}"\n', "larger than 512 KiB"),
        ("many.toml", ".".join(["a"] * 200_000) + " = 1\n", "takes longer than 2 s to read"),
        ("wide.toml", "".join(f"k{n} = 0\n" for n in range(30_000)), "holds too many names"),
    ],
)
def test_what_cannot_be_read_is_said_to_be_unknown_and_spoils_nothing_else(
    bare: Git, path: str, broken: str, reason: str
) -> None:
    document = "{}" if path.endswith("json") else ""
    space = f"{document}\n" + "\n" * 20
    start = {path: space, "Makefile": MAKE}
    ours = {path: f"{broken}{space}", "Makefile": MAKE.replace("\nt1:", "\ncheck:\n\techo one\n\nt1:")}
    theirs = {path: f"{space}\n", "Makefile": f"{MAKE}\ncheck:\n\techo two\n"}
    places = {place.path: place for place in meet(bare, start, ours, theirs).places}
    assert places["Makefile"].names == ("check",)
    assert places[path].level is Level.PATH
    assert reason in (places[path].unread or "")
    assert f"{path} (same file: keys unknown, " in str(places[path])


def test_aliases_that_would_grow_without_end_are_read_as_what_they_are(bare: Git) -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
    found = meet(
        bare, {"b.yaml": bomb + YAML}, {"b.yaml": f"new: *x\n{bomb}{YAML}"}, {"b.yaml": f"{bomb}{YAML}new: 2\n"}
    )
    assert told(found) == {"b.yaml": (Level.KEY, ("new",))}


def test_disjoint_changes_and_equal_ones_are_no_conflicts(bare: Git) -> None:
    assert not meet(
        bare, {"s": SEQ}, {"s": "1\n", "a/x.py": "x = 1\n"}, {"other.txt": "2\n", "b/x.py": "x = 2\n"}
    ).found
    assert told(meet(bare, {}, {"n.py": "x = 1\n"}, {"n.py": "x = 1\n"})) == {"n.py": (Level.PATH, ())}
    assert told(meet(bare, {"s": SEQ}, {"s": None}, {"s": None})) == {"s": (Level.PATH, ())}


def test_only_so_many_places_and_files_are_looked_into_and_the_others_are_counted(bare: Git) -> None:
    start = {f"{number:03}.py": MODULE for number in range(MOST_READ + 5)}
    ours = {path: MODULE.replace("return 1\n", "return 11\n") for path in start}
    theirs = {path: MODULE.replace("return 6", "return 66") for path in start}
    found = meet(bare, start, ours, theirs)
    assert (len(found.places), found.more) == (MOST_PLACES, 5)
    last = meet(bare, start, ours, theirs | {f"{number:03}.py": MODULE for number in range(5)})
    assert not any(place.unread for place in last.places)


# -- many branches


def branches(git: Git, number: int) -> tuple[str, list[str]]:
    """A start, and branches of which every second changes one common line."""
    begin = commit(git, {"common": SEQ, **{f"{n}.txt": "x\n" for n in range(number)}})
    lines = [{"common": SEQ.replace("15", f"n{n}")} if n % 2 else {f"{n}.txt": "y\n"} for n in range(number)]
    return begin, [commit(git, files, begin) for files in lines]


@pytest.fixture
def counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """Every git command that is started, by a git that writes them down; asking forgets those before."""
    log, wrapper = tmp_path / "log", tmp_path / "bin/git"
    wrapper.parent.mkdir()
    wrapper.write_text(f'#!/bin/sh\necho "$1" >> "{log}"\nexec "{shutil.which("git")}" "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{wrapper.parent}:{os.environ['PATH']}")

    def commands() -> list[str]:
        told = log.read_text().split() if log.exists() else []
        log.write_text("")
        return told

    return commands


def test_all_pairs_take_one_merging_process_and_a_second_look_takes_none(
    bare: Git, counted: Callable[[], list[str]]
) -> None:
    begin, tips = branches(bare, 12)
    radar = Radar()
    counted()
    with unsaved(bare) as git:
        first = radar.look(git, tips[:11], begin)
        assert sorted(counted()) == ["diff-tree", "merge-base", "merge-tree", "rev-list"]
        assert radar.asked == 11 * 10 / 2
        assert sum(overlap.level is Level.TEXT for overlap in first.pairs.values()) == 5 * 4 / 2
        assert radar.look(git, tips[:11], begin) == first
        assert "merge-tree" not in counted()
        assert radar.asked == 55
        later = radar.look(git, tips, begin)
        assert counted().count("merge-tree") == 1
    assert radar.asked == 55 + 11
    assert sum(overlap.level is Level.TEXT for overlap in later.pairs.values()) == 6 * 5 / 2
    assert sum(overlap.found for overlap in later.pairs.values()) == 6 * 5 / 2


def test_what_the_base_contains_is_no_side_any_more_and_the_base_is_one(bare: Git) -> None:
    begin, (a, b, c, d) = branches(bare, 4)
    merged = commit(bare, {"common": SEQ.replace("15", "n1")}, begin, b)
    with unsaved(bare) as git:
        sight = Radar().look(git, [a, b, c, d], merged)
    assert set(sight.active) == {a, c, d}
    assert {both for both, overlap in sight.pairs.items() if overlap.found} == {pair(merged, d)}


def test_nothing_is_stored_in_the_repository_whatever_its_path(tmp_path: Path) -> None:
    git = create_bare(tmp_path / 'a:b "c"\\d.git')
    begin, tips = branches(git, 5)
    before = git.run("count-objects", "-v")
    with unsaved(git) as scratch:
        assert any(overlap.found for overlap in Radar().look(scratch, tips, begin).pairs.values())
    assert git.run("count-objects", "-v") == before


def test_strangers_are_unknown_to_each_other_and_hold_nobody_up(bare: Git) -> None:
    begin, tips = branches(bare, 4)
    stranger = commit(bare, {"common": "mine\n"})
    with unsaved(bare) as git:
        sight = Radar().look(git, [*tips, stranger], begin)
    assert {sight.pairs[pair(stranger, tip)].unknown for tip in tips} == {UNRELATED}
    assert sight.pairs[pair(tips[1], tips[3])].level is Level.TEXT


def test_a_pair_that_git_gives_up_at_is_unknown_and_the_others_are_not(bare: Git) -> None:
    _, tips = branches(bare, 6)
    good, missing = pair(tips[1], tips[5]), pair(tips[3], "0" * 40)
    found = merge_all(bare, [missing, good, ("1" * 40, "2" * 40)])
    assert [both for both, merge in found.items() if isinstance(merge, str)] == [missing, ("1" * 40, "2" * 40)]
    assert "git could not merge them: " in str(found[missing])
    whole = found[good]
    assert isinstance(whole, Merged)
    assert whole.conflicts == {"common": ("contents",)}


def test_a_tree_that_is_gone_is_not_taken_for_an_empty_one(bare: Git) -> None:
    _, tips = branches(bare, 4)
    tree = bare.line("rev-parse", f"{tips[3]}^{{tree}}")
    (bare.directory / "objects" / tree[:2] / tree[2:]).unlink()
    (merge,) = merge_all(bare, [pair(tips[1], tips[3])]).values()
    assert f"git could not merge them: error: Could not read {tree}" in str(merge)


def test_merge_bases_are_gits_own_also_where_histories_cross(bare: Git) -> None:
    root = commit(bare, {"a": "0"})
    one, other = commit(bare, {"a": "1"}, root), commit(bare, {"b": "1"}, root)
    left, right = commit(bare, {"c": "1"}, one, other), commit(bare, {"d": "1"}, other, one)
    tips = [commit(bare, {"e": "1"}, left), commit(bare, {"f": "1"}, right), commit(bare, {"g": "1"}, root), one, left]
    found = merge_bases(bare, tips)
    for place, tip in enumerate(tips):
        for second in tips[place + 1 :]:
            expected = bare.run("merge-base", "--all", tip, second).decode().split()
            assert sorted(found[pair(tip, second)]) == sorted(expected)
    assert len(found[pair(tips[0], tips[1])]) == 2
