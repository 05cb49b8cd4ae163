"""One line a rung: what it says of its checks."""

from __future__ import annotations

from typing import Any

import pytest
from made_up_traces import verdict

from harness.report.rung_lines import MOST, RungLine, disagreements


@pytest.mark.parametrize(
    ("statuses", "said"),
    [
        (["agrees"], "  rung model       1 check   agrees"),
        (["agrees", "known"], "  rung model       2 checks  agrees, 1 known"),
        (["known", "known"], "  rung model       2 checks  agrees, 2 known"),
        (["agrees", "diverges", "known", "crashed"], "  rung model       4 checks  diverges, crashed, 1 known"),
        (["unverified", "unverified"], "  rung model       2 checks  unverified"),
        ([], "  rung model       0 checks  nothing to compare"),
    ],
)
def test_how_the_checks_ended(statuses: list[str], said: str) -> None:
    bare = {"error_over_tolerance": None, "subject": "", "worst_index": ""}
    line = RungLine.of("model", [verdict(status).model_copy(update=bare) for status in statuses])
    assert line.text().plain == said


def of(subject: str, share: float | None, status: Any = "agrees") -> Any:
    changes = {"subject": subject, "error_over_tolerance": share, "worst_index": "[3]"}
    return verdict(status).model_copy(update=changes)


def test_of_checks_that_agree_the_nearest_to_its_tolerance_is_named() -> None:
    line = RungLine.of("layer", [of("dense", 0.1), of("conv2d", 0.25), of("flatten", None)])
    assert (line.share, line.where) == (0.25, "conv2d, [3]")
    assert line.text().plain == "  rung layer       3 checks  agrees           25.0%  conv2d, [3]"


def test_of_several_that_diverge_the_first_is_named() -> None:
    """The second contains the first, however large it is."""
    line = RungLine.of("layer", [of("dense", 0.9), of("conv2d", 3.0, "diverges"), of("loss", 80.0, "diverges")])
    assert (line.status, line.share, line.where) == ("diverges", 3.0, "conv2d, [3]")


def test_what_the_ledger_excuses_is_not_the_nearest() -> None:
    line = RungLine.of("activation", [of("sigmoid", 3.1, "known"), of("linear", 0.0)])
    assert (line.known, line.share, line.where) == (1, 0.0, "linear, [3]")


def test_text_of_others_is_text() -> None:
    line = RungLine.of("layer", [of("[bold]x[/bold]\n\x1b[31m", 0.5)])
    assert "[bold]x[/bold]\\n\\x1b[31m" in line.text().plain


def test_what_else_disagrees_has_a_line_each() -> None:
    first, second, crashed = of("dense", 2.0, "diverges"), of("conv2d", 3.0, "diverges"), of("loss", None, "crashed")
    others = disagreements([of("flatten", 0.1), first, second, of("sigmoid", 3.0, "known"), crashed], first)
    assert [line.partition(": ")[0] for line in others] == ["model, conv2d", "model, loss"]
    many = disagreements([of(f"layer {number}", 2.0, "diverges") for number in range(MOST + 3)])
    assert len(many) == MOST + 1
    assert many[-1] == "3 more are in report.md"
