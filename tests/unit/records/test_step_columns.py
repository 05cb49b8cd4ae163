"""The names of the columns that a training records of every step."""

from __future__ import annotations

from harness.records.step_columns import DIGESTS, WATCHED, columns, watched_parameters
from harness.spec.model import Model

NORMALISED = Model.model_validate(
    {
        "input": {"shape": [4, 4, 1]},
        "layers": ["flatten", {"kind": "dense", "units": 2, "kernel_initializer": "zeros"}, "batch_norm"],
    }
)
ALL = ["dense_1/kernel", "dense_1/bias"]
ALL += [f"batch_norm_1/{name}" for name in ("gamma", "beta", "moving_mean", "moving_variance")]


def test_what_is_watched_of_weights_is_watched_of_all() -> None:
    for kind in ("weight_norm", "weight_projection"):
        assert [each.name for each in watched_parameters(NORMALISED, kind)] == ALL


def test_what_has_no_gradient_is_not_watched_for_one() -> None:
    for kind in ("gradient_norm", "clipped_norm", "gradient_projection"):
        assert [each.name for each in watched_parameters(NORMALISED, kind)] == ALL[:4]


def test_columns_are_kind_by_kind() -> None:
    assert columns(NORMALISED, DIGESTS) == tuple(
        [f"gradient_projection/{name}" for name in ALL[:4]] + [f"weight_projection/{name}" for name in ALL]
    )
    assert columns(NORMALISED, ("weight_norm", "gradient_norm"))[: len(ALL)] == tuple(f"weight_norm/{n}" for n in ALL)
    assert columns(NORMALISED, ()) == ()
    assert len(set(columns(NORMALISED, WATCHED))) == len(columns(NORMALISED, WATCHED))
