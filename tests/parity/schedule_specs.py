"""The schedules that the tests ask about: those of `conf/schedule`, and random ones of every kind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from pydantic import TypeAdapter

from harness.composition.epochs import in_steps
from harness.spec import schedules as spec

REPOSITORY = Path(__file__).parents[2]
STEPS_PER_EPOCH = 20
SEED, OF_EACH_KIND = 20, 6
NOT_FOLLOWING = (spec.WarmupThen, spec.LinearWarmup, spec.Sequence)


def shipped() -> dict[str, spec.Schedule]:
    """By the name of the file."""
    files = sorted((REPOSITORY / "conf" / "schedule").glob("*.yaml"))
    return {
        file.stem: TypeAdapter(spec.AnySchedule).validate_python(
            in_steps(yaml.safe_load(file.read_text()), STEPS_PER_EPOCH, (), {}, [])
        )
        for file in files
    }


def drawn() -> dict[str, spec.Schedule]:
    """`OF_EACH_KIND` of every kind there is, by kind and number; the same ones in every run."""
    rng = np.random.default_rng(SEED)
    return {f"{kind.word()}-{n}": draw(rng) for kind, draw in DRAWS.items() for n in range(OF_EACH_KIND)}


def _up_to(rng: Any, low: float, high: float) -> float:
    return float(rng.uniform(low, high))


def _magnitude(rng: Any, low: float, high: float) -> float:
    """Between the powers of ten `low` and `high`."""
    return float(10 ** rng.uniform(low, high))


def _rate(rng: Any) -> float:
    return _magnitude(rng, -5, 0)


def _steps(rng: Any, most: int = 2000) -> int:
    return int(rng.integers(1, most))


def _either(rng: Any, *of: Any) -> Any:
    return of[int(rng.integers(len(of)))]


def _piecewise(rng: Any) -> spec.Schedule:
    boundaries = tuple(sorted({_steps(rng, 2500) for _ in range(_steps(rng, 5))}))
    values = tuple(_rate(rng) for _ in range(len(boundaries) + 1))
    return spec.PiecewiseConstant(boundaries=boundaries, values=values, boundary=_either(rng, "inclusive", "exclusive"))


def _after_warmup(rng: Any) -> spec.Schedule:
    follower = _either(rng, *(draw for kind, draw in DRAWS.items() if kind not in NOT_FOLLOWING))
    return spec.WarmupThen(
        warmup_steps=_steps(rng, 500),
        start_rate=_either(rng, 0.0, _up_to(rng, 0, 0.01)),
        then=follower(rng),
        shifts=_either(rng, True, False),
    )


def _min_max(rng: Any) -> spec.Schedule:
    maximum = _rate(rng)
    return spec.CosineMinMax(minimum=maximum * _up_to(rng, 0, 1), maximum=maximum, decay_steps=_steps(rng))


def _triangular(rng: Any) -> spec.Schedule:
    maximum = _rate(rng)
    factor = _either(rng, 1.0, 0.5, _up_to(rng, 0.3, 1.1))
    minimum = maximum * _up_to(rng, 0, 1)
    return spec.Triangular(minimum=minimum, maximum=maximum, half_period=_steps(rng), peak_factor=factor)


def _sequence(rng: Any) -> spec.Schedule:
    milestones = tuple(sorted({_steps(rng, 1500) for _ in range(_steps(rng, 4))}))
    draws = [draw for kind, draw in DRAWS.items() if kind is not spec.Sequence]
    return spec.Sequence(schedules=tuple(_either(rng, *draws)(rng) for _ in (0, *milestones)), milestones=milestones)


DRAWS: dict[type[spec.Schedule], Callable[[Any], spec.Schedule]] = {
    spec.Constant: lambda rng: spec.Constant(rate=_rate(rng)),
    spec.Exponential: lambda rng: spec.Exponential(
        initial_rate=_rate(rng),
        decay_rate=_up_to(rng, 0.1, 1.05),
        decay_steps=_steps(rng),
        staircase=_either(rng, False, True),
    ),
    spec.NaturalExponential: lambda rng: spec.NaturalExponential(
        initial_rate=_rate(rng),
        decay_rate=_magnitude(rng, -5, -1),
        decay_steps=_steps(rng),
        staircase=_either(rng, False, True),
    ),
    spec.InverseTime: lambda rng: spec.InverseTime(
        initial_rate=_rate(rng),
        decay_rate=_magnitude(rng, -3, 1),
        decay_steps=_steps(rng),
        staircase=_either(rng, False, True),
    ),
    spec.Polynomial: lambda rng: spec.Polynomial(
        initial_rate=_rate(rng),
        end_rate=_rate(rng),
        decay_steps=_steps(rng),
        power=_either(rng, 0.5, 1.0, 1.5, 2.0, 3.0, _up_to(rng, 0.2, 4)),
        cycle=_either(rng, False, True),
    ),
    spec.Cosine: lambda rng: spec.Cosine(
        initial_rate=_rate(rng), decay_steps=_steps(rng), floor_ratio=_either(rng, 0.0, _up_to(rng, 0, 1))
    ),
    spec.CosineMinMax: _min_max,
    spec.CosineRestarts: lambda rng: spec.CosineRestarts(
        initial_rate=_rate(rng),
        first_period=_steps(rng, 500),
        period_factor=_either(rng, 1.0, 2.0, 1.5, _up_to(rng, 1, 3)),
        peak_factor=_either(rng, 1.0, _up_to(rng, 0.3, 1.2)),
        floor_ratio=_up_to(rng, 0, 0.5),
    ),
    spec.PiecewiseConstant: _piecewise,
    spec.LinearWarmup: lambda rng: spec.LinearWarmup(
        target_rate=_rate(rng), warmup_steps=_steps(rng), start_rate=_either(rng, 0.0, _rate(rng))
    ),
    spec.WarmupThen: _after_warmup,
    spec.OneCycle: lambda rng: spec.OneCycle(
        initial_rate=_rate(rng),
        maximum=_rate(rng),
        final_rate=_rate(rng),
        warmup_steps=_steps(rng),
        decay_steps=_steps(rng),
        shape=_either(rng, "cosine", "linear"),
    ),
    spec.Triangular: _triangular,
    spec.ReciprocalSquareRoot: lambda rng: spec.ReciprocalSquareRoot(peak_rate=_rate(rng), warmup_steps=_steps(rng)),
    spec.Sequence: _sequence,
}
