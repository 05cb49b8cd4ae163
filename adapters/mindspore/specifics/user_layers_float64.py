"""A user's own nn.Cell in float64: its tensors, and the layers and kernels that refuse float64 or compute in float32.

Kernels are replaced one by one (`float64.switching`). The layers here refuse float64 before they reach a kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from mindspore import nn, ops
from mindspore.nn.layer.rnn_cells import _gru_cell, _lstm_cell, _rnn_relu_cell, _rnn_tanh_cell
from mindspore.train.amp import _OutputTo16, _OutputTo32

from adapters.mindspore.specifics.float64.switching import replace_kernels, to_float64


def in_float64(network: Any) -> list[str]:
    """Makes the network one of float64. Returns the names of the layers that were replaced as a whole."""
    _without_casts(network)
    to_float64(network)
    replace_kernels()
    names = []
    for name, cell in network.cells_and_names():
        make = LAYERS.get(type(cell))
        computation = make(cell) if make is not None else None
        if computation is not None:
            cell.construct = computation
            names.append(name)
    return names


def _without_casts(network: Any) -> None:
    """Removes the casts of `Cell.to_float` and of `auto_mixed_precision`, which would round to 16 or 32 bits."""
    for _, cell in network.cells_and_names():
        cell.add_flags(fp16=False, bf16=False, fp32=False)
        cell.mixed_precision_type = None
        if isinstance(cell, (_OutputTo16, _OutputTo32)):
            cell.construct = partial(_inner, cell)


def _inner(cell: Any, *args: Any, **kwargs: Any) -> Any:
    return cell._backbone(*args, **kwargs)


def recurrent_cell(cell: Any) -> Callable[..., Any]:
    """nn.RNNCell, nn.LSTMCell and nn.GRUCell, by the functions that they call after their check of the dtype."""
    kinds = {nn.LSTMCell: _lstm_cell, nn.GRUCell: _gru_cell}
    step = kinds.get(type(cell)) or (_rnn_tanh_cell if cell.nonlinearity == "tanh" else _rnn_relu_cell)

    def call(x: Any, hx: Any) -> Any:
        return step(x, hx, cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh)

    return call


def one_hot_embedding(cell: Any) -> Callable[..., Any] | None:
    """nn.Embedding(use_one_hot=True), by the rows themselves; any other is native."""
    if not cell.use_one_hot:
        return None

    def call(ids: Any) -> Any:
        return ops.gather(cell.embedding_table, ids.reshape(-1), 0).reshape(*ids.shape, cell.embedding_size)

    return call


def adaptive_average_pool1d(cell: Any) -> Callable[..., Any]:
    """nn.AdaptiveAvgPool1d."""
    return lambda x: _windows(x, cell.output_size).mean(-1)


def adaptive_max_pool1d(cell: Any) -> Callable[..., Any]:
    """nn.AdaptiveMaxPool1d."""
    return lambda x: ops.max(_windows(x, cell.output_size), -1)[0]


def _windows(x: Any, count: int) -> Any:
    """(..., L) to (..., count, window), by MindSpore's rule: all windows have the same size and the same stride."""
    stride = x.shape[-1] // count
    size = x.shape[-1] - (count - 1) * stride
    return ops.stack([x[..., start * stride : start * stride + size] for start in range(count)], -2)


LAYERS: dict[type[Any], Callable[[Any], Callable[..., Any] | None]] = {
    nn.RNNCell: recurrent_cell,
    nn.LSTMCell: recurrent_cell,
    nn.GRUCell: recurrent_cell,
    nn.Embedding: one_hot_embedding,
    nn.AdaptiveAvgPool1d: adaptive_average_pool1d,
    nn.AdaptiveMaxPool1d: adaptive_max_pool1d,
}
