"""Composition from elsewhere: a recorded experiment (`from=`), and config groups of one's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from composing import experiment, mistake, mistakes, write

from harness.composition import compose
from harness.spec import Arm, Training, family_members
from harness.spec.data import Mnist
from harness.spec.losses import Loss
from harness.spec.schedules import Constant
from harness.system.files import conf_dir

LOSSES = ", ".join(member.word() for member in family_members(Loss))


class TestFrom:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        arms = "arms=[tensorflow,{use: reference, threads: 3}]"
        composed = experiment("schedule=warmup_piecewise_constant", "suite=[polynomial]", arms, "data=mnist", "seed=5")
        path = tmp_path / "a (b), c" / "experiment.json"
        write(path.parent, {path.name: json.dumps(composed.model_dump(mode="json"))})
        return path

    def test_round_trip(self, file: Path) -> None:
        assert experiment(f"from={file}").model_dump(mode="json") == json.loads(file.read_text())

    def test_round_trip_of_every_schedule(self, tmp_path: Path) -> None:
        composed = experiment("suite=schedules", "model=mlp_relu", "optimizer=momentum", "loss=mean_squared_error")
        write(tmp_path, {"e.json": composed.model_dump_json()})
        assert experiment(f"from={tmp_path}/e.json") == composed

    def test_nothing_is_interpolated_again(self, tmp_path: Path) -> None:
        texts = {"A": "${HOME}", "B": "\\${x}", "C": "a\\\\${oc.env:HOME}", "D": "$x {y}", "E": "???x"}
        arms = (Arm(name="a", adapter="tensorflow", mode="graph", environment=texts),)
        recorded = experiment().model_copy(update={"arms": arms})
        write(tmp_path, {"e.json": recorded.model_dump_json()})
        assert experiment(f"from={tmp_path}/e.json").arms == arms

    def test_overrides_apply_on_top(self, file: Path, tmp_path: Path) -> None:
        overrides = ["schedule=cosine", "training.epochs=3", "arm.precision=float64", "arms.0.threads=1", "seed=7"]
        composed = compose([*overrides, f"from={file}", f"out={tmp_path}"])
        assert composed.experiment.schedule == experiment("schedule=cosine").schedule
        assert composed.experiment.data == Mnist()
        assert (composed.experiment.seed, composed.experiment.training.epochs) == (7, 3)
        assert [(arm.precision, arm.threads) for arm in composed.experiment.arms] == [("float64", 1), ("float64", 3)]
        assert composed.out == tmp_path

    def test_other_arms(self, file: Path) -> None:
        assert [arm.name for arm in experiment(f"from={file}", "arms=[mindspore]").arms] == ["mindspore"]

    def test_missing_file_hides_no_other_mistake(self, tmp_path: Path) -> None:
        assert mistakes(f"from={tmp_path}/none.json", "seed=x") == (
            f"from={tmp_path}/none.json: No such file or directory",
            "seed: given 'x'; allowed: a whole number >= 0",
        )

    @pytest.mark.parametrize(
        ("text", "reason"), [("{", "not a JSON file ("), ("[]", "not an experiment: it holds no mapping")]
    )
    def test_not_an_experiment(self, text: str, reason: str, tmp_path: Path) -> None:
        write(tmp_path, {"e.json": text})
        assert mistake(f"from={tmp_path}/e.json").startswith(f"from={tmp_path}/e.json: {reason}")

    def test_folder(self, tmp_path: Path) -> None:
        assert mistake(f"from={tmp_path}") == f"from={tmp_path}: Is a directory"

    def test_not_utf8(self, tmp_path: Path) -> None:
        (tmp_path / "e.json").write_bytes(b"\xff\xfe")
        assert "not text in UTF-8" in mistake(f"from={tmp_path}/e.json")

    def test_what_is_wrong_in_the_file_is_said_to_be_there(self, file: Path) -> None:
        content = json.loads(file.read_text())
        content["training"]["epochs"] = 0
        del content["loss"]
        file.write_text(json.dumps(content))
        where = f" (in {file})"
        assert mistakes(f"from={file}", "seed=-1") == (
            "seed: given -1; allowed: a whole number >= 0",
            f"loss: not given; allowed: a mapping whose kind is one of {LOSSES}{where}",
            f"training.epochs: given 0; allowed: a whole number > 0{where}",
        )

    def test_not_with_an_experiment(self, file: Path) -> None:
        assert mistake(f"from={file}", "experiment=mnist_mlp") == (
            "experiment=mnist_mlp: from=FILE is an experiment already; give one of them"
        )


class TestOwnGroups:
    def test_options_beside_the_shipped(self, tmp_path: Path) -> None:
        folder = write(
            tmp_path / "it's mine",
            {
                "schedule/mine.yaml": "kind: constant\nrate: 0.5\n",
                "arm/mine.yaml": "name: mine\nadapter: third\nmode: ${oc.env:TWINRUN_NO_SUCH,own}\n",
                "experiment/mine.yaml": "# @package _global_\n"
                "defaults:\n  - override /schedule: mine\n  - override /model: mlp_relu\n"
                "name: mine\narms: [mine, reference]\ntraining: {epochs: 2}\n",
            },
        )
        composed = compose(["experiment=mine"], [folder]).experiment
        assert composed.schedule == Constant(rate=0.5)
        assert composed.arms[0] == Arm(name="mine", adapter="third", mode="own")
        assert composed.training == Training(epochs=2, batch_size=200)
        assert composed.model == experiment("model=mlp_relu").model
        assert Constant(rate=0.5) in compose(["suite=schedules"], [folder]).experiment.suite

    def test_shipped_come_first(self, tmp_path: Path) -> None:
        write(tmp_path, {"schedule/constant.yaml": "kind: constant\nrate: 0.5\n"})
        assert compose(["schedule=constant"], [tmp_path]).experiment.schedule == Constant(rate=1e-3)

    def test_choice_replaces_what_an_experiment_says_of_the_group(self, tmp_path: Path) -> None:
        write(tmp_path, {"experiment/mine.yaml": "# @package _global_\nname: mine\nschedule: {rate: 0.5}\n"})
        assert compose(["experiment=mine"], [tmp_path]).experiment.schedule == Constant(rate=0.5)
        cosine = compose(["experiment=mine", "schedule=cosine"], [tmp_path]).experiment.schedule
        assert cosine == experiment("schedule=cosine").schedule

    def test_group_of_ones_own(self, tmp_path: Path) -> None:
        write(tmp_path, {"quick/yes.yaml": "# @package _global_\ntraining: {epochs: 1}\n"})
        assert compose(["quick=yes"], [tmp_path]).experiment.training.epochs == 1

    def test_missing_folder(self, tmp_path: Path) -> None:
        assert mistake(config_dirs=[tmp_path / "no"]) == f"{tmp_path}/no: not a folder of config groups"

    def test_broken_files(self, tmp_path: Path) -> None:
        broken = {
            "schedule/broken.yaml": "a: [1\n",
            "arm/broken.yaml": "a: [1\n",
            "experiment/mine.yaml": "# @package _global_\ndefaults:\n  - override /model: mlp_rlu\n",
        }
        overrides = ("schedule=broken", "arms=[broken,tensorflow]", "experiment=mine", "seed=x")
        found = mistakes(*overrides, config_dirs=[write(tmp_path, broken)])
        assert len(found) == 4
        assert found[0].startswith("experiment=mine: there is no model=mlp_rlu; did you mean mlp_relu?")
        assert found[1].startswith(f"schedule=broken: {tmp_path}/schedule/broken.yaml: not a YAML file (while parsing")
        assert found[2].startswith(
            f"arms.0: conf file arm/broken.yaml: {tmp_path}/arm/broken.yaml: not a YAML file (while"
        )
        assert found[3].startswith("seed: given 'x'")

    def test_within_a_hydra_application(self) -> None:
        import hydra
        from hydra.core.global_hydra import GlobalHydra

        with hydra.initialize_config_dir(str(conf_dir()), version_base="1.3"):
            assert experiment("seed=3").seed == 3
            assert GlobalHydra.instance().is_initialized()
            assert hydra.compose("config").seed == 0
