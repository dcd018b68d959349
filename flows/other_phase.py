"""A phase of any other name than the five: the same body, without guidance of its own."""

from prefect import flow
from prefect.client.schemas.objects import State

from flows.phase import PhaseCall, PhaseResult, run_phase


@flow(flow_run_name="{call.plan} · {call.number} {call.name}", persist_result=False)
async def other_phase(call: PhaseCall) -> PhaseResult | State[PhaseResult]:
    """A phase that the plan names itself."""
    return await run_phase(call, "")
