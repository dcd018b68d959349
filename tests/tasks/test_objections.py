"""What speaks against what an attempt left: paths out of bounds, links that lead out, names that are one elsewhere."""

from collections.abc import Callable, Mapping
from tempfile import TemporaryDirectory

import pytest

from tasks.assignment import Assignment
from tasks.git import Git
from tasks.hub import Hub
from tasks.links import way_out
from tasks.objections import TOLD, objections, unpointed
from tasks.workspace import Snapshot, snapshot_of

Files = Mapping[str, tuple[str, str]]
Left = Callable[..., Snapshot]
FILE, LINK, MODULE = "100644", "120000", "160000"
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


def tree_of(git: Git, files: Files) -> str:
    with TemporaryDirectory() as scratch:
        index = Git(git.directory, {"GIT_INDEX_FILE": f"{scratch}/index"})
        lines = [
            f"{mode} {text if mode == MODULE else git.write_blob(text.encode())}\t{name}\0"
            for name, (mode, text) in files.items()
        ]
        index.run("update-index", "-z", "--index-info", stdin="".join(lines).encode(errors="surrogateescape"))
        return index.line("write-tree")


@pytest.fixture
def said(hub: Hub) -> Callable[..., list[tuple[str | None, str]]]:
    """(path, message) of what is said of going from some files to others; any path may be changed."""

    def say(before: Files, after: Files, *deliverables: str, writes: str = "**") -> list[tuple[str | None, str]]:
        start, tree = tree_of(hub.git, before), tree_of(hub.git, after)
        wanted = deliverables or ("**",)
        work = Assignment(role="R", prompt="P", deliverables=wanted, writes=(writes,))
        found = objections(hub.git, start, snapshot_of(hub.git, start, tree), work)
        return [(finding.path, finding.message) for finding in found]

    return say


Said = Callable[..., list[tuple[str | None, str]]]
A = {"a": (FILE, "a")}


# -- deliverables and bounds


@pytest.mark.parametrize("wanted", ["docs/a.md", "docs", "docs/*.md", "**/*.md", "docs/**", "x[1]/y.md"])
@pytest.mark.parametrize("before", [True, False], ids=["was there", "is new"])
def test_a_deliverable_is_there_whether_it_was_changed_or_not(said: Said, wanted: str, before: bool) -> None:  # noqa: FBT001
    files = {**A, "docs/a.md": (FILE, "# A"), "x[1]/y.md": (FILE, "# Y")}
    assert said(files if before else A, files, wanted) == []


@pytest.mark.parametrize("wanted", ["docs/a.md", "docs", "docs/*.md", "sub", "link", "li*", "nothing/**"])
def test_no_link_no_submodule_and_nothing_else_is_a_deliverable(said: Said, wanted: str) -> None:
    files = {**A, "link": (LINK, "a"), "sub": (MODULE, "1" * 40), "doc/a.md": (FILE, "#")}
    missing = [(wanted, "was to be delivered, and is not there")]
    assert said(A, files, wanted) == missing
    assert said(files, files, wanted) == missing


def test_an_empty_result_is_fine_if_everything_was_there(said: Said) -> None:
    assert said(A, A, "a") == []
    assert said(A, A, "b") == [("b", "was to be delivered, and is not there")]


def test_of_very_many_paths_some_are_told_and_the_number_of_the_others(said: Said) -> None:
    found = said(A, A | {f"x/{number}": (FILE, "x") for number in range(TOLD + 7)}, "a", writes="a")
    assert len(found) == TOLD + 1
    assert found[-1] == (None, "and 7 more paths, of which the same is true")


def test_deleting_everything_is_told_as_such(said: Said) -> None:
    files = {**A, "b": (FILE, "b")}
    assert [path for path, _ in said(files, {}, "a", writes="a")] == ["b", "a"]


# -- links


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("/etc/passwd", "leads out of the repository, for it is absolute"),
        ("../../x", "leads out of the repository"),
        ("../deep/../../../..", "leads out of the repository"),
        ("../up/../x", "leads out of the repository"),  # through a link to the root
        ("../.git/hooks/x", "leads into the repository's own folder .git"),
        ("../up/.GIT", "leads into the repository's own folder .git"),
    ],
)
def test_a_link_that_leads_out_is_refused_with_its_target(said: Said, target: str, why: str) -> None:
    before = {**A, "deep/down/x": (FILE, "x"), "up": (LINK, "."), "real/a": (FILE, "")}
    (path, words), *more = said(before, {**before, "d/new": (LINK, target)})
    assert not more
    assert path == "d/new"
    assert words.startswith(f"is a symbolic link to {target}, which {why}: leave")


@pytest.mark.parametrize("target", ["a", "./a", "../a", "../nothing/there", "..", "new", "../up/d/x", "../around"])
def test_a_link_inside_is_fine(said: Said, target: str) -> None:
    before = {**A, "up": (LINK, "."), "around": (LINK, "around")}
    assert said(before, {**before, "d/new": (LINK, target)}) == []


def test_a_link_that_led_out_at_the_start_is_nobodys_fault_until_it_is_changed(said: Said) -> None:
    before = {**A, "out": (LINK, "/etc"), "b": (LINK, "a")}
    assert said(before, {**before, "a": (FILE, "new"), "c": (LINK, "a")}) == []
    assert said(before, {"out": before["out"], "a": before["a"]}) == []
    assert [path for path, _ in said(before, {**before, "out": (LINK, "/usr")})] == ["out"]


def test_a_link_is_refused_for_leading_an_older_one_out(said: Said) -> None:
    before = {"p/x": (LINK, "d/../.."), "p/d/f": (FILE, ""), "r/f": (FILE, "")}
    after = {"p/x": (LINK, "d/../.."), "p/d": (LINK, "../r"), "r/f": (FILE, "")}
    assert [path for path, _ in said(before, after)] == ["p/x"]


def test_following_links_comes_to_an_end() -> None:
    links = {f"l{number}": f"l{number + 1}/l{number + 1}" for number in range(60)}
    assert way_out(links, "l0") is None
    assert way_out({"a": "a/x"}, "a") is None


# -- names


@pytest.mark.parametrize(
    ("there", "new", "twin"),
    [
        ("README.md", "readme.md", "README.md"),
        ("docs/a.md", "Docs/b.md", "docs"),
        ("docs/Deep/a.md", "docs/deep", "docs/Deep"),
        ("Ärger", "ärger", "Ärger"),
    ],
)
def test_a_name_that_differs_only_in_case_is_refused_with_its_twin(said: Said, there: str, new: str, twin: str) -> None:
    before = {**A, there: (FILE, "x")}
    ((path, words),) = said(before, {**before, new: (FILE, "y")})
    assert path is not None
    assert new.startswith(path)
    assert words.startswith(f"differs from {twin} only in upper and lower case: on macOS and Windows they are one")


def test_names_that_are_composed_otherwise_are_twins(said: Said) -> None:
    before = {"caf\u00e9": (FILE, "x")}
    ((path, words),) = said(before, {**before, "cafe\u0301": (FILE, "y")})
    assert path == "cafe\u0301"
    assert r"how its characters are composed ('cafe\u0301' and 'caf\xe9')" in words


def test_two_new_twins_are_refused_once(said: Said) -> None:
    assert len(said(A, {**A, "x/New": (FILE, ""), "x/new": (FILE, ""), "x/other": (FILE, "")})) == 1


def test_twins_that_were_there_at_the_start_are_nobodys_fault(said: Said) -> None:
    before = {"README.md": (FILE, "x"), "readme.md": (FILE, "y")}
    assert said(before, {"README.md": (FILE, "new"), "readme.md": (FILE, "y"), "other": (FILE, "")}) == []
    assert said(before, {"readme.md": (FILE, "y")}) == []
    assert [path for path, _ in said(before, {**before, "ReadMe.md": (FILE, "z")})] == ["ReadMe.md"]


def test_renaming_to_another_case_is_fine(said: Said) -> None:
    assert said({"readme.md": (FILE, "x")}, {"README.md": (FILE, "x")}) == []


def test_names_that_are_no_utf8_are_like_any_other(said: Said) -> None:
    odd = {"\udcff\n\t\"'": (FILE, "x"), "-rf": (FILE, "x"), "d\n/e": (FILE, "x"), ":(top)": (FILE, "")}
    assert said(A, {**A, **odd}) == []
    assert len(said({**A, **odd}, {**A, **odd, "D\n/f": (FILE, "")})) == 1


# -- large file storage


def test_pointers_that_became_files_are_named(hub: Hub) -> None:
    other = POINTER.replace("4d7a", "5e8b")
    before = dict.fromkeys(("kept", "turned", "newer", "gone", "link"), (FILE, POINTER)) | {"plain": (FILE, "p")}
    after = {
        **before, "turned": (FILE, "x" * 5000), "newer": (FILE, other), "plain": (FILE, POINTER),
        "link": (LINK, "kept"),
    }  # fmt: skip
    del after["gone"]
    start, tree = tree_of(hub.git, before), tree_of(hub.git, after)
    assert unpointed(hub.git, snapshot_of(hub.git, start, tree)) == ("turned",)


def test_names_in_very_many_folders_are_looked_at(said: Said) -> None:
    files, more = (dict.fromkeys((f"d{number}/{name}" for number in range(1200)), (FILE, "")) for name in "fF")
    assert said(files, files | more)[-1] == (None, f"and {1200 - TOLD} more paths, of which the same is true")
