"""What a pair's file may say, and what is told where it says something else: every mistake at once."""

import os
import re
from itertools import pairwise

import numpy as np
import pytest

from harness.composition import UserMistake
from harness.composition.groups import ConfigGroups
from harness.subjects.pair.batches import BatchesError, draw
from harness.subjects.pair.composing import compose_pair

GROUPS = ConfigGroups.beside(())  # each file is read once for all of these tests
PAIR = """
name: mine
models:
  mindspore: {builder: "left.py:net", layout: channels_first}
  tensorflow: {builder: "right.py:net"}
batches: data.npz
batch_size: 4
steps: 3
loss: softmax_cross_entropy
optimizer: {use: momentum, momentum: 0.5}
schedule: {kind: constant, rate: 0.1}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "left.py").write_text("def net():\n    return None\n\ndef other():\n    raise SystemExit\n")
    (tmp_path / "right.py").write_text("from left import net\n")
    np.savez(tmp_path / "data.npz", x=np.arange(40.0).reshape(10, 4), y=np.arange(10))
    (tmp_path / "pair.yaml").write_text(PAIR)
    return tmp_path


def written(folder, text):
    (folder / "pair.yaml").write_text(text)
    return compose_pair([f"pair={folder / 'pair.yaml'}"], groups=GROUPS)


def mistakes(folder, text, *overrides):
    (folder / "pair.yaml").write_text(text)
    with pytest.raises(UserMistake) as mistake:
        compose_pair([f"pair={folder / 'pair.yaml'}", *overrides], groups=GROUPS)
    return mistake.value.mistakes


def test_words_come_from_their_files_with_fields_over_them(folder):
    pair = written(folder, PAIR).pair
    assert (pair.optimizer.kind, pair.optimizer.momentum, pair.optimizer.form) == ("momentum", 0.5, "rate_outside")
    assert pair.loss.kind == "softmax_cross_entropy"
    assert [(arm.name, arm.mode) for arm in pair.arms] == [("mindspore", "pynative"), ("tensorflow", "eager")]


def test_overrides_have_the_last_word(folder):
    asked = [
        "arm.precision=float64",
        "arms.1.threads=2",
        "optimizer=adam",
        "schedule.rate=0.5",
        f"out={folder / 'new'}",
    ]
    composed = compose_pair([f"pair={folder / 'pair.yaml'}", *asked])
    assert {arm.precision for arm in composed.pair.arms} == {"float64"}
    assert [arm.threads for arm in composed.pair.arms] == [None, 2]
    assert composed.pair.optimizer.kind == "adam"
    assert composed.pair.schedule.rate == 0.5
    assert composed.out == folder / "new"


def test_rungs_are_picked_by_name(folder):
    assert compose_pair([f"pair={folder / 'pair.yaml'}"], groups=GROUPS).pair.rungs == ()
    picked = compose_pair([f"pair={folder / 'pair.yaml'}", "rungs=[step,model]"], groups=GROUPS)
    assert picked.pair.rungs == ("step", "model")
    (mistake,) = mistakes(folder, PAIR, "rungs=[modl]")
    assert mistake == (
        "rungs.0: given 'modl'; did you mean model? Allowed: loss, model, optimizer, schedule, self, step, trajectory"
    )


def test_paths_are_below_the_file_s_folder_and_its_code_is_not_run(folder):
    composed = written(folder, PAIR.replace("left.py:net", "left.py:other"))
    assert composed.place("left.py:other") == (folder / "left.py", "other")


def test_every_mistake_is_told_at_once(folder):
    text = PAIR.replace("batch_size: 4", "batchsize: 4").replace("use: momentum", "use: momentun") + "steps_: 3\n"
    found = "\n".join(mistakes(folder, text, "schedule.rate=-1"))
    for part in (
        "batchsize: there is no such key (given 4); did you mean batch_size?",
        "did you mean momentum?",
        "steps_: there is no such key",
        "schedule.rate: given -1",
    ):
        assert part in found


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("left.py:net", "lefft.py:net", "did you mean left.py?"),
        ("left.py:net", "left.py:nett", "did you mean net?"),
        ("left.py:net", "left.py", "models.mindspore.builder: given 'left.py'; allowed: text matching"),
        ("batches: data.npz", "batches: dat.npz", "did you mean data.npz?"),
        ("  tensorflow:", "  tensorflw:", "for which there is no builder; given: mindspore, tensorflw"),
        ("channels_first", "channels_frist", "did you mean channels_first?"),
        ("steps: 3", "steps: 0", "steps: given 0"),
        ("models:", "models:\n  numpy: {builder: left.py:net}", "models.numpy: no model of your own runs there"),
        ("steps: 3", "steps: 2", "forced_steps is 3, which is more than steps, 2"),
        ("loss: softmax_cross_entropy", "loss: softmax_crossentropy", "did you mean softmax_cross_entropy?"),
    ],
)
def test_a_mistake_names_the_nearest(folder, old, new, expected):
    assert expected in "\n".join(mistakes(folder, PAIR.replace(old, new)))


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("model=cnn", "a pair has no model"),
        ("arms=[mindspor,tensorflow]", "did you mean mindspore?"),
        ("arms=[reference,tensorflow]", "arm reference runs in reference, for which there is no builder"),
        ("arms=[mindspore]", "a pair has two arms, got 1"),
        ("arms.0.mode=graf", "has no mode 'graf'"),
        ("out=/proc/twinrun", "not writable"),
        ("arms.0.python=/no/such/python", "is no program that can be run"),
        ("arms.0.spec={optimizer: adam}", "the arms of a pair have the pair's words"),
        ("arm.precision=mixed_float16", "the models of a pair cast themselves"),
        ("schedule.rate=1e39", "schedule.rate: given 1e+39, which float32 cannot hold"),
        ("batch_size=true", "batch_size: given true"),
        ("comparison.budget=5", "did you mean comparison.budget_s?"),
    ],
)
def test_overrides_are_judged_too(folder, override, expected):
    assert expected in "\n".join(mistakes(folder, PAIR, override))


def test_a_missing_pair_names_the_nearest_file(folder):
    with pytest.raises(UserMistake, match=r"did you mean pair\.yaml"):
        compose_pair([f"pair={folder / 'pear.yaml'}"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "it holds no mapping"),
        ("[1]", "it holds no mapping"),
        ("a: [1", "not a YAML file"),
        ("a: !!int x", "not a YAML file"),
        ("a: " + "[" * 5000 + "]" * 5000, "nested more than 32 levels deep"),
        ("{a: " * 200 + "1" + "}" * 200, "nested more than 32 levels deep"),
        ("a: &a [*a]", "stands within what it refers to"),
        ("1: 2", "the key 1 is not text"),
        ('name: "\\ud800"', "not a YAML file"),
        ("a: 2020-01-01", "given a date"),
        ("a: " + "x" * (1 << 20), "larger than 1 MiB"),
        ("".join(f"key{number}: 1\n" for number in range(20_000)), "20,"),
    ],
)
def test_odd_pair_files(folder, text, expected):
    (folder / "pair.yaml").write_text(text)
    with pytest.raises(UserMistake) as caught:
        compose_pair([f"pair={folder / 'pair.yaml'}"])
    assert expected in str(caught.value)
    assert len(str(caught.value)) < 100_000


def test_aliases_that_grow(folder):
    names = "abcdefghi"
    links = pairwise(names)
    bomb = "a: &a [x, x]\n" + "".join(f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]\n" for a, b in links)
    (folder / "pair.yaml").write_text(bomb)
    with pytest.raises(UserMistake, match="once aliases are replaced"):
        compose_pair([f"pair={folder / 'pair.yaml'}"])


@pytest.mark.parametrize("path", ["~nosuchuser/p.yaml", "x" * 300, "a\0b", "a\udcff", "/dev/zero", "/"])
def test_paths_that_are_no_pair(path):
    with pytest.raises(UserMistake) as caught:
        compose_pair([f"pair={path}"])
    assert len(caught.value.mistakes) == 1


@pytest.mark.parametrize("key", ["out", "results_root"])
@pytest.mark.parametrize("path", ["~nosuchuser/x", "x" * 300])
def test_folders_that_there_cannot_be(folder, key, path):
    assert mistakes(folder, PAIR, f"{key}={path}")[0].startswith(f"{key}=")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"x = " + b"(" * 1000 + b")" * 1000, "is no Python file"),
        # Too deep for the parsers of Python 3.11 and later; to that of 3.10 it is a file without the function.
        (b"x = " + b"1 + " * 100_000 + b"1", "is no Python file|there is no function 'net' in "),
        (b"x = 1\n" * 200_000, "larger than 1 MiB"),
        (b"a\0b", "is no Python file"),
        (b"def", "is no Python file"),
    ],
)
def test_odd_python_files(folder, content, expected):
    (folder / "left.py").write_bytes(content)
    assert re.search(expected, "\n".join(mistakes(folder, PAIR)))


@pytest.mark.parametrize("place", ["left.py", "data.npz"])
def test_a_file_of_a_pair_that_is_a_fifo(folder, place):
    (folder / place).unlink()
    os.mkfifo(folder / place)
    assert "a FIFO" in "\n".join(mistakes(folder, PAIR))


@pytest.mark.parametrize("path", ["~nosuchuser/l.py", "x" * 300 + "/l.py"])
def test_paths_in_a_pair_that_there_cannot_be(folder, path):
    assert mistakes(folder, PAIR.replace("left.py:net", f"{path}:net"))[0].startswith("models.mindspore.builder: ")


class TestBatches:
    def drawn(self, folder, text=PAIR):
        draw(written(folder, text), folder / "drawn.npz", folder / "log")
        return np.load(folder / "drawn.npz")

    def test_a_file_is_cut_into_whole_batches_again_and_again(self, folder):
        found = self.drawn(folder)
        assert found["y"].tolist() == [[0, 1, 2, 3], [4, 5, 6, 7], [0, 1, 2, 3]]
        assert found["x"].dtype == np.float32

    def test_a_file_without_y_is_told(self, folder):
        np.savez(folder / "data.npz", x=np.zeros((8, 2)), labels=np.zeros(8))
        with pytest.raises(UserMistake, match="has no 'y'; it has x, labels"):
            self.drawn(folder)

    def test_unequal_lengths_and_too_few_samples_are_told(self, folder):
        np.savez(folder / "data.npz", x=np.zeros((8, 2)), y=np.zeros(7))
        with pytest.raises(UserMistake, match="x has 8 samples, y has shape"):
            self.drawn(folder)
        np.savez(folder / "data.npz", x=np.zeros((3, 2)), y=np.zeros(3))
        with pytest.raises(UserMistake, match="allowed: 1 to 3"):
            self.drawn(folder)

    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            ("yield np.zeros((3, 2)), np.zeros(3)", "batch 0 of a wrong shape: x has 3 samples, batch_size is 4"),
            ("yield np.zeros((4, 2))", "yielded ndarray at batch 0, not"),
            ("yield np.zeros((4, 2)), np.zeros(4)", "yielded 1 batches, but steps is 3"),
            ("raise RuntimeError('spoilt')", "raised RuntimeError: spoilt; the whole is in"),
        ],
    )
    def test_what_a_function_yields_is_checked(self, folder, body, expected):
        (folder / "source.py").write_text(f"import numpy as np\n\ndef batches():\n    {body}\n    yield None\n")
        text = PAIR.replace("batches: data.npz", "batches: source.py:batches")
        if "1 batches" in expected:
            (folder / "source.py").write_text(f"import numpy as np\n\ndef batches():\n    {body}\n")
        with pytest.raises(BatchesError, match=expected):
            self.drawn(folder, text)


OWN = "{mindspore: left.py:net, tensorflow: right.py:net}"


def test_native_objects_take_the_place_of_words(folder):
    text = PAIR.replace("loss: softmax_cross_entropy", f"loss: {OWN}")
    text = text.replace("{kind: constant, rate: 0.1}", f"{OWN[:-1]}, word: {{use: cosine, decay_steps: 7}}}}")
    composed = written(folder, text)
    pair = composed.pair
    assert pair.own.families == ["loss", "schedule"]
    assert pair.own.loss == {"mindspore": "left.py:net", "tensorflow": "right.py:net"}
    assert pair.loss is None
    assert (pair.schedule.kind, pair.schedule.decay_steps) == ("cosine", 7)
    located = composed.located()
    assert located.loss_of("tensorflow").file == str(folder / "right.py")
    assert type(pair).model_validate_json(pair.model_dump_json()) == pair
    assert pair.words == (
        "loss left.py:net and right.py:net, momentum rate_outside, schedule left.py:net and right.py:net, to be cosine"
    )


def test_an_optimizer_of_ones_own_may_have_its_rate_in_it(folder):
    text = PAIR.replace("{use: momentum, momentum: 0.5}", OWN).replace("schedule: {kind: constant, rate: 0.1}\n", "")
    assert written(folder, text).pair.schedule is None
    named = text.replace(OWN, f"{OWN[:-1]}, word: adam}}")
    assert mistakes(folder, named) == (
        "schedule: not given; an optimizer with a word that it is to be needs its rate too",
    )


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "loss: softmax_cross_entropy",
            "",
            "loss: not given; allowed: a name of a loss, its fields, or a",
        ),
        (
            "loss: softmax_cross_entropy",
            "loss: {mindspore: left.py:net}",
            "loss: tensorflow has no function; given: mindspore",
        ),
        (
            "loss: softmax_cross_entropy",
            "loss: {mindspore: left.py:net, tensorflow: right.py:nett}",
            "loss.tensorflow: there is no function 'nett' in ",
        ),
        (
            "loss: softmax_cross_entropy",
            "loss: {mindspore: left.py:net, tensorflw: right.py:net, tensorflow: right.py:net}",
            "loss.tensorflw: native objects are given by adapter, and by word what they are to be; did you mean ",
        ),
        (
            "steps: 3",
            "steps: 3\nweights: {of: mindspore}",
            "weights: given {'of': 'mindspore'}; allowed: from: and a name",
        ),
        (
            "steps: 3",
            "steps: 3\nweights: {from: torch}",
            "weights.from: given torch; allowed: each, mindspore, tensorflow",
        ),
        (
            "{use: momentum, momentum: 0.5}",
            "{use: momentum, momentum: 0.5, groups: [{parameters: bias, rate_factor: 0.1}]}",
            "optimizer.groups: a word of a pair is for all parameters; give an optimizer of your own for groups",
        ),
        ("steps: 3", "steps: 3\nrungs: [loss]", "rungs: loss compares native objects, and the pair has no loss of its"),
    ],
)
def test_native_objects_and_weights_that_do_not_fit_are_told_of(folder, old, new, told):
    (mistake,) = mistakes(folder, PAIR.replace(old, new))
    assert told in mistake


def test_the_weights_may_be_those_of_either_side(folder):
    assert written(folder, PAIR).pair.weights_from is None
    for name in ("mindspore", "tensorflow", "each"):
        assert written(folder, PAIR + f"weights: {{from: {name}}}\n").pair.weights_from == name


def test_an_optimizer_of_ones_own_decays_the_weights_itself(folder):
    text = PAIR.replace("{use: momentum, momentum: 0.5}", OWN) + "weight_decay: coupled\n"
    assert mistakes(folder, text) == (
        "weight_decay: optimizers of your own decay the weights themselves: give it to them",
    )
