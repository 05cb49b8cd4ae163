"""Completion offers what can be typed next, by the paths that are typed; neither it nor composing is heavy."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from composing import run, write

from harness.composition import completions, compose
from harness.composition.fields import dotted, locate, places_at
from harness.composition.mistakes import SETTINGS
from harness.spec import Comparison


class TestWeight:
    def test_import_and_completion_leave_hydra_alone(self) -> None:
        code = (
            "import sys; from harness.composition import completions; completions('schedule=')\n"
            "print([name for name in ('hydra', 'omegaconf', 'numpy', 'pandas') if name in sys.modules])"
        )
        assert run(code) == "[]"

    def test_composing_imports_no_framework(self) -> None:
        code = (
            "import sys; from harness.composition import compose; compose(['suite=schedules'])\n"
            "print([name for name in ('mindspore', 'tensorflow', 'keras', 'pandas') if name in sys.modules])"
        )
        assert run(code) == "[]"

    def test_composing_takes_less_than_a_second(self) -> None:
        compose([])  # imports
        start = time.process_time()
        compose(["suite=schedules", "schedule=cosine", "model=mlp_relu"])
        assert time.process_time() - start < 1


class TestCompletion:
    @pytest.mark.parametrize(
        ("prefix", "expected"),
        [
            ("experim", ["experiment="]),
            ("schedule=cos", ["schedule=cosine", "schedule=cosine_min_max", "schedule=cosine_restarts"]),
            ("+optimizer=n", ["+optimizer=nadam", "+optimizer=nesterov"]),
            ("suite=", ["suite=none", "suite=schedules", "suite=vocabulary"]),
            ("training.e", ["training.epochs="]),
            ("comparison.", [f"comparison.{name}=" for name in sorted(Comparison.model_fields)]),
            ("arm.pre", ["arm.precision="]),
            (
                "arm.precision=",
                [f"arm.precision={name}" for name in ("float32", "float64", "mixed_bfloat16", "mixed_float16")],
            ),
            ("training.last_batch=", ["training.last_batch=drop", "training.last_batch=keep"]),
            ("schedule.then.stair", ["schedule.then.staircase="]),
            ("schedule.staircase=t", ["schedule.staircase=true"]),
            ("arms=[tensorflow_", [f"arms=[tensorflow_{mode}" for mode in ("eager", "step", "xla")]),
            (
                "arms=[reference,minds",
                [f"arms=[reference,mindspore{mode}" for mode in ("", "_o1", "_pynative", "_step")],
            ),
            ("fr", ["from="]),
            ("model.layers", ["model.layers="]),
            ("arm=", []),
            ("seed=", []),
            ("nothing", []),
        ],
    )
    def test_offers(self, prefix: str, expected: list[str]) -> None:
        assert completions(prefix) == expected

    def test_offers_ones_own(self, tmp_path: Path) -> None:
        write(tmp_path, {"schedule/mine.yaml": "kind: constant\nrate: 1\n"})
        assert completions("schedule=m", [tmp_path]) == ["schedule=mine"]
        assert completions("schedule=m", [tmp_path / "no"]) == []

    def test_everything_offered_is_a_key(self) -> None:
        keys = [offered[:-1].split(".") for offered in completions("")]
        known = [key for key in keys if places_at(("arms", "0", *key[1:]) if key[0] == "arm" else tuple(key))]
        assert len(known) > 60
        of_the_root = {"experiment", "scale", "from", *SETTINGS} - {"arm"}
        assert {tuple(key) for key in keys if key not in known} == {(key,) for key in of_the_root}


def test_places_have_the_paths_that_are_typed() -> None:
    loc = ("schedule", "warmup_then", "then", "piecewise_constant", "values", 1)
    place = locate(loc)
    assert dotted(place.path) == "schedule.then.values.1"
    assert place.allowed() == "a number >= 0"
