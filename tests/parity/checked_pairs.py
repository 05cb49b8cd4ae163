"""Checks pairs of builders on the rung of one batch, in processes of the frameworks that live on for the next pair."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pytest
import yaml

from harness.composition.groups import ConfigGroups
from harness.records.trace import Trace
from harness.records.verdict import Verdict
from harness.scenarios.pair import climb
from harness.scenarios.pair.state import PairRun
from harness.subjects.pair.composing import compose_pair
from harness.worker import Workers

HERE = Path(__file__).parent
Check = Callable[..., list[Verdict]]


@contextmanager
def checking(folder: Path, files: str = "") -> Iterator[Check]:
    """A function that checks two builders, and gives the verdicts.

    `check(builder, port, x, layout, files)`: x is (batch, ...); `layout` is of the images that MindSpore's model
    expects. The builders are in `<files>_mindspore.py` and `<files>_tensorflow.py` beside this file.
    """
    groups, count = ConfigGroups.beside(()), 0
    with Workers(folder, lambda work: None) as pool, pytest.MonkeyPatch.context() as patch:
        patch.setattr(climb, "Workers", lambda *given: nullcontext(pool))

        def check(
            builder: str, port: str, x: Any, layout: str = "channels_last", files: str = files, **more: Any
        ) -> list[Verdict]:
            nonlocal count
            count += 1
            own = folder / str(count)
            own.mkdir()
            np.savez(own / "batches.npz", x=x, y=np.arange(len(x), dtype=np.int32) % 3)
            content = {
                "name": "own",
                "models": {
                    "mindspore": {"builder": f"{HERE / files}_mindspore.py:{builder}", "layout": layout},
                    "tensorflow": {"builder": f"{HERE / files}_tensorflow.py:{port}"},
                },
                "batches": str(own / "batches.npz"),
                "batch_size": len(x),
                "steps": 1,
                "forced_steps": 1,
                "loss": "softmax_cross_entropy",
                "optimizer": "sgd",
                "schedule": {"kind": "constant", "rate": 0.01},
                "rungs": ["model"],
                **more,
            }
            (own / "pair.yaml").write_text(yaml.safe_dump(content))
            composed = compose_pair([f"pair={own / 'pair.yaml'}"], groups=groups)
            run = PairRun(composed, own, MagicMock())
            run.traces = {arm.name: Trace(arm=arm) for arm in composed.pair.arms}
            run.scratch.mkdir()
            for arm in run.traces:
                (own / "arms" / arm).mkdir(parents=True)
            with np.errstate(all="ignore"):
                climb.climb_rungs(run)
            check.sentence = run.sentence  # type: ignore[attr-defined]
            check.climb = run.climb  # type: ignore[attr-defined]
            return run.verdicts

        yield check
