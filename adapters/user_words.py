"""The parts that the `user_words.py` of both frameworks share: a user's own loss, optimizer and schedule."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from adapters.protocol import FloatArray
from adapters.user_data import MisfitError
from adapters.user_model import load_function, shortened_error
from harness.spec.own import OwnLoss, OwnOptimizer, OwnSchedule

POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
Own = OwnLoss | OwnOptimizer | OwnSchedule


def location(word: Own) -> str:
    """The function as messages call it: `file.py:function`."""
    return f"{Path(word.file).name}:{word.function}"


def function_of(word: Own) -> tuple[Callable[..., Any], int]:
    """The function, and how many arguments it needs. Raises MisfitError if it cannot be loaded."""
    try:
        function = load_function(word.file, word.function)
    except (Exception, SystemExit) as error:
        raise MisfitError(f"{location(word)} raised {shortened_error(error)}") from error
    if not callable(function):
        raise MisfitError(f"{location(word)} is no function but {type(function).__name__}")
    parameters = _parameters(function)
    return function, sum(parameter.default is parameter.empty for parameter in parameters)


def takes(function: Callable[..., Any], name: str) -> bool:
    """Whether the function has a parameter of this name."""
    return any(parameter.name == name for parameter in _parameters(function))


def called(word: Own, function: Callable[..., Any], *given: Any, **named: Any) -> Any:
    """What the function returns. Raises MisfitError if it raises, or returns nothing."""
    try:
        result = function(*given, **named)
    except (Exception, SystemExit) as error:
        raise MisfitError(f"{location(word)} raised {shortened_error(error)}") from error
    if result is None:
        raise MisfitError(f"{location(word)} returned None: is its return statement missing?")
    return result


def loss_function(word: OwnLoss) -> Any:
    """The loss: the function itself if it needs two arguments, else what it makes without any."""
    function, needed = function_of(word)
    if needed == 2 and not inspect.isclass(function):
        return function
    if needed:
        raise MisfitError(
            f"{location(word)} needs {needed} arguments; a loss is a function of two, or one without any that makes it"
        )
    loss = called(word, function)
    if not callable(loss):
        raise MisfitError(f"{location(word)} returned {type(loss).__name__}, which is no loss: it cannot be called")
    return loss


def schedule_object(word: OwnSchedule) -> Any:
    """The schedule: the function itself if it needs the step, else what it makes without arguments."""
    function, needed = function_of(word)
    if needed == 1 and not inspect.isclass(function):
        return function
    if needed:
        raise MisfitError(
            f"{location(word)} needs {needed} arguments; a schedule is a function of the step, or one without "
            "arguments that makes it"
        )
    return called(word, function)


def rates_of(word: OwnSchedule, horizon: int, at: Callable[[Any, int], Any]) -> FloatArray:
    """The rates of the first `horizon` updates, (horizon,), rounded to float32, in which optimizers take them.

    `at(schedule, step)`: the rate of a schedule's object at a step. Raises MisfitError if they are no rates.
    """
    schedule = schedule_object(word)
    if isinstance(schedule, int | float):
        rates = np.full(horizon, float(schedule))
    elif isinstance(schedule, Sequence | np.ndarray):
        if len(schedule) < horizon:
            raise MisfitError(f"{location(word)} returned {len(schedule)} rates, but steps is {horizon}")
        rates = np.asarray(schedule, np.float64)[:horizon]
    elif callable(schedule):
        try:
            rates = np.array([float(at(schedule, step)) for step in range(horizon)])
        except (Exception, SystemExit) as error:
            raise MisfitError(f"the schedule of {location(word)} raised {shortened_error(error)}") from error
    else:
        raise MisfitError(
            f"{location(word)} returned {type(schedule).__name__}; a schedule is a number, a list with a rate for each "
            "step, or a function of the step"
        )
    wrong = next((step for step, rate in enumerate(rates) if not (math.isfinite(rate) and rate >= 0)), None)
    if wrong is not None:
        raise MisfitError(f"{location(word)}: the rate of step {wrong} is {rates[wrong]:g}")
    return rates.astype(np.float32).astype(np.float64)


def require_number(word: OwnLoss, shape: Sequence[int]) -> None:
    """Raises MisfitError if a loss has a shape: a training needs one number."""
    if len(shape):
        raise MisfitError(
            f"{location(word)} gives a loss of shape {tuple(shape)}, where a training needs one number: "
            "reduction='mean'?"
        )


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # a callable that does not say what it takes
        return []
    return [parameter for parameter in parameters if parameter.kind in POSITIONAL]
