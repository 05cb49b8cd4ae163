"""`gate --self-test`: how often this gate is right and wrong on the noise of a machine, recorded before or now."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from harness.composition.mistakes import UserMistake
from harness.composition.preflight import unusable
from harness.records.exit_codes import AGREES
from harness.records.noise import Noise
from harness.records.timing import CONTROL
from harness.results.baselines import started_at
from harness.results.files import NOT_READ, read_spec
from harness.results.store import write_text
from harness.scenarios.gate.noise import ControlFailedError, record_noise
from harness.scenarios.gate.store import side_of
from harness.subjects.gate.speed import over_control
from harness.system.progress import Work
from harness.timing.power import MOST_PROCESSES, processes_needed
from harness.timing.self_test import PLANTED, Rates, rates_apart, rates_in_turns, spread_of

OUT = "out="
USUAL = 10  # processes of each side
SIMULATED = 20_000  # process medians of a simulated series
Ways = dict[str, Callable[[float], Rates]]  # by how a gate is tried: the rates for a planted slowdown
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

    `arguments`: the folder or file, if any, and out=FILE, into which the series of the control is written. Returns the
    exit code.
    """
    places = [text for text in arguments if not text.startswith(OUT)]
    outs = [Path(text.removeprefix(OUT)).expanduser() for text in arguments if text.startswith(OUT)]
    mistakes = [text for out in outs for text in unusable("out", out.absolute().parent)]
    mistakes += [f"out={out}: it is there already; give a new file" for out in outs if out.exists()]
    if len(places) > 1 or len(outs) > 1:
        mistakes.append("give at most one bench or recording, and at most one out=FILE")
    if not (math.isfinite(seconds) and seconds > 0):
        mistakes.append(f"--seconds must be a positive number; given: {seconds:g}")
    if mistakes:
        raise UserMistake(mistakes)
    noise, series = _recorded(Path(places[0]).expanduser()) if places else (_recorded_now(seconds, presenter), {})
    if outs:
        write_text(outs[0], noise.model_dump_json(indent=1) + "\n")
    series[CONTROL] = noise.step_s
    presenter.show([rates_of(name, times_s) for name, times_s in series.items()])
    return AGREES


def start_simulated(spreads: Sequence[str], others: Sequence[str], presenter: Presenter) -> int:
    """Tests the gate on simulated noise of stated spreads, such as `2%` or `0.02`. Returns the exit code.

    `others`: what was given beside them, which is a mistake.
    """
    shares = {text: _share(text) for text in spreads}
    mistakes = [f"--spread must be a share such as 2% or 0.02; given: {text}" for text in spreads if not shares[text]]
    mistakes += [f"--spread simulates the noise, so that {text} has no meaning" for text in others]
    if mistakes:
        raise UserMistake(mistakes)
    presenter.show([_tested(f"spread {share:.2g}", 0, share, lambda n: {}) for share in shares.values() if share])
    return AGREES


def _share(text: str) -> float | None:
    """A share above 0 and at most 1, given as a number or in percent; None where it is none."""
    number, sign, rest = text.partition("%")
    try:
        share = float(number) / (100 if sign else 1)
    except ValueError:
        return None
    return share if not rest and 0 < share <= 1 else None


def _recorded_now(seconds: float, presenter: Presenter) -> Noise:
    try:
        return record_noise(seconds, presenter.work)
    except ControlFailedError as error:
        raise UserMistake([str(error)]) from None


def _recorded(place: Path) -> tuple[Noise, dict[str, Sequence[float]]]:
    """A recording; of a bench that of its control, and the series of every row over the control."""
    if place.is_file():
        try:
            return read_spec(place, Noise, "recording of noise"), {}
        except NOT_READ as error:
            raise UserMistake([f"{place}: {' '.join(str(error).split())[:200]}"]) from None
    side = side_of(place)
    if side.bench is None:
        raise UserMistake([f"{place} has no times; give the folder of a twinrun bench, or none"])
    times_s = [time_s for _, time_s in sorted(side.step_s.get(CONTROL, {}).items())]
    if len(times_s) < 2:
        raise UserMistake([f"{place} has timed the control in fewer than two processes; no spread is known"])
    states = [p.after for p in side.timings.control] if side.timings is not None else []
    loads = [state.load[0] for state in states if state is not None and state.load is not None]
    noise = Noise(
        recorded=started_at(place),
        machine=side.bench.machine,
        work=side.bench.control,
        load=tuple(loads) if len(loads) == len(times_s) else (),
        step_s=tuple(times_s),
    )
    rows = {f"{row.name} / {CONTROL}": over_control(side.step_s, row.name) for row in side.bench.rows}
    return noise, {name: over for name, over in rows.items() if len(over) > 1}


def rates_of(name: str, times_s: Sequence[float]) -> SelfTest:
    """What gates answer on one series, with the usual number of processes, and with as many as its spread needs.

    The number is that of rounds in turns: the ratio of two processes has `sqrt(2)` times the spread of one.
    """
    return _tested(name, len(times_s), spread_of(times_s), lambda processes: _replayed(times_s, processes))


def _tested(name: str, count: int, spread: float, replayed: Callable[[int], Ways]) -> SelfTest:
    """`replayed`: by a number of processes how the series is replayed; empty where it is too short for so many."""
    needed = processes_needed(math.sqrt(2) * spread, in_turns=True)
    counts = sorted({USUAL, needed or MOST_PROCESSES})
    tried = (
        Tried(n, how, rates(slowdown))
        for n in counts
        for how, rates in (replayed(n) or _simulated(spread, n)).items()
        for slowdown in PLANTED
    )
    return SelfTest(name, count, spread, needed, tuple(tried))


def _replayed(times_s: Sequence[float], processes: int) -> Ways:
    if len(times_s) < 2 * processes:
        return {}
    return {
        TURNS: lambda slowdown: rates_in_turns(times_s, slowdown, (processes, processes)),
        APART: lambda slowdown: rates_apart(times_s, slowdown, processes),
    }


def _simulated(spread: float, processes: int) -> Ways:
    drawn = np.exp(np.random.default_rng(0).normal(0, spread, SIMULATED)).tolist()
    return {DRAWN: lambda slowdown: rates_in_turns(drawn, slowdown, (processes, processes))}
