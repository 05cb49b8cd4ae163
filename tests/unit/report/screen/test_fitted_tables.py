"""What a table loses, and in which order, where it does not fit on a terminal."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.report.listening import ProgressListener
from harness.report.tables import fitted

HEAD = ["arm", "test accuracy", "empty", "memory", "step"]
ROWS = [["tensorflow", "91.10%", "", "848 MiB", "9.81 ms"], ["mindspore", "91.10%", "", "628 MiB", "8.87 ms"]]


@pytest.mark.parametrize(
    ("width", "left"),
    [
        (80, ["arm", "test accuracy", "memory", "step"]),
        (36, ["arm", "test accuracy", "memory", "step"]),  # a heading may wrap between its words: 10 + 8 + 7 + 7, and 4
        (35, ["arm", "test accuracy", "step"]),
        (27, ["arm", "test accuracy"]),
        (5, ["arm", "test accuracy"]),  # nothing else is dispensable
    ],
)
def test_columns_are_left_out_in_turn_until_it_fits(width: int, left: list[str]) -> None:
    head, rows = fitted((HEAD, ROWS), width, ("memory", "step"))
    assert head == left
    assert rows == [[row[HEAD.index(name)] for name in left] for row in ROWS]


def test_nothing_but_the_empty_is_left_out_of_the_details() -> None:
    head, _ = fitted((HEAD, ROWS), 5)
    assert head == ["arm", "test accuracy", "memory", "step"]


def test_a_heading_wraps_before_a_cell_does(lines: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "36")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    ProgressListener("screen").table("", (HEAD, ROWS))
    printed = [line.split() for line in lines()]
    assert [words for words in printed if words] == [
        ["test"],
        ["arm", "accuracy", "memory", "step"],
        ["tensorflow", "91.10%", "848", "MiB", "9.81", "ms"],
        ["mindspore", "91.10%", "628", "MiB", "8.87", "ms"],
    ]


def test_a_table_without_rows_is_not_printed(lines: Callable[[], list[str]]) -> None:
    ProgressListener("screen").table("Title", (HEAD, []))
    assert lines() == [""]
