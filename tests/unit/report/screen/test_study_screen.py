"""What a study prints: a row for each variant and arm, one line a rung, the sentence alone, an object."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from made_up_traces import NOISE, trace, verdict

from harness.plan import draw_plan
from harness.records.verdict import Verdict
from harness.report.presented import InDetail
from harness.report.screen import study as screen


def run(variant: str, seed: int, *verdicts: Verdict) -> Any:
    """A run of a study, of two arms."""
    traces = [trace("mindspore", accuracy=0.91 + 0.02 * seed), trace("tensorflow")]
    experiment = SimpleNamespace(variant=variant, seed=seed)
    return SimpleNamespace(experiment=experiment, verdicts=verdicts, traces=traces, folder=Path("/runs", variant))


def recorded(runs: Sequence[Any], over_seeds: Sequence[Verdict] = ()) -> Any:
    """As much of the record of a study as a screenful needs."""
    return SimpleNamespace(
        runs=runs,
        state="complete",
        exit_code=0,
        verdicts=list(over_seeds),
        over_seeds=list(over_seeds),
        several_seeds=len(runs) > len({run.experiment.variant for run in runs}),
        variant_of=lambda run: run.experiment.variant,
    )


def on(arm: str, status: str = "agrees", rung: str = "model", share: float = 0.5) -> Verdict:
    return verdict(status, rung).model_copy(update={"arm_a": arm, "arm_b": "", "error_over_tolerance": share})


LONG = "exponential_staircase"
RUNS = [
    run("relu", 0, on("mindspore"), on("tensorflow", rung="layer")),
    run("relu", 1, on("mindspore", share=0.75), on("tensorflow", "known")),
    run(LONG, 0, on("mindspore", "diverges", share=3.0)),
]
OVER_SEEDS = verdict("agrees", "convergence").model_copy(
    update={"subject": "relu: test_accuracy over seeds 0, 1", "cause": "mean 0.000 points, margin 0.3: equivalent"}
)


def test_a_screenful_fits(fitting: Callable[[], str]) -> None:
    InDetail().study_listener().recorded(recorded(RUNS, [OVER_SEEDS]))
    text = fitting()
    assert text.count("rung model 3 checks") == 0
    assert text.count("rung model ") == 1
    assert "rung layer 1 check agrees" in text
    assert "AGREES: one and other, relu: test_accuracy over seeds 0, 1: mean 0.000 points" in text
    assert "relu" in text
    assert "test loss" not in text or "0.7" in text


def test_a_row_is_of_a_variant_and_an_arm_over_its_seeds(lines: Callable[[], list[str]]) -> None:
    InDetail().study_listener().recorded(recorded(RUNS))
    rows = [line.split() for line in lines() if line.startswith(("relu ", LONG))]
    assert [row[:4] for row in rows] == [
        ["relu", "2", "mindspore", "92.00%"],
        ["relu", "2", "tensorflow", "50.00%"],
        [LONG, "1", "mindspore", "91.00%"],
        [LONG, "1", "tensorflow", "50.00%"],
    ]
    assert [row[-1] for row in rows[:3]] == ["agrees", "known", "diverges"]


def test_a_rung_names_the_run_of_its_worst_check(lines: Callable[[], list[str]]) -> None:
    InDetail().study_listener().recorded(recorded(RUNS[:2]))
    (rung,) = (line for line in lines() if line.startswith("  rung model "))
    assert rung == "  rung model       3 checks  agrees, 1 known  75.0%  relu seed 1: logits, [3]"


def test_a_variant_with_one_seed_is_named_without_it(lines: Callable[[], list[str]]) -> None:
    InDetail().study_listener().recorded(recorded(RUNS[1:]))
    (rung,) = (line for line in lines() if line.startswith("  rung model "))
    assert "300.0%  exponential_staircase: " in rung


def ended(folder: Path) -> Any:
    """As much of a study that ends as is told."""
    return SimpleNamespace(folder=folder, exit_code=lambda _: 0, sentence=lambda _: "AGREES: in 2 runs of small")


def end(listener: screen.StudyTerminal, experiment: Any, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Begins and ends a study of two seeds."""
    record = recorded([run("", seed, on("mindspore")) for seed in (0, 1)])
    monkeypatch.setattr(screen.StudyRecord, "of", lambda _: record)
    for seed in (0, 1):
        of_seed = experiment.model_copy(update={"seed": seed})
        listener.begin(of_seed, draw_plan(of_seed, 40), NOISE, folder)
        listener.rung("model", [verdict("diverges")])
        store, coverage = SimpleNamespace(folder=folder / str(seed)), SimpleNamespace(in_words="")
        made = SimpleNamespace(exit_code=0, sentence="AGREES", verdicts=[verdict()], traces={"one": trace()})
        listener.end(SimpleNamespace(**vars(made), experiment=of_seed, store=store, coverage=coverage))  # type: ignore[arg-type]
    listener.study(ended(folder), [])


def test_what_runs_is_told_once(
    experiment_of: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lines: Callable[[], list[str]]
) -> None:
    end(InDetail().study_listener(), experiment_of(), monkeypatch, tmp_path)
    printed = lines()
    assert printed[:2] == [
        "small: one (numpy, float32), other (numpy, float32)",
        "  data  noise: 40 to train, 10 to test",
    ]
    assert [line for line in printed if "diverges" in line] == []  # the rungs are those of the record
    assert printed[-2:] == ["AGREES: in 2 runs of small", f"results: {tmp_path}"]


def test_the_sentence_alone(
    experiment_of: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lines: Callable[[], list[str]]
) -> None:
    end(InDetail("sentence").study_listener(), experiment_of(), monkeypatch, tmp_path)
    assert lines() == ["AGREES: in 2 runs of small"]


def test_an_object_for_scripts(
    experiment_of: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    end(InDetail("json").study_listener(), experiment_of(), monkeypatch, tmp_path)
    outcome = json.loads(capsys.readouterr().out)
    assert [one["seed"] for one in outcome["runs"]] == [0, 1]
