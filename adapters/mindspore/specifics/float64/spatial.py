"""Convolutions and poolings in float64, from a gather of the cells of their windows: images are (B, C, ...)."""

from __future__ import annotations

from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, ops

from adapters.mindspore.specifics.float64.cells import Pads, Sizes, counted_cells, same_pads, transposed_windows
from adapters.mindspore.specifics.float64.cells import windows as table_of

LOWEST = float(np.finfo(np.float64).min)
SAME, VALID, PAD = "SAME", "VALID", "PAD"
MODES = {0: PAD, 1: SAME, 2: VALID, "CALCULATED": PAD}  # spellings of padding modes besides their names


def convolution(op: Any, x: Any, kernel: Any) -> Any:
    """ops.Conv2D and ops.Conv3D: kernels are (out, in / groups, ...)."""
    window = tuple(kernel.shape[2:])
    sizes, strides, dilation = _axes(x, window, op.stride, op.dilation)
    pads = _pads(op.pad_mode, op.pad, sizes, window, strides, dilation)
    cells, outputs = table_of(sizes, window, strides, dilation, pads)
    rows = kernel.reshape(op.group, kernel.shape[0] // op.group, kernel.shape[1], -1)
    return _image(_product(_gathered(x, cells), rows), outputs)


def transposed_convolution(op: Any, x: Any, kernel: Any, size: Any) -> Any:
    """ops.Conv2DTranspose and ops.Conv2DBackpropInput: kernels are (in, out / groups, ...), `size` of the output."""
    return _transposed(op, x, kernel, tuple(int(n) for n in size[2:]))


def transposed_convolution_3d(op: Any, x: Any, kernel: Any) -> Any:
    """ops.Conv3DTranspose."""
    window = tuple(kernel.shape[2:])
    sizes, strides, dilation = _axes(x, window, op.stride, op.dilation)
    pad = _pairs(op.pad_list, len(window))
    outputs = tuple(
        size * stride
        if op.pad_mode.upper() == SAME
        else (size - 1) * stride + (cells - 1) * step + 1 - sum(around) + more
        for size, cells, stride, step, around, more in zip(
            sizes, window, strides, dilation, pad, op.output_padding[-len(window) :], strict=True
        )
    )
    return _transposed(op, x, kernel, outputs)


def _transposed(op: Any, x: Any, kernel: Any, outputs: Sizes) -> Any:
    window, groups = tuple(kernel.shape[2:]), op.group
    sizes, strides, dilation = _axes(x, window, op.stride, op.dilation)
    pads = _pads(op.pad_mode, op.pad_list or op.pad, outputs, window, strides, dilation)
    cells, _ = transposed_windows(sizes, window, strides, dilation, tuple(before for before, _ in pads), outputs)
    rows = kernel.reshape(groups, kernel.shape[0] // groups, kernel.shape[1], -1).transpose(0, 2, 1, 3)
    return _image(_product(_gathered(x, cells), rows), outputs)


def max_pooling(op: Any, x: Any) -> Any:
    """ops.MaxPool and ops.MaxPool3D."""
    window = tuple(op.kernel_size[2:])
    sizes, strides, dilation = _axes(x, window, op.strides, (1,) * len(window))
    pads = _pads(op.pad_mode, getattr(op, "pad_list", 0), sizes, window, strides, dilation)
    cells, outputs = table_of(sizes, window, strides, dilation, pads, bool(getattr(op, "ceil_mode", 0)))
    value, _ = ops.max(_gathered(x, cells, LOWEST), 2)
    return _image(value, outputs)


def max_pooling_with_places(op: Any, x: Any) -> Any:
    """ops.MaxPool3DWithArgmax and ops.MaxPoolWithArgmaxV2: the largest values, and their cells."""
    rank = x.ndim - 2
    window = _last(getattr(op, "ksize", None) or op.kernel_size, rank)
    sizes, strides, dilation = _axes(x, window, op.strides, op.dilation)
    pads = tuple((pad, pad) for pad in (op.pads[:rank] if len(op.pads) == rank else op.pads[-rank:]))
    cells, outputs = table_of(sizes, window, strides, dilation, pads, bool(op.ceil_mode))
    value, place = ops.max(_gathered(x, cells, LOWEST), 2)
    spread = ops.broadcast_to(Tensor(cells[None, :, :, None], ms.int64), (x.shape[0], *cells.shape, x.shape[1]))
    cell = ops.gather_elements(spread, 2, ops.expand_dims(place, 2).astype(ms.int64))
    return _image(value, outputs), _image(cell.squeeze(2), outputs)


def average_pooling(op: Any, x: Any) -> Any:
    """ops.AvgPool and ops.AvgPool3D, which may count the cells of padding or divide by another number."""
    rank = x.ndim - 2
    window = _last(op.kernel_size, rank)
    sizes, strides, ones = _axes(x, window, op.strides, (1,) * rank)
    ceil, counts_padding = bool(getattr(op, "ceil_mode", False)), bool(getattr(op, "count_include_pad", False))
    pads = _pads(op.pad_mode, getattr(op, "pad_list", 0), sizes, window, strides, ones)
    cells, outputs = table_of(sizes, window, strides, ones, pads, ceil)
    divisor = counted_cells(sizes, window, strides, pads, ceil, counts_padding)
    if getattr(op, "divisor_override", 0):
        divisor = np.full_like(divisor, op.divisor_override)
    return _image(_gathered(x, cells).sum(2) / Tensor(divisor, x.dtype), outputs)


def _gathered(x: Any, cells: Any, padding: float = 0.0) -> Any:
    """(B, outputs, window, C): the cells of each window. Channels are last, so that a cell is copied as a whole."""
    batch, channels = x.shape[:2]
    rows = x.reshape(batch, channels, -1).transpose(0, 2, 1)
    edge = ops.full((batch, 1, channels), padding, dtype=x.dtype)
    patches = ops.gather(ops.concat((rows, edge), 1), Tensor(cells.ravel(), ms.int32), 1)
    return patches.reshape(batch, *cells.shape, channels)


def _product(patches: Any, kernel: Any) -> Any:
    """(B, O, K, C) times (groups, out / groups, C / groups, K) is (B, O, out)."""
    batch, outputs, cells, channels = patches.shape
    groups, columns = kernel.shape[:2]
    if groups == 1:
        matrix = kernel[0].transpose(2, 1, 0).reshape(cells * channels, columns)
        return ops.matmul(patches.reshape(batch * outputs, -1), matrix).reshape(batch, outputs, columns)
    by_group = patches.reshape(batch * outputs, cells, groups, channels // groups).transpose(2, 0, 1, 3)
    matrices = kernel.transpose(0, 3, 2, 1).reshape(groups, -1, columns)
    product = ops.bmm(by_group.reshape(groups, batch * outputs, -1), matrices)
    return product.transpose(1, 0, 2).reshape(batch, outputs, groups * columns)


def _image(rows: Any, sizes: Sizes) -> Any:
    """(B, O, C) to (B, C, ...)."""
    return rows.transpose(0, 2, 1).reshape(rows.shape[0], rows.shape[2], *sizes)


def _axes(x: Any, window: Sizes, strides: Any, dilation: Any) -> tuple[Sizes, Sizes, Sizes]:
    rank = len(window)
    return tuple(x.shape[2:]), _last(strides, rank), _last(dilation, rank)


def _last(values: Any, rank: int) -> Sizes:
    return (values,) * rank if isinstance(values, int) else tuple(int(value) for value in values[-rank:])


def _pads(mode: Any, pad: Any, sizes: Sizes, window: Sizes, strides: Sizes, dilation: Sizes) -> Pads:
    mode = MODES.get(mode, str(mode).upper())
    if mode == SAME:
        return same_pads(sizes, window, strides, dilation)
    return _pairs(pad if mode == PAD else 0, len(window))


def _pairs(pad: Any, rank: int) -> Pads:
    if isinstance(pad, int):
        return ((pad, pad),) * rank
    return tuple((int(pad[2 * axis]), int(pad[2 * axis + 1])) for axis in range(rank))
