"""Work that several threads need and one of them does."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """A value that the first who asks computes for all; an error is an answer too, and the same one for all."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answer: Future[T] = Future()

    def get(self, compute: Callable[[], T]) -> T:
        """The value. Raises what computing it raised."""
        with self._lock:
            if not self._answer.done():
                try:
                    self._answer.set_result(compute())
                except BaseException as problem:  # noqa: BLE001 - it is raised to everyone who asks
                    self._answer.set_exception(problem)
        return self._answer.result()
