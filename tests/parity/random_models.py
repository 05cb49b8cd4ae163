"""Random models: layers one after another, as far as they fit, with residuals, branches and sequences among them."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from random_layers import (
    Shape,
    attention,
    conv1d,
    convolution,
    dense,
    enlarging,
    plain_convolution,
    pooling,
    recurrent,
    same_shape,
)
from random_words import Plain

from harness.spec.vocabulary import parse

MOST_PIXELS_ENLARGED = 200
GLOBAL = ({"kind": "global_average_pool2d"}, {"kind": "global_max_pool2d"})
FLAT = ({"kind": "flatten"}, {"kind": "flatten", "order": "channels_first"})


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


def image_layer(shape: Shape) -> SearchStrategy[Plain]:
    inner = plain_convolution(3).map(lambda each: {**each, "filters": shape[2], "padding": "same"})
    grouped = plain_convolution(3).map(lambda each: {**each, "filters": 2 * shape[2], "groups": shape[2]})
    of_windows = [convolution(3, 2), convolution(3, 1), pooling(2), grouped]
    larger = [enlarging(), enlarging()] if shape[0] * shape[1] <= MOST_PIXELS_ENLARGED else []
    return st.one_of(*of_windows, *larger, residual(inner), branches(inner), branches(inner), same_shape(shape))


def vector_layer(shape: Shape) -> SearchStrategy[Plain]:
    inner = dense().map(lambda each: {**each, "units": shape[-1]})
    return st.one_of(dense(), dense(), residual(inner), branches(inner), same_shape(shape))


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


def residual(inner: SearchStrategy[Plain]) -> SearchStrategy[Plain]:
    normed = st.tuples(inner, st.just({"kind": "batch_norm", "momentum": 0.9}), inner).map(list)
    return st.one_of(st.tuples(inner).map(list), st.tuples(inner, inner).map(list), normed).map(
        lambda layers: {"kind": "residual", "layers": layers}
    )


def branches(inner: SearchStrategy[Plain]) -> SearchStrategy[Plain]:
    normed = st.tuples(inner, st.just({"kind": "batch_norm", "momentum": 0.9})).map(list)
    branch = st.one_of(st.just([]), st.tuples(inner).map(list), normed)
    joins = st.sampled_from(["add", "multiply", "concatenate"])
    joined = {"kind": st.just("parallel"), "join": joins, "branches": st.lists(branch, min_size=2, max_size=3)}
    dense_connection = {"kind": st.just("concatenate"), "layers": st.tuples(inner).map(list)}
    return st.one_of(st.fixed_dictionaries(joined), st.fixed_dictionaries(dense_connection))
