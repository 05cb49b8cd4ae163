"""Composition: what is typed becomes one experiment, or every mistake in it is told at once."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from harness.composition import Composed, UserMistake, completions, compose, compose_dict, conf_dir
from harness.composition.fields import dotted, locate, places_at
from harness.composition.mistakes import nearest
from harness.spec import Arm, Comparison, Experiment, Training
from harness.spec.activations import Linear, Sigmoid
from harness.spec.data import Mnist, Mnist5k
from harness.spec.initializers import Normal, Zeros
from harness.spec.layers import Dense, Flatten, Input, Model
from harness.spec.losses import SoftmaxCrossEntropy
from harness.spec.optimizers import Adam, Nesterov
from harness.spec.schedules import Constant, Cosine, WarmupThen

REPOSITORY = Path(__file__).parents[2]


def mistakes(*overrides: str, config_dirs: Sequence[Path] = ()) -> tuple[str, ...]:
    with pytest.raises(UserMistake) as caught:
        compose(overrides, config_dirs)
    return caught.value.mistakes


def mistake(*overrides: str, config_dirs: Sequence[Path] = ()) -> str:
    found = mistakes(*overrides, config_dirs=config_dirs)
    assert len(found) == 1, found
    return found[0]


def experiment(*overrides: str) -> Experiment:
    return compose(overrides).experiment


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


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
        )

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
        assert "not a JSON file" in mistake(f"from={tmp_path}/e.json")

    def test_what_is_wrong_in_the_file_is_said_to_be_there(self, file: Path) -> None:
        content = json.loads(file.read_text())
        content["training"]["epochs"] = 0
        del content["loss"]
        file.write_text(json.dumps(content))
        where = f" (in {file})"
        assert mistakes(f"from={file}", "seed=-1") == (
            "seed: given -1; allowed: a whole number >= 0",
            "loss: not given; allowed: a mapping whose kind is one of softmax_cross_entropy, mean_squared_error"
            + where,
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
        assert found[1].startswith("schedule=broken: while parsing")
        assert found[2].startswith("arms.0: conf file arm/broken.yaml: while parsing")
        assert found[3].startswith("seed: given 'x'")

    def test_within_a_hydra_application(self) -> None:
        import hydra
        from hydra.core.global_hydra import GlobalHydra

        with hydra.initialize_config_dir(str(conf_dir()), version_base="1.3"):
            assert experiment("seed=3").seed == 3
            assert GlobalHydra.instance().is_initialized()
            assert hydra.compose("config").seed == 0


ROOT_KEYS = (
    "arm, arms, comparison, data, loss, model, name, optimizer, out, results_root, schedule, seed, suite, training"
)
ARM_FIELDS = "adapter, device, environment, mode, name, precision, python, realisation, threads, timeout_s"
ARMS = "mindspore, mindspore_pynative, reference, tensorflow, tensorflow_eager, tensorflow_xla"
SCHEDULES = ", ".join(sorted(file.stem for file in (conf_dir() / "schedule").glob("*.yaml")))
RATE_MISSING = "schedule.initial_rate: not given, but cosine needs it; allowed: a number >= 0"
HOW_TO_WRITE = "; write KEY=VALUE, with lists as [a,b], mappings as {k: v}, and other text in quotes"

ONE_MISTAKE = [
    # What cannot be read.
    ("seed", "seed: write KEY=VALUE (or ~KEY to drop a key)"),
    ("", "'': write KEY=VALUE (or ~KEY to drop a key)"),
    ("=3", "=3: there is no key before the =; write KEY=VALUE"),
    ("seed=[1", f"seed=[1: cannot be read (no viable alternative at input '[1'){HOW_TO_WRITE}"),
    ("name='x", f"name='x: cannot be read{HOW_TO_WRITE}"),
    ("seed=1,2", "seed=1,2: one value at a time; a list is written seed=[a,b], and text with a comma seed='a,b'"),
    (
        "seed=range(1,3)",
        "seed=range(1,3): one value at a time; a list is written seed=[a,b], and text with a comma seed='a,b'",
    ),
    (
        "schedule@then=cosine",
        "schedule@then=cosine: packages (@) and nested groups (/) are not used here; "
        "groups: arm, data, experiment, loss, model, optimizer, schedule, suite",
    ),
    ("from=", "from=: from takes the path of an experiment.json"),
    # Names that do not exist.
    (
        "trainin.epochs=3",
        f"trainin: there is no such key (given {{'epochs': 3}}); did you mean training? Allowed: {ROOT_KEYS}",
    ),
    (
        "training.epoch=3",
        "training.epoch: there is no such key (given 3); did you mean training.epochs? "
        "Allowed: batch_size, epochs, last_batch, max_steps",
    ),
    ("schedule.decay=3", "schedule.decay: there is no such key (given 3); allowed: kind, rate"),
    ("epochs=3", f"epochs: there is no such key (given 3); did you mean training.epochs? Allowed: {ROOT_KEYS}"),
    (
        "model.layers.1.unit=3",
        "model.layers.1.unit: there is no such key (given 3); did you mean model.layers.1.units? "
        "Allowed: activation, bias_initializer, kernel_initializer, kind, name, units",
    ),
    ("seed.foo=3", "seed.foo: seed is 0, which has no fields"),
    ("model.layers.9.units=3", "model.layers.9.units: there is no item 9 in model.layers; allowed: 0 to 3"),
    (
        "~training.epoch",
        "training.epoch: there is no training.epoch to drop; did you mean training.epochs? "
        "Allowed: batch_size, epochs, last_batch, max_steps",
    ),
    ("hydra.run.dir=x", f"hydra: there is no such key (given {{'run': {{'dir': 'x'}}}}); allowed: {ROOT_KEYS}"),
    (
        "schedule=cosin",
        f"schedule=cosin: there is no such schedule; did you mean schedule=cosine? Allowed: {SCHEDULES}",
    ),
    (
        "optimizer=Adm",
        "optimizer=Adm: there is no such optimizer; did you mean optimizer=adam? "
        "Allowed: adam, momentum, nesterov, sgd",
    ),
    ("model=foo", "model=foo: there is no such model; allowed: mlp_relu, mlp_sigmoid"),
    (
        "suite=schedule",
        "suite=schedule: there is no such suite; did you mean suite=schedules? Allowed: none, schedules",
    ),
    ("suite=[cosin]", f"suite.0: there is no schedule 'cosin'; did you mean cosine? Allowed: {SCHEDULES}"),
    ("arms=[tensorflw]", f"arms.0: there is no arm 'tensorflw'; did you mean tensorflow? Allowed: {ARMS}"),
    (
        "arms=[reference,{use: mindspor}]",
        f"arms.1: there is no arm 'mindspor'; did you mean mindspore? Allowed: {ARMS}",
    ),
    (
        "arms=[{use: mindspore, precison: float64}]",
        "arms.0.precison: there is no such key (given 'float64'); did you mean arms.0.precision? "
        f"Allowed: {ARM_FIELDS}",
    ),
    (
        "arm.precison=float64",
        f"arm.precison: there is no such key (given 'float64'); did you mean arm.precision? Allowed: {ARM_FIELDS}",
    ),
    (
        "training._target_=os.system",
        "training._target_: there is no such key (given 'os.system'); "
        "allowed: batch_size, epochs, last_batch, max_steps",
    ),
    # Values that are not allowed.
    ("seed=-1", "seed: given -1; allowed: a whole number >= 0"),
    ("seed=x", "seed: given 'x'; allowed: a whole number >= 0"),
    ("seed=1.5", "seed: given 1.5; allowed: a whole number >= 0"),
    ("training.epochs=null", "training.epochs: given null; allowed: a whole number > 0"),
    ("training.max_steps=0", "training.max_steps: given 0; allowed: a whole number > 0 or null"),
    ("schedule.rate=-0.1", "schedule.rate: given -0.1; allowed: a number >= 0"),
    ("schedule.rate=nan", "schedule.rate: given nan; allowed: a finite number >= 0"),
    ("schedule.rate={a: 1}", "schedule.rate: given {'a': 1}; allowed: a number >= 0"),
    ("comparison.forced_steps=51", "comparison.forced_steps: given 51; allowed: a whole number > 0 and <= 50"),
    ("data.test_size=15", "data.test_size: given 15; allowed: a whole number > 0 and < 5000, a multiple of 10"),
    ("name=a b", "name: given 'a b'; allowed: text matching ^[A-Za-z0-9][A-Za-z0-9_.-]*$"),
    ("training.last_batch=kep", "training.last_batch: given 'kep'; did you mean keep? Allowed: drop, keep"),
    ("training.last_batch=3", "training.last_batch: given 3; allowed: keep, drop"),
    ("arm.precision=float6", "arm.precision: given 'float6'; did you mean float64? Allowed: float32, float64"),
    ("training=3", "training: given 3; allowed: a mapping of fields"),
    (
        "loss=[a]",
        "loss=[a]: loss takes a mapping of fields or one of: mean_squared_error, softmax_cross_entropy",
    ),
    (
        "optimizer.kind=adm",
        "optimizer.kind: given 'adm'; did you mean adam? Allowed: adam, momentum, nesterov, sgd",
    ),
    (
        "model.layers.3.activation=sofmax",
        "model.layers.3.activation: given 'sofmax'; did you mean softmax? "
        "Allowed: linear, relu, sigmoid, softmax, tanh",
    ),
    ("arms=tensorflow", "arms: given 'tensorflow'; a list is written arms=[tensorflow]"),
    ("arms=[]", "arms: given []; allowed: a list of at least 1, each a mapping of fields"),
    ("arms=[3]", "arms.0: given 3; allowed: a mapping of fields"),
    (
        "arm=tensorflow",
        "arm=tensorflow: arms are chosen by arms=[NAME,...]; arm.FIELD=VALUE sets a field in each of them",
    ),
    ("~training.epochs", "training.epochs: not given; allowed: a whole number > 0"),
    ("~results_root", "results_root: given null; allowed: a path"),
    ("seed=${trainin.epochs}", "seed: Interpolation key 'trainin.epochs' not found"),
    ("name=${oc.env:TWINRUN_NO_SUCH}", "name: \"Environment variable 'TWINRUN_NO_SUCH' not found\""),
    # Fields that do not go together.
    ("model.input.shape=[28,28]", "model.input.shape is (28, 28), a sample is (28, 28, 1)"),
    ("model.layers.3.units=11", "the model's output is (11,), the data has 10 classes"),
    (
        "~model.layers.0",
        "model: layer 0 (dense_1): dense takes vectors, got (28, 28, 1): put a flatten layer before it",
    ),
    (
        "model.layers.3.activation=softmax",
        "softmax_cross_entropy takes logits, but the model ends in a softmax: give the last layer activation=linear",
    ),
]


class TestMistakes:
    @pytest.mark.parametrize(("override", "message"), ONE_MISTAKE, ids=[override for override, _ in ONE_MISTAKE])
    def test_one(self, override: str, message: str) -> None:
        assert mistakes(override) == (message,)

    def test_below_a_choice(self) -> None:
        assert mistake("schedule=cosine", "schedule.decay_steps=0") == (
            "schedule.decay_steps: given 0; allowed: a whole number > 0"
        )
        assert mistake("schedule=warmup_cosine", "schedule.then.decay_step=9") == (
            "schedule.then.decay_step: there is no such key (given 9); did you mean schedule.then.decay_steps? "
            "Allowed: decay_steps, floor_ratio, initial_rate, kind"
        )
        # A field that bears the name of its own kind.
        assert mistake("optimizer=momentum", "optimizer.momentum=1") == (
            "optimizer.momentum: given 1; allowed: a number >= 0 and < 1"
        )

    def test_boundaries(self) -> None:
        piecewise = "schedule=piecewise_constant"
        assert mistake(piecewise, "schedule.boundaries=[3,2]") == "schedule: boundaries must increase, got [3, 2]"
        assert mistake(piecewise, "schedule.boundaries=[3]") == (
            "schedule: values must be one longer than boundaries, got 3 values and 1 boundaries"
        )
        assert mistake(piecewise, "schedule.values=[0.1,-1,0.2]") == (
            "schedule.values.1: given -1; allowed: a number >= 0"
        )

    def test_new_kind_without_its_fields(self) -> None:
        assert mistakes("schedule.kind=cosine") == (
            RATE_MISSING,
            "schedule.decay_steps: not given, but cosine needs it; allowed: a whole number > 0",
        )

    def test_field_taken_away_as_faulty_is_not_called_missing(self) -> None:
        assert mistake("schedule.kind=cosine", "schedule.initial_rate=1", "schedule.decay_steps=0") == (
            "schedule.decay_steps: given 0; allowed: a whole number > 0"
        )

    def test_all_at_once(self) -> None:
        found = mistakes(
            *("arms=[tensorflw,mindspore]", "arm.precison=float64", "trainin.epochs=3", "training.epoch=3"),
            *("schedule=cosin", "schedule.decay=3", "optimizer=adm", "model=foo", "seed=[1", "name", "seed=1,2"),
            *("comparison.forced_steps=51", "data.test_size=15", "loss.targets=sparce", "seed.x=3", "~nothing"),
        )
        starts = [
            "seed=[1: cannot be read",
            "name: write KEY=VALUE",
            "seed=1,2: one value at a time",
            "schedule=cosin: there is no such schedule; did you mean schedule=cosine?",
            "optimizer=adm: there is no such optimizer; did you mean optimizer=adam?",
            "model=foo: there is no such model; allowed: mlp_relu, mlp_sigmoid",
            "seed.x: seed is 0, which has no fields",
            "nothing: there is no nothing to drop",
            "arms.0: there is no arm 'tensorflw'; did you mean tensorflow?",
            "data.test_size: given 15",
            "loss.targets: given 'sparce'; did you mean sparse?",
            "schedule.decay: there is no such key (given 3); did you mean schedule.decay_steps?",
            "training.epoch: there is no such key (given 3); did you mean training.epochs?",
            "comparison.forced_steps: given 51",
            "arm.precison: there is no such key (given 'float64'); did you mean arm.precision?",
            "trainin: there is no such key (given {'epochs': 3}); did you mean training?",
        ]
        assert len(found) == len(starts)
        for start in starts:
            assert [text for text in found if text.startswith(start)], start

    def test_wrong_fields_do_not_hide_wrong_combinations(self) -> None:
        assert mistakes("training.epoch=3", "seed=-1", "model.layers.3.units=11") == (
            "seed: given -1; allowed: a whole number >= 0",
            "training.epoch: there is no such key (given 3); did you mean training.epochs? "
            "Allowed: batch_size, epochs, last_batch, max_steps",
            "the model's output is (11,), the data has 10 classes",
        )

    def test_a_wrong_field_makes_no_wrong_combination(self) -> None:
        # Without the faulty boundaries the values are too many, which is not the user's mistake.
        overrides = ("schedule.boundaries=[1,2,x]", "schedule.values=[0.4,0.3,0.2,0.1]")
        assert mistake("schedule=piecewise_constant", *overrides) == (
            "schedule.boundaries.2: given 'x'; allowed: a whole number > 0"
        )

    def test_every_unresolved_interpolation(self) -> None:
        found = mistakes("seed=${nothing}", "name=${oc.env:TWINRUN_NO_SUCH}", "training.epochs=${other}")
        assert sorted(text.partition(":")[0] for text in found) == ["name", "seed", "training.epochs"]

    def test_what_is_in_every_arm_is_told_once(self) -> None:
        assert mistake("arm.threads=0", "arms=[tensorflow,reference,mindspore]") == (
            "arm.threads: given 0; allowed: a whole number > 0 or null"
        )

    def test_long_values_are_cut(self) -> None:
        assert len(mistake(f"seed=[{','.join('1' * 300)}]")) < 150

    def test_text_lists_all(self) -> None:
        assert str(UserMistake(["a"])) == "a"
        assert str(UserMistake(["a", "b"])) == "2 mistakes:\n  - a\n  - b"

    def test_nothing_named_in_a_config_is_imported(self, tmp_path: Path) -> None:
        write(tmp_path, {"twinrun_planted.py": "raise SystemExit('imported')\n"})
        code = (
            f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
            "from harness.composition import UserMistake, compose\n"
            "try: compose(['training._target_=twinrun_planted.run', 'arm._target_=twinrun_planted.run'])\n"
            "except UserMistake as error: print(len(error.mistakes), 'twinrun_planted' in sys.modules)\n"
        )
        assert run(code) == "2 False"

    def test_nearest(self) -> None:
        assert nearest("ADAM", ["sgd", "adam"]) == "adam"
        assert nearest("quite another", ["sgd", "adam"]) is None


def run(code: str) -> str:
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


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
            ("+optimizer=", ["+optimizer=adam", "+optimizer=momentum", "+optimizer=nesterov", "+optimizer=sgd"]),
            ("suite=", ["suite=none", "suite=schedules"]),
            ("training.e", ["training.epochs="]),
            ("comparison.", [f"comparison.{name}=" for name in sorted(Comparison.model_fields)]),
            ("arm.pre", ["arm.precision="]),
            ("arm.precision=", ["arm.precision=float32", "arm.precision=float64"]),
            ("training.last_batch=", ["training.last_batch=drop", "training.last_batch=keep"]),
            ("schedule.then.stair", ["schedule.then.staircase="]),
            ("schedule.staircase=t", ["schedule.staircase=true"]),
            ("arms=[tensorflow_", ["arms=[tensorflow_eager", "arms=[tensorflow_xla"]),
            ("arms=[reference,minds", ["arms=[reference,mindspore", "arms=[reference,mindspore_pynative"]),
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
        assert [key for key in keys if key not in known] == [["experiment"], ["from"], ["out"], ["results_root"]]


def test_places_have_the_paths_that_are_typed() -> None:
    loc = ("schedule", "warmup_then", "then", "piecewise_constant", "values", 1)
    place = locate(loc)
    assert dotted(place.path) == "schedule.then.values.1"
    assert place.allowed() == "a number >= 0"
