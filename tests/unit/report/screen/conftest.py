"""A terminal of some width, on which lines are printed as somebody would see them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rich.cells import cell_len
from rich.text import Text

WIDTHS = (80, 40)
Lines = Callable[[], list[str]]


@pytest.fixture(params=WIDTHS)
def width(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """The width of the terminal that standard output now is."""
    monkeypatch.setenv("COLUMNS", str(request.param))
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return int(request.param)


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    """The lines that were printed, without their colours."""

    def printed() -> list[str]:
        out = capsys.readouterr().out
        return [Text.from_ansi(line).plain for line in out.removesuffix("\n").split("\n")]

    return printed


@pytest.fixture
def fitting(width: int, lines: Lines) -> Callable[[], str]:
    """What was printed as one text, of which every line fits on the terminal."""

    def checked() -> str:
        printed = lines()
        assert [line for line in printed if cell_len(line.rstrip()) > width] == []
        return " ".join(" ".join(printed).split())

    return checked
