"""What the tests of the end of a plan share: a plan of one assignment, and somebody who commits by hand."""

from tests.flows.scenes import MINE
from tests.support import Shop, phase, work


def plan(shop: Shop, script: str = "true", *, gate: object = ("deliverables",), **more: object) -> None:
    """A plan of one assignment, whose agent writes a file and then does something to the user's repository."""
    text = f"mkdir -p docs; echo mine > {MINE}; cd {shop.repository}; {script}"
    shop.plan({"specification": phase(mine=work(text, MINE), gate=gate)}, isolation="none", **more)


def by_hand(name: str, text: str) -> str:
    """Somebody commits to the branch that is checked out."""
    return f"mkdir -p docs; echo {text} > {name}; git add --all; git commit --quiet --message='by hand {name}'"
