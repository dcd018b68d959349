"""Specification: what is to be built, and how one will know."""

from prefect import flow
from prefect.client.schemas.objects import State

from flows.phase import PhaseCall, PhaseResult, run_phase

GUIDANCE = """\
Say what must be true, not how it is done. Every requirement can be checked by somebody who did not
write it; edge cases and limits are named with figures.
"""


@flow(flow_run_name="{call.plan} · {call.number} {call.name}", persist_result=False)
async def specification(call: PhaseCall) -> PhaseResult | State[PhaseResult]:
    """What is to be built, and how one will know."""
    return await run_phase(call, GUIDANCE)
