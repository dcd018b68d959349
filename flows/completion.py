"""Completion: what makes it usable by others."""

from prefect import flow
from prefect.client.schemas.objects import State

from flows.phase import PhaseCall, PhaseResult, run_phase

GUIDANCE = """\
Bring it to where somebody else can install, use and maintain it. Everything that earlier gates
asked still holds.
"""


@flow(flow_run_name="{call.plan} · {call.number} {call.name}", persist_result=False)
async def completion(call: PhaseCall) -> PhaseResult | State[PhaseResult]:
    """What makes it usable by others."""
    return await run_phase(call, GUIDANCE)
