"""Architecture: what it is made of."""

from prefect import flow
from prefect.client.schemas.objects import State

from flows.phase import PhaseCall, PhaseResult, run_phase

GUIDANCE = """\
Name the components, what each is responsible for, and the interfaces between them. Give the
reasons for a choice and what was not chosen.
"""


@flow(flow_run_name="{call.plan} · {call.number} {call.name}", persist_result=False)
async def architecture(call: PhaseCall) -> PhaseResult | State[PhaseResult]:
    """What it is made of."""
    return await run_phase(call, GUIDANCE)
