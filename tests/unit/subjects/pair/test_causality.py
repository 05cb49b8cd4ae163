"""The culprit is the first place where outputs differ although inputs agree; two sides are drawn with NumPy."""

import numpy as np
import pytest
from drawn_calls import WEIGHTS, Side, X, matches

from harness.subjects.pair.calls import Called, Calls
from harness.subjects.pair.causality import culprit
from harness.subjects.pair.wording import subject

ALL = matches("fc1", "fc2", "head")


def found(a, b, tolerance=1e-9):
    blamed = culprit(a, b, ALL, tolerance)
    if blamed is None:
        return None
    sides = [[calls.called[n] for n in numbers] for calls, numbers in zip((a, b), blamed.calls, strict=True)]
    return tuple([call.text or call.layer for call in calls] for calls in sides)


def chain(activation=("relu", "ops.relu(x)"), residual=True, between=False, scaled=1):
    side = Side()
    hidden = side.dense("fc1", X)
    if activation:
        kind, text = activation
        hidden = side.layer(text, kind, hidden) if text.isidentifier() else side.op(text, kind, hidden)
    out = side.dense("fc2", hidden)
    if residual:
        out = side.op("x + out", "add", X, out)
    if between:
        out = side.layer("extra", "Tanh", out)
    if scaled != 1:
        out = side.op("out * s", "mul", out, np.asarray(scaled))
    return side.end(side.dense("head", out))


def test_equal_sides_have_no_culprit_however_they_spell_an_operation():
    assert found(chain(), chain(("ReLU", "act"))) is None


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ({"activation": ("Tanh", "act")}, (["ops.relu(x)"], ["act"])),
        ({"activation": None}, (["ops.relu(x)"], [])),
        ({"residual": False}, (["x + out"], [])),
        ({"between": True}, ([], ["extra"])),
        ({"scaled": 2.0}, ([], ["out * s"])),
    ],
)
def test_the_culprit_is_what_lies_between_the_last_that_agree_and_the_first_that_differ(other, expected):
    assert found(chain(), chain(**other)) == expected
    assert found(chain(**other), chain()) == expected[::-1]


def test_another_way_to_the_same_tensors_is_no_fault():
    """One side scales first, the other last: they differ in between, and then agree."""
    a, b = Side(), Side()
    out = a.op("y * 2", "mul", a.dense("fc1", X), np.asarray(2.0))
    a = a.end(a.dense("head", out))
    scaled = b.op("x * 2", "mul", X, np.asarray(2.0))
    out = b.note("plain", "Linear", [scaled], scaled @ WEIGHTS["fc1"])
    b = b.end(b.dense("head", out))
    assert found(a, b) is None


def test_two_calls_of_one_layer_are_told_from_one():
    a, b = Side(), Side()
    once = a.dense("fc1", X)
    a = a.end(a.dense("head", a.dense("fc1", once)))
    b = b.end(b.dense("head", b.dense("fc1", X)))
    assert found(a, b) == (["fc1"], [])


def test_a_joint_in_another_order_is_the_culprit_itself():
    a, b = Side(), Side()
    for side, turn in ((a, 1), (b, -1)):
        parts = [side.dense("fc1", X), side.dense("fc2", X)]
        side.end(side.op("cat", "concat", *parts[::turn]))
    blamed = culprit(Calls(a.called, a.arrays), Calls(b.called, b.arrays), ALL, 1e-9)
    assert blamed.calls == ((2,), (2,))


def test_a_layer_that_is_given_another_tensor_is_told_with_what_it_is_given():
    a, b = Side(), Side()
    for side, reads in ((a, 1), (b, 0)):
        hidden = side.op("relu(x)", "relu", side.dense("fc1", X))
        side.end(side.op("sum", "add", side.dense("fc2", (X, hidden)[reads]), hidden))
    blamed = culprit(Calls(a.called, a.arrays), Calls(b.called, b.arrays), ALL, 1e-9)
    assert blamed.calls == ((2,), (2,))
    assert blamed.misread == (1, None)


def test_a_constant_that_only_one_side_has_is_named_by_its_operand_also_if_it_is_cast():
    a, b = Side(), Side()
    for side, offset in ((a, 1.0), (b, 3.0)):
        y = side.dense("fc1", X)
        mask = np.arange(4) * offset
        cast = side.note("", "cast", [mask], mask[None], text="mask.astype(y.dtype)", operands=("self.mask",))
        y = side.note("", "add", [y, cast], y + cast, text="y + mask", operands=("y", "mask.astype(y.dtype)"))
        side.end(side.dense("head", y))
    blamed = culprit(Calls(a.called, a.arrays), Calls(b.called, b.arrays), ALL, 1e-9)
    assert (blamed.calls, blamed.constants) == (((2,), (2,)), ("`self.mask`", "`self.mask`"))


def test_the_large_numbers_of_a_mask_do_not_hide_what_is_scaled_before():
    a, b = Side(), Side()
    mask = np.triu(np.full((3, 4), -1e9), k=1)
    for side, scale in ((a, None), (b, np.asarray(2.0))):
        y = side.dense("fc1", X)
        y = y if scale is None else side.op("y * 2", "mul", y, scale)
        side.end(side.op("y + mask", "add", y, mask))
    blamed = culprit(Calls(a.called, a.arrays), Calls(b.called, b.arrays), ALL, 1e-6)
    assert blamed.calls == ((), (1,))


def test_calls_of_other_kinds_on_paths_of_one_form_are_compared_one_by_one():
    """Both sides average, by functions of other names; the activation before them is the culprit alone."""
    sides = []
    for kind, name in (("relu", "mean"), ("tanh", "GlobalAveragePooling1D")):
        side = Side()
        y = side.op(kind, kind, side.dense("fc1", X))
        y = side.note("", name, [y], y.mean(0, keepdims=True), text=name)
        sides.append(side.end(side.dense("head", y)))
    assert found(*sides) == (["relu"], ["tanh"])


def test_layouts_do_not_matter_and_a_transposition_too_much_does():
    a, b = Side(), Side()
    for side, turned in ((a, False), (b, True)):
        y = side.dense("fc1", X[:, :, None] * np.ones(4))
        y = y.transpose(0, 2, 1) if turned else y
        side.end(side.note("head", "Dense", [y], y @ WEIGHTS["head"]))
    assert culprit(Calls(a.called, a.arrays), Calls(b.called, b.arrays), ALL, 1e-9).calls == ((1,), (1,))


def test_the_subject_names_both_sides():
    pool, mean = Called("pool", "MaxPool2d"), Called("average_pooling2d", "AveragePooling2D", source="tf.py:9")
    names = "one", "two"
    assert subject([[pool], [mean]], names) == "layer max_pool / average_pool (pool / average_pooling2d; tf.py:9)"
    add = Called("", "add", source="ms.py:3", text="x + y")
    assert subject([[add], []], names) == "operation `x + y` (ms.py:3), only in one"
    assert subject([[], [mean]], names) == "layer average_pool (average_pooling2d, tf.py:9), only in two"


def test_within_a_layer_of_the_user_s_own_the_operation_is_named():
    sides = []
    for kind in ("relu", "tanh"):
        side = Side()
        y = side.dense("fc1", X)
        inner = side.op(f"{kind}(x)", kind, y)
        out = side.note("", "matmul", [inner], inner @ WEIGHTS["fc2"])
        side.called[1:] = [Called(**{**vars(called), "within": "fc2"}) for called in side.called[1:]]
        sides.append(side.end(side.note("fc2", "Own", [y], out)))
    blamed = culprit(*sides, ALL, 1e-9)
    assert (blamed.calls, blamed.within) == (((1,), (1,)), ("fc2", "fc2"))
