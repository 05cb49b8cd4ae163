"""The object that scripts read: numbers that JSON has not, and text of others."""

from __future__ import annotations

import json
from pathlib import Path

from made_up_traces import trace, verdict

from harness.report.as_json import as_text, document


def test_a_divergence_is_given_whole() -> None:
    wrong = verdict("diverges").model_copy(update={"culprit": "one", "worst_index": "[3]"})
    outcome = json.loads(as_text(document(1, "DIVERGES: first", Path("/runs/1"), [verdict(), wrong], [trace()])))
    assert (outcome["exit_code"], outcome["report"]) == (1, "/runs/1/report.md")
    assert (outcome["first_divergence"]["culprit"], outcome["first_divergence"]["worst_index"]) == ("one", "[3]")
    assert [(row["rung"], row["checks"], row["status"]) for row in outcome["rungs"]] == [("model", 2, "diverges")]


def test_a_number_that_is_not_finite_is_null() -> None:
    endless = verdict("diverges").model_copy(update={"error_over_tolerance": float("inf"), "value_a": float("nan")})
    outcome = json.loads(as_text(document(1, "", Path(), [endless])))
    assert outcome["first_divergence"]["error_over_tolerance"] is None
    assert outcome["first_divergence"]["value_a"] is None
    assert outcome["rungs"][0]["share"] is None


def test_it_is_one_line_of_ascii() -> None:
    text = as_text(document(0, "line\nbreak \x1b[31m \u202e \u4e2d", Path("/\u4e2d"), []))
    assert text.isascii()
    assert text.isprintable()
