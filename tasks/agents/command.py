"""Any program: the prompt on standard input; exit code 0 and the files it leaves are its answer."""

from dataclasses import dataclass

from tasks.agents.asking import Answer, Request, replaced
from tasks.command import Command, Completed, run_foreign

SHOWN = 2000  # characters of output that a failure carries


@dataclass(frozen=True)
class CommandAgent:
    """A command-line coding agent."""

    argv: tuple[str, ...]

    def ask(self, request: Request) -> Answer:
        """Run the program in the workspace."""
        done = execute(self.argv, request)
        return Answer(failure_of(done), done.output[-SHOWN:])


def execute(argv: tuple[str, ...], request: Request) -> Completed:
    """Run an agent's program under supervision."""
    stdin = request.prompt.encode(errors="replace")
    command = Command(
        replaced(argv, request.words), request.workspace, request.env, stdin, request.timeout, request.jail
    )
    return run_foreign(command, request.log)


def failure_of(done: Completed) -> str | None:
    """Why a program's end cannot count; None for exit code 0."""
    if done.failure:
        return f"the agent {done.failure}" if done.failure.startswith("timed") else done.failure
    return f"the agent ended with exit code {done.code}" if done.code else None
