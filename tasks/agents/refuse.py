"""An agent that refuses: for trying out plans, and so that a test can never spend money by accident."""

from dataclasses import dataclass

from tasks.agents.asking import Answer, Request


@dataclass(frozen=True)
class RefusingAgent:
    """Says no."""

    sentence: str

    def ask(self, request: Request) -> Answer:  # noqa: ARG002 - the protocol's signature
        """Refuse."""
        return Answer(f"the agent refuses: {self.sentence}")
