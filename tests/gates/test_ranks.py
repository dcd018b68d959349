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
