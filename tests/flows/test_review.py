"""Reviews: who signed off what, on which tree, however the answer reached the run."""

import asyncio
import signal
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support import Shop, all_run, git, phase, told, wait_for, work

Open = Callable[[str], Shop]
Done = subprocess.CompletedProcess[str]
POINTS = ["All figures are measurable", "The owner agrees"]


def reviewed(shop: Shop, **more: object) -> Shop:
    """One assignment whose phase asks a person; each ask adds a line."""
    script = 'mkdir -p docs; echo "ask $SPARC_ATTEMPT" >> docs/a.md'
    shop.plan({
        "specification": phase(a=work(script, "docs/a.md"), review=POINTS, **more),
        "pseudocode": phase(b=work("echo b > docs/b.md", "docs/b.md")),
    })  # fmt: skip
    return shop


class Waiting:
    """A run in the background, from when it waits for a person."""

    def __init__(self, shop: Shop, *words: object) -> None:
        self.shop, self.run = shop, shop.root.name
        words = words or ("run", shop.plan_dir / "plan.yaml", "--run", self.run)
        self.process = shop.start(*words, "--json")
        wait_for(lambda: self.states()[-1:] == ["Paused"], why="it never waited")

    def states(self) -> list[str]:
        """The states of the phase's flow run in Prefect."""
        from prefect import get_client  # noqa: PLC0415 - reads its settings when imported
        from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterName  # noqa: PLC0415
        from prefect.client.schemas.sorting import FlowRunSort  # noqa: PLC0415

        from flows.running import connected  # noqa: PLC0415

        named = FlowRunFilter(name=FlowRunFilterName(any_=[f"{self.run} · 1 specification"]))
        with connected(self.shop.home), get_client(sync_client=True) as client:
            runs = client.read_flow_runs(flow_run_filter=named, sort=FlowRunSort.START_TIME_ASC)
            return [str(run.state_name) for run in runs]

    def end(self) -> tuple[int, dict[str, Any], str]:
        """Exit code, document and standard error, once it has ended."""
        stdout, stderr = self.process.communicate(timeout=90)
        return self.process.returncode, told(subprocess.CompletedProcess((), 0, stdout)), stderr


def approved(shop: Shop) -> dict[str, Any]:
    """Approved by `sparc review`."""
    waiting = Waiting(reviewed(shop))
    status = shop.sparc("status", waiting.run)
    answered = shop.sparc("review", waiting.run, "--approve", "--comment", "well done")
    return {"status": status, "answered": answered, "end": waiting.end(), "again": shop.sparc(
        "review", waiting.run, "--approve"
    )}  # fmt: skip


def rejected(shop: Shop) -> dict[str, Any]:
    """Rejected in Prefect; resumed, and killed while it waits again; approved meanwhile, and resumed once more."""
    waiting = Waiting(reviewed(shop))
    _resume_in_prefect(shop, waiting.run, approved=False, comment="the figures are vague")
    end = waiting.end()
    again = Waiting(shop, "resume", waiting.run)
    again.process.send_signal(signal.SIGKILL)
    again.process.communicate()
    recorded = shop.sparc("review", waiting.run, "--approve", "--comment", "better")
    return {"end": end, "recorded": recorded, "resumed": shop.sparc("resume", waiting.run, "--json")}


def _resume_in_prefect(shop: Shop, run: str, **answer: object) -> None:
    """What Prefect's form does."""
    import json  # noqa: PLC0415

    from prefect.flow_runs import resume_flow_run  # noqa: PLC0415 - reads its settings when imported

    from flows.running import connected  # noqa: PLC0415

    flow_run = json.loads((shop.run_folder(run) / "review.json").read_text())["flow_run"]
    with connected(shop.home):
        resume_flow_run(flow_run, run_input=answer)


async def late(shop: Shop) -> dict[str, Any]:
    """Nobody answers in time; then --yes does."""
    plan = reviewed(shop, review_timeout="2s").plan_dir / "plan.yaml"
    first = await shop.arun(plan, run="late")
    return {"first": first, "resumed": await shop.arun(plan, run="late", yes=True)}


async def answered_too_late(shop: Shop) -> dict[str, Any]:
    """The same; then a rejection is recorded, which counts for one resume, and its words for the next."""
    plan = reviewed(shop, review_timeout="1s").plan_dir / "plan.yaml"
    await shop.arun(plan, run="too-late")
    recorded = await asyncio.to_thread(shop.sparc, "review", "too-late", "--reject", "--comment", "start again")
    first = await shop.arun(plan, run="too-late")
    return {"recorded": recorded, "first": first, "resumed": await shop.arun(plan, run="too-late", yes=True)}


Played = Callable[[str], tuple[Shop, dict[str, Any]]]


@pytest.fixture(scope="module")
def played(shop: Open) -> Played:
    shops = {name: shop(name) for name in ("approved", "rejected", "late", "too-late")}
    with ThreadPoolExecutor() as threads:
        outside = [threads.submit(scene, shops[scene.__name__]) for scene in (approved, rejected)]
        inside = all_run({"late": late(shops["late"]), "too-late": answered_too_late(shops["too-late"])})
        results = inside | {"approved": outside[0].result(), "rejected": outside[1].result()}
    return lambda name: (shops[name], results[name])


def reviews(shop: Shop) -> list[dict[str, Any]]:
    """The answers that the user's repository holds as evidence."""
    return shop.evidence("review")


def test_a_waiting_run_says_how_it_is_answered(played: Played) -> None:
    _, said = played("approved")
    for words in (*POINTS, "sparc review approved --approve"):
        assert words in said["status"].stdout
    assert "REVIEW WANTED: All figures are measurable; The owner agrees" in said["end"][2]


def test_an_approval_lets_the_run_go_on_and_is_evidence_bound_to_the_tree(played: Played) -> None:
    shop, said = played("approved")
    code, outcome, _ = said["end"]
    assert said["answered"].stdout == "run approved goes on with the answer\n"
    assert (code, outcome["outcome"]) == (0, "released")
    assert outcome["phases"][0]["review"] == {
        "points": POINTS, "approved": True, "by": "a person", "comment": "well done",
    }  # fmt: skip
    assert outcome["phases"][1]["review"] is None
    (review,) = reviews(shop)
    assert (review["approved"], review["comment"], review["points"]) == (True, "well done", POINTS)
    passed = outcome["phases"][0]["commit"]
    assert review["tree"] == git(shop.repository, "rev-parse", f"{passed}^{{tree}}")
    (gate,) = (gate for gate in shop.evidence("gate") if gate["review"])
    assert gate["review"]["comment"] == "well done"
    assert gate["tree"] == review["tree"]


def test_a_run_that_waits_for_nothing_takes_no_answer(played: Played) -> None:
    _, said = played("approved")
    assert said["again"].returncode == 2
    assert said["again"].stderr.startswith("run approved waits for no review: ")


def test_a_rejection_blocks_and_its_words_reach_the_next_ask(played: Played) -> None:
    shop, said = played("rejected")
    code, outcome, _ = said["end"]
    assert (code, outcome["outcome"]) == (1, "blocked")
    assert outcome["reason"] == "1 specification: rejected by a person: the figures are vague"
    assert shop.asked() == ["specification.a.1", "specification.a.2", "pseudocode.b.1"]
    page = shop.page("specification.a.2")
    assert [(one["check"], one["message"]) for one in page["context"]["findings"]] == [
        ("review", "rejected: the figures are vague")
    ]
    assert "the figures are vague" in page["prompt"]


def test_an_answer_to_a_run_whose_process_is_gone_waits_for_its_resume(played: Played) -> None:
    shop, said = played("rejected")
    assert said["recorded"].stdout == "recorded; `sparc resume rejected` takes it\n"
    resumed = told(said["resumed"])
    assert (said["resumed"].returncode, resumed["outcome"]) == (0, "released")
    assert resumed["phases"][0]["review"] == {
        "points": POINTS, "approved": True, "by": "a person", "comment": "better",
    }  # fmt: skip
    answers = {review["comment"]: (review["approved"], review["tree"]) for review in reviews(shop)}
    assert {comment: approved for comment, (approved, _) in answers.items()} == {
        "the figures are vague": False, "better": True
    }  # fmt: skip
    assert len({tree for _, tree in answers.values()}) == 2, "each is about the tree that was there"
    assert shop.show("docs/a.md") == "ask 1\nask 2\n"


def test_a_review_that_nobody_answers_blocks_in_its_time(played: Played) -> None:
    _, said = played("late")
    assert said["first"].outcome == "blocked"
    assert said["first"].reason == "1 specification: nobody answered the review of specification within 2 s"
    assert said["first"].phases[0].review.approved is None


def test_yes_approves_and_the_evidence_says_that_it_was_yes(played: Played) -> None:
    shop, said = played("late")
    assert said["resumed"].outcome == "released"
    assert said["resumed"].phases[0].review.by == "--yes"
    (review,) = reviews(shop)
    assert (review["by"], review["approved"], review["points"]) == ("--yes", True, POINTS)
    assert shop.asked() == ["specification.a.1", "pseudocode.b.1"]


def test_a_recorded_rejection_blocks_the_resume_and_the_next_one_asks_again(played: Played) -> None:
    shop, said = played("too-late")
    assert said["recorded"].returncode == 0, said["recorded"].stderr
    assert (said["first"].outcome, said["first"].reason[-11:]) == ("blocked", "start again")
    assert said["resumed"].outcome == "released"
    assert shop.asked() == ["specification.a.1", "specification.a.2", "pseudocode.b.1"]
    assert shop.page("specification.a.2")["context"]["findings"][0]["message"] == "rejected: start again"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("never-was", "--approve"), "no run 'never-was' under "),
        (("never-was",), "say either --approve or --reject"),
        (("never-was", "--approve", "--reject"), "say either --approve or --reject"),
    ],
)
def test_an_answer_that_answers_nothing_is_refused(shop: Open, arguments: tuple[str, ...], words: str) -> None:
    nobody = shop("-".join(("nobody", str(len(arguments)), arguments[-1].strip("-"))))
    done = nobody.sparc("review", *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith(words)
