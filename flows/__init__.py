"""What happens, in order: the plan, the schedule, one flow a phase, the plan's flow, the command line.

`from flows import load_plan, run, arun` is all that Python callers need; what needs Prefect is imported when asked for.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flows.plan import Plan
    from flows.read_plan import load_plan
    from flows.running import arun, run

__all__ = ["Plan", "arun", "load_plan", "run"]
_WHERE = {"Plan": "flows.plan", "load_plan": "flows.read_plan", "arun": "flows.running", "run": "flows.running"}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the signature of PEP 562
    if name not in _WHERE:
        raise AttributeError(f"module 'flows' has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - only when something is asked for

    return getattr(import_module(_WHERE[name]), name)
