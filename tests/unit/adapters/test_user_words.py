"""What a function of the user's may be or make, and what is told where it is none of that."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from adapters.user_data import MisfitError
from adapters.user_words import loss_function, rates_of, require_number, schedule_object
from harness.spec.own import OwnLoss, OwnSchedule

CODE = """
def made():
    return lambda y, z: 3.0

def itself(y, z):
    return 4.0

def three(a, b, c):
    return 0.0

def nothing():
    pass

def failing():
    raise ValueError("no such rate")

def number():
    return 0.5

def rates():
    return [0.1, 0.2, 0.3, 0.4]

def of_step(step):
    return 1.0 / (1 + step)

def negative(step):
    return 2.0 - step

def text():
    return object()

class Fields:
    def __init__(self, rate=0.25):
        self.rate = rate

    def __call__(self, step):
        return self.rate
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "mine.py"
    path.write_text(CODE)
    return str(path)


@pytest.mark.parametrize(("function", "value"), [("made", 3.0), ("itself", 4.0)])
def test_a_loss_is_the_function_or_what_it_makes(file: str, function: str, value: float) -> None:
    assert loss_function(OwnLoss(file=file, function=function))(None, None) == value


@pytest.mark.parametrize(
    ("function", "told"),
    [
        ("three", "mine.py:three needs 3 arguments; a loss is a function of two, or one without any that makes it"),
        ("nothing", "mine.py:nothing returned None: is its return statement missing?"),
        ("failing", "mine.py:failing raised ValueError: no such rate"),
        ("number", "mine.py:number returned float, which is no loss: it cannot be called"),
        ("missing", "mine.py:missing raised AttributeError: "),
    ],
)
def test_what_is_no_loss_is_told(file: str, function: str, told: str) -> None:
    with pytest.raises(MisfitError) as error:
        loss_function(OwnLoss(file=file, function=function))
    assert str(error.value).startswith(told)


@pytest.mark.parametrize(
    ("function", "rates"),
    [
        ("number", [0.5, 0.5, 0.5]),
        ("rates", [0.1, 0.2, 0.3]),
        ("of_step", [1.0, 1 / 2, 1 / 3]),
        ("Fields", [0.25, 0.25, 0.25]),
    ],
)
def test_a_schedule_is_a_number_a_list_a_function_or_a_class(file: str, function: str, rates: list[float]) -> None:
    found = rates_of(OwnSchedule(file=file, function=function), 3, lambda schedule, step: schedule(step))
    assert np.array_equal(found, np.array(rates, np.float32).astype(np.float64))


@pytest.mark.parametrize(
    ("function", "told"),
    [
        ("rates", "mine.py:rates returned 4 rates, but steps is 5"),
        ("negative", "mine.py:negative: the rate of step 3 is -1"),
        ("text", "mine.py:text returned object; a schedule is a number, a list with a rate for each step, or a"),
        ("itself", "mine.py:itself needs 2 arguments; a schedule is a function of the step"),
    ],
)
def test_what_is_no_schedule_is_told(file: str, function: str, told: str) -> None:
    with pytest.raises(MisfitError) as error:
        rates_of(OwnSchedule(file=file, function=function), 5, lambda schedule, step: schedule(step))
    assert str(error.value).startswith(told)


def test_a_class_is_made_and_not_taken_for_the_schedule(file: str) -> None:
    assert schedule_object(OwnSchedule(file=file, function="Fields")).rate == 0.25


def test_a_loss_by_sample_is_told() -> None:
    require_number(OwnLoss(file="mine.py", function="made"), ())
    with pytest.raises(MisfitError) as error:
        require_number(OwnLoss(file="mine.py", function="made"), (8,))
    assert str(error.value).startswith("mine.py:made gives a loss of shape (8,), where a training needs one number")
