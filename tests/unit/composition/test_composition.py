"""Composition: defaults, values, choices, arms and suites make the one experiment that was typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from composing import experiment
from omegaconf import OmegaConf

from harness.composition import Composed, compose, compose_dict
from harness.spec import Arm, Comparison, Experiment, Training
from harness.spec.activations import Linear, Sigmoid
from harness.spec.data import Mnist, Mnist5k
from harness.spec.initializers import Normal, Zeros
from harness.spec.layers import Dense, Flatten
from harness.spec.losses import SoftmaxCrossEntropy
from harness.spec.model import Input, Model
from harness.spec.optimizers import Adam, Nesterov
from harness.spec.schedules import Constant, Cosine, WarmupThen
from harness.system.files import conf_dir


class TestDefaults:
    def test_experiment(self) -> None:
        normal = Normal(stddev=0.05)
        hidden = Dense(units=784, activation=Sigmoid(), kernel_initializer=normal, bias_initializer=Zeros())
        output = Dense(units=10, activation=Linear(), kernel_initializer=normal, bias_initializer=Zeros())
        assert compose([]) == Composed(
            Experiment(
                name="mnist_mlp",
                seed=0,
                data=Mnist5k(test_size=1000, split_seed=0),
                model=Model(input=Input(shape=(28, 28, 1)), layers=(Flatten(), hidden, hidden, output)),
                loss=SoftmaxCrossEntropy(targets="sparse"),
                optimizer=Adam(beta1=0.9, beta2=0.999, epsilon=1e-7),
                schedule=Constant(rate=1e-3),
                training=Training(epochs=15, batch_size=200),
                comparison=Comparison(),
                arms=(
                    Arm(name="mindspore", adapter="mindspore", mode="jit"),
                    Arm(name="tensorflow", adapter="tensorflow", mode="graph"),
                ),
            ),
            out=None,
            results_root=Path("results"),
            seeds=(0,),
        )

    @pytest.mark.parametrize(
        ("overrides", "seeds"),
        [
            (["seeds=3"], (0, 1, 2)),
            (["seeds=3", "seed=5"], (5, 6, 7)),
            (["seeds=[4,2]"], (4, 2)),
            (["seed=5", "seeds=[7]"], (7,)),
        ],
        ids=str,
    )
    def test_seeds(self, overrides: list[str], seeds: tuple[int, ...]) -> None:
        composed = compose(overrides)
        assert composed.seeds == seeds
        assert composed.experiment.seed == seeds[0]

    def test_as_plain_containers(self) -> None:
        plain = compose_dict(["suite=[cosine]", "arm.threads=1"])
        assert plain["suite"] == [{"kind": "cosine", "initial_rate": 0.001, "decay_steps": 250, "floor_ratio": 0.1}]
        assert [(arm["name"], arm["threads"]) for arm in plain["arms"]] == [("mindspore", 1), ("tensorflow", 1)]
        assert (plain["out"], plain["results_root"], "arm" in plain) == (None, "results", False)
        text = OmegaConf.to_yaml(OmegaConf.create(plain))
        assert OmegaConf.to_container(OmegaConf.create(text)) == plain


class TestValues:
    def test_set_what_they_name(self) -> None:
        composed = experiment("seed=7", "training.epochs=3", "+training.max_steps=5", "++comparison.free_steps=9")
        assert (composed.seed, composed.training.epochs, composed.training.max_steps) == (7, 3, 5)
        assert composed.comparison.free_steps == 9

    def test_reach_into_lists(self) -> None:
        layers = experiment("model.layers.1.units=32", "model.layers.2.activation=relu").model.layers
        assert [layers[1].units, layers[2].activation.word()] == [32, "relu"]

    def test_mapping_is_merged(self) -> None:
        assert experiment("training={epochs: 3}").training == Training(epochs=3, batch_size=200)

    def test_mapping_with_a_kind_replaces(self) -> None:
        schedule = experiment("schedule={kind: cosine, initial_rate: 1, decay_steps: 3}").schedule
        assert schedule == Cosine(initial_rate=1, decay_steps=3)

    def test_kind_by_itself_replaces(self) -> None:
        schedule = experiment("schedule.kind=cosine", "schedule.initial_rate=1", "schedule.decay_steps=3").schedule
        assert schedule == Cosine(initial_rate=1, decay_steps=3)

    def test_dropped_key_takes_the_specs_default(self) -> None:
        assert experiment("training.max_steps=5", "~training.max_steps").training.max_steps is None

    def test_interpolation(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TWINRUN_TEST_NAME", "from_outside")
        composed = experiment("seed=${training.epochs}", "training.epochs=4", "name=${oc.env:TWINRUN_TEST_NAME}")
        assert (composed.seed, composed.name) == (4, "from_outside")

    def test_paths_are_taken_as_typed(self) -> None:
        composed = compose(["out=/a b/(c),[d]=e", "results_root='/r'"])
        assert (composed.out, composed.results_root) == (Path("/a b/(c),[d]=e"), Path("/r"))
        assert compose(["out=null"]).out is None
        assert compose(["out=~/x"]).out == Path.home() / "x"


class TestChoices:
    def test_one_of_a_group(self) -> None:
        composed = experiment("optimizer=nesterov", "optimizer.momentum=0.5", "data=mnist", "data.root=/d")
        assert composed.optimizer == Nesterov(momentum=0.5, form="rate_inside")
        assert composed.data == Mnist(root=Path("/d"))

    def test_values_win_whatever_the_order(self) -> None:
        assert experiment("schedule.decay_steps=7", "schedule=cosine").schedule.decay_steps == 7

    def test_last_wins(self) -> None:
        assert experiment("schedule=cosine", "schedule=constant").schedule == Constant(rate=1e-3)

    def test_nested_spec(self) -> None:
        schedule = experiment("schedule=warmup_cosine", "schedule.then.decay_steps=9").schedule
        assert isinstance(schedule, WarmupThen)
        assert schedule.then == Cosine(initial_rate=0.001, decay_steps=9, floor_ratio=0.1)


class TestArms:
    def test_names_and_variants(self) -> None:
        exact = "{use: mindspore, name: mindspore_exact, realisation: exact}"
        arms = experiment(f"arms=[mindspore,{exact}]").arms
        assert [arm.name for arm in arms] == ["mindspore", "mindspore_exact"]
        assert [arm.realisation for arm in arms] == ["native", "exact"]
        assert arms[1].mode == "jit"

    def test_a_against_a(self) -> None:
        names = [arm.name for arm in experiment("arms=[tensorflow,tensorflow,reference,tensorflow]").arms]
        assert names == ["tensorflow", "tensorflow_2", "reference", "tensorflow_3"]

    def test_field_of_every_arm(self) -> None:
        arms = experiment("arm.precision=float64", "arm.environment.A=b", "arms=[tensorflow,reference]").arms
        assert [(arm.precision, arm.environment) for arm in arms] == [("float64", {"A": "b"})] * 2

    def test_field_of_one_arm(self) -> None:
        arms = experiment("arms=[tensorflow,reference]", "arms.1.threads=2").arms
        assert [arm.threads for arm in arms] == [None, 2]

    def test_spec_in_full(self) -> None:
        assert experiment("arms=[{name: third, adapter: other, mode: own}]").arms == (
            Arm(name="third", adapter="other", mode="own"),
        )


class TestSuite:
    def test_expands(self) -> None:
        suite = experiment("suite=[constant,{use: cosine, decay_steps: 100},{kind: constant, rate: 1}]").suite
        cosine = Cosine(initial_rate=0.001, decay_steps=100, floor_ratio=0.1)
        assert suite == (Constant(rate=0.001), cosine, Constant(rate=1))

    def test_all_is_every_file(self) -> None:
        assert len(experiment("suite=schedules").suite) == len(list((conf_dir() / "schedule").glob("*.yaml")))
