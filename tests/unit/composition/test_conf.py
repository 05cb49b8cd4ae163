"""The committed config groups: each file is complete, valid, explained in its first line, and reachable."""

from __future__ import annotations

import re
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
import yaml
from omegaconf import OmegaConf
from pydantic import TypeAdapter

from harness.composition import compose, compose_study
from harness.composition.epochs import in_steps
from harness.composition.mistakes import SETTINGS
from harness.composition.written_model.model import explicit_model
from harness.spec import Arm, Comparison, Experiment, Training, Word, family_members
from harness.spec.accumulation import Accumulation, AnyAccumulation
from harness.spec.averaging import AnyAveraging, Averaging
from harness.spec.clipping import AnyClipping, Clipping
from harness.spec.data import AnyData, Data
from harness.spec.lookahead import AnyLookahead, Lookahead
from harness.spec.losses import AnyLoss, Loss
from harness.spec.model import Model
from harness.spec.optimizers import AnyOptimizer, Optimizer
from harness.spec.regularizers import AnyRegularizer, Regularizer
from harness.spec.schedules import AnySchedule, Constant, Schedule
from harness.spec.weight_decay import AnyWeightDecay, WeightDecay
from harness.system.config_folders import installed_folders
from harness.system.files import conf_dir

SPEC_OF_GROUP: dict[str, Any] = {
    "accumulation": AnyAccumulation,
    "arm": Arm,
    "averaging": AnyAveraging,
    "clipping": AnyClipping,
    "data": AnyData,
    "lookahead": AnyLookahead,
    "loss": AnyLoss,
    "model": Model,
    "optimizer": AnyOptimizer,
    "regularizer": AnyRegularizer,
    "schedule": AnySchedule,
    "weight_decay": AnyWeightDecay,
}
FAMILY_OF_GROUP: dict[str, type[Word]] = {
    "accumulation": Accumulation,
    "averaging": Averaging,
    "clipping": Clipping,
    "data": Data,
    "lookahead": Lookahead,
    "loss": Loss,
    "optimizer": Optimizer,
    "regularizer": Regularizer,
    "schedule": Schedule,
    "weight_decay": WeightDecay,
}
OF_THE_ROOT = {"experiment", "scale", "suite"}  # groups that set keys of the root
FILES = sorted(file for folder in installed_folders() for file in folder.rglob("*.yaml") if "hydra" not in file.parts)
STEPS_PER_EPOCH = 20
HORIZON = 15 * STEPS_PER_EPOCH


def names(group: str) -> list[str]:
    return [file.stem for file in FILES if file.parent.name == group]


def content(file: Path) -> dict[str, Any]:
    return dict(OmegaConf.to_container(OmegaConf.load(file)))


def spec(group: str, name: str) -> Any:
    (file,) = (file for file in FILES if (file.parent.name, file.stem) == (group, name))
    plain = explicit_model(content(file)).tree if group == "model" else content(file)
    if group == "schedule":
        plain = in_steps(plain, STEPS_PER_EPOCH, (), {}, [])
    return TypeAdapter(SPEC_OF_GROUP[group]).validate_python(plain)


def shapes(model: Model) -> tuple[Any, Any]:
    """Of the input and of the output."""
    return model.input.shape, model.output_shape


def shapes_of_data(data: Data) -> tuple[Any, Any]:
    """Of a sample and of its target."""
    return data.sample_shape, data.target_shape


def relative(file: Path) -> str:
    return f"{file.parent.name}/{file.name}"


def test_folder_is_the_checkouts() -> None:
    assert (conf_dir() / "config.yaml").is_file()
    assert {file.parent.name for file in FILES if file.parent != conf_dir()} == {*SPEC_OF_GROUP, *OF_THE_ROOT}


@pytest.mark.parametrize("file", FILES, ids=relative)
def test_starts_by_saying_what_it_is(file: Path) -> None:
    first, second, *_ = file.read_text().splitlines()
    if first.startswith("# @package"):  # Hydra reads this header from the first line only
        assert first == "# @package _global_"
        first = second
    assert re.fullmatch(r"# [A-Z0-9].*\.", first)


@pytest.mark.parametrize("file", FILES, ids=relative)
def test_numbers_are_numbers_to_every_yaml_reader(file: Path) -> None:
    # YAML 1.1 reads 1e-7 as text; Hydra does not, other tools do.
    assert yaml.safe_load(file.read_text()) == content(file)


@pytest.mark.parametrize("file", [f for f in FILES if f.parent.name in {*SPEC_OF_GROUP} - {"model"}], ids=relative)
def test_is_valid_and_writes_out_every_field(file: Path) -> None:
    assert spec(file.parent.name, file.stem).model_dump(mode="json") == in_steps(
        content(file), STEPS_PER_EPOCH, (), {}, []
    )


@pytest.mark.parametrize("name", names("model"))
def test_a_model_becomes_explicit_without_a_mistake(name: str) -> None:
    """Its file may leave out what has a default; what it becomes leaves out nothing."""
    explicit = explicit_model(content(conf_dir() / "model" / f"{name}.yaml"))
    assert explicit.mistakes == []
    assert spec("model", name).model_dump(mode="json") == explicit.tree


def test_root_writes_out_every_field() -> None:
    root = content(conf_dir() / "config.yaml")
    groups = {next(iter(entry)) for entry in root.pop("defaults") if isinstance(entry, dict)}
    assert groups == {*SPEC_OF_GROUP, "experiment", "suite"} - {"arm"}
    of_the_suite = set(content(conf_dir() / "suite" / "none.yaml"))
    assert {*root, *groups, *of_the_suite} == {*Experiment.model_fields, *SETTINGS, "experiment"}
    assert set(root["training"]) == set(Training.model_fields)
    assert root["comparison"] == Comparison().model_dump(mode="json")


@pytest.mark.parametrize("name", names("arm"))
def test_arm_is_called_as_its_file(name: str) -> None:
    assert spec("arm", name).name == name


@pytest.mark.parametrize("file", [file for file in FILES if file.parent.name == "arm"], ids=relative)
def test_an_arm_lies_in_the_folder_of_its_adapter(file: Path) -> None:
    assert file.parents[2].name == spec("arm", file.stem).adapter


@pytest.mark.parametrize("group", FAMILY_OF_GROUP)
def test_every_word_has_a_file(group: str) -> None:
    written = {spec(group, name).word() for name in names(group)}
    assert written == {member.word() for member in family_members(FAMILY_OF_GROUP[group])}


@pytest.mark.parametrize("name", names("schedule"))
def test_schedule_changes_within_the_horizon(name: str) -> None:
    schedule = spec("schedule", name)
    assert isinstance(schedule, Constant) or min(schedule.boundaries_of_interest()) < HORIZON


def test_schedules_differ() -> None:
    assert len({spec("schedule", name) for name in names("schedule")}) == len(names("schedule"))


def test_every_option_composes() -> None:
    """The n-th option of each of these groups with one another: to compose takes time."""
    groups = ["clipping", "loss", "optimizer", "regularizer", "schedule"]
    for together in zip_longest(*map(names, groups)):
        chosen = {group: name for group, name in zip(groups, together, strict=True) if name is not None}
        asked = [f"{group}={name}" for group, name in chosen.items()]
        if "loss" in chosen:
            outputs = spec("loss", chosen["loss"]).outputs
            last = {"probabilities": "softmax", "log_probabilities": "log_softmax"}.get(outputs, "linear")
            asked += [f"model.layers.3.activation={last}"]
        experiment = compose(asked).experiment
        for group, name in chosen.items():
            assert getattr(experiment, group) == spec(group, name)


@pytest.mark.parametrize(
    ("group", "name"),
    [(group, name) for group in ("weight_decay", "accumulation", "lookahead", "averaging") for name in names(group)],
)
def test_every_other_part_of_an_update_composes(group: str, name: str) -> None:
    assert getattr(compose([f"{group}={name}"]).experiment, group) == spec(group, name)


@pytest.mark.parametrize("name", names("data"))
def test_every_data_set_composes(name: str) -> None:
    data = spec("data", name)
    model = next(each for each in names("model") if shapes(spec("model", each)) == shapes_of_data(data))
    loss = "softmax_cross_entropy" if data.classes else "mean_squared_error"
    assert compose([f"data={name}", f"model={model}", f"loss={loss}"]).experiment.data == data


@pytest.mark.parametrize("name", names("model"))
def test_every_model_composes(name: str) -> None:
    model = spec("model", name)
    data = next(each for each in names("data") if shapes(model) == shapes_of_data(spec("data", each)))
    loss = "softmax_cross_entropy" if spec("data", data).classes else "mean_squared_error"
    assert compose([f"model={name}", f"data={data}", f"loss={loss}"]).experiment.model == model


def test_parameter_counts_in_comments_are_true() -> None:
    for name in names("model"):
        text = (conf_dir() / "model" / f"{name}.yaml").read_text()
        assert f"{spec('model', name).parameter_count:,} parameters" in text.splitlines()[0]


@pytest.mark.parametrize("name", names("experiment"))
def test_every_experiment_composes(name: str) -> None:
    study = compose_study([f"experiment={name}"])
    assert {composed.experiment.name for composed in study.variants} == {name}
    plain = content(conf_dir() / "experiment" / f"{name}.yaml")
    assert [composed.experiment.variant for composed in study.variants] == [*plain.get("variants", {None: []})]
    assert len(study.orderings) == len(plain.get("orderings", []))


@pytest.mark.parametrize("name", names("arm"))
def test_every_arm_composes(name: str) -> None:
    assert compose([f"arms=[{name}]"]).experiment.arms == (spec("arm", name),)


def test_suites() -> None:
    assert compose(["suite=none"]).experiment.suite == ()
    assert compose(["suite=schedules"]).experiment.suite == tuple(spec("schedule", name) for name in names("schedule"))
