"""`gate --self-test`: how often this gate is right and wrong on the noise of a machine, recorded before or now."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from harness.composition.mistakes import UserMistake
from harness.composition.preflight import unusable
from harness.records.exit_codes import AGREES
from harness.records.noise import Noise
from harness.records.timing import CONTROL
from harness.results.files import DAMAGE, UnreadableError, read_spec
from harness.results.store import write_text
from harness.scenarios.gate.noise import ControlFailedError, record_noise
from harness.scenarios.gate.store import side_of
from harness.subjects.gate.speed import over_control
from harness.system.progress import Work
from harness.timing.power import MOST_PROCESSES, processes_needed
from harness.timing.self_test import PLANTED, Rates, rates_apart, rates_in_turns, spread_of

NOT_READ: tuple[type[Exception], ...] = (UnreadableError, *DAMAGE)
OUT = "out="
USUAL = 10  # processes of each side
SIMULATED = 2000  # process medians of a simulated series
TURNS, APART, DRAWN = "replayed, in turns", "replayed, apart", "simulated"


@dataclass(frozen=True)
class Tried:
    """The rates of many gates with so many `processes` on each side. `how`: replayed in turns or apart, simulated."""

    processes: int
    how: str
    rates: Rates


@dataclass(frozen=True)
class SelfTest:
    """One series of `count` process medians, and what gates on it answered. `needed`: None if too many."""

    series: str
    count: int
    spread: float
    needed: int | None
    tried: tuple[Tried, ...]


class Presenter(Protocol):
    """Shows what was tried, and how far the recording is. `harness.report.self_test` is one."""

    def show(self, tests: Sequence[SelfTest]) -> None: ...

    def work(self, work: Work) -> None: ...


def start(arguments: Sequence[str], seconds: float, presenter: Presenter) -> int:
    """Tests the gate on the noise in a bench's folder or a recorded file, or on noise that is recorded now.

    `arguments`: the folder or file, if any, and out=FILE, into which a new recording is written. Returns the exit code.
    """
    places = [text for text in arguments if not text.startswith(OUT)]
    outs = [Path(text.removeprefix(OUT)).expanduser() for text in arguments if text.startswith(OUT)]
    mistakes = [text for out in outs for text in unusable("out", out.absolute().parent)]
    mistakes += [f"out={out}: it is there already; give a new file" for out in outs if out.exists()]
    if len(places) > 1 or len(outs) > 1 or (places and outs):
        mistakes.append("give either one bench or recording, or out=FILE for a new recording")
    if not (math.isfinite(seconds) and seconds > 0):
        mistakes.append(f"--seconds must be a positive number; given: {seconds:g}")
    if mistakes:
        raise UserMistake(mistakes)
    if places:
        series = _recorded(Path(places[0]).expanduser())
    else:
        try:
            noise = record_noise(seconds, presenter.work)
        except ControlFailedError as error:
            raise UserMistake([str(error)]) from None
        if outs:
            write_text(outs[0], noise.model_dump_json(indent=1) + "\n")
        series = {CONTROL: noise.step_s}
    presenter.show([tested(name, times_s) for name, times_s in series.items()])
    return AGREES


def _recorded(place: Path) -> dict[str, Sequence[float]]:
    """The series of a recording, or of every row of a bench over its control, and of the control itself."""
    if place.is_file():
        try:
            return {CONTROL: read_spec(place, Noise, "recording of noise").step_s}
        except NOT_READ as error:
            raise UserMistake([f"{place}: {' '.join(str(error).split())[:200]}"]) from None
    side = side_of(place)
    if side.bench is None:
        raise UserMistake([f"{place} has no times; give the folder of a twinrun bench, or none"])
    series: dict[str, Sequence[float]] = {
        f"{row.name} / {CONTROL}": over_control(side, row.name) for row in side.bench.rows
    }
    series[CONTROL] = [time_s for _, time_s in sorted(side.step_s.get(CONTROL, {}).items())]
    found = {name: times_s for name, times_s in series.items() if len(times_s) > 1}
    if not found:
        raise UserMistake([f"{place} has no row with two processes; no spread is known"])
    return found


def tested(name: str, times_s: Sequence[float]) -> SelfTest:
    """What gates answer on one series, with the usual number of processes, and with as many as its spread needs."""
    spread = spread_of(times_s)
    needed = processes_needed(spread)
    counts = sorted({USUAL, needed or MOST_PROCESSES})
    tried = (Tried(n, how, rates) for n in counts for how, rates in _rates(times_s, spread, n))
    return SelfTest(name, len(times_s), spread, needed, tuple(tried))


def _rates(times_s: Sequence[float], spread: float, processes: int) -> Iterator[tuple[str, Rates]]:
    """The rates for each slowdown that is planted. A series that is too short for gates is simulated by its spread."""
    ways: dict[str, Callable[[float], Rates]] = {
        TURNS: lambda slowdown: rates_in_turns(times_s, slowdown, (processes, processes)),
        APART: lambda slowdown: rates_apart(times_s, slowdown, processes),
    }
    if len(times_s) < 2 * processes:
        drawn = np.exp(np.random.default_rng(0).normal(0, spread, SIMULATED)).tolist()
        ways = {DRAWN: lambda slowdown: rates_in_turns(drawn, slowdown, (processes, processes))}
    for how, rates in ways.items():
        yield from ((how, rates(slowdown)) for slowdown in PLANTED)
