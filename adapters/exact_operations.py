"""Operations in which a framework's ledger knows errors: which of them a model uses, and their exact computation.

Both frameworks list theirs in `user_operations.py`. The frameworks' own functions are wrapped once in a process; a
wrapped function notes that it was called, and calls the native one unless it is to be computed exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

Function = Callable[..., Any]


@dataclass(frozen=True)
class Operation:
    """A function of the framework that computes a word, as `owner.name`.

    `word`: its family and name, `activation/tanh`. `exact`: from the native function to one that takes the same
    arguments, and in which the errors of the ledger are not.
    """

    word: str
    owner: Any
    name: str
    exact: Callable[[Function], Function]


@dataclass
class Operations:
    """The operations of a framework in this process. `exactly`: the words that are computed exactly at the moment."""

    listed: Sequence[Operation]
    exactly: frozenset[str] = frozenset()
    _noted: list[set[str]] = field(default_factory=list)

    def watch(self) -> None:
        """Wraps the functions, once in this process."""
        for operation in self.listed:
            native = getattr(operation.owner, operation.name, None)
            if native is not None and not hasattr(native, "watched"):
                setattr(operation.owner, operation.name, self._watched(operation, native))

    @contextmanager
    def used(self) -> Iterator[set[str]]:
        """The context with the words whose operations are called in it."""
        words: set[str] = set()
        self._noted.append(words)
        try:
            yield words
        finally:
            self._noted.remove(words)

    def compute_exactly(self, words: Iterable[str]) -> None:
        """Computes these words exactly from now on, and all others natively."""
        self.exactly = frozenset(words)

    def _watched(self, operation: Operation, native: Function) -> Function:
        exact = operation.exact(native)

        @wraps(native)
        def call(*given: Any, **options: Any) -> Any:
            for words in self._noted:
                words.add(operation.word)
            return (exact if operation.word in self.exactly else native)(*given, **options)

        call.watched = True  # type: ignore[attr-defined]
        return call
