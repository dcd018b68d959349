"""The verifier on assignments that were merged in batches and with resolutions; and lies of each."""

from collections.abc import Callable
from typing import Any

import pytest

from tasks import evidence
from tasks.integrate import Gated, Resolution, candidate_on, merge_assignments, provisional
from tasks.verify import verify
from tests.tasks.merges import SLIPPED, blamed, landing, left, outside, problem, released
from tests.tasks.stories import Story

# -- batches


def batch(story: Story, verdicts: Callable[[str], tuple[str, ...]], tree: str | None = None) -> tuple[str, ...]:
    """Three assignments, gated together on the tree that they come to, or on another one."""
    hub = outside(story.hub)
    branch, links = hub.open_phase(1, "specification"), []
    tip = hub.tip(branch)
    for name in ("a", "b", "c"):
        found = candidate_on(hub.git, branch, tip, left(hub.git, hub.start, {f"{name}.md": name}))
        links.append((landing(hub, name), found))
        tip = provisional(hub.git, found)
    made = merge_assignments(links, Gated(verdicts(tree or links[-1][1].tree), tip))
    assert made
    return made


def test_a_batch_holds_by_the_verdicts_on_the_tree_to_which_it_came(story: Story) -> None:
    made = batch(story, story.verdicts)
    report = verify(released(story).repository, "main", None)
    assert report.findings == ()
    assert set(made) <= set(report.verified)
    (rests,) = [each for each in report.rests_on if set(made) <= set(each.commits)]
    assert evidence.fetch(story.repository.git, rests.evidence)["tree"] == story.hub.git.commit(made[-1]).tree


def test_a_batch_whose_verdicts_are_about_another_tree_is_found(story: Story) -> None:
    made = batch(story, story.verdicts, tree=story.hub.git.commit(story.hub.start).tree)
    report = verify(released(story).repository, "main", None)
    assert blamed(report).keys() == set(made)
    assert all("did not pass on this tree" in words for words in blamed(report).values())


@pytest.mark.parametrize("outcome", ["failed", None])
def test_a_batch_without_a_verdict_that_passed_is_found(story: Story, outcome: str | None) -> None:
    made = batch(story, lambda tree: story.verdicts(tree, outcome) if outcome else ())
    assert blamed(verify(released(story).repository, "main", None)).keys() == set(made)


def test_a_batch_to_whose_tree_the_branch_never_came_is_found(story: Story) -> None:
    hub = outside(story.hub)
    branch = hub.open_phase(1, "specification")
    first = candidate_on(hub.git, branch, hub.start, left(hub.git, hub.start, {"a.md": "a"}))
    other = candidate_on(hub.git, branch, hub.start, left(hub.git, hub.start, {"b.md": "b"}))
    record = landing(hub, "a").record(first, "batch", story.verdicts(other.tree))
    batched = {"batch": {"commit": provisional(hub.git, other), "tree": other.tree}}
    (name,) = evidence.keep(hub.git, [record | batched])
    lines = "".join(f"{key}: {value}\n" for key, value in landing(hub, "a").trailers("batch", name).items())
    made = hub.git.write_commit(first.tree, (first.ours, first.theirs), f"Merge a\n\n{lines}")
    assert hub.git.move(branch, made, hub.start)
    assert "which its branch never came to" in problem(released(story))


# -- resolutions


def resolved(story: Story, *, declare: bool = True, gated: bool = True, **changes: Any) -> str:  # noqa: ANN401
    """Two assignments that wrote the same file, and the merge that an architect made of it."""
    hub = outside(story.hub)
    branch = hub.open_phase(1, "specification")
    mine, theirs = (left(hub.git, hub.start, {"same.md": text}) for text in ("mine\n", "theirs\n"))
    merge_assignments([(landing(hub, "a"), candidate_on(hub.git, branch, hub.start, mine))], Gated())
    ours = hub.tip(branch)
    done = hub.git.write_commit(
        hub.git.commit(left(hub.git, hub.start, {"same.md": "both\n"} | changes.pop("more", {}))).tree, (ours, theirs),
        "Both\n",
    )  # fmt: skip
    (made,) = evidence.keep(hub.git, [{"kind": "attempt", "agent": changes.pop("by", "architect")}])
    resolution = Resolution("architect", ("same.md",), made, done)
    found = candidate_on(hub.git, branch, ours, theirs, resolution)
    work = landing(hub, "b", resolution if declare else None)
    record = work.record(found, "passed" if gated else "none", story.verdicts(found.tree) if gated else ())
    record |= {"resolution": {**record["resolution"], **changes}} if changes else {}  # type: ignore[dict-item]
    (name,) = evidence.keep(hub.git, [record])
    lines = "".join(f"{key}: {value}\n" for key, value in work.trailers(str(record["gate"]), name).items())
    merge = hub.git.write_commit(found.tree, (found.ours, found.theirs), f"Merge b\n\n{lines}")
    assert hub.git.move(branch, merge, ours)
    return merge


def test_a_resolution_that_is_declared_and_was_gated_holds_and_is_told(story: Story) -> None:
    merge = resolved(story)
    report = verify(released(story).repository, "main", None)
    assert report.findings == ()
    assert report.notes == (f"{merge[:12]} Merge b: architect decided on same.md",)


def test_what_a_resolution_changed_besides_is_told(story: Story) -> None:
    resolved(story, more={"README.md": "other\n"})
    (note,) = verify(released(story).repository, "main", None).notes
    assert note.endswith("architect decided on same.md, and changed what git had merged by itself: README.md")


@pytest.mark.parametrize(
    ("forged", "words"),
    [
        ({"declare": False}, SLIPPED),
        ({"gated": False}, "its conflicts were resolved, and no gate passed on the tree that came of it"),
        ({"by": "somebody"}, "what it names as the origin of its resolution is no attempt of that agent"),
        ({"evidence": "1" * 64}, "evidence 111111111111 is missing"),
        ({"conflicts": ["other.md"]}, "it declares other conflicts than git finds: same.md"),
        ({"conflicts": None}, "its evidence is not as sparc writes it"),
    ],
    ids=str,
)
def test_a_resolution_that_is_forged_is_found(story: Story, forged: dict[str, Any], words: str) -> None:
    merge = resolved(story, **forged)
    assert blamed(verify(released(story).repository, "main", None)) == {merge: words}


def test_a_resolution_of_what_does_not_conflict_is_found(story: Story) -> None:
    hub = outside(story.hub)
    branch = hub.open_phase(1, "specification")
    theirs = left(hub.git, hub.start, {"a.md": "a"})
    evil = left(hub.git, hub.start, {"a.md": "a", "backdoor.py": "evil"})
    (made,) = evidence.keep(hub.git, [{"kind": "attempt", "agent": "architect"}])
    resolution = Resolution("architect", (), made, evil)
    found = candidate_on(hub.git, branch, hub.start, theirs, resolution)
    merge_assignments([(landing(hub, "a", resolution), found)], Gated(story.verdicts(found.tree)))
    assert problem(released(story)) == "it declares a resolution of conflicts, and git finds none between its parents"
