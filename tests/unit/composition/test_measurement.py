"""What `bench` is told about the measuring."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli import main
from harness.composition.measurement import ALLOWED, asked


def test_defaults() -> None:
    question = asked(["training.epochs=3", "arm.precision=float64"])
    assert question.overrides == ("training.epochs=3", "arm.precision=float64")
    assert (question.measurement.precision, question.measurement.budget_s) == (0.02, 240.0)
    assert (question.check, question.all_modes, question.mistakes) == ("auto", False, ())


def test_everything(tmp_path: Path) -> None:
    typed = ["precision=1.5%", "budget_s=60", "processes=7", "target_accuracy=90%", "modes=all", f"check={tmp_path}"]
    question = asked([*typed, "seed=3"])
    measurement = question.measurement
    assert measurement.precision == pytest.approx(0.015)
    assert (measurement.budget_s, measurement.processes, measurement.target_accuracy) == (60.0, 7, 0.9)
    assert (question.check, question.all_modes, question.overrides) == (tmp_path, True, ("seed=3",))
    assert question.mistakes == ()


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        ("precision=2", ALLOWED["precision"]),
        ("precision=narrow", ALLOWED["precision"]),
        ("precision=nan", ALLOWED["precision"]),
        ("budget_s=-1", ALLOWED["budget_s"]),
        ("budget_s=inf", ALLOWED["budget_s"]),
        ("processes=0", ALLOWED["processes"]),
        ("processes=2.5", ALLOWED["processes"]),
        ("modes=some", "allowed: all"),
        ("check=/nowhere/at/all", "no such folder"),
    ],
)
def test_mistakes(typed: str, named: str) -> None:
    (mistake,) = asked([typed]).mistakes
    assert typed.partition("=")[0] in mistake
    assert named in mistake


def test_all_mistakes_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    typed = ["precision=200%", "budget_s=soon", "schedule=cosin", "training.epoch=3"]
    assert main(["bench", *typed]) == 2
    told = capsys.readouterr().err
    assert told.startswith("twinrun: 4 mistakes:")
    assert all(word in told for word in ("precision", "budget_s", "did you mean schedule=cosine", "training.epoch"))


def test_one_variant_is_timed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "experiment=cnn"]) == 2
    told = capsys.readouterr().err
    assert "choose variant=NAME of plain, dropout, augmentation, augmentation_dropout" in told
