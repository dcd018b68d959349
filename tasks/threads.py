"""Blocking work out of the event loop, in as many threads as there is work.

Prefect's `submit` makes two HTTP clients for every task (35 ms of CPU each time, as measured); a task that is a
coroutine and does its blocking part here costs a tenth of that. Who may run at once is decided by the flows.
"""

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from threading import Thread
from typing import ParamSpec, TypeVar

from tasks.command import processes

P = ParamSpec("P")
R = TypeVar("R")

_THREADS = ThreadPoolExecutor(max_workers=256, thread_name_prefix="sparc")


async def in_thread(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a blocking function in a thread that sees this context's variables.

    On cancellation the run's processes are stopped and the thread is waited for: nothing goes on unseen.
    """
    call = partial(copy_context().run, partial(function, *args, **kwargs))
    future = asyncio.get_running_loop().run_in_executor(_THREADS, call)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        processes.get().stop()
        await asyncio.wait([future])
        with contextlib.suppress(asyncio.CancelledError):
            future.exception()  # asked for, or asyncio would log it as a bug
        raise


async def in_thread_of_its_own(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a function that waits for a person; on cancellation it is left behind, for the person may be gone."""
    call = partial(copy_context().run, partial(function, *args, **kwargs))
    done: Future[R] = Future()
    done.set_running_or_notify_cancel()

    def answer() -> None:
        try:
            done.set_result(call())
        except BaseException as problem:  # noqa: BLE001 - raised where the answer is awaited
            done.set_exception(problem)

    Thread(target=answer, daemon=True, name="question").start()
    return await asyncio.wrap_future(done)
