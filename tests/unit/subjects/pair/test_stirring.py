"""Partners are tried at weights that show every part of a model, and the models get their own weights back."""

from types import SimpleNamespace

import numpy as np

from adapters.user_model import OwnParameter
from harness.subjects.pair.carrying import _trials
from harness.subjects.pair.mapping import Match
from harness.subjects.pair.stirring import stirred
from harness.subjects.pair.trying import CLOSE, EQUAL
from harness.system.array_files import load_arrays

WIDTH, WORDS = 6, 11


def match(name, role, shape, trainable=True):
    a, b = (OwnParameter(f"{side}.{name}", name, role, shape, trainable) for side in "ab")
    return Match(name, a, b)


MATCHES = [
    match("words", "embeddings", (WORDS, WIDTH)),
    *(match(name, "kernel", (WIDTH, WIDTH)) for name in "qkvo"),
    *(match(f"{name}_bias", "bias", (WIDTH,)) for name in "qkvo"),
    match("moving_mean", "moving_mean", (WIDTH,), False),
]


def as_built():
    """Weights as `nn.Embedding` and `nn.Dense` of MindSpore draw them."""
    draws = np.random.default_rng(3)
    bound = 1 / np.sqrt(WIDTH)
    weights = {m.name: draws.uniform(-bound, bound, m.a.shape).astype(np.float32) for m in MATCHES}
    return weights | {"words": draws.normal(0, 0.01, (WORDS, WIDTH)).astype(np.float32)}


def attention(w, q="q", k="k"):
    """The output of an attention over the words, (4, 5, WIDTH)."""
    x = w["words"].astype(np.float64)[np.random.default_rng(0).integers(0, WORDS, (4, 5))]
    query, key, value = (x @ w[n] + w[f"{n}_bias"] for n in (q, k, "v"))
    scores = np.exp(query @ key.swapaxes(1, 2) / np.sqrt(WIDTH))
    return x + scores / scores.sum(-1, keepdims=True) @ value @ w["o"] + w["o_bias"]


def apart(w):
    """How far the output moves, relative to its largest value, if query and key are exchanged."""
    right, wrong = attention(w), attention(w, "k", "q")
    return np.max(np.abs(right - wrong)) / np.max(np.abs(right))


def test_small_embeddings_hide_which_projection_is_the_query_and_stirred_ones_show_it():
    assert apart(as_built()) < EQUAL
    assert apart(stirred(as_built(), MATCHES)) > 100 * CLOSE


def test_a_last_kernel_of_zero_hides_all_before_it_and_a_stirred_one_shows_it():
    weights = as_built() | {"o": np.zeros((WIDTH, WIDTH), np.float32), "words": np.ones((WORDS, WIDTH), np.float32)}
    assert apart(weights) == 0
    assert apart(stirred(weights, MATCHES)) > 100 * CLOSE


def test_what_is_not_trained_stays_and_a_kernel_keeps_the_variance():
    weights = {m.name: np.zeros(m.a.shape, np.float32) for m in MATCHES} | {"wide": np.zeros((400, 300), np.float32)}
    moved = stirred(weights, [*MATCHES, match("wide", "kernel", (400, 300))])
    assert np.array_equal(moved["moving_mean"], weights["moving_mean"])
    assert abs(moved["wide"].std() * 20 - 1) < 5 / np.sqrt(2 * moved["wide"].size)  # 5 standard errors
    assert {value.dtype for value in moved.values()} == {np.dtype(np.float32)}


def test_where_the_outputs_overflow_at_stirred_weights_partners_are_tried_at_the_own_ones(tmp_path):
    own = {"scale": np.full(WIDTH, 80.0, np.float32)}
    held, largest = [], [100.0]

    def ask(task, by_arm):
        if task.name == "pair_load":
            held.append({arm: load_arrays(payload["weights"])["scale"] for arm, payload in by_arm.items()})
        overflows = np.any(held[-1]["a"] > largest[-1])
        return {arm: ({}, {"last/0": np.full(2, np.inf if overflows else 1.0)}) for arm in by_arm}

    arms = tuple(SimpleNamespace(name=name) for name in "ab")
    climb = SimpleNamespace(arms=arms, weights=own, matches=[match("scale", "gamma", (WIDTH,))], ask=ask)
    climb.rows, climb.channels_first, climb.trial = {}, "", tmp_path / "trial.npz"
    _trials(climb)
    largest.append(80.0)
    _trials(climb)
    at_own = [all(np.array_equal(value, own["scale"]) for value in each.values()) for each in held]
    assert at_own == [False, False, True]
    assert [set(each) for each in held] == [set("ab")] * 3
