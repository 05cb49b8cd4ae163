"""What no config may hold, each with the place where it was found."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from harness.composition.limits import DEPTH, LARGEST_WHOLE, NODES, misfits


def nested(depth: int) -> Any:
    node: Any = 1
    for _ in range(depth):
        node = {"a": node}
    return node


def texts(tree: Any, above: tuple[str, ...] = ()) -> list[str]:
    return [mistake.text for mistake in misfits(tree, above)]


@pytest.mark.parametrize("tree", [{}, {"a": [1, 2.5, None, True, "text", ()]}, nested(DEPTH), -LARGEST_WHOLE])
def test_what_may_be(tree: Any) -> None:
    assert misfits(tree) == []


@pytest.mark.parametrize(
    ("tree", "told"),
    [
        ({"a": {"b": date(2020, 1, 1)}}, "a.b: given a date, which no config holds; put it in quotes if it is text"),
        ({"a": [0, b"x"]}, "a.1: given a bytes, which no config holds; put it in quotes if it is text"),
        ({"a": {1: 2}}, "a: the key 1 is not text; put it in quotes"),
        ({"a": {"b\0": 2}}, "a: the key 'b\\x00' cannot be recorded: it holds a NUL character"),
        ({"a": "\ud800"}, "a: given '\\ud800', which cannot be recorded: it is not valid UTF-8"),
        (
            {"a": LARGEST_WHOLE + 1},
            f"a: given a whole number of 64 bits; allowed: -{LARGEST_WHOLE} to {LARGEST_WHOLE}",
        ),
    ],
)
def test_what_may_not(tree: Any, told: str) -> None:
    assert texts(tree) == [told]


def test_too_deep_is_told_once_and_not_looked_into() -> None:
    (told,) = texts(nested(3000))
    assert told == f"{'.'.join('a' * 8)}...: nested more than {DEPTH} levels deep"


def test_an_empty_container_at_the_deepest_level_is_no_level() -> None:
    tree: Any = {}
    for _ in range(DEPTH):
        tree = {"a": tree}
    assert misfits(tree) == []


def test_the_path_begins_where_the_tree_lies() -> None:
    (mistake,) = misfits([b"x"], ("model", "layers"))
    assert mistake.path == ("model", "layers", "0")
    assert mistake.text.startswith("model.layers.0: ")


def test_too_many_values_are_one_mistake() -> None:
    assert texts([b"x"] * (NODES + 1)) == [f"more than {NODES:,} values, the most that a config may have"]


def test_of_many_faults_the_first_twenty_are_told() -> None:
    assert len(misfits([b"x"] * 100)) == 20


def test_a_tree_that_holds_itself_comes_to_an_end() -> None:
    tree: dict[str, Any] = {}
    tree["a"] = tree
    assert [text.rpartition(": ")[2] for text in texts(tree)] == [f"nested more than {DEPTH} levels deep"]
