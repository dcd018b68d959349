"""Claude Code, headless. Its exit code says little (refused edits and SIGINT end with 0); its result line can fail it.

Flags and outcomes as measured with 2.1.197: `--max-turns` works though its help does not list it; a refused edit is
`permission_denials` in an otherwise successful result; HTTP errors come as subtype `success` with `is_error`.
"""

import json
from dataclasses import dataclass

from tasks.agents.asking import Answer, Request
from tasks.agents.command import SHOWN, execute, failure_of
from tasks.agents.spec import Claude

FIXED = ("claude", "-p", "--output-format", "stream-json", "--verbose", "--permission-mode", "bypassPermissions")
QUIET = {"DISABLE_AUTOUPDATER": "1", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "IS_SANDBOX": "1"}


@dataclass(frozen=True)
class ClaudeAgent:
    """Claude Code from PATH."""

    settings: Claude

    def ask(self, request: Request) -> Answer:
        """One headless session in the workspace."""
        request = Request(**{**request.__dict__, "env": QUIET | dict(request.env)})
        done = execute(argv_of(self.settings), request)
        failure = failure_of(done) or failure_in(done.stdout.decode(errors="replace"))
        return Answer(failure, done.output[-SHOWN:])


def argv_of(settings: Claude) -> tuple[str, ...]:
    """The command line for these settings."""
    flags = {
        "--model": settings.model,
        "--max-turns": settings.max_turns,
        "--max-budget-usd": settings.max_budget_usd,
    }
    return FIXED + tuple(word for flag, value in flags.items() if value is not None for word in (flag, f"{value}"))


def failure_in(stream: str) -> str | None:
    """Why the stream's last result line speaks against the attempt; a stream without one does too."""
    results = [record for line in stream.splitlines() if (record := _record(line)).get("type") == "result"]
    if not results:
        return "claude ended without a result line"
    result = results[-1]
    if result.get("is_error") or result.get("subtype") != "success":
        words = str(result.get("result") or "")[:300]
        return f"claude reported {result.get('subtype')} (API status {result.get('api_error_status')}) {words}".rstrip()
    denied = result.get("permission_denials")
    return f"claude was denied {len(denied)} of its tool calls" if isinstance(denied, list) and denied else None


def _record(line: str) -> dict[str, object]:
    try:
        record = json.loads(line)
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}
