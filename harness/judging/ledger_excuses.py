"""Excuses from the ledger: known errors of a framework's own classes, and their effect on what is computed with them.

An `inaccurate` entry bounds the error of one word. Its effect on logits, gradients and curves is measured: the float64
reference runs with that word disturbed within the bound, and `FACTOR` times the largest change over the draws is added
to the ordinary tolerance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

import adapters
from adapters.reference.disturbed import DRAWS, Disturbance, disturbing
from adapters.setting import Setting
from harness.judging.context import Context
from harness.judging.tolerances import FACTOR, Excuse, Tolerance
from harness.judging.ulp import error_against
from harness.ledger import Entry
from harness.ledger.loading import inaccuracies_of, installed
from harness.records.array_types import Array
from harness.spec.arm import Arm, DeviceName
from harness.spec.base import Word

Reduce = Callable[[Any], Any]


def inaccuracies(context: Context, arm: Arm, words: Iterable[Word]) -> dict[Word, tuple[Entry, ...]]:
    """By word, the ledger's `inaccurate` entries that hold for this arm; words without entries are left out."""
    device: DeviceName = context.environments.get(arm.name, {}).get("device") or (
        "cpu" if arm.device == "auto" else arm.device
    )
    setting = Setting.of(arm, device)
    entries_by_word = {}
    for word in dict.fromkeys(words):
        computed = _precision(arm, word), arm.mode, device
        entries = inaccuracies_of(arm.adapter, versions(context, arm), word, *computed)
        # Entries are about the framework's classes; they do not apply to formulas that the adapter writes itself.
        if entries and adapters.realisation(word, setting).kind in ("native", "composed"):
            entries_by_word[word] = entries
    return entries_by_word


def _precision(arm: Arm, word: Word) -> str:
    """The precision in which the arm computes the word: in mixed precision only layers are of 16 bits."""
    return arm.precision if word.family in ("layer", "activation") else arm.variable_dtype


def versions(context: Context, arm: Arm) -> Mapping[str, str]:
    """The versions of the packages that the arm runs on: those that it reported, else those installed here."""
    recorded: Mapping[str, str] | None = context.environments.get(arm.name, {}).get("versions")
    return recorded or installed(arm.adapter)


def of_word(entries: Iterable[Entry], reference: Array, tolerance: Tolerance) -> Excuse:
    """The excuse from a word's own entries, for its value or its gradient."""
    listed = list(entries)
    bounds = [
        entry.bound * (np.abs(reference) if entry.measure == "relative" else 1.0) for entry in listed if entry.bound
    ]
    widest = np.max([np.broadcast_to(bound, np.shape(reference)) for bound in bounds], axis=0)
    return Excuse(np.maximum(widest, tolerance.bound), in_words(listed))


def share_of_bound(entry: Entry, values: Array, reference: Array) -> float:
    """The largest finite error, absolute or relative as the entry measures it, divided by the entry's bound."""
    error = error_against(values, reference)
    if entry.measure == "relative":
        error = np.divide(error, np.abs(reference), out=np.zeros_like(error), where=reference != 0)
    return float(np.max(error[np.isfinite(error)], initial=0.0)) / (entry.bound or np.inf)


def in_words(entries: Iterable[Entry]) -> str:
    """The entries of an excuse with their bounds, each once."""
    return "ledger: " + ", ".join(f"{entry.id}, bound {entry.bound_in_words}" for entry in dict.fromkeys(entries))


@dataclass(frozen=True)
class Propagated:
    """The effect of an arm's known inaccuracies on results of the reference.

    `known`: the entries by word. `compute`: computes the results with the reference, by name.
    """

    known: Mapping[Word, tuple[Entry, ...]]
    compute: Callable[[], Mapping[str, Array]]

    @cached_property
    def changes(self) -> tuple[dict[str, Array], set[type[Any]]]:
        """The largest change of every element over the draws, and the types of the words that were disturbed."""
        by_type = {type(word): _disturbance(entries) for word, entries in self.known.items()}
        undisturbed = self.compute()
        largest = {name: np.zeros(np.shape(value)) for name, value in undisturbed.items()}
        touched: set[type[Any]] = set()
        for draw in range(DRAWS):
            with disturbing(by_type, draw) as evaluated:
                disturbed = self.compute()
            touched |= evaluated
            for name, value in disturbed.items():
                largest[name] = np.maximum(largest[name], np.abs(value - undisturbed[name]))
        return largest, touched

    def excuse(self, name: str, tolerance: Tolerance, reduce: Reduce = np.max) -> Callable[[], Excuse | None]:
        """The excuse for a claim about the result `name`. `reduce`: turns the changes of its elements into a bound."""

        def bounded() -> Excuse | None:
            if not self.known or name not in self.changes[0]:
                return None
            changes, touched = self.changes
            bound = tolerance.bound + FACTOR * reduce(changes[name])
            entries = [
                entry
                for word, entries_of_word in self.known.items()
                if type(word) in touched
                for entry in entries_of_word
            ]
            return Excuse(bound, f"{in_words(entries)}, widened to {float(np.max(bound)):.2g} here")

        return bounded


def propagated(
    context: Context, arm: Arm, words: Iterable[Word], compute: Callable[[], Mapping[str, Array]]
) -> Propagated:
    """The effect of the arm's known inaccuracies in these words on the results of `compute`."""
    return Propagated(inaccuracies(context, arm, words), compute)


def _disturbance(entries: tuple[Entry, ...]) -> Disturbance:
    """The disturbance by the largest bound; absolute bounds come before relative ones."""
    worst = max(entries, key=lambda entry: (entry.measure == "absolute", entry.bound or 0.0))
    return Disturbance(worst.bound or 0.0, worst.measure == "relative")
