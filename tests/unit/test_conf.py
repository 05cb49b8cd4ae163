"""The committed config groups: each file is complete, valid, explained in its first line, and reachable."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from omegaconf import OmegaConf
from pydantic import TypeAdapter

from harness.composition import compose, conf_dir
from harness.composition.mistakes import SETTINGS
from harness.spec import Arm, Comparison, Experiment, Training, Word, family_members
from harness.spec.data import AnyData, Data
from harness.spec.model import Model
from harness.spec.losses import AnyLoss, Loss
from harness.spec.optimizers import AnyOptimizer, Optimizer
from harness.spec.schedules import AnySchedule, Constant, Schedule

SPEC_OF_GROUP: dict[str, Any] = {
    "arm": Arm,
    "data": AnyData,
    "loss": AnyLoss,
    "model": Model,
    "optimizer": AnyOptimizer,
    "schedule": AnySchedule,
}
FAMILY_OF_GROUP: dict[str, type[Word]] = {"data": Data, "loss": Loss, "optimizer": Optimizer, "schedule": Schedule}
FILES = sorted(conf_dir().rglob("*.yaml"))
HORIZON = 300  # steps: 15 epochs of 20 batches


def names(group: str) -> list[str]:
    return [file.stem for file in FILES if file.parent.name == group]


def content(file: Path) -> dict[str, Any]:
    return dict(OmegaConf.to_container(OmegaConf.load(file)))


def spec(group: str, name: str) -> Any:
    return TypeAdapter(SPEC_OF_GROUP[group]).validate_python(content(conf_dir() / group / f"{name}.yaml"))


def relative(file: Path) -> str:
    return file.relative_to(conf_dir()).as_posix()


def test_folder_is_the_checkouts() -> None:
    assert (conf_dir() / "config.yaml").is_file()
    assert {file.parent.name for file in FILES if file.parent != conf_dir()} == {*SPEC_OF_GROUP, "experiment", "suite"}


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


@pytest.mark.parametrize("file", [f for f in FILES if f.parent.name in SPEC_OF_GROUP], ids=relative)
def test_is_valid_and_writes_out_every_field(file: Path) -> None:
    assert spec(file.parent.name, file.stem).model_dump(mode="json") == content(file)


def test_root_writes_out_every_field() -> None:
    root = content(conf_dir() / "config.yaml")
    groups = {next(iter(entry)) for entry in root.pop("defaults") if isinstance(entry, dict)}
    assert groups == {*SPEC_OF_GROUP, "experiment", "suite"} - {"arm"}
    assert {*root, *groups} == {*Experiment.model_fields, *SETTINGS, "experiment"}
    assert set(root["training"]) == set(Training.model_fields)
    assert root["comparison"] == Comparison().model_dump(mode="json")


@pytest.mark.parametrize("name", names("arm"))
def test_arm_is_called_as_its_file(name: str) -> None:
    assert spec("arm", name).name == name


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


@pytest.mark.parametrize("group", ["data", "loss", "optimizer", "schedule"])
def test_every_option_composes(group: str) -> None:
    for name in names(group):
        assert getattr(compose([f"{group}={name}"]).experiment, group) == spec(group, name)


@pytest.mark.parametrize("name", names("model"))
def test_every_model_composes(name: str) -> None:
    assert compose([f"model={name}"]).experiment.model == spec("model", name)


def test_parameter_counts_in_comments_are_true() -> None:
    for name in names("model"):
        text = (conf_dir() / "model" / f"{name}.yaml").read_text()
        assert f"{spec('model', name).parameter_count:,} parameters" in text.splitlines()[0]


@pytest.mark.parametrize("name", names("experiment"))
def test_every_experiment_composes(name: str) -> None:
    assert compose([f"experiment={name}"]).experiment.name == name


@pytest.mark.parametrize("name", names("arm"))
def test_every_arm_composes(name: str) -> None:
    assert compose([f"arms=[{name}]"]).experiment.arms == (spec("arm", name),)


def test_suites() -> None:
    assert compose(["suite=none"]).experiment.suite == ()
    assert compose(["suite=schedules"]).experiment.suite == tuple(spec("schedule", name) for name in names("schedule"))
