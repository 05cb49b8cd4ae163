"""Reads what `bench`, or a gate that times, is told about the measuring: `precision=2%`, `budget_s=240`, and such."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.composition.mistakes import shown
from harness.records.timing import Measurement
from harness.system.files import FileError, given_path
from harness.system.text import printable

FOUND, CLIMBED, SKIPPED = "auto", "climb", "none"  # of `check`
ALL = "all"  # of `modes`


@dataclass(frozen=True)
class Asked:
    """What was typed for `bench`. `overrides`: those that describe the experiment.

    `check`: where the parity comes from: a folder, or FOUND (a recorded check of the same experiment, else it is
    climbed), CLIMBED or SKIPPED. `all_modes`: every arm is timed in all modes of its framework, and so are its users'
    own loops. `typed`: the names of the options of the measuring that were typed.
    """

    overrides: tuple[str, ...]
    measurement: Measurement = field(default_factory=Measurement)
    check: str | Path = FOUND
    all_modes: bool = False
    sweep: Sweep | None = None
    mistakes: tuple[str, ...] = ()
    typed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sweep:
    """Values of a key, or of one of `SWEPT`, each of which is timed in a bench of its own."""

    key: str
    values: tuple[str, ...]


# What can be swept by a name, beside any key of a config: the key, or what is done.
BATCH_SIZE, WIDTH, THREADS = "batch_size", "width", "threads"
SWEPT = {BATCH_SIZE: "training.batch_size", THREADS: "arm.threads"}


@dataclass
class _Reading:
    fields: dict[str, Any] = field(default_factory=dict)
    mistakes: list[str] = field(default_factory=list)
    overrides: list[str] = field(default_factory=list)
    check: str | Path = FOUND
    all_modes: bool = False
    sweep: Sweep | None = None
    typed: list[str] = field(default_factory=list)


def asked(typed: Sequence[str]) -> Asked:
    """Takes the overrides of the measuring out of those that were typed. What is wrong with them is in `mistakes`."""
    reading = _Reading()
    for text in typed:
        key, equals, value = text.partition("=")
        if equals and key in _READERS:
            reading.typed.append(key)
            _READERS[key](reading, key, value)
        else:
            reading.overrides.append(text)
    measurement = Measurement()
    try:
        measurement = Measurement.model_validate(reading.fields)
    except ValidationError as error:
        for detail in error.errors():
            name = str(detail["loc"][0])
            reading.mistakes.append(f"{name}: given {shown(detail['input'])}; allowed: {ALLOWED[name]}")
    mistakes = tuple(dict.fromkeys(reading.mistakes))
    overrides = tuple(reading.overrides)
    of_experiment = (reading.check, reading.all_modes, reading.sweep)
    return Asked(overrides, measurement, *of_experiment, mistakes, tuple(dict.fromkeys(reading.typed)))


def as_of_gate(question: Asked) -> Asked:
    """What was typed for a gate that times head and base in turns; what is only of a bench is a mistake.

    The ladder is climbed unless a `check` is named: a recorded one of this version may be of the code before a change.
    """
    mistakes = [f"{name}: this is of twinrun bench; {why}" for name, why in OF_BENCH.items() if name in question.typed]
    check = question.check if "check" in question.typed else CLIMBED
    return replace(question, check=check, mistakes=(*question.mistakes, *mistakes))


def as_of_pair(question: Asked) -> Asked:
    """What was typed for a bench of a user's own pair of models; what is only of an experiment is a mistake."""
    mistakes = [f"{name}: a pair has no {name}: {why}" for name, why in OF_EXPERIMENT.items() if name in question.typed]
    return replace(question, mistakes=(*question.mistakes, *mistakes))


def _number(reading: _Reading, key: str, value: str) -> None:
    """A number, or a share in percent."""
    text = value.strip()
    try:
        reading.fields[key] = float(text.removesuffix("%")) / 100 if text.endswith("%") else float(text)
    except ValueError:
        reading.mistakes.append(f"{key}: given {printable(value)!r}; allowed: {ALLOWED[key]}")


def _count(reading: _Reading, key: str, value: str) -> None:
    if value.strip().isdecimal():
        reading.fields[key] = int(value)
    else:
        reading.mistakes.append(f"{key}: given {printable(value)!r}; allowed: {ALLOWED[key]}")


def _modes(reading: _Reading, key: str, value: str) -> None:
    if value == ALL:
        reading.all_modes = True
    else:
        reading.mistakes.append(f"{key}: given {printable(value)!r}; allowed: {ALL}; one mode is chosen by arm.mode")


def _sweep(reading: _Reading, key: str, value: str) -> None:
    """`KEY=[A,B,...]`, with at least two values that differ."""
    name, _, listed = value.partition("=")
    values = [text.strip() for text in listed.strip().removeprefix("[").removesuffix("]").split(",")]
    is_list = listed.strip().startswith("[") and listed.strip().endswith("]")
    if not name or not is_list or len(values) < 2 or len(set(values)) < len(values) or "" in values:
        allowed = f"{key}=KEY=[A,B,...] with different values, such as {key}={BATCH_SIZE}=[50,100,200]"
        reading.mistakes.append(f"{key}: given {printable(value)!r}; allowed: {allowed}")
    elif reading.sweep is not None:
        reading.mistakes.append(f"{key}: one key at a time; given {reading.sweep.key} and {printable(name)}")
    else:
        reading.sweep = Sweep(name, tuple(values))


def _check(reading: _Reading, key: str, value: str) -> None:
    if value in (FOUND, CLIMBED, SKIPPED):
        reading.check = value
        return
    try:
        folder = given_path(value)
    except FileError as error:
        reading.mistakes.append(f"{key}={printable(value)}: {error}")
        return
    reading.check = folder
    if not folder.is_dir():
        reading.mistakes.append(
            f"{key}={printable(value)}: there is no such folder; give the folder of a check or match, or {FOUND}, "
            f"{CLIMBED}, {SKIPPED}"
        )


_READERS: dict[str, Callable[[_Reading, str, str], None]] = {
    "precision": _number,
    "budget_s": _number,
    "processes": _count,
    "target_accuracy": _number,
    "modes": _modes,
    "check": _check,
    "sweep": _sweep,
}
OPTIONS = tuple(_READERS)
# What a gate that times head and base in turns does not take, and what it does instead.
OF_BENCH = {
    "precision": "a gate ends at its first look or at its last",
    "sweep": "gate one experiment at a time",
    "target_accuracy": "a gate compares the time of a step",
}
# What a bench of a pair does not take, and what it does instead.
OF_EXPERIMENT = {
    "modes": "each side is timed in the mode of its arm; name others by arms=[mindspore,tensorflow]",
    "sweep": "time one pair at a time",
    "target_accuracy": "its batches are to train on, and nothing is evaluated",
}
ALLOWED = {
    "precision": "a share between 0 and 1, such as 0.02 or 2%",
    "budget_s": "seconds, more than 0",
    "processes": "a count from 1 to 1000",
    "target_accuracy": "a share between 0 and 1, such as 0.9 or 90%",
}
