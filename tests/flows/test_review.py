"""Reviews: who signed off what, on which tree, however the answer reached the run."""

import signal
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from tests.support import Shop, at_once, git, phase, told, wait_for, work

Open = Callable[[str], Shop]
Done = subprocess.CompletedProcess[str]
POINTS = ["All figures are measurable", "The owner agrees"]
NOBODY = {"PREFECT_LOGGING_LEVEL": "ERROR"}


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

    def __init__(self, shop: Shop) -> None:
        self.shop, self.run = shop, shop.root.name
        self.process = shop.start("run", shop.plan_dir / "plan.yaml", "--run", self.run, "--json")
        note = shop.run_folder(self.run) / "review.json"
        wait_for(lambda: note.exists() and "Paused" in self.states(), why="it never waited")

    def states(self) -> list[str]:
        """The states of the phase's flow run in Prefect."""
        from prefect import get_client  # noqa: PLC0415 - reads its settings when imported
        from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterName  # noqa: PLC0415
        from prefect.settings import PREFECT_API_URL, temporary_settings  # noqa: PLC0415

        from tasks.server import ensure  # noqa: PLC0415

        named = FlowRunFilter(name=FlowRunFilterName(any_=[f"{self.run} · 1 specification"]))
        with temporary_settings({PREFECT_API_URL: ensure(self.shop.home).url}), get_client(sync_client=True) as client:
            return [str(run.state_name) for run in client.read_flow_runs(flow_run_filter=named)]

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
    """Rejected in Prefect, resumed with --yes."""
    waiting = Waiting(reviewed(shop))
    _resume_in_prefect(shop, waiting.run, approved=False, comment="the figures are vague")
    end = waiting.end()
    return {"end": end, "resumed": shop.sparc("resume", waiting.run, "--yes", "--json")}


def _resume_in_prefect(shop: Shop, run: str, **answer: object) -> None:
    """What Prefect's form does."""
    import json  # noqa: PLC0415

    from prefect.flow_runs import resume_flow_run  # noqa: PLC0415 - reads its settings when imported
    from prefect.settings import PREFECT_API_URL, temporary_settings  # noqa: PLC0415

    from tasks.server import ensure  # noqa: PLC0415

    flow_run = json.loads((shop.run_folder(run) / "review.json").read_text())["flow_run"]
    with temporary_settings({PREFECT_API_URL: ensure(shop.home).url}):
        resume_flow_run(flow_run, run_input=answer)


def late(shop: Shop) -> dict[str, Any]:
    """Nobody answers in time; the answer is recorded afterwards."""
    reviewed(shop, review_timeout="3s")
    run = ("run", shop.plan_dir / "plan.yaml", "--run", "late", "--json")
    first = shop.sparc(*run)
    recorded = shop.sparc("review", "late", "--approve", "--comment", "sorry, on holiday")
    return {"first": first, "recorded": recorded, "resumed": shop.sparc("resume", "late", "--json")}


def killed(shop: Shop) -> dict[str, Any]:
    """Killed while it waits; the answer to another tree than the one that was reviewed counts for nothing."""
    waiting = Waiting(reviewed(shop))
    waiting.process.send_signal(signal.SIGKILL)
    waiting.process.communicate()
    recorded = shop.sparc("review", waiting.run, "--reject", "--comment", "start again")
    first = shop.sparc("resume", waiting.run, "--json")
    return {"recorded": recorded, "first": first, "resumed": shop.sparc("resume", waiting.run, "--yes", "--json")}


SCENES: dict[str, Callable[[Shop], dict[str, Any]]] = {
    "approved": approved, "rejected": rejected, "late": late, "killed": killed
}  # fmt: skip
Played = Callable[[str], tuple[Shop, dict[str, Any]]]


@pytest.fixture(scope="module")
def played(shop: Open) -> Played:
    shops = {name: shop(name) for name in SCENES}
    results = dict(zip(SCENES, at_once(*(
        lambda name=name: SCENES[name](shops[name]) for name in SCENES
    )), strict=True))  # fmt: skip
    return lambda name: (shops[name], results[name])


def reviews(shop: Shop) -> list[dict[str, Any]]:
    """The answers that the user's repository holds as evidence."""
    return shop.evidence("review")


def test_a_waiting_run_says_how_it_is_answered(played: Played) -> None:
    _, said = played("approved")
    assert "Review" in said["status"].stdout or "review" in said["status"].stdout
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


def test_yes_approves_and_the_evidence_says_that_it_was_yes(played: Played) -> None:
    shop, said = played("rejected")
    outcome = told(said["resumed"])
    assert (said["resumed"].returncode, outcome["outcome"]) == (0, "released")
    assert outcome["phases"][0]["review"] == {"points": POINTS, "approved": True, "by": "--yes", "comment": ""}
    answers = {(review["by"], review["approved"]): review["tree"] for review in reviews(shop)}
    assert set(answers) == {("a person", False), ("--yes", True)}
    assert len(set(answers.values())) == 2, "each is about the tree that was there"
    assert shop.show("docs/a.md") == "ask 1\nask 2\n"


def test_a_review_that_nobody_answers_blocks_in_its_time(played: Played) -> None:
    shop, said = played("late")
    first = told(said["first"])
    assert (said["first"].returncode, first["outcome"]) == (1, "blocked")
    assert first["reason"] == "1 specification: nobody answered the review of specification within 3 s"
    assert shop.tip("main") != shop.begin, "it was released in the end"


def test_an_answer_to_a_run_whose_process_is_gone_waits_for_its_resume(played: Played) -> None:
    shop, said = played("late")
    assert said["recorded"].stdout == "recorded; `sparc resume late` takes it\n"
    resumed = told(said["resumed"])
    assert (said["resumed"].returncode, resumed["outcome"]) == (0, "released")
    assert resumed["phases"][0]["review"]["comment"] == "sorry, on holiday"
    assert resumed["phases"][0]["review"]["by"] == "a person"
    assert shop.asked() == ["specification.a.1", "pseudocode.b.1"]


def test_a_recorded_rejection_blocks_the_resume_and_the_next_one_asks_again(played: Played) -> None:
    shop, said = played("killed")
    assert said["recorded"].returncode == 0
    assert (said["first"].returncode, told(said["first"])["outcome"]) == (1, "blocked")
    assert (said["resumed"].returncode, told(said["resumed"])["outcome"]) == (0, "released")
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
