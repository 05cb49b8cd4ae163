"""Random experiments: small models of random layers, a random loss and update, and batches of which one is short.

Some are at an edge: batches of one sample, layers of one feature, kernels of zeros, rates at which float32 overflows.

Drawn by hypothesis from the words of `harness.spec`: each is a specimen of its family with its numbers varied.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache
from typing import Any

import hypothesis
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from pydantic import ValidationError

from harness.composition.capabilities import unsupported
from harness.data import Dataset
from harness.data import load as read
from harness.data.targets import outside_domain
from harness.spec.arm import Arm
from harness.spec.data import Digits
from harness.spec.experiment import Experiment
from harness.spec.vocabulary import parse, specimens

Plain = dict[str, Any]
Shape = tuple[int, ...]

EPOCHS, FORCED_STEPS = 2, 3
MOST_DRAWS, DRAW_BYTES = 1000, 4096
# What a model ends in, by what its loss takes.
ENDS = {
    "any": ("linear", "tanh", "sigmoid", "softplus"),
    "logits": ("linear",),
    "probabilities": ("softmax", "sigmoid"),
    "log_probabilities": ("log_softmax",),
    "positive": ("softplus", "softmax"),
}
SAMPLE_SHAPES: dict[str, Shape] = {"mnist5k": (28, 28, 1), "sales": (2,), "polynomial": (1,)}
# Constants other than 0 leave the units of a layer alike, and identity makes matrices only.
KERNELS = [each for each in specimens("initializer") if each.word() not in ("ones", "constant", "identity")]
BIASES = [each for each in specimens("initializer") if each.word() in ("zeros", "constant", "normal")]


def drawn(count: int, seed: int, arms: Sequence[Arm], first: int = 0) -> list[Experiment]:
    """So many experiments, from number `first` on, whose every word all `arms` can make.

    Each is a function of `seed` and its number alone, so that one can be drawn again without the others.
    """
    return [_nth(number, seed, arms) for number in range(first, first + count)]


def _nth(number: int, seed: int, arms: Sequence[Arm]) -> Experiment:
    """What the first bytes of this seed and number make that are an experiment; most are rejected."""
    found: list[Experiment] = []

    @hypothesis.settings(
        max_examples=20,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(experiments(arms))
    def collect(made: Experiment) -> None:
        found.append(made)

    numbers = random.Random(f"{seed}, {number}")
    for _ in range(MOST_DRAWS):
        collect.hypothesis.fuzz_one_input(numbers.randbytes(DRAW_BYTES))
        if found:
            return found[0]
    hypothesis.seed(numbers.getrandbits(64))(collect)()  # Hypothesis before 6.170 makes no experiment of bytes
    return found[-1]


load = cache(read)


def dataset(experiment: Experiment) -> Dataset:
    """Its data; of the digits only some, from where its seed says: two whole batches and mostly a short one."""
    data = load(experiment.data)
    if not isinstance(experiment.data, Digits):
        return data
    count = samples(experiment.training.batch_size, experiment.seed)
    first = experiment.seed % (len(data.x_train) - count)
    train = slice(first, first + count)
    return Dataset(data.x_train[train], data.y_train[train], data.x_test[:10], data.y_test[:10], data.source)


def samples(batch_size: int, seed: int) -> int:
    """Two whole batches and a short one: of a single sample for every third seed, else of as many as can be."""
    return 2 * batch_size + (1 if seed % 3 == 0 else max(batch_size - 1, 1))


@st.composite
def experiments(draw: DrawFn, arms: Sequence[Arm]) -> Experiment:
    kind, batch_size = draw(st.sampled_from(["mnist5k", "mnist5k", "sales", "polynomial"])), draw(batch_sizes)
    seed = draw(st.integers(0, 1000))
    count = samples(batch_size, seed)
    data, width = _data(kind, count, draw(st.integers(0, 100))), 10 if kind == "mnist5k" else 1
    loss = draw(varied("loss"))
    if loss.get("class_weights"):
        loss["class_weights"] = draw(st.lists(numbers(0.25, 4.0), min_size=width, max_size=width))
    end = draw(st.sampled_from(ENDS[type(parse("loss", loss)).outputs]))
    optimizer = draw(varied("optimizer"))
    if draw(st.integers(0, 3)) == 0:
        optimizer["groups"] = draw(groups())
    # A rate of 0 has no meaning to ftrl.
    usual = st.just({"kind": "constant", "rate": 0.05}) if optimizer["kind"] == "ftrl" else varied("schedule")
    schedule = draw(st.sampled_from([usual] * 7 + [huge_rates]))
    try:
        made = Experiment.model_validate(
            {
                "name": "random",
                "seed": seed,
                "data": data,
                "model": draw(models(SAMPLE_SHAPES[kind], width, end)),
                "loss": loss,
                "optimizer": optimizer,
                "schedule": draw(schedule),
                "regularizer": draw(seldom("regularizer")),
                "clipping": draw(seldom("clipping")),
                "weight_decay": draw(seldom("weight_decay")),
                "accumulation": draw(seldom("accumulation")),
                "lookahead": draw(seldom("lookahead")),
                "averaging": draw(seldom("averaging")),
                "training": {"epochs": EPOCHS, "batch_size": batch_size},
                "comparison": {"forced_steps": FORCED_STEPS, "free_steps": 3 * EPOCHS},
                "arms": [arm.model_dump(mode="json") for arm in arms],
            }
        )
    except ValidationError:
        hypothesis.reject()
    hypothesis.assume(made.data.classes is not None or not outside_domain(dataset(made), made.loss))
    hypothesis.assume(not unsupported(made, made.arms, list))
    return made


batch_sizes = st.one_of(st.integers(2, 12), st.integers(1, 12), st.just(1))
sizes = st.one_of(st.integers(2, 9), st.integers(2, 9), st.just(1))
huge_rates = st.integers(3, 12).map(lambda power: {"kind": "constant", "rate": 10.0**power})


def _data(kind: str, count: int, seed: int) -> Plain:
    if kind == "sales":
        return {"kind": kind, "samples": count, "seed": seed}
    return (
        {"kind": kind, "train_size": count, "test_size": 10, "seed": seed} if kind == "polynomial" else {"kind": kind}
    )


# --- Models ----------------------------------------------------------------------------------------------------------


@st.composite
def models(draw: DrawFn, shape: Shape, width: int, end: str) -> Plain:
    layers: list[Plain] = []
    given = shape

    def add(layer: Plain) -> None:
        nonlocal given
        try:
            given = parse("layer", layer).output_shape(given)
        except ValueError:  # it does not fit here
            return
        layers.append(layer)

    if len(shape) == 3:
        add(draw(st.one_of(convolution(5, 4), pooling(4))))
        for _ in range(draw(st.integers(0, 2))):
            add(draw(image_layer(given)))
        if draw(st.integers(0, 4)) == 0:
            add({"kind": "reshape", "target_shape": [given[0] * given[1], given[2]]})
            add(draw(conv1d()))
        elif draw(st.sampled_from([False, False, True])):
            for layer in draw(sequences(given)):
                add(layer)
        ends = GLOBAL if len(given) == 3 else ()
        add(draw(st.sampled_from([*FLAT, *FLAT, *ends] if len(given) == 3 else FLAT[:1])))
    else:
        add(draw(dense()))
    for _ in range(draw(st.integers(0, 3))):
        add(draw(vector_layer(given)))
    add({**draw(dense()), "units": width, "activation": end})
    frozen = st.fixed_dictionaries({"trainable": st.sampled_from([True] * 7 + [False])})
    return {"input": {"shape": shape}, "layers": [{**layer, **draw(frozen)} for layer in layers]}


MOST_PIXELS_ENLARGED = 200
GLOBAL = ({"kind": "global_average_pool2d"}, {"kind": "global_max_pool2d"})
FLAT = ({"kind": "flatten"}, {"kind": "flatten", "order": "channels_first"})


def image_layer(shape: Shape) -> SearchStrategy[Plain]:
    inner = plain_convolution(3).map(lambda each: {**each, "filters": shape[2], "padding": "same"})
    grouped = plain_convolution(3).map(lambda each: {**each, "filters": 2 * shape[2], "groups": shape[2]})
    of_windows = [convolution(3, 2), convolution(3, 1), pooling(2), grouped]
    larger = [enlarging(), enlarging()] if shape[0] * shape[1] <= MOST_PIXELS_ENLARGED else []
    return st.one_of(*of_windows, *larger, residual(inner), branches(inner), branches(inner), same_shape(shape))


@st.composite
def sequences(draw: DrawFn, shape: Shape) -> list[Plain]:
    """An image as a sequence of rows or of columns, and layers over it, the last of which may be one state."""
    rows, features = shape[0], shape[1] * shape[2]
    layers: list[Plain] = [{"kind": "reshape", "target_shape": [rows, features]}]
    if draw(st.booleans()):
        layers.append({"kind": "permute", "axes": [2, 1]})
    if draw(st.booleans()):
        layers.append({"kind": "position_embedding", "embeddings_initializer": {"kind": "normal", "stddev": 0.1}})
    for _ in range(draw(st.integers(1, 2))):
        attended = attention().map(lambda each: {"kind": "residual", "layers": ["layer_norm", each]})
        layers.append(draw(st.one_of(recurrent(True), attention(), attended, dense(), same_shape((rows, features)))))
    layers += draw(st.lists(recurrent(False), max_size=1))
    return layers


def attention() -> SearchStrategy[Plain]:
    masks, size = st.sampled_from(["none", "causal"]), st.integers(1, 4)
    dropouts, scales = st.one_of(st.just(0.0), numbers(0.1, 0.6)), st.one_of(st.none(), numbers(0.2, 1.5))
    sizes = {"heads": st.integers(1, 3), "key_size": size, "value_size": st.one_of(st.none(), size)}
    return st.fixed_dictionaries(
        {
            "kind": st.just("multi_head_attention"),
            **sizes,
            "mask": masks,
            "dropout": dropouts,
            "scale": scales,
            **_biased("kernel"),
        }
    )


@st.composite
def recurrent(draw: DrawFn, return_sequences: bool) -> Plain:
    kind = draw(st.sampled_from(["simple_rnn", "lstm", "lstm", "gru", "gru"]))
    layer = draw(st.fixed_dictionaries({"units": st.integers(1, 5), **_biased("kernel", "recurrent")}))
    if kind == "gru":
        layer["reset"] = draw(st.sampled_from(["after", "before"]))
    if kind != "simple_rnn":
        layer["recurrent_activation"] = draw(st.sampled_from(["sigmoid", "sigmoid", "hard_sigmoid"]))
    layer["activation"] = draw(st.sampled_from(["tanh", "tanh", "tanh", "relu"]))
    return {"kind": kind, "return_sequences": return_sequences, **layer}


def vector_layer(shape: Shape) -> SearchStrategy[Plain]:
    inner = dense().map(lambda each: {**each, "units": shape[-1]})
    return st.one_of(dense(), dense(), residual(inner), branches(inner), same_shape(shape))


def same_shape(shape: Shape) -> SearchStrategy[Plain]:
    flags = {"center": st.booleans(), "scale": st.booleans()}
    epsilon = {"epsilon": st.sampled_from([1e-5, 1e-3])}
    groups = {"groups": st.sampled_from([each for each in range(1, shape[-1] + 1) if shape[-1] % each == 0])}
    kinds = st.sampled_from(["layer_norm", "instance_norm"])
    frozen = {"frozen_statistics": st.sampled_from(["moving", "batch"])}
    return st.one_of(
        st.fixed_dictionaries({"kind": st.just("batch_norm"), **epsilon, **flags, **frozen}),
        st.fixed_dictionaries({"kind": kinds, **epsilon, **flags}),
        st.fixed_dictionaries({"kind": st.just("group_norm"), **groups, **epsilon, **flags}),
        st.fixed_dictionaries({"kind": st.just("rms_norm"), **epsilon}),
        st.fixed_dictionaries({"kind": st.sampled_from(["dropout", "stochastic_depth"]), "rate": numbers(0.1, 0.6)}),
        st.fixed_dictionaries({"kind": st.just("activation"), "activation": varied("activation")}),
    )


def groups() -> SearchStrategy[list[Plain]]:
    """Kernels, or the first dense layer, at another rate; biases and norms without a decay, or with another one."""
    first = {"parameters": st.sampled_from(["kernel", "dense_1", "*/bias"]), "rate_factor": numbers(0.2, 3.0)}
    fixed = {"parameters": st.just(["bias", "norm"]), "weight_decay": st.one_of(st.just(0.0), numbers(0.01, 0.1))}
    one = st.one_of(st.fixed_dictionaries(first), st.fixed_dictionaries(fixed))
    return st.one_of(
        st.lists(one, min_size=1, max_size=1), st.tuples(*map(st.fixed_dictionaries, (fixed, first))).map(list)
    )


def branches(inner: SearchStrategy[Plain]) -> SearchStrategy[Plain]:
    normed = st.tuples(inner, st.just({"kind": "batch_norm", "momentum": 0.9})).map(list)
    branch = st.one_of(st.just([]), st.tuples(inner).map(list), normed)
    joins = st.sampled_from(["add", "multiply", "concatenate"])
    joined = {"kind": st.just("parallel"), "join": joins, "branches": st.lists(branch, min_size=2, max_size=3)}
    dense_connection = {"kind": st.just("concatenate"), "layers": st.tuples(inner).map(list)}
    return st.one_of(st.fixed_dictionaries(joined), st.fixed_dictionaries(dense_connection))


@st.composite
def enlarging(draw: DrawFn) -> Plain:
    kind = draw(st.sampled_from(["conv2d_transpose", "upsampling2d", "zero_padding2d"]))
    if kind == "zero_padding2d":
        cells = st.integers(0, 2)
        return {"kind": kind, "padding": [[draw(cells), draw(cells)], [draw(cells), draw(cells)]]}
    size = [draw(st.integers(1, 3)), draw(st.integers(2, 3))]
    if kind == "upsampling2d":
        return {"kind": kind, "size": size, "interpolation": draw(st.sampled_from(["nearest", "bilinear"]))}
    layer = {"kind": kind, "strides": size, "padding": draw(st.sampled_from(["valid", "same"]))}
    layer |= {"kernel_size": [draw(st.integers(1, 4)), draw(st.integers(1, 4))], "filters": draw(st.integers(1, 4))}
    return layer | draw(st.fixed_dictionaries(_ends_in_activation("kernel")))


@st.composite
def conv1d(draw: DrawFn) -> Plain:
    layer: Plain = {"kind": "conv1d", "filters": draw(st.integers(1, 4)), "kernel_size": draw(st.integers(1, 3))}
    layer |= {"strides": draw(st.integers(1, 2)), "dilation": draw(st.integers(1, 2))}
    layer["padding"] = draw(st.sampled_from(["valid", "same"]))
    return layer | draw(st.fixed_dictionaries(_ends_in_activation("kernel")))


def residual(inner: SearchStrategy[Plain]) -> SearchStrategy[Plain]:
    normed = st.tuples(inner, st.just({"kind": "batch_norm", "momentum": 0.9}), inner).map(list)
    return st.one_of(st.tuples(inner).map(list), st.tuples(inner, inner).map(list), normed).map(
        lambda layers: {"kind": "residual", "layers": layers}
    )


def dense() -> SearchStrategy[Plain]:
    return st.fixed_dictionaries(
        {"kind": st.just("dense"), "units": st.integers(2, 9), **_ends_in_activation("kernel")}
    )


def plain_convolution(window: int) -> SearchStrategy[Plain]:
    """A conv2d with strides of 1."""
    return convolution(window, 1, ("conv2d",))


@st.composite
def convolution(
    draw: DrawFn,
    window: int,
    stride: int,
    kinds: Sequence[str] = ("conv2d", "conv2d", "depthwise_conv2d", "separable_conv2d"),
) -> Plain:
    kind = draw(st.sampled_from(kinds))
    size, step = st.integers(1, window), st.integers(max(1, stride - 1), stride)
    layer: Plain = {"kind": kind, "kernel_size": [draw(size), draw(size)], "strides": [draw(step), draw(step)]}
    layer["padding"] = draw(st.sampled_from(["valid", "same", "same_lower"]))
    layer["dilation"] = draw(st.sampled_from([[1, 1], [1, 1], [2, 2]]))
    kernels = {"conv2d": ["kernel"], "depthwise_conv2d": ["depthwise"], "separable_conv2d": ["depthwise", "pointwise"]}
    if kind != "depthwise_conv2d":
        layer["filters"] = draw(st.integers(1, 4))
    return layer | draw(st.fixed_dictionaries(_ends_in_activation(*kernels[kind])))


@st.composite
def pooling(draw: DrawFn, window: int) -> Plain:
    size = [draw(st.integers(max(1, window - 1), window)), draw(st.integers(max(1, window - 1), window))]
    kind = draw(st.sampled_from(["max_pool2d", "average_pool2d"]))
    return {"kind": kind, "pool_size": size, "strides": size, "padding": draw(st.sampled_from(["valid", "same"]))}


def _ends_in_activation(*kernels: str) -> dict[str, SearchStrategy[Any]]:
    return {"activation": varied("activation"), **_biased(*kernels)}


def _biased(*kernels: str) -> dict[str, SearchStrategy[Any]]:
    return {
        **{f"{name}_initializer": varied("initializer", KERNELS) for name in kernels},
        "use_bias": st.booleans(),
        "bias_initializer": varied("initializer", BIASES),
    }


# --- Words -----------------------------------------------------------------------------------------------------------


def seldom(family: str) -> SearchStrategy[Plain]:
    return st.one_of(st.just({"kind": "none"}), varied(family))


@st.composite
def varied(draw: DrawFn, family: str, among: Sequence[Any] | None = None) -> Plain:
    """A specimen of the family, in plain containers, its numbers varied."""
    word = draw(st.sampled_from(list(among or specimens(family))))
    made: Plain = _varied(draw, word.model_dump(mode="json"))
    try:
        parse(family, made)
    except ValidationError:
        hypothesis.reject()
    return made


def _varied(draw: DrawFn, value: Any, name: str = "") -> Any:
    """Numbers of steps become few enough for boundaries to lie within a run; fractions stay fractions."""
    if isinstance(value, dict):
        return {key: _varied(draw, each, key) for key, each in value.items()}
    if name == "boundaries":
        first = draw(st.integers(1, 3))
        return [first, first + draw(st.integers(1, 3))]
    if isinstance(value, list):
        return [_varied(draw, each, name) for each in value]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value == 0:
        return value
    if isinstance(value, int):
        return draw(st.integers(1, 6))
    factor = draw(numbers(0.5, 1.5))
    return 1 - (1 - value) * factor if 0.5 < value < 1 else value * factor


def numbers(low: float, high: float) -> SearchStrategy[float]:
    return st.floats(low, high)
