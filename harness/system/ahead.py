"""One call ahead: while a result is used, the call after it is made in a thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from typing import Generic, TypeVar

T = TypeVar("T")


class OneAhead(Generic[T]):
    """Iterates over the results of calls that are made one after another, in one thread beside the caller's.

    An exception of a call is raised where its result would be. Use as a context: its end waits for the call that runs.
    """

    def __init__(self, calls: Iterable[Callable[[], T]]) -> None:
        self._calls = iter(calls)
        self._thread = ThreadPoolExecutor(1)
        self._pending: Future[T] | None = None

    def __enter__(self) -> OneAhead[T]:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)

    def __iter__(self) -> Iterator[T]:
        self._submit()
        while (pending := self._pending) is not None:
            result = pending.result()
            self._submit()
            yield result

    def settle(self) -> None:
        """Waits until no call runs."""
        wait([] if self._pending is None else [self._pending])

    def _submit(self) -> None:
        self._pending = None
        with suppress(StopIteration):
            self._pending = self._thread.submit(next(self._calls))
