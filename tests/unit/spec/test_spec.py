"""Specs: frozen, closed, told apart by their kind, refused with a reason, and the same after a trip through JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from harness.spec import Arm, Experiment, Word, family_members
from harness.spec.activations import Activation, AnyActivation, Linear, Relu
from harness.spec.data import AnyData, Data, Mnist, Mnist5k
from harness.spec.initializers import AnyInitializer, Initializer
from harness.spec.layers import AnyLayer, Dense, Layer
from harness.spec.losses import AnyLoss, Loss
from harness.spec.model import Model
from harness.spec.optimizers import Adam, AnyOptimizer, HeavyBall, Optimizer
from harness.spec.schedules import AnySchedule, Constant, Cosine, PiecewiseConstant, Schedule, WarmupThen

Build = Callable[..., Experiment]
UNIONS: dict[type[Word], Any] = {
    Activation: AnyActivation,
    Data: AnyData,
    Initializer: AnyInitializer,
    Layer: AnyLayer,
    Loss: AnyLoss,
    Optimizer: AnyOptimizer,
    Schedule: AnySchedule,
}
DENSE = {"kind": "dense", "units": 10, "kernel_initializer": "zeros"}
ARM = {"name": "one", "adapter": "reference", "mode": "numpy"}
EXPONENTIAL = {"kind": "exponential", "initial_rate": 1, "decay_rate": 0.5, "decay_steps": 10}
PIECEWISE = {"kind": "piecewise_constant", "boundaries": [2, 5], "values": [3, 2, 1], "boundary": "inclusive"}
COSINE = {"kind": "cosine", "initial_rate": 1, "decay_steps": 10}


def shipped(family: type[Word]) -> list[type[Word]]:
    """The members that the program defines, whatever a test may have added."""
    module = family.__module__.split(".")[:3]  # a family may be spread over a package
    return [member for member in family_members(family) if member.__module__.split(".")[:3] == module]


def parsed(union: Any, value: Any) -> Any:
    return TypeAdapter(union).validate_python(value)


def refusal(make: Callable[[], object]) -> str:
    """Each mistake on a line: where it is, and what it is."""
    with pytest.raises(ValidationError) as caught:
        make()
    return "".join(f"\n{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in caught.value.errors())


def images(*layers: Any) -> dict[str, Any]:
    return {"input": {"shape": [28, 28, 1]}, "layers": list(layers)}


# --- What every spec has in common -----------------------------------------------------------------------------------


def test_frozen_closed_and_compared_by_value(experiment_of: Build) -> None:
    experiment = experiment_of()
    specs: list[tuple[BaseModel, str]] = [
        (experiment, "seed"),
        (experiment.model, "layers"),
        (experiment.schedule, "decay_steps"),
        (experiment.optimizer, "form"),
        (experiment.training, "epochs"),
        (experiment.arms[0], "name"),
    ]
    for spec, field in specs:
        with pytest.raises(ValidationError, match="frozen"):
            setattr(spec, field, 1)
        with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
            type(spec).model_validate({**spec.model_dump(), "learning_rate": 1})
        assert type(spec).model_validate(spec.model_dump()) == spec
    for word in (experiment.schedule, experiment.optimizer, experiment.loss, experiment.model.layers[1]):
        assert hash(type(word).model_validate(word.model_dump())) == hash(word)
    assert experiment_of(seed=4) != experiment


@pytest.mark.parametrize("family", UNIONS, ids=lambda family: family.family)
def test_kinds_are_told_apart(family: type[Word]) -> None:
    kinds = [member.word() for member in shipped(family)]
    assert len(set(kinds)) == len(kinds) >= 2
    assert "" not in kinds
    said = refusal(lambda: parsed(UNIONS[family], {"kind": "no_such"}))
    assert all(repr(kind) in said for kind in kinds)
    assert refusal(lambda: parsed(UNIONS[family], "no_such")) == said


def test_a_bare_string_is_a_kind() -> None:
    assert parsed(AnyActivation, "relu") == Relu()
    assert parsed(AnyOptimizer, "adam") == Adam(beta1=0.9, beta2=0.999, epsilon=1e-7)
    assert parsed(AnyData, "mnist5k") == Mnist5k()
    dense = parsed(AnyLayer, {**DENSE, "activation": "relu"})
    assert isinstance(dense, Dense)
    assert dense.activation == Relu()
    assert parsed(AnyLayer, DENSE).activation == Linear()
    # What has no default is not made up.
    assert "\nexponential.initial_rate: Field required" in refusal(lambda: parsed(AnySchedule, "exponential"))


def test_a_warmup_is_not_warmed_up() -> None:
    warmed = {"kind": "warmup_then", "warmup_steps": 5, "then": COSINE}
    assert parsed(AnySchedule, warmed) == WarmupThen(warmup_steps=5, then=Cosine(initial_rate=1, decay_steps=10))
    for kind in ("warmup_then", "linear_warmup"):
        twice = {**warmed, "then": {"kind": kind, "target_rate": 1, "warmup_steps": 2}}
        said = refusal(lambda twice=twice: parsed(AnySchedule, twice))  # type: ignore[misc]
        assert f"\nwarmup_then.then: Input tag '{kind}' found" in said


@pytest.mark.parametrize("family", UNIONS, ids=lambda family: family.family)
def test_every_kind_is_in_the_json_schema_and_in_its_class(family: type[Word]) -> None:
    definitions = json.loads(json.dumps(Experiment.model_json_schema()))["$defs"]
    described = {member.word(): member for member in shipped(family)}
    for kind, member in described.items():
        # Two families may have a class of one name: both are then called by their modules too.
        in_full = f"{member.__module__}.{member.__name__}".replace(".", "__")
        definition = definitions.get(member.__name__) or definitions[in_full]
        assert definition["properties"]["kind"]["const"] == kind
        assert definition["additionalProperties"] is False
        assert member.__doc__ not in (None, family.__doc__)
    if family in (Layer, Initializer, Activation):
        return  # named within a layer: found there by the references
    field = Experiment.model_json_schema()["properties"][family.family]
    assert set(field["discriminator"]["mapping"]) == set(described)


# --- What is refused -------------------------------------------------------------------------------------------------


def wrong_values() -> Iterator[tuple[Any, dict[str, Any], str]]:
    """A union, a value of one of its kinds with something wrong, and what must be said of it."""
    for rate in (-0.1, math.nan, math.inf):
        yield AnySchedule, {"kind": "constant", "rate": rate}, "\nconstant.rate: "
        yield AnySchedule, {**PIECEWISE, "values": [3, rate, 1]}, "\npiecewise_constant.values.1: "
    for name, value in {"initial_rate": -1, "decay_rate": 0, "decay_steps": 0}.items():
        yield AnySchedule, {**EXPONENTIAL, name: value}, f"\nexponential.{name}: "
    yield AnySchedule, {**EXPONENTIAL, "decay_steps": 2.5}, "\nexponential.decay_steps: "
    for kind in ("natural_exponential", "inverse_time"):
        yield AnySchedule, {**EXPONENTIAL, "kind": kind, "decay_rate": -1}, f"\n{kind}.decay_rate: "
    polynomial = {"kind": "polynomial", "initial_rate": 1, "end_rate": 0, "decay_steps": 5}
    yield AnySchedule, {**polynomial, "power": 0}, "\npolynomial.power: "
    yield AnySchedule, {**polynomial, "end_rate": -1}, "\npolynomial.end_rate: "
    for ratio in (-0.1, 1.1):
        yield AnySchedule, {**COSINE, "floor_ratio": ratio}, "\ncosine.floor_ratio: "
    bounds = {"kind": "cosine_min_max", "decay_steps": 5}
    yield AnySchedule, {**bounds, "minimum": 2, "maximum": 1}, "minimum must not exceed maximum, got minimum=2.0"
    restarts = {"kind": "cosine_restarts", "initial_rate": 1, "first_period": 5}
    for name, value in {"first_period": 0, "period_factor": 0.5, "peak_factor": 0, "floor_ratio": 2}.items():
        yield AnySchedule, {**restarts, name: value}, f"\ncosine_restarts.{name}: "
    for boundaries in ([5, 2], [2, 2]):
        yield AnySchedule, {**PIECEWISE, "boundaries": boundaries}, f"boundaries must increase, got {boundaries}"
    for values in ([3, 2], [4, 3, 2, 1]):
        yield AnySchedule, {**PIECEWISE, "values": values}, f"got {len(values)} values and 2 boundaries"
    yield AnySchedule, {**PIECEWISE, "boundaries": [0, 5]}, "\npiecewise_constant.boundaries.0: "
    yield AnySchedule, {**PIECEWISE, "boundaries": [], "values": [1]}, "\npiecewise_constant.boundaries: "
    yield AnySchedule, {**PIECEWISE, "boundary": "left"}, "'inclusive' or 'exclusive'"
    yield AnySchedule, {"kind": "linear_warmup", "target_rate": 1, "warmup_steps": 0}, "\nlinear_warmup.warmup_steps: "
    for momentum in (-0.1, 1):
        yield AnyOptimizer, {"kind": "momentum", "momentum": momentum, "form": "rate_inside"}, "\nmomentum.momentum: "
    yield AnyOptimizer, {"kind": "nesterov", "momentum": 0.9}, "\nnesterov.form: "  # nothing is assumed about the form
    for name, value in {"beta1": 1, "beta2": 1, "epsilon": 0}.items():
        yield AnyOptimizer, {"kind": "adam", name: value}, f"\nadam.{name}: "
    yield AnyInitializer, {"kind": "normal", "stddev": 0}, "\nnormal.stddev: "
    yield AnyInitializer, {"kind": "uniform", "low": 1, "high": 1}, "low must be below high, got low=1.0, high=1.0"
    yield AnyLayer, {**DENSE, "units": 0}, "\ndense.units: "
    yield AnyLayer, {**DENSE, "name": "1st"}, "\ndense.name: "
    yield AnyLoss, {"kind": "softmax_cross_entropy", "targets": "labels"}, "'sparse' or 'one_hot'"
    yield AnyData, {"kind": "mnist5k", "test_size": 1005}, "\nmnist5k.test_size: "


def texts(value: Any) -> str:
    return value.strip(": \n") if isinstance(value, str) else ""


@pytest.mark.parametrize(("union", "value", "said"), list(wrong_values()), ids=texts)
def test_a_wrong_value_is_refused_by_name(union: Any, value: Any, said: str) -> None:
    assert said in refusal(lambda: parsed(union, value))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"model": images(DENSE)},
            "layer 0 (dense_1): dense takes vectors or sequences of them, got (28, 28, 1): put a flatten layer",
        ),
        ({"model": images("flatten", {**DENSE, "units": 9})}, "the model's output is (9,), the data has 10 classes"),
        ({"model": {"input": {"shape": [784]}, "layers": [DENSE]}}, "model.input.shape is (784,), a sample is (28, 28"),
        ({"model": images("flatten", {**DENSE, "name": "a"}, {**DENSE, "name": "a"})}, "differ, got a more than once"),
        ({"model": images("flatten", {**DENSE, "name": "dense_2"}, DENSE)}, "got dense_2 more than once"),
        ({"model": images()}, "\nmodel.layers: "),
        ({"model": images("flatten", {**DENSE, "activation": "softmax"})}, "give the last layer activation=linear"),
        ({"model": images("flatten", {**DENSE, "activation": "softmax"}, "flatten")}, "takes logits"),
        ({"arms": [ARM, {**ARM, "mode": "other"}]}, "arm names must differ, got one more than once"),
        ({"arms": []}, "\narms: "),
        ({"arms": [{**ARM, "name": "../one"}]}, "\narms.0.name: "),
        ({"arms": [{**ARM, "device": "tpu"}]}, "\narms.0.device: "),
        ({"arms": [{**ARM, "threads": 0}]}, "\narms.0.threads: "),
        ({"arms": [{**ARM, "timeout_s": 0}]}, "\narms.0.timeout_s: "),
        ({"training": {"epochs": 0, "batch_size": 1}}, "\ntraining.epochs: "),
        ({"training": {"epochs": 1, "batch_size": 0}}, "\ntraining.batch_size: "),
        ({"training": {"epochs": 1, "batch_size": 1, "max_steps": 0}}, "\ntraining.max_steps: "),
        ({"comparison": {"accuracy_margin": 0}}, "\ncomparison.accuracy_margin: "),
        ({"seed": -1}, "\nseed: "),
        ({"name": "a/b"}, "\nname: "),
    ],
    ids=texts,
)
def test_an_experiment_that_does_not_fit_is_refused(experiment_of: Build, changed: dict[str, Any], said: str) -> None:
    assert said in refusal(lambda: experiment_of(**changed))


def test_a_softmax_before_another_loss_is_allowed(experiment_of: Build) -> None:
    changed = {"model": images("flatten", {**DENSE, "activation": "softmax"}), "loss": "mean_squared_error"}
    assert experiment_of(**changed).model.last_activation.word() == "softmax"


@pytest.mark.parametrize(
    ("given", "kept"), [("npu", "ascend"), ("NPU", "ascend"), ("ascend", "ascend"), ("gpu", "gpu")]
)
def test_npu_is_ascend(given: str, kept: str) -> None:
    assert Arm(**ARM, device=given).device == kept


# --- What is said ----------------------------------------------------------------------------------------------------


def test_an_experiment_comes_back_from_json(experiment_of: Build) -> None:
    hidden = {**DENSE, "units": 7, "activation": "tanh", "kernel_initializer": {"kind": "normal", "stddev": 0.1}}
    experiment = experiment_of(
        data={"kind": "mnist", "root": "/some/where"},
        model=images({"kind": "flatten", "name": "pixels"}, hidden, DENSE),
        optimizer="adam",
        schedule={"kind": "warmup_then", "warmup_steps": 5, "then": PIECEWISE},
        suite=[EXPONENTIAL, COSINE],
        comparison={"accuracy_margin": 0.1},
        arms=[{**ARM, "device": "npu", "environment": {"A": "1"}, "threads": 2}],
    )
    back = Experiment.model_validate_json(experiment.model_dump_json())
    assert back == experiment
    assert back.model_dump_json() == experiment.model_dump_json()
    assert back.data == Mnist(root=Path("/some/where"))
    assert isinstance(back.schedule, WarmupThen)
    assert back.schedule.then == PiecewiseConstant(boundaries=(2, 5), values=(3, 2, 1), boundary="inclusive")
    assert [placed.name for placed in back.model.placed_layers()] == ["pixels", "dense_1", "dense_2"]


def test_names_and_boundaries_of_interest() -> None:
    assert HeavyBall(momentum=0.9, form="rate_inside").name_in_tables == "momentum rate_inside"
    assert parsed(AnySchedule, {**EXPONENTIAL, "staircase": True}).name_in_tables == "exponential staircase"
    warmed = WarmupThen(warmup_steps=4, then=parsed(AnySchedule, PIECEWISE))
    assert warmed.name_in_tables == "warmup_then piecewise_constant inclusive"
    assert warmed.boundaries_of_interest() == (4, 6, 9)
    assert Constant(rate=1).boundaries_of_interest() == ()
    restarts = parsed(AnySchedule, {"kind": "cosine_restarts", "initial_rate": 1, "first_period": 3})
    assert restarts.boundaries_of_interest() == (3, 9, 21, 45)


def test_last_activation_of_a_model_without_any() -> None:
    assert Model.model_validate(images("flatten")).last_activation == Linear()
