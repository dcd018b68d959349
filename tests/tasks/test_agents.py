"""Agents: what each kind is given, what counts as its answer, and what it can never see."""

import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from pydantic import ValidationError

from tasks import workspace
from tasks.agents.asking import Answer, Request, replaced
from tasks.agents.claude import argv_of, failure_in
from tasks.agents.lending import check_lent, lent_paths, private_paths
from tasks.agents.registry import agent_of, base_environment, environment_of
from tasks.agents.spec import KINDS, AgentSpec, Home
from tasks.errors import Refused
from tasks.hub import Hub
from tasks.jail import Jail

RunGit = Callable[..., str]

WORDS = {
    "plan_dir": "/the/plan", "workspace": "/the/work", "run": "r-1", "phase": "refinement", "assignment": "posting",
    "attempt": "2",
}  # fmt: skip


def spec(**fields: object) -> AgentSpec:
    return AgentSpec.model_validate(fields)


@pytest.fixture
def request_of(tmp_path: Path) -> Callable[..., Request]:
    """A request, of which single fields may be given."""
    (tmp_path / "work").mkdir()

    def make(**fields: object) -> Request:
        env = {"PATH": os.environ["PATH"]}
        base = {"workspace": tmp_path / "work", "prompt": "Do it.\n", "words": WORDS, "env": env, "timeout": 20.0}
        base["jail"] = Jail("none", ())
        return Request(**{**base, "ended": 0, "log": tmp_path / "log", **fields})  # type: ignore[arg-type]

    return make


def ask(agent: AgentSpec, request: Request, plan_dir: Path = Path("/the/plan")) -> Answer:
    return agent_of(agent, plan_dir).ask(request)


# -- how one is described


@pytest.mark.parametrize(
    "fields", [{}, {"command": ["a"], "replay": "x"}, {"refuse": "no", "claude": {}}, {"env": ["A"]}]
)
def test_an_agent_is_of_exactly_one_kind(fields: Mapping[str, object]) -> None:
    with pytest.raises(ValidationError, match="exactly one of command, claude, replay, refuse"):
        spec(**fields)


def test_every_kind_can_be_asked() -> None:
    described: dict[str, object] = {"command": ["true"], "claude": {}, "replay": "cassettes", "refuse": "no"}
    assert set(described) == set(KINDS)
    assert {spec(**{kind: value}).kind for kind, value in described.items()} == set(KINDS)
    assert len({type(agent_of(spec(**{kind: value}), Path())) for kind, value in described.items()}) == len(KINDS)


@pytest.mark.parametrize(
    "fields", [{"command": []}, {"command": ["a", ""]}, {"command": "a b"}, {"refuse": "x", "env": ["A=B"]}]
)
def test_a_description_that_cannot_be_meant_is_refused(fields: Mapping[str, object]) -> None:
    with pytest.raises(ValidationError):
        spec(**fields)


def test_words_are_replaced_once_and_other_braces_stay() -> None:
    argv = (
        "{plan_dir}/x",
        "--a={attempt}{run}",
        "{unknown}",
        "{{phase}}",
        "{}",
        "${HOME}",
        "{assignment }",
        "{workspace}",
    )
    words = WORDS | {"workspace": "/a/{run}"}
    assert replaced(argv, words) == (
        "/the/plan/x", "--a=2r-1", "{unknown}", "{refinement}", "{}", "${HOME}", "{assignment }", "/a/{run}",
    )  # fmt: skip


# -- what one may see


CALLER = {
    "PATH": "/bin", "LANG": "C.UTF-8", "LC_ALL": "C", "LC_TIME": "C", "TERM": "xterm", "HOME": "/home/me", "TOKEN": "t",
    "OTHER": "o", "SSH_AUTH_SOCK": "/s", "GIT_DIR": "/g", "PYTHONPATH": "/p", "PREFECT_API_URL": "u", "SPARC_HOME": "/",
    "TMPDIR": "/t", "LD_PRELOAD": "x.so", "lc_lower": "no",
}  # fmt: skip
BASICS = {"PATH": "/bin", "LANG": "C.UTF-8", "LC_ALL": "C", "LC_TIME": "C", "TERM": "xterm"}


def test_an_agent_sees_declared_names_only_and_a_home_of_its_own() -> None:
    own = {"HOME": "/private/home", "TMPDIR": "/private/tmp"}
    places = Path("/private/home"), Path("/private/tmp")
    assert environment_of(spec(refuse="x"), CALLER, *places) == BASICS | own
    named = spec(refuse="x", env=["TOKEN", "MISSING", "HOME", "TMPDIR"])
    assert environment_of(named, CALLER, *places) == BASICS | own | {"TOKEN": "t"}
    assert base_environment(CALLER) == BASICS


def test_a_home_is_lent_only_when_the_plan_says_so() -> None:
    lent = environment_of(spec(refuse="x", home={"user": [".claude"]}), CALLER, Path("/private"), Path("/scratch"))
    assert lent == BASICS | {"HOME": "/home/me", "TMPDIR": "/scratch"}
    homeless = environment_of(spec(refuse="x", home={"user": [".claude"]}), {}, Path("/private"), Path("/scratch"))
    assert homeless == {"HOME": "/private", "TMPDIR": "/scratch"}


@pytest.mark.parametrize("name", [".", "", "..", "/", "work", "work/repo", ".claude/../work", "link", "work/repo/."])
def test_a_path_that_holds_what_no_agent_may_write_is_not_lent(tmp_path: Path, name: str) -> None:
    repository = tmp_path / "home/work/repo"
    repository.mkdir(parents=True)
    (tmp_path / "home/link").symlink_to("work")
    caller = {"HOME": str(tmp_path / "home")}
    agent = AgentSpec.model_construct(refuse="x", env=(), home=Home.model_construct(user=(name,)))
    with pytest.raises(Refused, match="which no agent may write: lend a narrower path"):
        check_lent(agent, caller, (tmp_path / "elsewhere", repository))
    check_lent(spec(refuse="x", home={"user": [".claude", "work/other", "worker"]}), caller, (repository,))
    check_lent(spec(refuse="x"), caller, (repository,))


def test_what_lies_in_what_no_agent_may_write_is_not_lent_either(tmp_path: Path) -> None:
    home, repository = tmp_path / "home/.sparc", tmp_path / "work"
    (home / "runs/r").mkdir(parents=True)
    (repository / "src").mkdir(parents=True)
    (tmp_path / "fine").mkdir()
    (tmp_path / "trap").symlink_to(home / "runs")
    caller, private = {"HOME": str(tmp_path / "home")}, private_paths(home, repository)
    for place in (repository / "src", repository, home / "runs/r", tmp_path / "trap", tmp_path / "fine/../trap/r"):
        with pytest.raises(Refused, match=r"lies in|holds"):
            check_lent(spec(refuse="x", writable=[str(place)]), caller, private)
    with pytest.raises(Refused, match=r"home.user: \.sparc/runs lies in .*, where no agent may write"):
        check_lent(spec(refuse="x", home={"user": [".sparc/runs"]}), caller, private)
    with pytest.raises(Refused, match="writable: /nowhere/at/all does not exist: make it"):
        check_lent(spec(refuse="x", writable=["/nowhere/at/all"]), caller, private)
    lends = spec(refuse="x", writable=[str(tmp_path / "fine")], home={"user": [".login", ".not-there"]})
    (tmp_path / "home/.login").touch()
    check_lent(lends, caller, private)
    assert lent_paths(lends, caller) == (tmp_path / "home/.login", tmp_path / "fine")


# -- a command


def test_a_command_gets_the_prompt_and_works_in_its_workspace(
    request_of: Callable[..., Request], tmp_path: Path
) -> None:
    program = "import os, sys; print(os.getcwd()); open('got', 'w').write(sys.stdin.read() + sys.argv[1])"
    command = spec(command=[sys.executable, "-c", program, "{assignment}-{attempt}"])
    answer = ask(command, request_of(prompt="Größe \udcff\n"))
    assert answer == Answer(None, f"{tmp_path / 'work'}\n")
    assert (tmp_path / "work/got").read_text() == "Größe ?\nposting-2"
    assert (tmp_path / "log").read_text() == f"{tmp_path / 'work'}\n"


def test_a_command_sees_exactly_the_environment_of_the_request(request_of: Callable[..., Request]) -> None:
    answer = ask(spec(command=["/usr/bin/env"]), request_of(env={"ONE": "1", "SPARC_RUN": "r-1"}))
    assert answer.output == "ONE=1\nSPARC_RUN=r-1\n"


@pytest.mark.parametrize(
    ("script", "failure"),
    [
        ("exit 0", None),
        ("exit 7", "the agent ended with exit code 7"),
        ("kill -9 $$", "the agent ended with exit code -9"),
        ("sleep 60", "the agent timed out after 0.5 s"),
    ],
)
def test_a_commands_end_decides_whether_its_attempt_counts(
    request_of: Callable[..., Request], script: str, failure: str | None
) -> None:
    assert ask(spec(command=["sh", "-c", script]), request_of(timeout=0.5)).failure == failure


def test_a_command_that_is_missing_is_named(request_of: Callable[..., Request]) -> None:
    answer = ask(spec(command=["no-such-agent"]), request_of())
    assert answer.failure == "cannot start no-such-agent: No such file or directory"


def test_a_refusing_agent_refuses(request_of: Callable[..., Request]) -> None:
    assert ask(spec(refuse="not today"), request_of()).failure == "the agent refuses: not today"


# -- a recording


PATCH = """\
diff --git a/src/lib.py b/src/lib.py
--- a/src/lib.py
+++ b/src/lib.py
@@ -1 +1 @@
-LIB = {old}
+LIB = {new}
"""


@pytest.fixture
def replay(tmp_path: Path, hub: Hub, request_of: Callable[..., Request]) -> Callable[..., Answer]:
    """Ask a recording for the n-th time, whatever the attempt's number, in a real workspace."""
    branch = hub.open_phase(1, "specification")
    shutil.rmtree(tmp_path / "work")
    workspace.make(tmp_path / "work", hub.git, branch, hub.start, tmp_path / "papers")
    folder = tmp_path / "plan/cassettes/refinement/posting"
    folder.mkdir(parents=True)
    (folder / "1.patch").write_text(PATCH.format(old=1, new=2))
    (folder / "2.patch").write_text(PATCH.format(old=2, new="3  "))
    (folder / "3.patch").write_text(PATCH.format(old=99, new=4))
    (folder / "4.patch").write_text("no patch")
    (folder / "notes.txt").write_text("no patch")

    def answer(time: int, **words: str) -> Answer:
        request = request_of(words=WORDS | {"attempt": "9"} | words, ended=time - 1)
        return ask(spec(replay="cassettes"), request, tmp_path / "plan")

    return answer


def test_a_recording_plays_one_patch_for_each_ask(replay: Callable[..., Answer], tmp_path: Path) -> None:
    lib = tmp_path / "work/src/lib.py"
    assert replay(1) == Answer()
    assert lib.read_text() == "LIB = 2\n"
    assert replay(2) == Answer()
    assert lib.read_text() == "LIB = 3  \n"


def test_a_recording_that_does_not_fit_or_is_not_there_says_so(replay: Callable[..., Answer], tmp_path: Path) -> None:
    assert (replay(3).failure or "").startswith(
        "the recording 3.patch does not apply: error: patch failed: src/lib.py:1"
    )
    assert (replay(4).failure or "").startswith("the recording 4.patch does not apply: error: No valid patches")
    where = tmp_path / "plan/cassettes/refinement"
    assert replay(5).failure == f"no recording for ask 5: {where}/posting holds 4 patches"
    assert replay(1, assignment="other").failure == f"no recording for ask 1: {where}/other holds 0 patches"
    assert (tmp_path / "work/src/lib.py").read_text() == "LIB = 1\n"


def test_a_recording_cannot_write_outside_the_workspace(replay: Callable[..., Answer], tmp_path: Path) -> None:
    evil = "--- /dev/null\n+++ b/../escaped\n@@ -0,0 +1 @@\n+x\n"
    (tmp_path / "plan/cassettes/refinement/posting/1.patch").write_text(evil)
    assert "does not apply" in (replay(1).failure or "")
    assert not (tmp_path / "escaped").exists()


# -- Claude Code


def line(**fields: object) -> str:
    return json.dumps(fields)


INIT = line(type="system", subtype="init", cwd="/w", model="claude-x", permissionMode="bypassPermissions")
SPEECH = line(type="assistant", message={"content": [{"type": "text", "text": 'I print {"type": "result"} now'}]})
SUCCESS = {"type": "result", "subtype": "success", "is_error": False, "num_turns": 3, "total_cost_usd": 0.03,
           "result": "Done.", "permission_denials": []}  # fmt: skip
DENIAL = {"tool_name": "Write", "tool_use_id": "toolu_1", "tool_input": {"file_path": "/etc/x"}}

STREAMS = {
    "success": ([INIT, SPEECH, line(**SUCCESS)], 0, None),
    "budget": (
        [INIT, line(type="result", subtype="error_max_budget_usd", is_error=True)],
        1,
        "the agent ended with exit code 1",
    ),
    "turns, exit 0": (
        [INIT, line(type="result", subtype="error_max_turns", is_error=False)],
        0,
        "claude reported error_max_turns (API status None)",
    ),
    "is_error": (
        [INIT, line(**{**SUCCESS, "is_error": True, "api_error_status": 529, "result": "Overloaded"})],
        0,
        "claude reported success (API status 529) Overloaded",
    ),
    "denied": (
        [INIT, line(**{**SUCCESS, "permission_denials": [DENIAL, DENIAL]})],
        0,
        "claude was denied 2 of its tool calls",
    ),
    "no result": ([INIT, SPEECH], 0, "claude ended without a result line"),
    "nothing": ([], 0, "claude ended without a result line"),
    "cut off": ([INIT, line(**SUCCESS)[:-20]], 0, "claude ended without a result line"),
    "terminated": ([INIT, SPEECH], 143, "the agent ended with exit code 143"),
    "success, but terminated": ([INIT, line(**SUCCESS)], 143, "the agent ended with exit code 143"),
    "a second result": (
        [line(**SUCCESS), SPEECH, line(**{**SUCCESS, "subtype": "error_during_execution"})],
        0,
        "claude reported error_during_execution (API status None) Done.",
    ),
    "noise": (["warning: {", "[]", "null", "12", line(**SUCCESS), "bye"], 0, None),
}


@pytest.fixture
def claude(tmp_path: Path, request_of: Callable[..., Request]) -> Callable[[list[str], int], Answer]:
    """Ask Claude Code, which is a program on PATH that says these lines and ends with this code."""
    (tmp_path / "bin").mkdir()

    def answer(lines: list[str], code: int) -> Answer:
        (tmp_path / "stream").write_text("".join(f"{each}\n" for each in lines))
        program = tmp_path / "bin/claude"
        program.write_text(f'#!/bin/sh\ncat > {tmp_path}/prompt\nenv > {tmp_path}/env\necho "$@" > {tmp_path}/argv\n'
                           f"pwd > {tmp_path}/cwd\ncat {tmp_path}/stream\necho trouble >&2\nexit {code}\n")  # fmt: skip
        program.chmod(0o755)
        env = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "ANTHROPIC_API_KEY": "k", "DISABLE_AUTOUPDATER": "0"}
        settings = {"model": "sonnet", "max_turns": 40, "max_budget_usd": 2}
        return ask(spec(claude=settings), request_of(env=env))

    return answer


@pytest.mark.parametrize("case", STREAMS)
def test_claudes_result_line_and_exit_code_decide(claude: Callable[[list[str], int], Answer], case: str) -> None:
    lines, code, failure = STREAMS[case]
    assert claude(lines, code).failure == failure


def test_claude_is_called_headless_with_the_prompt_on_its_input(
    claude: Callable[[list[str], int], Answer], tmp_path: Path
) -> None:
    answer = claude([INIT, line(**SUCCESS)], 0)
    assert answer.output.endswith("trouble\n")
    assert (tmp_path / "prompt").read_text() == "Do it.\n"
    assert (tmp_path / "cwd").read_text() == f"{tmp_path}/work\n"
    assert (tmp_path / "argv").read_text() == (
        "-p --output-format stream-json --verbose --permission-mode bypassPermissions"
        " --model sonnet --max-turns 40 --max-budget-usd 2.0\n"
    )
    env = dict(entry.split("=", 1) for entry in (tmp_path / "env").read_text().splitlines())
    assert env["ANTHROPIC_API_KEY"] == "k"
    assert env["DISABLE_AUTOUPDATER"] == "0"  # what the plan lets through wins
    assert env["IS_SANDBOX"] == "1"
    assert "HOME" not in env


def test_claude_is_not_given_what_the_plan_does_not_set() -> None:
    settings = spec(claude={"max_turns": 3}).claude
    assert settings is not None
    assert argv_of(settings)[-2:] == ("--max-turns", "3")
    assert not {"--model", "--max-budget-usd"} & set(argv_of(settings))


def test_a_long_story_before_the_result_does_not_hide_it(claude: Callable[[list[str], int], Answer]) -> None:
    story = [line(type="assistant", text="x" * 1000)] * 3000
    assert claude([*story, line(**SUCCESS)], 0).failure is None


def test_claude_that_is_not_installed_is_named(request_of: Callable[..., Request], tmp_path: Path) -> None:
    answer = ask(spec(claude={}), request_of(env={"PATH": str(tmp_path)}))
    assert answer.failure == "cannot start claude: No such file or directory"


def test_a_result_of_unexpected_shape_does_not_pass_for_success() -> None:
    assert failure_in(line(type="result")) == "claude reported None (API status None)"
    assert failure_in(line(type="result", subtype="success", is_error="yes", result=["x"])) is not None
    assert failure_in(line(**{**SUCCESS, "permission_denials": None})) is None
