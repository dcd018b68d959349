"""Pseudocode: how it works, before it is written."""

from prefect import flow
from prefect.client.schemas.objects import State

from flows.phase import PhaseCall, PhaseResult, run_phase

GUIDANCE = """\
Write the algorithms in plain steps that a programmer can follow without asking. State the cost of
each as O(...) in time and in space.
"""


@flow(flow_run_name="{call.plan} · {call.number} {call.name}", persist_result=False)
async def pseudocode(call: PhaseCall) -> PhaseResult | State[PhaseResult]:
    """How it works, before it is written."""
    return await run_phase(call, GUIDANCE)
