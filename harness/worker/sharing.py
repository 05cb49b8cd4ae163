"""The files of an experiment that all its workers read; `Session` reads them."""

from __future__ import annotations

from pathlib import Path

from harness.data import Dataset
from harness.plan import Plan
from harness.spec.experiment import Experiment
from harness.system.array_files import save_array
from harness.system.writing import whole


def share(scratch: Path, experiment: Experiment, plan: Plan, data: Dataset) -> None:
    """Writes the experiment, the plan and the data into the folder `scratch`, which exists."""
    with whole(scratch / "experiment.json") as partial:
        partial.write_text(experiment.model_dump_json(), encoding="utf-8")
    plan.save(scratch / "plan.npz")
    for part in ("x_train", "y_train", "x_test", "y_test"):
        save_array(scratch / f"{part}.npy", getattr(data, part))
