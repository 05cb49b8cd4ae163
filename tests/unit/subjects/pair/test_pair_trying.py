"""Other partners are tried where code does not tell them apart, and taken where the outputs agree."""

from types import SimpleNamespace

import numpy as np
import pytest

from adapters.user_model import OwnParameter
from harness.composition import UserMistake
from harness.subjects.pair.mapping import Names, paired
from harness.subjects.pair.trying import Trials

ARMS = tuple(SimpleNamespace(name=name) for name in ("mindspore", "tensorflow"))


def dense(side, *names, inputs=None):
    return [
        parameter
        for name in names
        for parameter in (
            OwnParameter(f"{side}.{name}.kernel", name, "kernel", (4, 4), True, (name,)),
            OwnParameter(f"{side}.{name}.bias", name, "bias", (4,), True, (name,)),
        )
    ]


class Sides:
    """Two models whose output depends on which of b's layers holds which of a's weights."""

    def __init__(self, a, b, right, same_input=True):
        self.pairing = paired(a, b, {}, Names("mindspore", "tensorflow"))
        self.climb = SimpleNamespace(
            pairing=self.pairing, matches=self.pairing.matches, arms=ARMS, remarks=[], ask=self.ask
        )
        self.right, self.same_input, self.held = right, same_input, self.pairing.matches
        self.layers = list(dict.fromkeys(p.layer for p in a))

    def ask(self, task, by_arm):
        (name,) = by_arm
        inputs = {f"x/{layer}": np.full(3, 0 if self.same_input else n) for n, layer in enumerate(self.layers)}
        if name == "mindspore":
            return {name: ({}, {"y/0": np.ones(3), "last/0": np.ones(3), **inputs})}
        wrong = self.wrong(self.held)
        return {name: ({}, {"y/0": np.ones(3), "last/0": np.full(3, 1.0 + wrong)})}

    def wrong(self, held):
        return sum(self.right.get(m.a.layer, m.b.layer) != m.b.layer for m in held)

    def carry(self, matches):
        self.held = matches

    def best(self):
        return {m.a.layer: m.b.layer for m in Trials(self.climb, self.carry).best()}


def test_nothing_is_tried_where_the_outputs_agree():
    sides = Sides(dense("a", "x", "y"), dense("b", "u", "v"), {"x": "u", "y": "v"})
    sides.carry = None
    assert sides.best() == {"x": "u", "y": "v"}
    assert sides.climb.remarks == []


def test_branches_of_one_input_are_exchanged_with_their_biases():
    right = {"x": "w", "y": "u", "z": "v"}
    sides = Sides(dense("a", "x", "y", "z"), dense("b", "u", "v", "w"), right)
    assert sides.best() == right
    assert sides.climb.remarks[0].startswith("paired by the outputs, which agree so: a.x.kernel with b.w.kernel")


def test_layers_after_one_another_are_not_exchanged():
    sides = Sides(dense("a", "x", "y"), dense("b", "u", "v"), {"x": "v", "y": "u"}, same_input=False)
    assert sides.best() == {"x": "u", "y": "v"}


def test_names_give_way_to_the_order_of_calls_only_where_the_outputs_agree_then():
    sides = Sides(dense("a", "q", "k"), dense("b", "k", "q"), {"q": "k", "k": "q"})
    assert sides.best() == {"q": "k", "k": "q"}
    sides = Sides(dense("a", "q", "k"), dense("b", "k", "q"), {"q": "none"})
    assert sides.best() == {"q": "q", "k": "k"}


def test_where_nothing_decides_between_shapes_in_another_order_the_user_is_asked():
    a = [*dense("a", "x", "y"), OwnParameter("a.z.kernel", "z", "kernel", (4, 2), True, ("z",))]
    b = [OwnParameter("b.w.kernel", "w", "kernel", (4, 2), True, ("w",)), *dense("b", "u", "v")]
    assert Sides(a, b, {"x": "v", "y": "u"}).best() == {"x": "v", "y": "u", "z": "w"}
    with pytest.raises(UserMistake, match=r"a\.x\.kernel \(4, 4\) may be any of b\.u\.kernel, b\.v\.kernel"):
        Sides(a, b, {"x": "none", "y": "none"}).best()


def test_the_order_of_parts_in_a_fused_parameter_is_tried_whatever_their_names():
    whole = [OwnParameter("a.qkv.kernel", "qkv", "kernel", (4, 12), True, ("qkv",))]
    parts = [OwnParameter(f"b.{n}.kernel", n, "kernel", (4, 4), True, (n,)) for n in "qkv"]
    sides = Sides(whole, parts, {})
    assert [m.b.layer for m in sides.pairing.matches] == ["q", "k", "v"]
    order = {"query": "k", "key": "q", "value": "v"}
    sides.wrong = lambda held: sum(order[m.a.path[-1]] != m.b.layer for m in held)
    assert [m.b.layer for m in Trials(sides.climb, sides.carry).best()] == ["k", "q", "v"]
    sides = Sides(whole, parts, {})
    sides.wrong = lambda held: 1 + sum(order[m.a.path[-1]] != m.b.layer for m in held)  # no order agrees
    assert [m.b.layer for m in Trials(sides.climb, sides.carry).best()] == ["q", "k", "v"]


def test_of_many_fused_parameters_with_one_input_each_is_tried_alone():
    a = [OwnParameter(f"a.kv{n}.kernel", f"kv{n}", "kernel", (4, 8), True, (f"kv{n}",)) for n in range(3)]
    b = [
        OwnParameter(f"b.{p}{n}.kernel", f"{p}{n}", "kernel", (4, 4), True, (f"{p}{n}",))
        for n in range(3)
        for p in "vk"
    ]
    sides = Sides(a, b, {})
    wanted = ["k0", "v0", "k1", "v1", "v2", "k2"]
    sides.wrong = lambda held: sum(name != m.b.layer for m, name in zip(held, wanted, strict=True))
    outputs = sides.ask

    def ask(task, by_arm):
        """The first side's outputs, of which the second has as many as partners are right."""
        answers = outputs(task, by_arm)
        if "tensorflow" in by_arm:
            right = {f"y/{n}": np.full(3, n) for n in range(6 - sides.wrong(sides.held))}
            answers["tensorflow"][1].update({"y/0": np.zeros(3), **right})
        else:
            answers["mindspore"][1].update({f"y/{n}": np.full(3, n) for n in range(6)})
        return answers

    sides.climb.ask = ask
    assert [m.b.layer for m in Trials(sides.climb, sides.carry).best()] == wanted


def test_of_two_orders_whose_outputs_are_close_the_closer_one_is_taken():
    sides = Sides(dense("a", "x", "y"), dense("b", "u", "v"), {})
    sides.wrong = lambda held: 0.0 if held[0].b.layer == "v" else 4e-4  # as query and key of small scores
    assert sides.best() == {"x": "v", "y": "u"}
    sides = Sides(dense("a", "x", "y"), dense("b", "u", "v"), {})
    sides.wrong = lambda held: 2e-4 if held[0].b.layer == "u" else 4e-4  # a coarse kernel
    assert sides.best() == {"x": "u", "y": "v"}
