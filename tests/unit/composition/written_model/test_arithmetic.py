"""Whole-number arithmetic: its values, and everything else, which is refused."""

from __future__ import annotations

import pytest

from harness.composition.written_model.arithmetic import ArithmeticMistake, names_in, whole_number

PARAMETERS = {"depth": 8, "width": 16}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("2*width", 32),
        ("(depth - 2) / 3", 2),
        ("width/3*3", 16),
        ("-width // 3", -6),
        ("width % 5", 1),
        ("+depth - -depth", 16),
        (" width ", 16),
    ],
)
def test_values(text: str, value: int) -> None:
    assert whole_number(text, PARAMETERS) == value


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("width/3", "width/3 is 5.33333 with width=16, which is no whole number"),
        ("depth / (width - 16)", "divides by 0"),
        ("wdth", "there is no parameter wdth; did you mean width?"),
        ("2.5*width", "given 2.5; allowed: whole numbers, parameters"),
        ("width**2", "allowed: whole numbers"),
        ("True", "given True"),
        ("width if depth else 1", "given width if depth else 1"),
        ("__import__('os').getcwd()", "allowed: whole numbers"),
        ("width.real", "given width.real"),
        ("[width][0]", "given [width][0]"),
        ("lambda: 1", "given lambda: 1"),
        ("2 *", "given '2 *'; allowed"),
        ("", "given ''"),
        ("9" * 100, "a number is beyond"),
        ("*".join(["9999999999"] * 3), "a number is beyond"),
        ("1+" * 150 + "1", "it has 301 characters; allowed: 200"),
        ("(" * 100 + "1" + ")" * 99, "allowed: whole numbers"),
    ],
)
def test_everything_else_is_refused(text: str, part: str) -> None:
    with pytest.raises(ArithmeticMistake) as caught:
        whole_number(text, PARAMETERS)
    assert part in str(caught.value)


def test_names() -> None:
    assert names_in("2*width + depth") == {"width", "depth"}
    assert names_in("2 *") == frozenset()
