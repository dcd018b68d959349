"""Which file of a candidate is which one of its base."""

from time import process_time

import pytest

from gates.moves import moved
from gates.subject import TreeFile


def files(**entries: tuple[str, int]) -> list[TreeFile]:
    """Paths (`__` for the slash) with blob and size."""
    return [
        TreeFile(path=f"{name.replace('__', '/')}.py", mode="100644", size=size, blob=blob)
        for name, (blob, size) in entries.items()
    ]


@pytest.mark.parametrize(
    ("before", "after", "pairs"),
    [
        (files(a=("1", 9)), files(a=("2", 9), b=("1", 9)), {}),
        (files(a=("1", 9)), files(b=("1", 9)), {"a.py": "b.py"}),
        (files(a=("1", 9)), files(b=("2", 9)), {}),
        (files(a=("1", 9)), files(lib__a=("2", 18)), {"a.py": "lib/a.py"}),
        (files(a=("1", 9)), files(lib__a=("2", 19)), {}),
        (files(a=("1", 9)), files(b=("1", 9), lib__a=("1", 9)), {"a.py": "lib/a.py"}),
        (files(x__a=("1", 9), y__a=("2", 9)), files(z__a=("3", 9)), {"x/a.py": "z/a.py"}),
        (
            files(x__a=("1", 9), y__a=("2", 9)),
            files(src__y__a=("3", 9), src__x__a=("4", 9)),
            {"x/a.py": "src/x/a.py", "y/a.py": "src/y/a.py"},
        ),
        (files(a=("", 9)), files(b=("", 9)), {}),
    ],
)
def test_a_file_that_is_gone_is_one_that_is_new(
    before: list[TreeFile], after: list[TreeFile], pairs: dict[str, str]
) -> None:
    assert moved(before, after) == pairs


def test_many_files_of_one_name_take_no_time() -> None:
    def many(folder: str, blob: str) -> list[TreeFile]:
        return files(**{f"{folder}__p{at}__BUILD": (f"{blob}{at}", 9) for at in range(3000)})

    started = process_time()
    pairs = moved(many("old", "a"), many("new", "b"))
    assert pairs["old/p7/BUILD.py"] == "new/p7/BUILD.py"
    assert process_time() - started < 2


def test_a_link_is_no_file_that_moved() -> None:
    link = TreeFile(path="b.py", mode="120000", size=9, blob="1")
    assert moved(files(a=("1", 9)), [link]) == {}
