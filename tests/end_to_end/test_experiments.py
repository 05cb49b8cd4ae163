"""Every committed experiment is executed: a few steps of its first and of its last variant, in both frameworks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
import yaml
from command import ROOT, finish, start

from harness import run
from harness.composition import compose_study
from harness.data import load
from harness.report.study import StudyTerminal
from harness.run import Run

EXPERIMENTS = sorted(file.stem for file in (ROOT / "conf" / "experiment").glob("*.yaml"))


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Run]]:
    """By experiment, its runs; two worker processes a framework serve them all."""
    folder = tmp_path_factory.mktemp("experiments")
    runs: dict[str, list[Run]] = {}
    for name in EXPERIMENTS:
        variants = compose_study([f"experiment={name}", "scale=smoke"]).variants
        chosen = {composed.experiment.variant: composed.experiment for composed in (variants[0], variants[-1])}
        runs[name] = [
            run.begin(each, load(each.data), lambda _, at=folder / name / f"{variant}": at, StudyTerminal())
            for variant, each in chosen.items()
        ]
    run.match([each for own in runs.values() for each in own], folder)
    return runs


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_runs_and_agrees(executed: dict[str, Sequence[Run]], name: str) -> None:
    for each in executed[name]:
        said = [f"{v.rung} {v.subject}: {v.status}, {v.cause}" for v in each.verdicts if v.status == "diverges"]
        assert said == []
        assert each.exit_code == 0
        assert {trace.status for trace in each.traces.values()} == {"complete"}
        assert {len(trace.losses) for trace in each.traces.values()} == {each.plan.steps}
        assert {"model", "step", "trajectory"} <= {verdict.rung for verdict in each.verdicts}


def test_gradient_norms_are_recorded_by_layer(executed: dict[str, Sequence[Run]]) -> None:
    plain, clipped = executed["vanishing"]
    for each, kinds in ((plain, {"gradient_norm"}), (clipped, {"gradient_norm", "clipped_norm"})):
        for arm in each.traces:
            steps = pd.read_parquet(each.store.arm_folder(arm) / "steps.parquet")
            norms = steps[[column for column in steps if "_norm/" in column]]
            layers = [placed.name for placed in each.experiment.model.placed_layers() if placed.parameters]
            assert set(norms) == {f"{kind}/{layer}" for kind in kinds for layer in layers}
            assert (norms.to_numpy() > 0).all()


def test_a_study_prints_a_table_by_variant(tmp_path: Path) -> None:
    arms = "arms=[{use: reference, name: one},{use: reference, name: two}]"
    code, out, err = finish(start(["match", "experiment=losses", "scale=smoke", arms, "out=study"], tmp_path))
    assert (code, "Traceback" in out + err) == (0, False)
    summary = pd.read_parquet(tmp_path / "study" / "summary.parquet")
    variants = list(yaml.safe_load((ROOT / "conf" / "experiment" / "losses.yaml").read_text())["variants"])
    assert list(summary["variant"]) == [variant for variant in variants for _ in range(2)]
    assert list(summary["arm"]) == ["one", "two"] * 2
    table = (tmp_path / "study" / "report.md").read_text()
    for variant in variants:
        assert (tmp_path / "study" / variant / "report.md").is_file()
        assert f"| {variant} " in table
        assert variant in out
