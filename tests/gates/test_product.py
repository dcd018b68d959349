"""What is product: of what coverage is a share, and what bandit and radon analyse."""

from collections.abc import Callable

import pytest

from gates.product import analysed, covered
from gates.subject import Subject
from gates.suites.junit import Case
from gates.verdict import Unmeasurable

Tree = Callable[..., Subject]

APP = {"app/__init__.py", "app/a.py", "app/deep/b.py"}
ROOT = {
    **dict.fromkeys(APP, ""),
    "app/tests/test_a.py": "x",
    "loose/c.py": "",
    "tool.py": "",
    "setup.py": "",
    "conftest.py": "",
    "tests/__init__.py": "",
    "tests/test_b.py": "",
    "docs/a.md": "",
}
SRC = {"src/app/a.py": "", "src/app/test_a.py": "x", "src/app/data.txt": ""}
INNER = {
    "pkg/__init__.py": "",
    "pkg/engine_test.py": "x",
    "pkg/tests/__init__.py": "",
    "pkg/tests/full/__init__.py": "x",
    "pkg/tests/conftest.py": "x",
    "pkg/tests/helper.py": "x",
    "pkg/tests/test_x.py": "x",
    "pkg/tests/test_y.py": "x",
}


def told(*files: str, module: str | None = None) -> list[Case]:
    """A case of each file."""
    return [
        Case(path.removesuffix(".py").replace("/", ".") if module is None else module, "test", path, 1, "passed", "")
        for path in files
    ]


@pytest.mark.parametrize(
    ("files", "packages", "paths", "expected"),
    [
        (ROOT, (), (), {*APP, "tool.py"}),
        (ROOT | SRC, (), (), {"src/app/a.py"}),
        # a declaration adds to the product, and takes nothing out of it
        (ROOT | SRC, ("app", "tool.py"), (), {*APP, "tool.py", "src/app/a.py"}),
        (ROOT, ("app/deep", "generated.py"), (), {*APP, "tool.py"}),
        (ROOT, ("loose",), (), {*APP, "tool.py", "loose/c.py"}),
        (ROOT | SRC, ("app",), ("loose/**", "tests/*"), {"loose/c.py", "tests/__init__.py", "tests/test_b.py"}),
    ],
)
def test_the_product(
    tree: Tree, files: dict[str, str], packages: tuple[str, ...], paths: tuple[str, ...], expected: set[str]
) -> None:
    cases = told("app/tests/test_a.py", "src/app/test_a.py")
    assert set(covered(tree(files, packages=packages), paths, cases)) == expected


def test_the_product_beside_metadata_in_a_folder(tree: Tree) -> None:
    files = {f"server/{path}": text for path, text in ROOT.items()} | {"src/other/a.py": ""}
    subject = tree(files, python="server")
    assert set(covered(subject, (), told("server/app/tests/test_a.py"))) == {
        f"server/{path}" for path in (*APP, "tool.py")
    }


@pytest.mark.parametrize(
    ("packages", "paths"), [((), ()), (("lib", "docs"), ()), ((), ("docs/**",)), ((), ("lib/**",))]
)
def test_no_product_is_unmeasurable(tree: Tree, packages: tuple[str, ...], paths: tuple[str, ...]) -> None:
    subject = tree({"tests/test_a.py": "", "docs/a.md": "", "setup.py": ""}, packages=packages)
    with pytest.raises(Unmeasurable):
        covered(subject, paths, ())


def test_inside_the_product_only_tests_that_ran_are_exempt(tree: Tree) -> None:
    subject = tree(INNER)
    ran = told("pkg/tests/test_x.py")
    left = {"pkg/engine_test.py", "pkg/tests/full/__init__.py", "pkg/tests/helper.py", "pkg/tests/test_y.py"}
    assert set(covered(subject, (), ran)) == {"pkg/__init__.py", *left}
    # a file that was skipped as a whole has contributed no case
    skipped = told("pkg/engine_test.py", module="")
    assert "pkg/engine_test.py" in covered(subject, (), [*ran, *skipped])
    # nor does a case make a test of what is none by its name
    assert "pkg/__init__.py" in covered(subject, (), told("pkg/__init__.py"))


@pytest.mark.parametrize(
    ("files", "packages", "inside"),
    [
        ({"src/led/a_test.py": "", "src/led/test/x.py": "", "src/conftest.py": ""}, (), True),
        ({"led/__init__.py": "", "led/a_test.py": "", "led/test/x.py": ""}, (), True),
        ({"lib/led/a_test.py": "", "lib/led/test/x.py": ""}, ("lib/led",), True),
        ({"src/a.py": "", "lib/led/a_test.py": "", "lib/led/test/x.py": ""}, (), False),
        ({"a.py": "", "tests/__init__.py": "", "tests/helper.py": "", "test_a.py": ""}, (), False),
    ],
)
def test_a_name_exempts_nothing_inside_the_product(
    tree: Tree,
    files: dict[str, str],
    packages: tuple[str, ...],
    inside: bool,  # noqa: FBT001
) -> None:
    expected = set(files) if inside else {"src/a.py", "a.py"} & set(files)
    assert set(analysed(tree(files, packages=packages), ())) == expected


def test_tests_are_no_product_unless_named(tree: Tree) -> None:
    subject = tree({"src/a.py": "", "tests/test_a.py": "", "tests/data.txt": ""})
    assert analysed(subject, ()) == ("src/a.py",)
    assert analysed(subject, ["tests/**"]) == ("tests/test_a.py",)


@pytest.mark.parametrize("patterns", [(), ("docs/**",), ("src/**",)])
def test_nothing_to_analyse_is_unmeasurable(tree: Tree, patterns: tuple[str, ...]) -> None:
    with pytest.raises(Unmeasurable):
        analysed(tree({"docs/a.md": "", "tests/test_a.py": ""}), patterns)


@pytest.mark.parametrize("target", ["../data/code.txt", "../tests/helper.py", "missing.py", "/etc/passwd"])
def test_code_that_only_a_link_brings_in_is_unmeasurable(tree: Tree, target: str) -> None:
    files = {"src/a.py": "", "data/code.txt": "exec(x)", "tests/helper.py": ""}
    with pytest.raises(Unmeasurable, match=r"src/b\.py is a symbolic link to what is not measured"):
        analysed(tree(files, links={"src/b.py": target}), ())


def test_a_link_to_what_is_measured_does_no_harm(tree: Tree) -> None:
    subject = tree({"src/a.py": "", "tests/x.txt": ""}, links={"src/b.py": "a.py", "tests/c.py": "x.txt"})
    assert analysed(subject, ()) == ("src/a.py",)


def test_a_link_is_no_way_around_coverage(tree: Tree) -> None:
    subject = tree({"src/a.py": "", "lib/huge.py": ""}, links={"src/huge.py": "../lib/huge.py"})
    with pytest.raises(Unmeasurable, match=r"src/huge\.py is a symbolic link to what is not measured"):
        covered(subject, (), ())
