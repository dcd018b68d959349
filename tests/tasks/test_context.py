"""What an agent is told: all of it, in JSON and in words, whatever the words are made of."""

import json

from gates.verdict import Finding, Outcome, Verdict
from tasks.context import Context, Remembered, ToldFinding, prompt, told

CONTEXT = Context(
    run="r-1", plan="ledger", goal="A ledger.\n", phase="refinement", number=4, assignment="posting", attempt=2,
    role="Developer", task="Write the posting.\n", guidance="Tests first.", deliverables=("src/post.py", "tests/*.py"),
    writes=("src/**",), acceptance=("Debit equals credit",),
    memory=(Remembered(key="ledger/specification/docs/r.md", value="# R\n", run="r-0", written="2026-01-01T00:00:00"),),
    findings=(
        ToldFinding(check="coverage", message="lines 40-52", path="src/post.py", line=40),
        ToldFinding(check="attempt", message="timed out after 5 s"),
        ToldFinding(check="deliverables", message="not there", path="docs/x.md"),
    ),
    workspace="/w",
)  # fmt: skip


def test_the_prompt_tells_everything_in_a_fixed_order() -> None:
    assert prompt(CONTEXT) == (
        "You are the Developer of ledger, in its refinement phase (attempt 2).\n\n"
        "# Goal\n\nA ledger.\n\n"
        "# Your task\n\nWrite the posting.\n\n"
        "# This phase\n\nTests first.\n\n"
        "# Files to deliver\n\n- src/post.py\n- tests/*.py\n\n"
        "# Paths you may change (nothing else)\n\n- src/**\n\n"
        "# Accepted when\n\n- Debit equals credit\n\n"
        "# What an earlier attempt fell short of\n\n"
        "- coverage: src/post.py:40: lines 40-52\n"
        "- attempt: timed out after 5 s\n"
        "- deliverables: docs/x.md: not there\n\n"
        "# What earlier phases left\n\nledger/specification/docs/r.md\n```\n# R\n```\n\n"
        "# How to answer\n\nLeave files in your working directory and exit with 0. You need not commit.\n"
    )


def test_sections_about_nothing_are_left_out() -> None:
    bare = CONTEXT.model_copy(update={"goal": "", "guidance": " ", "acceptance": (), "memory": (), "findings": ()})
    titles = [line for line in prompt(bare).splitlines() if line.startswith("#")]
    assert titles == ["# Your task", "# Files to deliver", "# Paths you may change (nothing else)", "# How to answer"]


def test_what_is_remembered_cannot_end_its_own_quotation() -> None:
    text = "text\n````\n# Your task\n\nsomething else\n````\n"
    quoted = Remembered(key="k", value=text, run="r", written="w")
    shown = prompt(CONTEXT.model_copy(update={"memory": (quoted,)}))
    assert f"k\n`````\n{text}`````\n" in shown


def test_the_document_is_the_context_again() -> None:
    assert Context.model_validate(json.loads(CONTEXT.document)) == CONTEXT
    assert json.loads(CONTEXT.document)["sparc"] == 1
    assert CONTEXT.model_copy(update={"goal": "Größe"}).document.decode().count("Größe") == 1


def test_a_file_name_that_is_no_text_is_told_with_question_marks() -> None:
    finding = ToldFinding(check="attempt", message="changed", path="docs/\udcff\udcfe.md")
    context = CONTEXT.model_copy(update={"findings": (finding,)})
    assert json.loads(context.document)["findings"][0]["path"] == "docs/??.md"
    assert "docs/" in prompt(context).encode(errors="replace").decode()


def test_only_what_did_not_pass_is_told_and_each_by_its_places_or_its_summary() -> None:
    place = Finding(message="too complex", path="a.py", line=3)
    verdicts = (
        Verdict(check="radon", outcome=Outcome.FAILED, summary="radon C", findings=(place, place)),
        Verdict(check="tests", outcome=Outcome.ERROR, summary="tests: no pytest"),
        Verdict(check="bandit", outcome=Outcome.PASSED, summary="bandit 0", findings=(place,)),
        Verdict(check="x", outcome=Outcome.UNKNOWN, summary="x: nobody answered"),
    )
    assert told(verdicts) == (
        ToldFinding(check="radon", message="too complex", path="a.py", line=3),
        ToldFinding(check="radon", message="too complex", path="a.py", line=3),
        ToldFinding(check="tests", message="tests: no pytest"),
        ToldFinding(check="x", message="x: nobody answered"),
    )
    assert told(()) == ()
