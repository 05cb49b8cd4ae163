"""What `bench` is told about the measuring."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli import main
from harness.composition import UserMistake
from harness.composition.measurement import ALLOWED, asked
from harness.composition.timed import prepare_bench
from harness.records.arrangement import ChosenArrangement
from harness.scenarios.bench.one import rows_of


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


def test_a_sweep_of_widths() -> None:
    _, points = prepare_bench(["sweep=width=[16,32]"], [])
    assert [point.value for point in points] == ["16", "32"]
    units = [
        [layer.units for layer in point.study.first.experiment.model.layers if hasattr(layer, "units")]
        for point in points
    ]
    assert units == [[16, 16, 10], [32, 32, 10]]


@pytest.mark.parametrize("typed", ["sweep=batch_size=100", "sweep=batch_size=[100]", "sweep=[1,2]", "sweep=x=[1,1]"])
def test_a_sweep_needs_values(typed: str) -> None:
    (mistake,) = asked([typed]).mistakes
    assert "sweep=KEY=[A,B,...]" in mistake


def test_mistakes_of_every_value_at_once() -> None:
    with pytest.raises(UserMistake) as caught:
        prepare_bench(["sweep=batch_size=[100,-1,many]"], [])
    assert [text.partition(": ")[2].partition(":")[0] for text in caught.value.mistakes] == [
        "batch_size=-1",
        "batch_size=many",
    ]


def test_all_modes_and_the_loops_of_users() -> None:
    question, (point,) = prepare_bench(["modes=all", "arms=[mindspore,tensorflow_xla]"], [])
    arms = point.study.first.experiment.arms
    assert [(arm.name, arm.mode) for arm in arms] == [
        ("mindspore", "jit"),
        ("mindspore_pynative", "pynative"),
        ("mindspore_jit_step", "jit_step"),
        ("mindspore_jit_o1", "jit_o1"),
        ("tensorflow_xla", "xla"),
        ("tensorflow_xla_graph", "graph"),
        ("tensorflow_xla_eager", "eager"),
        ("tensorflow_xla_graph_step", "graph_step"),
    ]
    choice = ChosenArrangement(name="none", reason="none")
    rows = rows_of(point.study.first.experiment, {arm.name: choice for arm in arms}, question)
    assert [row.name for row in rows if row.loop] == [
        "mindspore.Model.train",
        "tensorflow_xla.fit",
        "tensorflow_xla.fit_steps_per_execution",
    ]


def test_an_accuracy_needs_classes() -> None:
    with pytest.raises(UserMistake, match="which have no accuracy"):
        prepare_bench(["experiment=polynomial", "target_accuracy=0.9"], [])
