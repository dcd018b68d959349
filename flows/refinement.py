"""Refinement: the code, and the tests that hold it."""

from prefect import flow
from prefect.client.schemas.objects import State

from flows.phase import PhaseCall, PhaseResult, run_phase

GUIDANCE = """\
Write code and its tests together. Tests say what must be true and would fail if it were not;
nothing is skipped, weakened or excused.
"""


@flow(flow_run_name="{call.plan} · {call.number} {call.name}", persist_result=False)
async def refinement(call: PhaseCall) -> PhaseResult | State[PhaseResult]:
    """The code, and the tests that hold it."""
    return await run_phase(call, GUIDANCE)
