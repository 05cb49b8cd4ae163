"""Faults of layers over sequences."""

from __future__ import annotations

from faults import MS, TF, Fault


def fault(name: str, module: str, old: str, new: str) -> Fault:
    """One that rung `layer` notices in the experiment of sequences."""
    arm = "mindspore" if module.startswith(MS) else "tensorflow"
    return Fault(name, module, old, new, "layer", arm, "sequences")


# MindSpore's tanh is imprecise, so that its faults have to be larger than Keras', and so that beside a faulty
# GRU of Keras the verdict may name MindSpore too: of that the faults are planted in MindSpore.
SEQUENCES = (
    fault(
        "the first state for the last",
        f"{MS}.specifics.recurrent",
        "return states if self.all_steps else states[:, -1]",
        "return states if self.all_steps else states[:, 0]",
    ),
    fault(
        "simple_rnn without its bias",
        f"{MS}.layers.recurrent",
        'return native_layer(native, "", placed, weights, setting)',
        'return native_layer(native, "", placed, {k: 0 * v if k.endswith("/bias") else v for k, v in weights.items()},'
        " setting)",
    ),
    fault(
        "lstm with gates in another order",
        f"{MS}.specifics.recurrent",
        "variable.set_data(initial_value(name, placed, weights, setting))",
        "variable.set_data(initial_value(name, placed, {k: np.roll(v, word.units, -1) if word.gates == 4 else v"
        " for k, v in weights.items()}, setting))",
    ),
    fault(
        "lstm with a second bias",
        f"{MS}.specifics.recurrent",
        "zeros = np.zeros(zero_bias.shape)",
        "zeros = np.full(zero_bias.shape, 0.5)",
    ),
    fault(
        "gru with gates in the canonical order",
        f"{MS}.layers.base",
        'value = reordered(value, CANONICAL_ORDERS["gru"], GATES["mindspore"]["GRU"].order)',
        "pass",
    ),
    fault(
        "gru with the rows of its bias exchanged",
        f"{MS}.specifics.recurrent",
        "self.bias[0], self.bias[1]",
        "self.bias[1], self.bias[0]",
    ),
    fault(
        "gru that keeps the complement",
        f"{MS}.specifics.recurrent",
        """            candidate = self.squash(self.block(z, 2) + self.product(reset * state, of_candidate))
            state = candidate + update * (state - candidate)""",
        """            candidate = self.squash(self.block(z, 2) + self.product(reset * state, of_candidate))
            state = state + update * (candidate - state)""",
    ),
    fault(
        "gru that resets after the product for before",
        f"{MS}.specifics.recurrent",
        "self.product(reset * state, of_candidate)",
        "reset * self.product(state, of_candidate)",
    ),
    fault(
        "attention without its factor",
        f"{MS}.layers.attention",
        "scores = ops.cast(self.product_with_transposed(query, key), self.precision) * self.factor",
        "scores = ops.cast(self.product_with_transposed(query, key), self.precision)",
    ),
    fault(
        "attention with a mask off by one",
        f"{MS}.layers.attention",
        "Tensor(np.array(allowed, bool))",
        "Tensor(np.array(allowed, bool) | np.eye(self.steps, k=1, dtype=bool))",
    ),
    fault(
        "attention whose dropout is not scaled",
        f"{MS}.layers.attention",
        "shares = shares * ops.cast(noise[0] / self.keep_probability, x.dtype)",
        "shares = shares * ops.cast(noise[0], x.dtype)",
    ),
    fault(
        "attention with queries for keys",
        f"{MS}.layers.attention",
        "key = self._projected(x, self.key_kernel, self.key_bias)",
        "key = self._projected(x, self.query_kernel, self.key_bias)",
    ),
    fault(
        "positions embedded in reverse",
        f"{MS}.layers.attention",
        "return x + ops.cast(self.embeddings, x.dtype)",
        "return x + ops.flip(ops.cast(self.embeddings, x.dtype), (0,))",
    ),
    fault("axes that stay", f"{MS}.layers.shape", "return ops.transpose(x, self.axes)", "return x + 0"),
    fault(
        "simple_rnn with another activation",
        f"{TF}.layers.recurrent",
        "return _recurrent(placed, setting, keras.layers.SimpleRNN)",
        "return _recurrent(placed, setting, lambda units, activation, **options:"
        ' keras.layers.SimpleRNN(units, "sigmoid", **options))',
    ),
    fault(
        "lstm with hard gates",
        f"{TF}.layers.recurrent",
        "placed, setting, keras.layers.LSTM, recurrent_activation=function(word.recurrent_activation, setting)",
        'placed, setting, keras.layers.LSTM, recurrent_activation="hard_sigmoid"',
    ),
    fault(
        "lstm that reads backwards",
        f"{TF}.layers.recurrent",
        "        return_sequences=word.return_sequences,",
        "        return_sequences=word.return_sequences,\n        go_backwards=word.gates == 4,",
    ),
    fault(
        "attention that looks ahead",
        f"{TF}.layers.attention",
        "use_causal_mask=self.is_causal",
        "use_causal_mask=False",
    ),
    fault(
        "attention with a mask transposed",
        f"{TF}.layers.attention",
        "np.array([allowed], bool)",
        "np.array([allowed], bool).swapaxes(1, 2) | np.eye(7, dtype=bool)",
    ),
    fault(
        "attention by the usual factor",
        f"{TF}.layers.attention",
        "if word.scale is not None or",
        "if",
    ),
    fault(
        "attention that drops what it should keep",
        f"{TF}.layers.attention",
        "shares * tf.cast(self.mask / self.keep_probability, shares.dtype)",
        "shares * tf.cast((1 - self.mask) / self.keep_probability, shares.dtype)",
    ),
    fault(
        "positions embedded twice",
        f"{TF}.layers.attention",
        "return x + tf.cast(self.embeddings.value, x.dtype)",
        "return x + 2 * tf.cast(self.embeddings.value, x.dtype)",
    ),
)
