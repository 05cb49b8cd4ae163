"""What both sides hold once weights are carried over, with models in NumPy: a fused attention and a separate one."""

from types import SimpleNamespace

import numpy as np
import pytest

from adapters.user_model import OwnParameter
from harness.plan import digest_arrays
from harness.spec.arm import Arm
from harness.subjects.pair.carrying import carried_over
from harness.subjects.pair.mapping import Names, paired
from harness.subjects.pair.side import LiveSide
from harness.subjects.pair.spec import EACH
from harness.system.array_files import load_arrays

WIDTH, WORDS, HEADS = 4, 9, 2
X = np.random.default_rng(0).integers(0, WORDS, (4, 5))
AFTER_ONE_ANOTHER, BY_HEADS = False, True


class Model:
    """Attentions over words, one after another.

    `layouts`: of a model whose projections are fused, how they lie in each. `order`: in which one whose projections are
    separate calls them.
    """

    def __init__(self, held, layouts, order=""):
        self.held, self.layouts, self.order = held, layouts, order

    def weights(self):
        return dict(self.held)

    def set_weights(self, weights):
        self.held |= weights

    def parameters(self):
        stems = [*(self.order or ["qkv"]), "o"]
        layers = ["words", *(f"{stem}{n}" for n in range(len(self.layouts)) for stem in stems)]
        side = "separate" if self.order else "fused"  # the sides give their layers other names
        return [
            OwnParameter(n, n, "kernel" if n != "words" else "embeddings", self.held[n].shape, True, (f"{side}_{n}",))
            for n in layers
        ]

    def outputs(self):
        """What the task `pair_outputs` answers."""
        x = self.held["words"].astype(np.float64)[X]
        made, inputs = [x], {}
        for n, is_by_heads in enumerate(self.layouts):
            parts = {name: x @ self.held[name] for name in ([f"{p}{n}" for p in self.order] or [f"qkv{n}"])}
            inputs |= {f"x/{name}": x for name in parts}
            if self.order:
                query, key, value = (parts[f"{p}{n}"].reshape(4, 5, HEADS, -1) for p in "qkv")
            elif is_by_heads:
                query, key, value = np.moveaxis(parts[f"qkv{n}"].reshape(4, 5, HEADS, 3, -1), 3, 0)
            else:
                query, key, value = np.moveaxis(parts[f"qkv{n}"].reshape(4, 5, 3, HEADS, -1), 2, 0)
            scores = np.exp(np.einsum("bthd,bshd->bhts", query, key))
            mixed = np.einsum("bhts,bshd->bthd", scores / scores.sum(-1, keepdims=True), value).reshape(x.shape)
            inputs[f"x/o{n}"] = mixed
            x = x + mixed @ self.held[f"o{n}"]
            made += [*parts.values(), x]
        return {**{f"y/{number}": y for number, y in enumerate(made)}, **inputs, "last/0": x.mean(1)}


def sides(*layouts):
    """Both models with the same weights, in which the embeddings are as small as MindSpore draws them."""
    draws = np.random.default_rng(1)
    apart = {"words": draws.normal(0, 0.01, (WORDS, WIDTH)).astype(np.float32)}
    fused = {"words": apart["words"]}
    for n, is_by_heads in enumerate(layouts):
        parts = {f"{p}{n}": draws.normal(0, 0.5, (WIDTH, WIDTH)).astype(np.float32) for p in "qkvo"}
        *of_qkv, fused[f"o{n}"] = parts.values()
        by_heads = np.stack([part.reshape(WIDTH, HEADS, -1) for part in of_qkv], 2).reshape(WIDTH, 3 * WIDTH)
        fused[f"qkv{n}"] = by_heads if is_by_heads else np.concatenate(of_qkv, 1)
        apart |= parts
    return Model(fused, layouts), Model({name: value.copy() for name, value in apart.items()}, layouts, "kvq")


def climbed(a, b, folder, ask):
    """The climb of two models, ready to carry weights over."""
    pairing = paired(a.parameters(), b.parameters(), {}, Names("mindspore", "tensorflow"))
    return SimpleNamespace(
        pairing=pairing, matches=pairing.matches, ask=ask, rows={}, channels_first="", remarks=[], weights={},
        arms=tuple(Arm(adapter=name, mode="graph", name=name) for name in ("mindspore", "tensorflow")),
        pair=SimpleNamespace(weights_from=EACH, parameters={}), start=folder / "start.npz", trial=folder / "trial.npz",
        built={name: {"settings": {}} for name in ("mindspore", "tensorflow")}, spoken=str,
    )  # fmt: skip


def carried(a, b, folder):
    """The climb and the verdicts by subject, after workers that are LiveSides carried the weights."""
    live = {name: LiveSide({"float32": model}) for name, model in (("mindspore", a), ("tensorflow", b))}

    def ask(task, by_arm):
        answers = {}
        for arm, payload in by_arm.items():
            side = live[arm]
            if task.name == "pair_take":
                side.names, side.views, side.added = payload["names"], payload["views"], payload["added"]
                answers[arm] = ({}, side.weights("float32"))
            elif task.name == "pair_load":
                side.set_weights("float32", load_arrays(payload["weights"]))
                answers[arm] = ({"digest": digest_arrays(side.weights("float32"))}, {})
            else:
                answers[arm] = ({}, side.models["float32"].outputs())
        return answers

    climb = climbed(a, b, folder, ask)
    return climb, {verdict.subject: verdict for verdict in carried_over(climb)}


@pytest.mark.parametrize(
    "layouts",
    [(AFTER_ONE_ANOTHER,), (BY_HEADS,), (AFTER_ONE_ANOTHER, BY_HEADS), (BY_HEADS, AFTER_ONE_ANOTHER), (BY_HEADS,) * 3],
)
@pytest.mark.parametrize("is_turned", [False, True])
def test_the_parts_of_fused_projections_find_their_partners_over_small_embeddings(layouts, is_turned, tmp_path):
    a, b = reversed(sides(*layouts)) if is_turned else sides(*layouts)
    before = a.weights(), b.weights()
    climb, verdicts = carried(a, b, tmp_path)
    separate = {(m.a if is_turned else m.b).name: (m.b if is_turned else m.a).path[-1] for m in climb.matches}
    roles = {"q": "query", "k": "key", "v": "value"}
    wanted = {f"{p}{n}": role for n in range(len(layouts)) for p, role in roles.items()}
    assert {name: separate[name] for name in wanted} == wanted
    said = [remark.split(":")[0] for remark in climb.remarks if f"laid out by {HEADS} heads" in remark]
    assert said == [f"qkv{n}" for n, is_by_heads in enumerate(layouts) if is_by_heads]
    assert {verdict.status for verdict in verdicts.values()} == {"agrees"}
    for model, held in zip((a, b), before, strict=True):
        assert all(np.array_equal(value, held[name]) for name, value in model.held.items())


@pytest.mark.parametrize("changed", ["words", "v0"])
def test_own_weights_that_differ_are_told_also_where_a_fused_projection_is_laid_out_by_heads(changed, tmp_path):
    a, b = sides(BY_HEADS)
    b.held[changed][0, 0] += 1
    _, verdicts = carried(a, b, tmp_path)
    own = verdicts["the builders' own weights"]
    assert own.status == "diverges"
    assert "by up to 1" in own.cause
    assert verdicts["weights carried over"].status == "agrees"
