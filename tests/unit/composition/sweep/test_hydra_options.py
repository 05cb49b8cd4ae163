"""What of Hydra is taken, what is refused, and which of its files need trust."""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path

import pytest
import yaml

from harness.composition import UserMistake
from harness.composition.groups import ConfigGroups
from harness.composition.sweep.hydra_options import BASIC_LAUNCHER, REFUSED, HydraNode, hydra_node, split
from harness.system.files import conf_dir

LAUNCHER = "_target_: harness.scenarios.sweep.launchers.local.LocalLauncher\nn_jobs: 3\n"


def node(*typed: str, dirs: tuple[Path, ...] = (), trust: bool = False, is_multirun: bool = True) -> HydraNode:
    of_hydra, others = split(typed)
    return hydra_node(of_hydra, others, ConfigGroups.beside(dirs), trust, is_multirun)


def mistakes(*typed: str, dirs: tuple[Path, ...] = (), is_multirun: bool = True) -> tuple[str, ...]:
    with pytest.raises(UserMistake) as raised:
        node(*typed, dirs=dirs, is_multirun=is_multirun)
    return raised.value.mistakes


def test_the_overrides_of_hydra_are_told_apart() -> None:
    of_hydra, others = split(["hydra/launcher=joblib", "seed=1", "+hydra.job.env_set.A=1", "hydrate=1"])
    assert of_hydra == ["hydra/launcher=joblib", "+hydra.job.env_set.A=1"]
    assert others == ["seed=1", "hydrate=1"]


def test_the_defaults_are_hydras_basic_ones_in_our_folders() -> None:
    found = node().resolved({})
    assert found["launcher"] == {"_target_": BASIC_LAUNCHER}
    beside = {"results_root": "r", "name": "n", "started": "now"}
    assert node().resolved(beside, "sweep.dir", num=0)["sweep.dir"] == "r/n/now-sweep"
    assert node().resolved({}, "sweep.subdir", num=7)["sweep.subdir"] == 7


def test_values_and_variables() -> None:
    found = node("hydra/launcher=joblib", "hydra.launcher.n_jobs=4", "hydra.job.env_set.A=1").resolved({})
    assert found["launcher"]["n_jobs"] == 4
    assert found["job.env_set"] == {"A": "1"}


@pytest.mark.parametrize("key", REFUSED)
def test_what_is_not_taken_says_what_to_do_instead(key: str) -> None:
    (text,) = mistakes(f"{key}=x")
    assert text == f"{key}=x: {REFUSED[key]}"


SHIPPED = sorted((conf_dir() / "hydra").rglob("*.yaml"))


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_what_ships_says_what_it_is_and_names_what_is_there(file: Path) -> None:
    lines = [line for line in file.read_text().splitlines() if not line.startswith("# @package")]
    assert lines[0].startswith("# ")
    content = yaml.safe_load(file.read_text())
    if "_target_" in content:
        module, _, name = content.pop("_target_").rpartition(".")
        fields = inspect.signature(getattr(import_module(module), name)).parameters
        assert set(content) <= set(fields)


def test_unknown_keys_and_options() -> None:
    (text,) = mistakes("hydra.swep.dir=x")
    assert text.startswith("hydra.swep.dir=x: twinrun takes of Hydra: hydra/launcher, ")
    (text,) = mistakes("hydra/launcher=jobli")
    assert "did you mean joblib? Allowed: basic, joblib, twinrun_ray, twinrun_slurm" in text
    (text,) = mistakes("hydra.launcher.n=1")
    assert "Could not override 'hydra.launcher.n'" in text


def test_one_run_takes_what_is_not_of_a_multirun() -> None:
    assert mistakes("hydra.sweep.dir=x", is_multirun=False) == ("hydra.sweep.dir=x: this is of a multirun; give -m",)
    assert node("hydra.job.env_set.A=1", is_multirun=False).resolved({})["job.env_set"] == {"A": "1"}


def test_a_launcher_from_a_file_of_the_users_needs_trust(tmp_path: Path) -> None:
    file = tmp_path / "hydra" / "launcher" / "mine.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(LAUNCHER)
    (text,) = mistakes("hydra/launcher=mine", dirs=(tmp_path,))
    assert text.startswith(f"{file}: this can name code that runs")
    assert text.endswith("give --trust to let it")
    found = node("hydra/launcher=mine", dirs=(tmp_path,), trust=True).resolved({})
    assert found["launcher"]["n_jobs"] == 3


def test_an_experiment_that_speaks_of_hydra_needs_trust_and_is_heard(tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text(
        "# @package _global_\ndefaults:\n  - override /hydra/launcher: joblib\n  - _self_\nname: mine\n"
    )
    (text,) = mistakes("experiment=mine", dirs=(tmp_path,))
    assert "give --trust to let it" in text
    found = node("experiment=mine", dirs=(tmp_path,), trust=True).resolved({})
    assert found["launcher"]["n_jobs"] == -1


def test_a_root_config_of_the_users(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("defaults:\n  - config\n  - _self_\nname: of_mine\n")
    assert ConfigGroups.beside((tmp_path,), "mine").root()["name"] == "of_mine"
    with pytest.raises(UserMistake, match="--config-name min: there is no such root config; did you mean mine"):
        ConfigGroups.beside((tmp_path,), "min")
