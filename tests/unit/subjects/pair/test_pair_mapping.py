"""Which parameter is which: proposed where there is one way, asked for by name where there are several or none."""

import numpy as np
import pytest

from adapters.user_model import OwnParameter
from adapters.views import viewed
from harness.composition import UserMistake
from harness.subjects.pair.fused import numbers_of_heads
from harness.subjects.pair.mapping import Names, with_heads
from harness.subjects.pair.mapping import paired as pair_parameters
from harness.subjects.pair.spec import Derived, Taken

NAMES = Names("mindspore", "tensorflow")


def layer(name, separator, **shapes):
    fixed = ("moving_mean", "moving_variance")
    return [
        OwnParameter(f"{name}{separator}{role}", name, role, shape, role not in fixed) for role, shape in shapes.items()
    ]


def paired(a, b, user, sides):
    """As the function does it, with the user's pairs as the file gives them."""
    given = {name: partner if partner is None else Derived.model_validate(partner) for name, partner in user.items()}
    return pair_parameters(a, b, given, sides)


def names(pairing):
    return {match.a.name: match.b.name for match in pairing.matches}


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
    found = paired(a, b, {}, NAMES).matches
    assert all(match.a.role == match.b.role for match in found)
    assert [match.name for match in found] == ["bn/moving_mean", "bn/moving_variance", "bn/gamma", "bn/beta"]


def test_the_same_shape_in_another_order_is_left_to_be_tried():
    a = [OwnParameter(f"fc{n}.weight", f"fc{n}", "kernel", s, True) for n, s in enumerate([(8, 8), (8, 8), (8, 4)])]
    b = [OwnParameter(f"dense_{n}/kernel", f"d{n}", "kernel", s, True) for n, s in enumerate([(8, 4), (8, 8), (8, 8)])]
    pairing = paired(a, b, {}, NAMES)
    assert names(pairing)["fc2.weight"] == "dense_0/kernel"
    (group,) = pairing.groups
    assert group.is_doubtful
    assert [p.name for p in group.a] == ["fc0.weight", "fc1.weight"]
    given = {"fc0.weight": "dense_2/kernel", "fc1.weight": "dense_1/kernel"}
    pairing = paired(a, b, given, NAMES)
    assert names(pairing) == {**given, "fc2.weight": "dense_0/kernel"}
    assert not pairing.groups


def test_several_possible_partners_are_asked_for_with_the_lines_to_write():
    a = [OwnParameter(f"w{n}", "", f"w{n}", (5, 3), True) for n in range(2)]
    b = [OwnParameter(f"own/v{n}", "own", f"v{n}", (3, 5), True) for n in range(2)]
    with pytest.raises(UserMistake) as mistake:
        paired(a, b, {}, NAMES)
    said = mistake.value.mistakes
    assert len(said) == 2
    assert "w0 (5, 3) may be any of own/v0, own/v1 in tensorflow" in said[0]
    assert "w0: own/v0 or w0: own/v1" in said[0]


def test_a_single_possible_partner_is_taken_whatever_it_is_called():
    a = [OwnParameter("scale", "", "scale", (5,), True), OwnParameter("w", "", "w", (5, 3), True)]
    b = [OwnParameter("own/v", "own", "v", (3, 5), True), OwnParameter("own/factor", "own", "factor", (5,), True)]
    assert names(paired(a, b, {}, NAMES)) == {"scale": "own/factor", "w": "own/v"}


def test_one_without_a_partner_is_told_of_either_side():
    a = two_convolutions("conv1", "conv2", ".", bias=False)
    b = two_convolutions("conv2d", "conv2d_1", "/")
    pairing = paired(a, b, {}, NAMES)
    assert [p.name for p in pairing.alone_b] == ["conv2d/bias"]
    assert not pairing.alone_a
    assert names(pairing)["conv2.bias"] == "conv2d_1/bias"
    assert not paired(a, b, {"conv2d/bias": None}, NAMES).alone_b


def test_what_is_in_the_same_place_and_of_another_shape_is_a_misfit_and_takes_its_bias_along():
    a, b = two_convolutions("conv1", "conv2", "."), two_convolutions("conv2d", "conv2d_1", "/")
    a += layer("fc", ".", kernel=(1024, 120), bias=(120,)) + layer("head", ".", kernel=(120, 10), bias=(10,))
    b += layer("dense", "/", kernel=(400, 120), bias=(120,)) + layer("out", "/", kernel=(120, 10), bias=(10,))
    pairing = paired(a, b, {}, NAMES)
    assert [(p.name, q.name) for p, q in pairing.misfits] == [("fc.kernel", "dense/kernel")]
    assert names(pairing)["fc.bias"] == "dense/bias"
    assert names(pairing)["head.kernel"] == "out/kernel"
    assert not pairing.alone_a
    assert not pairing.alone_b


def attention(separator, order, path):
    return [
        OwnParameter(f"{path}{separator}{n}{separator}{role}", f"{path}.{n}", role, shape, True, (path, n))
        for n in order
        for role, shape in (("kernel", (16, 16)), ("bias", (16,)))
    ]


def test_names_that_both_sides_give_decide_before_the_order_of_calls():
    a, b = attention(".", ("query", "key", "value", "o"), "block"), attention("/", ("k", "q", "v", "out_proj"), "att")
    pairing = paired(a, b, {}, NAMES)
    found = names(pairing)
    assert found["block.query.kernel"] == "att/q/kernel"
    assert found["block.key.bias"] == "att/k/bias"
    assert found["block.o.bias"] == "att/out_proj/bias"
    (group,) = pairing.groups
    assert group.by_names
    assert [p.name for p in group.alternative] == [f"att/{n}/kernel" for n in ("k", "q", "v", "out_proj")]


def test_names_of_which_some_are_found_alone_decide_nothing():
    def dense(path, number):
        return [OwnParameter(f"{path}{n}", f"{path}{n}", "kernel", (8, 8), True, (f"{path}{n}",)) for n in number]

    pairing = paired(dense("fc", (1, 2, 3)), dense("fc", (0, 1, 2)), {}, NAMES)
    assert names(pairing) == {"fc1": "fc0", "fc2": "fc1", "fc3": "fc2"}


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
    (match,) = paired(a, b, {}, NAMES).matches
    assert match.axes == (1, 0)
    assert match.name == "w"
    a, b = (
        [OwnParameter("fc.weight", "fc", "kernel", (5, 3), True)],
        [OwnParameter("d/kernel", "d", "kernel", (3, 5), True)],
    )
    pairing = paired(a, b, {}, NAMES)
    assert not pairing.matches
    assert len(pairing.misfits) == 1


def test_an_axis_of_heads_is_merged():
    a = [OwnParameter("q.weight", "q", "kernel", (6, 8), True)]
    b = [OwnParameter("q/kernel", "q", "kernel", (6, 2, 4), True)]
    (match,) = paired(a, b, {}, NAMES).matches
    assert match.view_b == [("reshape", (6, 8))]
    assert match.how("A", "B") == "(6, 8) as (6, 2, 4)"


def test_what_one_side_trains_and_the_other_does_not_is_paired_and_told():
    a, b = [OwnParameter("w", "", "w", (5,), True)], [OwnParameter("own/w", "own", "w", (5,), False)]
    (match,) = paired(a, b, {}, NAMES).matches
    assert (match.trainable, match.kept) == (False, False)


def recurrent(name, *roles, sizes=(6, 5)):
    shapes = {"kernel": (sizes[0], 20), "recurrent_kernel": (sizes[1], 20)}
    return [OwnParameter(f"{name}/{role}", name, role, shapes.get(role, (20,)), True, (name,)) for role in roles]


def test_the_second_bias_of_a_recurrent_layer_is_added_where_the_other_side_has_one():
    a = recurrent("lstm", "kernel", "recurrent_kernel", "bias", "recurrent_bias")
    b = recurrent("cell", "kernel", "recurrent_kernel", "bias")
    for first, second, added in ((a, b, "added_a"), (b, a, "added_b")):
        pairing = paired(first, second, {}, NAMES)
        bias = next(m for m in pairing.matches if m.a.role == "bias")
        assert getattr(bias, added).name == "lstm/recurrent_bias"
        assert bias.how("A", "B") == "the sum of two, of which lstm/recurrent_bias is 0"
        assert not pairing.alone_a
        assert not pairing.alone_b


FUSED = [
    OwnParameter("qkv.weight", "qkv", "kernel", (16, 48), True),
    OwnParameter("o.w", "o", "kernel", (16, 16), True),
]
APART = [OwnParameter(f"{n}/kernel", n, "kernel", (16, 16), True, (n,)) for n in ("k", "q", "v", "out")]


def test_a_fused_parameter_is_cut_by_itself_where_the_other_side_has_just_its_parts():
    fused = [
        OwnParameter("att.qkv.weight", "att.qkv", "kernel", (16, 48), True, ("att", "qkv")),
        OwnParameter("att.qkv.bias", "att.qkv", "bias", (48,), True, ("att", "qkv")),
        OwnParameter("att.o.weight", "att.o", "kernel", (16, 16), True, ("att", "o")),
    ]
    apart = [
        OwnParameter(f"{n}/{role}", n, role, shape, True, (n,))
        for n in ("k", "q", "v", "out")
        for role, shape in (("kernel", (16, 16)), ("bias", (16,)))
        if (n, role) != ("out", "bias")
    ]
    pairing = paired(fused, apart, {}, NAMES)
    wanted = {
        f"att.qkv.{key}[{part}]": f"{part[0]}/{role}"
        for part in ("query", "key", "value")
        for key, role in (("weight", "kernel"), ("bias", "bias"))
    }
    assert names(pairing) == {**wanted, "att.o.weight": "out/kernel"}
    assert pairing.fused == {"att.qkv.weight", "att.qkv.bias"}
    assert pairing.is_open
    value = np.arange(16 * 48).reshape(16, 48)
    views = {m.a.name: m.view_a for m in pairing.matches}
    assert np.array_equal(viewed(value, views["att.qkv.weight[key]"]), value[:, 16:32])
    other_way = paired(apart, fused, {}, NAMES)
    assert names(other_way) == {b: a for a, b in names(pairing).items()}


def test_parts_of_a_fused_parameter_may_be_laid_out_by_heads():
    pairing = paired(FUSED, APART, {"o.w": "out/kernel"}, NAMES)
    (part,) = (m.a for m in pairing.matches if m.a.name == "qkv.weight[value]")
    assert numbers_of_heads(part) == [2, 4, 8, 16]
    value = np.arange(16 * 48).reshape(16, 48)
    views = {m.a.name: m.view_a for m in with_heads(pairing.matches, pairing.fused, 4)}
    by_hand = value.reshape(16, 4, 3, 4)[:, :, 2].reshape(16, 16)
    assert np.array_equal(viewed(value, views["qkv.weight[value]"]), by_hand)


def test_parameters_of_own_layers_are_cut_by_their_size():
    a = [OwnParameter("att.wqkv", "att", "wqkv", (48, 16), True, ("att",))]
    b = [OwnParameter(f"att/{n}", "att", n, (16, 16), True, ("att",)) for n in ("wk", "wq", "wv")]
    pairing = paired(a, b, {}, NAMES)
    assert names(pairing) == {"att.wqkv[0]": "att/wq", "att.wqkv[1]": "att/wk", "att.wqkv[2]": "att/wv"}
    value = np.arange(48 * 16).reshape(48, 16)
    views = {m.a.name: m.view_a for m in pairing.matches}
    assert np.array_equal(viewed(value, views["att.wqkv[1]"]), value[16:32])
    assert not pairing.alone_a
    assert not pairing.alone_b


def test_fused_parameters_whose_parts_are_not_clear_are_asked_for_with_the_line_that_cuts_or_joins_them():
    given = {"o.w": "out/kernel"}
    more = [*APART, OwnParameter("more/kernel", "more", "kernel", (16, 16), True, ("more",))]
    with pytest.raises(UserMistake) as mistake:
        paired(FUSED, more, given, NAMES)
    assert "qkv.weight: {to: [q/kernel, k/kernel, v/kernel], split: 1}" in str(mistake.value)
    with pytest.raises(UserMistake) as mistake:
        paired(more, FUSED, {"out/kernel": "o.w"}, NAMES)
    assert "q/kernel: {to: qkv.weight, join: [k/kernel, v/kernel], axis: 1}" in str(mistake.value)


def test_a_fused_parameter_is_cut_and_several_are_joined():
    cut = Derived(to=("q/kernel", "k/kernel", "v/kernel"), split=1)
    pairing = paired(FUSED, APART, {"qkv.weight": cut, "o.w": "out/kernel"}, NAMES)
    assert names(pairing)["qkv.weight[1]"] == "k/kernel"
    joined = Derived(to="qkv.weight", join=("k/kernel", "v/kernel"), axis=1)
    pairing = paired(APART, FUSED, {"q/kernel": joined, "out/kernel": "o.w"}, NAMES)
    assert names(pairing)["v/kernel"] == "qkv.weight[2]"
    (value,) = (m.view_b for m in pairing.matches if m.a.name == "v/kernel")
    assert value == [("slice", 1, 32, 48)]


def test_blocks_are_taken_in_another_order_and_turned():
    a, b = [OwnParameter("w", "", "w", (15, 6), True)], [OwnParameter("own/w", "own", "v", (6, 15), True)]
    derived = Derived(to="own/w", take=Taken(axis=0, of=3, blocks=(1, 0, 2)), permute=(1, 0))
    (match,) = paired(a, b, {"w": derived}, NAMES).matches
    value = np.arange(90.0).reshape(15, 6)
    assert np.array_equal(viewed(value, match.view_a)[:, :5], value[5:10].T)


@pytest.mark.parametrize(
    ("derived", "expected"),
    [
        (Derived(to="own/w", permute=(1, 0)), "w has the shape (6, 15) then, and own/w (5, 18) in tensorflow"),
        (Derived(to="own/v"), "tensorflow has no parameter 'own/v'; did you mean own/w"),
        (Derived(to="own/w", take=Taken(of=4, blocks=(0,))), "axis 0 of (15, 6) cannot be cut into 4 equal blocks"),
    ],
)
def test_a_derivation_that_does_not_fit_is_told(derived, expected):
    a, b = [OwnParameter("w", "", "w", (15, 6), True)], [OwnParameter("own/w", "own", "w", (5, 18), True)]
    with pytest.raises(UserMistake) as mistake:
        paired(a, b, {"w": derived}, NAMES)
    assert expected in str(mistake.value)
