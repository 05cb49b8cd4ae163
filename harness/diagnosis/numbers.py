"""The numbers of a spec as unknowns: which may be solved for, what a person would have typed, how two are related."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.diagnosis.forms import words_below, words_by_path
from harness.spec.base import Spec, Word
from harness.spec.experiment import Experiment
from harness.spec.optimizers import Optimizer

# An estimate may be replaced by a number that a person would have typed within this relative distance.
NEAR = 0.05
MOST_DIGITS = 6
# Fields, or paths, whose form has a name; the others are called by the field.
NAMES = {
    "decay_steps": "length of a decay or warm-up",
    "warmup_steps": "length of a decay or warm-up",
    "first_period": "length of a decay or warm-up",
    "epsilon": "size of epsilon",
    "label_smoothing": "label smoothing",
    "factor": "factor of a decay or penalty",
    "l1": "factor of a decay or penalty",
    "l2": "factor of a decay or penalty",
    "lookahead.factor": "factor of the look-ahead",
    "averaging.decay": "decay of an average",
}
RATES = ("rate", "initial_rate", "target_rate", "maximum", "minimum", "start_rate", "end_rate")


@dataclass(frozen=True)
class Number:
    """A number of a word at a dotted path: its value, and the limits that the spec allows, which may be infinite."""

    path: str
    value: float
    low: float = -math.inf
    high: float = math.inf
    is_whole: bool = False

    @property
    def field(self) -> str:
        return self.path.rpartition(".")[2]

    @property
    def name(self) -> str:
        """The form's name, of which this number at another distance is an instance."""
        if self.field in RATES:
            return "size of the rate"
        return NAMES.get(self.path) or NAMES.get(self.field, self.field.replace("_", " "))

    def allows(self, value: float) -> bool:
        return math.isfinite(value) and self.low <= value <= self.high

    def typed(self, value: float) -> float | int:
        """The value as the field holds it."""
        return round(value) if self.is_whole else value


def numbers_of(experiment: Experiment, parts: tuple[str, ...]) -> Iterator[Number]:
    """The numbers of the words in these parts. Whole numbers only of schedules: others are shapes."""
    for path, word in words_by_path(experiment):
        root = path.partition(".")[0]
        if root in parts:
            yield from _numbers_of_word(path, word, whole=root == "schedule")


def numbers_below(root: str, word: Word, whole: bool) -> Iterator[Number]:
    """The numbers of a word and of the words within it, with paths that begin with `root`. `whole`: whole ones too."""
    for path, inner in words_below(root, word):
        yield from _numbers_of_word(path, inner, whole)


def _numbers_of_word(path: str, word: Spec, whole: bool) -> Iterator[Number]:
    for name, value in word:
        if isinstance(value, bool) or not isinstance(value, float | int) or (isinstance(value, int) and not whole):
            continue
        low, high = _limits(type(word).model_fields[name].metadata)
        yield Number(f"{path}.{name}", float(value), low, high, isinstance(value, int))
    for number, group in enumerate(word.groups if isinstance(word, Optimizer) else ()):
        yield from _numbers_of_word(f"{path}.groups.{number}", group, whole)


def _limits(metadata: Iterable[Any]) -> tuple[float, float]:
    """The lower and the upper limit of a field, whether it may be reached or not."""
    low, high = -math.inf, math.inf
    for limit in metadata:
        low = max([low, *(float(getattr(limit, name)) for name in ("ge", "gt") if hasattr(limit, name))])
        high = min([high, *(float(getattr(limit, name)) for name in ("le", "lt") if hasattr(limit, name))])
    return low, high


def related_by(number: Number, classes: int = 0, steps_of_epoch: int = 0) -> Mapping[str, float]:
    """By what people mistake, the values that the number may have become by it. 0: not known, or none."""
    value, field = number.value, number.field
    related: dict[str, float] = {}
    if number.is_whole and steps_of_epoch > 1:
        related[f"epochs for steps: an epoch has {steps_of_epoch}"] = value / steps_of_epoch
        related[f"steps for epochs: an epoch has {steps_of_epoch}"] = value * steps_of_epoch
    if field == "label_smoothing" and classes > 1:
        related["smoothing over K - 1 classes"] = value * classes / (classes - 1)
    if 0 < value < 1 and number.high <= 1:
        related["one minus the other"] = round(1 - value, 12)
    if not number.is_whole:
        related |= {"doubled": 2 * value, "by half": value / 2, "squared": value**2, "its root": math.sqrt(abs(value))}
    return {what: other for what, other in related.items() if other != value and number.allows(other)}


def digits_of(value: float) -> int:
    """The significant digits that a person types for the value, or for what it is short of 1."""
    shortest = min(len(f"{each:.12e}".partition("e")[0].rstrip("0").lstrip("-")) for each in (value, 1 - value))
    return max(1, shortest - 1)


def candidates(number: Number, estimate: float, related: Mapping[str, float]) -> Iterator[tuple[float, str]]:
    """Values near an estimate that a person would have typed, the likeliest first, each with its relation if any.

    First the related values, then the fewest digits, of the number or of what it is short of 1.
    """
    if number.is_whole:
        whole = round(estimate)
        near = [what for what, other in related.items() if round(other) == whole]
        yield float(whole), near[0] if near else ""
        return
    found: dict[float, str] = {}
    for what, other in related.items():
        if math.isclose(other, estimate, rel_tol=NEAR / 5):
            found.setdefault(other, what)
    for digits in range(1, MOST_DIGITS + 1):
        values = [float(f"{estimate:.{digits}g}")]
        if 0.5 < estimate < 1:
            values.append(float(f"{1 - float(f'{1 - estimate:.{digits}g}'):.12g}"))
        for value in values:
            if number.allows(value) and math.isclose(value, estimate, rel_tol=NEAR):
                found.setdefault(value, "")
    if number.allows(estimate):
        found.setdefault(estimate, "")
    yield from found.items()
