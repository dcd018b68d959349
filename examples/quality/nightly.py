"""A flow of one's own that asks sparc's checks: no plan, no run, nothing that is merged.

Run it with the Python of the environment that has sparc: `python examples/quality/nightly.py REPOSITORY [REF]`.
Prefect shows a task for each gate and a table of the answers. A gate that does not pass raises, which ends the flow as
Failed unless it says otherwise; the exit code is 0 only if everything passed.
"""

import sys

from prefect import flow

from tasks.quality import NotPassed, Options, check, gate

CHECKS = [{"lines": {"paths": "*.md", "at_least": 1}}, {"absent": {"paths": "*.md", "pattern": "TODO"}}]
"""As a plan writes them; for a Python project rather `"tests"`, `{"coverage": {"at_least": 90}}`, `"bandit"`."""


@flow
def nightly(repository: str, ref: str = "HEAD", least: int = 1):
    """Ask a gate, and one more check only if it passed."""
    try:
        verdicts = gate(CHECKS, repository, ref, options=Options(artifact="nightly"))
    except NotPassed as blocked:
        for verdict in blocked.verdicts:
            print(f"{verdict.outcome:8} {verdict.summary}")
        raise
    grown = check(f"lines: {{paths: '*.md', at_least: {least}}}", repository, ref)
    for verdict in (*verdicts, grown):
        print(f"{verdict.outcome:8} {verdict.summary}")


if __name__ == "__main__":
    state = nightly(*sys.argv[1:3], return_state=True)
    raise SystemExit(0 if state.is_completed() else 1)
