"""What a run prints where nobody looks at a terminal: plain lines."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from made_up_traces import NOISE, arm, epoch, failure, trace, verdict

from harness.plan import draw_plan
from harness.records.trace import Trace
from harness.report.terminal import MOST_ROWS, Terminal
from harness.spec import Experiment


@pytest.fixture
def terminal() -> Terminal:
    return Terminal()


def test_what_runs(terminal: Terminal, experiment_of: Any, capsys: pytest.CaptureFixture[str]) -> None:
    experiment: Experiment = experiment_of()
    plan = draw_plan(experiment, 40)
    terminal.begin(experiment, plan, SimpleNamespace(**vars(NOISE)), Path("run"))
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "small: one (numpy, float32), other (numpy, float32)",
        "  model 7,850 parameters, 7,840 multiply-adds a sample",
        "  words softmax_cross_entropy sparse, momentum rate_outside, exponential",
        "  data  noise: 40 to train, 10 to test",
        f"  plan  {plan.digest[:16]}, seed 3: 4 epochs, 16 steps of 10",
    ]


def test_an_arm_that_failed(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    terminal.arm_failed("one", failure("crashed"))
    assert capsys.readouterr().out == "  one: timeout at training: as it happened\n"


def test_what_an_arm_says_is_text(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    odd = failure("crashed").model_copy(update={"message": "[bold]x[/bold]\n\x1b[31m:smile:"})
    terminal.arm_failed("[red]one", odd)
    assert capsys.readouterr().out == "  [red]one: timeout at training: [bold]x[/bold]\\n\\x1b[31m:smile:\n"


def test_an_epoch_with_the_time_that_is_left(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    """Two of eight steps took 2 s, two more likewise; values have no accuracy."""
    epochs = (epoch(0, (1.0, 0.5), accuracy=0.915),)
    whole = Trace(arm=arm("one"), epochs=epochs, learning_rates=(0.1,) * 8)
    terminal.training(whole.arm, 4, 8)
    terminal.epoch(whole)
    values = epochs[0].model_copy(update={"epoch": 1, "test_accuracy": None, "test_loss": 0.25})
    terminal.epoch(whole.model_copy(update={"epochs": (*epochs, values)}))
    assert capsys.readouterr().out.splitlines() == [
        "  one: epoch 1, step 2/8, loss 0.5000, test accuracy 91.50%, 6 s left",
        "  one: epoch 2, step 4/8, loss 0.5000, test loss 0.250000, 4 s left",
    ]


def ended(verdicts: list[Any], traces: dict[str, Trace] | None = None, exit_code: int = 0) -> Any:
    """As much of a run as is shown at its end."""
    return SimpleNamespace(
        verdicts=verdicts,
        traces=traces or {},
        exit_code=exit_code,
        sentence="AGREES: one and other on model",
        coverage=SimpleNamespace(in_words="judged: nothing"),
        store=SimpleNamespace(folder=Path("/runs/1")),
    )


LAST = ["AGREES: one and other on model", "judged: nothing", "results: /runs/1"]


def test_the_end(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    terminal.end(ended([verdict()], {"one": trace()}))
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines[-3:] == LAST
    titles = [line for line in lines if line in ("Parity", "Accuracy and time", "By rung")]
    assert titles == ["Parity", "Accuracy and time"]
    assert not any(line.startswith("Learning-rate") for line in lines)


def test_a_screenful_has_the_arms_and_no_checks(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal("screen").end(ended([verdict()], {"one": trace()}))
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines[-3:] == LAST
    assert "Accuracy and time" in lines
    assert "Parity" not in lines
    (head,) = (line.split() for line in lines if line.startswith("arm "))
    assert head[:2] == ["arm", "accuracy"]


def test_the_sentence_alone(experiment_of: Any, capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal("sentence")
    terminal.begin(experiment_of(), draw_plan(experiment_of(), 40), SimpleNamespace(**vars(NOISE)), Path("run"))
    terminal.rung("model", [verdict()])
    terminal.end(ended([verdict()], {"one": trace()}))
    assert capsys.readouterr().out.splitlines() == LAST[:1]


def test_one_object_for_scripts(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal("json")
    terminal.rung("model", [verdict()])
    terminal.end(ended([verdict()], {"one": trace()}))
    outcome = json.loads(capsys.readouterr().out)
    assert outcome["schema"] == 1
    assert (outcome["exit_code"], outcome["sentence"], outcome["folder"]) == (0, LAST[0], "/runs/1")
    assert [row["rung"] for row in outcome["rungs"]] == ["model"]
    assert [row["arm"] for row in outcome["arms"]] == ["one"]
    assert outcome["first_divergence"] is None


def test_a_brief_end_has_no_tables(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    terminal.end(ended([verdict()], {"one": trace()}), is_brief=True)
    assert capsys.readouterr().out.splitlines() == LAST


def test_arms_that_never_trained_have_no_times(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    terminal.end(ended([verdict()], {"one": trace(epochs=0)}))
    assert "Accuracy and time" not in capsys.readouterr().out


def test_an_empty_column_is_left_out(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    terminal.end(ended([verdict()]))
    (head,) = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("rung ")]
    assert head == ["rung", "what", "arms", "at", "verdict", "cause"]


def test_a_long_list_is_counted(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    many = [verdict().model_copy(update={"subject": f"case{n}"}) for n in range(MOST_ROWS)]
    terminal.end(ended([*many, verdict("known")]))
    printed = capsys.readouterr().out
    assert "By rung" in printed
    assert "case7 " not in printed
    assert "logits" in printed
    assert f"{MOST_ROWS + 1}" in printed
