"""Good tags: one for each passed phase, numbered once and for good, whatever is killed, repeated or run again."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tasks.errors import Blocked
from tasks.good import GoodTag, good_tags
from tasks.hub import create_hub
from tasks.publish import bring
from tests.tasks.stories import Story

RunGit = Callable[..., str]


def tagged(story: Story) -> list[GoodTag]:
    story.hub.tag_good(story.repository)
    bring(story.hub, story.repository)
    return list(story.hub.good_tags())


def test_every_passed_phase_is_tagged_once_and_the_tags_reach_the_users_repository(story: Story, git: RunGit) -> None:
    assert tagged(story) == []
    story.two_phases()
    first, second = story.hub.passed()
    found = tagged(story)
    assert found == [
        GoodTag("good/ledger/1", first.oid, "specification", 1, "ledger-1"),
        GoodTag("good/ledger/2", second.oid, "refinement", 2, "ledger-1"),
    ]
    assert good_tags(story.repository.git, "ledger") == found
    said = git(story.repository.path, "cat-file", "tag", "good/ledger/2")
    for words in (
        "tagger sparc <sparc@localhost>", "Phase 2 refinement of ledger has passed its gate", "Sparc-Run: ledger-1",
        "Sparc-Phase: refinement", f"Sparc-Evidence: {second.trailers['Sparc-Evidence']}",
    ):  # fmt: skip
        assert words in said
    assert git(story.repository.path, "describe", "sparc/ledger") == "good/ledger/2"
    before = story.repository.git.refs("refs/tags/")
    assert tagged(story) == found
    assert story.repository.git.refs("refs/tags/") == before


def test_a_later_run_of_the_plan_goes_on_counting_and_keeps_its_numbers(story: Story, git: RunGit) -> None:
    story.two_phases()
    tagged(story)
    git(story.repository.path, "tag", "good/ledger/7", "main")  # somebody's own
    git(story.repository.path, "tag", "good/ledger/last", "main")
    again = create_hub(story.folder.path / "b.git", story.repository, "b", "ledger", story.hub.start)
    second = replace(story, hub=again)
    git(story.repository.path, "branch", "-m", "sparc/ledger", "kept")
    second.assignment(1, "specification", "slos", {"docs/slos.md": "# Others\n"})
    second.phase(1, "specification")
    again.tag_good(story.repository)
    git(story.repository.path, "tag", "--delete", "good/ledger/7")  # before the run came to publish its own
    second.assignment(2, "refinement", "posting", {"src/post.py": "POST = 2\n"})
    second.phase(2, "refinement")
    assert [(good.tag, good.number) for good in tagged(second)] == [("good/ledger/8", 1), ("good/ledger/9", 2)]
    assert [good.place for good in good_tags(story.repository.git, "ledger")] == [1, 2, 8, 9]
    assert [good.tag for good in story.hub.good_tags()] == ["good/ledger/1", "good/ledger/2"]


def test_a_tag_of_the_users_that_has_the_name_by_then_is_not_moved(story: Story, git: RunGit) -> None:
    story.two_phases()
    story.hub.tag_good(story.repository)
    git(story.repository.path, "tag", "good/ledger/1", "main")
    with pytest.raises(Blocked, match="good/ledger/1"):
        bring(story.hub, story.repository)
    assert git(story.repository.path, "rev-parse", "good/ledger/1") == story.repository.tip("main")
