"""Where the tests of a base went that a candidate has no longer at their place."""

from time import process_time

import pytest

from gates.proof.changed_code import print_of
from gates.proof.changed_tests import Key, Places, Tests
from gates.proof.changed_tests import Test as Written

LONG = "abcdefghijklmnopqrst"


def written(**tests: str) -> Tests:
    """Names of tests, in one file (`__` for the dot), to their tokens: a letter each."""
    return {
        Key("test_a.py", name.replace("__", ".")): Written(1, print_of(text), tuple(text))
        for name, text in tests.items()
    }


@pytest.mark.parametrize(
    ("old", "new", "went"),
    [
        ({"A__test_x": LONG}, {"B__test_x": LONG}, {"A.test_x": "B.test_x"}),
        ({"test_x": LONG}, {"test_y": LONG}, {"test_x": "test_y"}),
        # of the same code that of the same name, whatever goes first
        ({"test_x": LONG}, {"test_a": LONG, "B__test_x": LONG}, {"test_x": "B.test_x"}),
        ({"test_x": LONG, "test_y": LONG}, {"test_z": LONG}, {"test_x": "test_z"}),
        ({"A__test_x": LONG}, {"B__test_x": LONG[:9] + "0123456789"}, {"A.test_x": "B.test_x"}),
        ({"test_x": LONG}, {"test_y": LONG[:-2]}, {"test_x": "test_y"}),
        ({"test_x": LONG}, {"test_y": LONG[:9] + "0123456789"}, {}),
        # one does not stand for two
        ({"test_x": LONG, "test_y": LONG[:-1]}, {"test_z": LONG[:-2]}, {"test_y": "test_z"}),
    ],
)
def test_a_lost_test_went_to_what_is_most_like_it(
    old: dict[str, str], new: dict[str, str], went: dict[str, str]
) -> None:
    places = Places(written(**old), written(**new))
    assert {one.name: other.name for one, other in places.moved(places.old, places.new).items()} == went


@pytest.mark.parametrize(("edit", "name"), [("", "test_{}"), ("", "test_new_{}"), ("edited", "test_{}")])
def test_a_folder_of_many_tests_that_has_moved_takes_no_time(edit: str, name: str) -> None:
    def many(path: str, form: str, more: str) -> Tests:
        texts = {Key(path, form.format(at)): [f"{at}", *LONG, more] for at in range(1100)}
        return {key: Written(1, print_of(text), tuple(text)) for key, text in texts.items()}

    places = Places(many("old/test_a.py", "test_{}", ""), many("new/test_a.py", name, edit))
    started = process_time()
    went = places.moved(places.old, places.new)
    assert went[Key("old/test_a.py", "test_7")] == Key("new/test_a.py", name.format(7))
    assert len(went) == len(places.old)
    assert process_time() - started < 20
