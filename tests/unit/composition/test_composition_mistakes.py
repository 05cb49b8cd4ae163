"""Mistakes in what is typed: all told at once, each with its place, what was given and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest
from composing import mistake, mistakes, run, write

from harness.composition import UserMistake
from harness.composition.mistakes import SETTINGS, nearest
from harness.spec import Arm, Experiment, Training, Word, family_members
from harness.spec.activations import Activation
from harness.spec.layers import Dense
from harness.spec.optimizers import Optimizer
from harness.system.config_folders import installed_folders, options_in


def files(group: str) -> str:
    return ", ".join(sorted(file.stem for folder in installed_folders() for file in options_in(folder, group)))


def kinds(base: type[Word]) -> str:
    return ", ".join(sorted(member.word() for member in family_members(base)))


GROUPS = ", ".join(sorted({file.parent.name for folder in installed_folders() for file in options_in(folder)}))
ROOT_KEYS = ", ".join(sorted({*Experiment.model_fields, *SETTINGS}))
ARM_FIELDS = ", ".join(sorted(Arm.model_fields))
DENSE_FIELDS = ", ".join(sorted(Dense.model_fields))
TRAINING_FIELDS = ", ".join(sorted(Training.model_fields))
ARMS, SCHEDULES = files("arm"), files("schedule")
RATE_MISSING = "schedule.initial_rate: not given, but cosine needs it; allowed: a number >= 0"
ONE_VALUE = (
    "one value at a time; a list is written seed=[a,b], and text with a comma seed='a,b'; with -m each value is a job"
)
SEEDS = "allowed: a whole number from 1 to 1,000, or a list of different whole numbers >= 0"
HOW_TO_WRITE = "; write KEY=VALUE, with lists as [a,b], mappings as {k: v}, and other text in quotes"

ONE_MISTAKE = [
    # What cannot be read.
    ("seed", "seed: write KEY=VALUE (or ~KEY to drop a key)"),
    ("", "'': write KEY=VALUE (or ~KEY to drop a key)"),
    ("=3", "=3: there is no key before the =; write KEY=VALUE"),
    ("seed=[1", f"seed=[1: cannot be read (no viable alternative at input '[1'){HOW_TO_WRITE}"),
    ("name='x", f"name='x: cannot be read{HOW_TO_WRITE}"),
    ("seed=1,2", f"seed=1,2: {ONE_VALUE}"),
    (
        "seed=range(1,3)",
        f"seed=range(1,3): {ONE_VALUE}",
    ),
    (
        "schedule@then=cosine",
        f"schedule@then=cosine: packages (@) and nested groups (/) are not used here; groups: {GROUPS}",
    ),
    ("from=", "from=: from takes the path of an experiment.json"),
    # Names that do not exist.
    (
        "trainin.epochs=3",
        f"trainin: there is no such key (given {{'epochs': 3}}); did you mean training? Allowed: {ROOT_KEYS}",
    ),
    (
        "training.epoch=3",
        f"training.epoch: there is no such key (given 3); did you mean training.epochs? Allowed: {TRAINING_FIELDS}",
    ),
    ("schedule.decay=3", "schedule.decay: there is no such key (given 3); allowed: kind, rate"),
    ("epochs=3", f"epochs: there is no such key (given 3); did you mean training.epochs? Allowed: {ROOT_KEYS}"),
    (
        "data.root=/x",
        "data.root: there is no such key (given '/x'), which mnist, mnist_images would have; "
        "allowed: augmentation, kind, normalisation, split_seed, test_size",
    ),
    (
        "model.layers.1.unit=3",
        "model.layers.1.unit: there is no such key (given 3); did you mean model.layers.1.units? "
        f"Allowed: {DENSE_FIELDS}",
    ),
    ("seed.foo=3", "seed.foo: seed is 0, which has no fields"),
    ("model.layers.9.units=3", "model.layers.9.units: there is no item 9 in model.layers; allowed: 0 to 3"),
    (
        "~training.epoch",
        f"training.epoch: there is no training.epoch to drop; did you mean training.epochs? Allowed: {TRAINING_FIELDS}",
    ),
    ("hydra.run.dir=x", f"hydra: there is no such key (given {{'run': {{'dir': 'x'}}}}); allowed: {ROOT_KEYS}"),
    (
        "schedule=cosin",
        f"schedule=cosin: there is no such schedule; did you mean schedule=cosine? Allowed: {SCHEDULES}",
    ),
    (
        "optimizer=Adm",
        f"optimizer=Adm: there is no such optimizer; did you mean optimizer=adam? Allowed: {files('optimizer')}",
    ),
    ("model=foo", f"model=foo: there is no such model; allowed: {files('model')}"),
    (
        "suite=schedule",
        f"suite=schedule: there is no such suite; did you mean suite=schedules? Allowed: {files('suite')}",
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
        f"training._target_: there is no such key (given 'os.system'); allowed: {TRAINING_FIELDS}",
    ),
    # Values that are not allowed.
    ("seed=-1", "seed: given -1; allowed: a whole number >= 0"),
    ("seed=x", "seed: given 'x'; allowed: a whole number >= 0"),
    ("seed=1.5", "seed: given 1.5; allowed: a whole number >= 0"),
    *((f"seeds={given}", f"seeds: given {given}; {SEEDS}") for given in ("0", "-1", "1.5", "null", "true", "1001")),
    *((f"seeds={given}", f"seeds: given {given}; {SEEDS}") for given in ("[]", "[1, 1]", "[-1]", "[0, 1.5]")),
    ("seeds=x", f"seeds: given 'x'; {SEEDS}"),
    ("seeds.count=3", "seeds.count: seeds is 1, which has no fields"),
    ("training.epochs=null", "training.epochs: given null; allowed: a whole number > 0"),
    ("training.max_steps=0", "training.max_steps: given 0; allowed: a whole number > 0 or null"),
    ("schedule.rate=-0.1", "schedule.rate: given -0.1; allowed: a number >= 0"),
    ("schedule.rate=nan", "schedule.rate: given nan; allowed: a finite number >= 0"),
    ("schedule.rate={a: 1}", "schedule.rate: given {'a': 1}; allowed: a number >= 0"),
    ("comparison.forced_steps=51", "comparison.forced_steps: given 51; allowed: a whole number > 0 and <= 50"),
    ("data.test_size=15", "data.test_size: given 15; allowed: a whole number > 0 and < 5000, a multiple of 10"),
    ("name=a b", "name: given 'a b'; allowed: text of at most 80 characters matching ^[A-Za-z0-9][A-Za-z0-9_.-]*$"),
    ("training.last_batch=kep", "training.last_batch: given 'kep'; did you mean keep? Allowed: drop, keep"),
    ("training.last_batch=3", "training.last_batch: given 3; allowed: keep, drop"),
    (
        "arm.precision=float6",
        "arm.precision: given 'float6'; did you mean float64? Allowed: float32, float64, mixed_bfloat16, mixed_float16",
    ),
    ("training=3", "training: given 3; allowed: a mapping of fields"),
    (
        "loss=[a]",
        f"loss=[a]: loss takes a mapping of fields or one of: {files('loss')}",
    ),
    (
        "optimizer.kind=adm",
        f"optimizer.kind: given 'adm'; did you mean adam? Allowed: {kinds(Optimizer)}",
    ),
    (
        "model.layers.3.activation=sofmax",
        f"model.layers.3.activation: given 'sofmax'; did you mean softmax? Allowed: {kinds(Activation)}",
    ),
    ("arms=tensorflow", "arms: given 'tensorflow'; a list is written arms=[tensorflow]"),
    ("arms=[]", "arms: given []; allowed: a list of 1 to 64, each a mapping of fields"),
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
        "accumulation={kind: mean, batches: 301}",
        "accumulation.batches is 301, and the training has 300 batches, so that no update would be made; at most 300",
    ),
    (
        "~model.layers.0",
        "model: layer 0 (dense_1): dense takes vectors or sequences of them, got (28, 28, 1): "
        "put a flatten layer before it",
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
            "model=foo: there is no such model; allowed: ",
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
            f"training.epoch: there is no such key (given 3); did you mean training.epochs? Allowed: {TRAINING_FIELDS}",
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
            "arm.threads: given 0; allowed: a whole number > 0 and <= 4096 or null"
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
