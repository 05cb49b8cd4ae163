"""Which parameter is which: proposed where there is one way, asked for by name where there are several or none."""

import pytest

from adapters.user_model import OwnParameter
from harness.composition import UserMistake
from harness.subjects.pair.mapping import Names, paired

NAMES = Names("mindspore", "tensorflow")


def layer(name, separator, **shapes):
    fixed = ("moving_mean", "moving_variance")
    return [
        OwnParameter(f"{name}{separator}{role}", name, role, shape, role not in fixed) for role, shape in shapes.items()
    ]


def names(matches):
    return {match.a.name: match.b.name for match in matches}


def two_convolutions(first, second, separator, *, bias=True):
    biased = {"bias": (8,)} if bias else {}
    return [
        *layer(first, separator, kernel=(3, 3, 1, 8), **biased),
        *layer(second, separator, kernel=(3, 3, 8, 8), bias=(8,)),
    ]


def test_the_same_order_of_shapes_is_taken_as_it_is():
    a = two_convolutions("conv1", "conv2", ".")
    b = two_convolutions("conv2d", "conv2d_1", "/")
    assert names(paired(a, b, {}, NAMES)) == {
        "conv1.kernel": "conv2d/kernel",
        "conv1.bias": "conv2d/bias",
        "conv2.kernel": "conv2d_1/kernel",
        "conv2.bias": "conv2d_1/bias",
    }


def test_kernels_of_shapes_of_their_own_are_found_in_another_order_and_take_their_biases_along():
    a = two_convolutions("conv1", "conv2", ".")
    b = [*layer("last", "/", kernel=(3, 3, 8, 8), bias=(8,)), *layer("first", "/", kernel=(3, 3, 1, 8), bias=(8,))]
    # Four biases of one shape: their order alone would lead astray.
    found = names(paired([*a[:1], *a[2:3]], [b[0], b[2]], {}, NAMES))
    assert found == {"conv1.kernel": "first/kernel", "conv2.kernel": "last/kernel"}


def test_roles_keep_statistics_of_one_shape_apart():
    a = layer("bn", ".", moving_mean=(4,), moving_variance=(4,), gamma=(4,), beta=(4,))
    b = layer("norm", "/", gamma=(4,), beta=(4,), moving_mean=(4,), moving_variance=(4,))
    found = paired(a, b, {}, NAMES)
    assert all(match.a.role == match.b.role for match in found)
    assert [match.name for match in found] == ["bn/moving_mean", "bn/moving_variance", "bn/gamma", "bn/beta"]


def test_the_same_shape_in_another_order_is_asked_for_with_the_lines_to_write():
    a = [OwnParameter(f"fc{n}.weight", f"fc{n}", "kernel", s, True) for n, s in enumerate([(8, 8), (8, 8), (8, 4)])]
    b = [OwnParameter(f"dense_{n}/kernel", f"d{n}", "kernel", s, True) for n, s in enumerate([(8, 4), (8, 8), (8, 8)])]
    with pytest.raises(UserMistake) as mistake:
        paired(a, b, {}, NAMES)
    said = mistake.value.mistakes
    assert len(said) == 2  # the one whose shape is its own is not asked for
    assert "fc0.weight (8, 8) may be any of dense_1/kernel, dense_2/kernel" in said[0]
    assert "fc0.weight: dense_1/kernel or fc0.weight: dense_2/kernel" in said[0]
    given = {"fc0.weight": "dense_2/kernel", "fc1.weight": "dense_1/kernel"}
    assert names(paired(a, b, given, NAMES)) == {**given, "fc2.weight": "dense_0/kernel"}


def test_one_without_a_partner_is_named_on_either_side():
    a = two_convolutions("conv1", "conv2", ".", bias=False)
    b = two_convolutions("conv2d", "conv2d_1", "/")
    with pytest.raises(UserMistake) as mistake:
        paired(a, b, {}, NAMES)
    (said,) = mistake.value.mistakes
    assert "tensorflow conv2d/bias (8,) has no partner in mindspore" in said
    assert "conv2d/bias: null" in said
    found = names(paired(a, b, {"conv2d/bias": None}, NAMES))
    assert found["conv2.bias"] == "conv2d_1/bias"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"conv1.kernl": "conv2d/kernel"}, "did you mean conv1.kernel"),
        ({"conv1.kernel": "conv2d/kernle"}, "did you mean conv2d/kernel"),
        ({"conv1.kernel": "conv2d_1/kernel"}, "another shape: (3, 3, 1, 8) in mindspore, (3, 3, 8, 8) in tensorflow"),
        ({"conv1.bias": "conv2d/bias", "conv2.bias": "conv2d/bias"}, "given to another parameter already"),
    ],
)
def test_wrong_names_are_told_with_the_nearest(given, expected):
    a, b = two_convolutions("conv1", "conv2", "."), two_convolutions("conv2d", "conv2d_1", "/")
    with pytest.raises(UserMistake) as mistake:
        paired(a, b, given, NAMES)
    assert expected in str(mistake.value)


def test_a_parameter_of_a_layer_of_ones_own_is_turned_and_a_framework_s_kernel_never():
    a, b = [OwnParameter("w", "", "w", (5, 3), True)], [OwnParameter("own/w", "own", "w", (3, 5), True)]
    (match,) = paired(a, b, {}, NAMES)
    assert match.axes == (1, 0)
    assert match.name == "w"
    a, b = (
        [OwnParameter("fc.weight", "fc", "kernel", (5, 3), True)],
        [OwnParameter("d/kernel", "d", "kernel", (3, 5), True)],
    )
    with pytest.raises(UserMistake, match="has no partner"):
        paired(a, b, {}, NAMES)


def test_what_learns_is_never_the_partner_of_what_does_not():
    a, b = [OwnParameter("w", "", "w", (5,), True)], [OwnParameter("own/w", "own", "w", (5,), False)]
    with pytest.raises(UserMistake, match="has no partner"):
        paired(a, b, {}, NAMES)
