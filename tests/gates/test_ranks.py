"""Every block of a module, once."""

from gates.metrics.ranks import complexities

SOURCE = b"""
import os
if os.name:
    X = 1
class A:
    def m(self):
        def inner():
            return 1
        return inner
    class B:
        pass
async def f():
    return [x for x in (1, 2) if x]
"""


def test_each_block_is_measured_once_under_its_name() -> None:
    ranks = {rank.name: (rank.line, rank.value, rank.rank) for rank in complexities("", SOURCE)}
    assert ranks == {
        "module": (1, 2, "A"),
        "A": (5, 2, "A"),
        "A.m": (6, 1, "A"),
        "A.m.inner": (7, 1, "A"),
        "A.B": (10, 1, "A"),
        "f": (12, 3, "A"),
    }
    assert len(complexities("", SOURCE)) == len(ranks)


def test_what_stands_before_a_body_counts_for_its_block() -> None:
    source = (
        b"@(f if 1 else g)\ndef one(a=1 if 2 else 3, *, b=(4 or 5)):\n    pass\nclass Two(A if B else C):\n    pass\n"
    )
    ranks = {rank.name: rank.value for rank in complexities("", source)}
    assert ranks["one"] == 4
    assert ranks["Two"] == 2
