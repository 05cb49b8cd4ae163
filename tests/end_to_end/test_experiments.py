"""Every committed experiment is executed: a few steps of its last variant, in both frameworks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from command import ONLY_THE_REFERENCE, ROOT, finish, start

from harness.composition import compose_study
from harness.data import load
from harness.report.screen.study import StudyTerminal
from harness.results.claim import claim
from harness.scenarios import phases, run
from harness.scenarios.run import Run

# Each word is judged by its own rung elsewhere; what is new in an experiment is the words together.
TOGETHER = "rungs=[model,step]"
WHOLE_LADDER = "cnn"
CLIPPED = "vanishing"
BY_DAY = (CLIPPED,)
OF_FILES = "lenet5_fashion"  # which nobody ships
EXPERIMENTS = sorted({file.stem for file in (ROOT / "conf" / "experiment").glob("*.yaml")} - {OF_FILES})


@pytest.fixture(scope="module")
def executed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """By experiment, the runs of those that are tested; two worker processes a framework serve them all."""
    tested = {
        item.callspec.params["name"]
        for item in request.session.items
        if hasattr(item, "callspec") and item.module is request.module
    }
    folder = tmp_path_factory.mktemp("experiments")
    runs: dict[str, Run] = {}
    for name in sorted({*tested, CLIPPED}):
        last = list(yaml.safe_load((ROOT / "conf" / "experiment" / f"{name}.yaml").read_text()).get("variants", {}))[
            -1:
        ]
        asked = [f"experiment={name}", "scale=smoke", *(f"variant={variant}" for variant in last)]
        asked += [] if name == WHOLE_LADDER else [TOGETHER]
        (composed,) = compose_study(asked).variants
        data = load(composed.experiment.data)
        plan = run.plan_of(composed.experiment, data)
        claim(folder / name, "match")
        runs[name] = run.begin(composed.experiment, data, plan, folder / name, StudyTerminal())
    phases.match(list(runs.values()), folder)
    return runs


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in BY_DAY else pytest.mark.nightly) for name in EXPERIMENTS]
)
def test_an_experiment_runs_and_agrees(executed: dict[str, Run], name: str) -> None:
    each = executed[name]
    said = [f"{v.rung} {v.subject}: {v.status}, {v.cause}" for v in each.verdicts if v.status == "diverges"]
    assert said == []
    assert each.exit_code == 0
    assert {trace.status for trace in each.traces.values()} == {"complete"}
    assert {len(trace.losses) for trace in each.traces.values()} == {each.plan.steps}
    assert {"model", "step", "trajectory"} <= {verdict.rung for verdict in each.verdicts}


def test_gradient_norms_are_recorded_by_layer(executed: dict[str, Run]) -> None:
    clipped = executed[CLIPPED]
    layers = [placed.name for placed in clipped.experiment.model.placed_layers() if placed.parameters]
    for arm in clipped.traces:
        steps = pd.read_parquet(clipped.store.arm_folder(arm) / "steps.parquet")
        before, after = (steps[[f"{kind}/{layer}" for layer in layers]] for kind in ("gradient_norm", "clipped_norm"))
        assert (before.to_numpy() > 0).all()
        lengths = np.sqrt((after.to_numpy() ** 2).sum(axis=1))  # of all layers together
        assert lengths == pytest.approx(clipped.experiment.clipping.bound, rel=np.finfo(np.float32).eps * 100)


@pytest.mark.nightly
def test_a_study_prints_a_table_by_variant(tmp_path: Path) -> None:
    arms = "arms=[{use: reference, name: one},{use: reference, name: two}]"
    given = ["experiment=losses", "scale=smoke", "rungs=[schedule]", arms, "out=study"]
    code, out, err = finish(start(["match", *given], tmp_path))
    assert (code, "Traceback" in out + err) == (ONLY_THE_REFERENCE, False), out + err
    summary = pd.read_parquet(tmp_path / "study" / "summary.parquet")
    variants = list(yaml.safe_load((ROOT / "conf" / "experiment" / "losses.yaml").read_text())["variants"])
    assert list(summary["variant"]) == [variant for variant in variants for _ in range(2)]
    assert list(summary["arm"]) == ["one", "two"] * 2
    table = (tmp_path / "study" / "report.md").read_text()
    for variant in variants:
        assert (tmp_path / "study" / variant / "report.md").is_file()
        assert f"| {variant} " in table
        assert variant in out
