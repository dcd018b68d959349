"""What coverage is a share of."""

from collections.abc import Callable

import pytest

from gates.product import product
from gates.subject import Subject
from gates.verdict import Unmeasurable

Tree = Callable[..., Subject]

ROOT = {
    "app/__init__.py": "",
    "app/a.py": "",
    "app/deep/b.py": "",
    "app/tests/test_a.py": "",
    "loose/c.py": "",
    "tool.py": "",
    "setup.py": "",
    "conftest.py": "",
    "tests/__init__.py": "",
    "tests/test_b.py": "",
    "docs/a.md": "",
}
SRC = {"src/app/a.py": "", "src/app/test_a.py": "", "src/app/data.txt": ""}


@pytest.mark.parametrize(
    ("files", "packages", "paths", "expected"),
    [
        (ROOT, (), (), {"app/__init__.py", "app/a.py", "app/deep/b.py", "tool.py"}),
        (ROOT | SRC, (), (), {"src/app/a.py"}),
        (ROOT | SRC, ("app", "tool.py"), (), {"app/__init__.py", "app/a.py", "app/deep/b.py", "tool.py"}),
        (ROOT, ("app", "generated.py"), (), {"app/__init__.py", "app/a.py", "app/deep/b.py"}),
        (ROOT | SRC, ("app",), ("loose/**", "tests/*"), {"loose/c.py", "tests/__init__.py", "tests/test_b.py"}),
    ],
)
def test_the_product(
    tree: Tree, files: dict[str, str], packages: tuple[str, ...], paths: tuple[str, ...], expected: set[str]
) -> None:
    assert set(product(tree(files, packages=packages), paths)) == expected


@pytest.mark.parametrize(
    ("packages", "paths"), [((), ()), (("lib", "docs"), ()), (("tests",), ()), ((), ("docs/**",)), ((), ("lib/**",))]
)
def test_no_product_is_unmeasurable(tree: Tree, packages: tuple[str, ...], paths: tuple[str, ...]) -> None:
    subject = tree({"tests/test_a.py": "", "docs/a.md": "", "setup.py": ""}, packages=packages)
    with pytest.raises(Unmeasurable):
        product(subject, paths)
