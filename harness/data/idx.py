"""The IDX format, plain or gzipped, for unsigned bytes: what MNIST's own files are written in.

An IDX file is a magic number (0x08 for unsigned bytes, then the number of dimensions), each dimension as a
big-endian 32-bit number, and the values. The shape is known beforehand here, so every departure from it has a name.
"""

from __future__ import annotations

import math
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from harness.data.dataset import DataError

_UNSIGNED_BYTE = 0x08
_GZIP_MAGIC = b"\x1f\x8b"
# What is read beyond the end that a shape tells: enough to see that a file is too long, and often by how much.
SLACK = 1 << 16
_MOST_STREAMS = 10_000
_GZIP = 16 + zlib.MAX_WBITS
_PORTION = 1 << 16


def header(shape: tuple[int, ...]) -> bytes:
    """The bytes that an IDX file of unsigned bytes of this shape begins with."""
    return struct.pack(f">{1 + len(shape)}I", (_UNSIGNED_BYTE << 8) | len(shape), *shape)


def size(shape: tuple[int, ...]) -> int:
    """Bytes of an uncompressed IDX file of this shape."""
    return len(header(shape)) + math.prod(shape)


def unpack(raw: bytes, shape: tuple[int, ...], name: str) -> bytes:
    """The whole uncompressed IDX file that `raw` holds, checked to be one of this shape.

    Whether it is gzipped is seen in the bytes, not the name: browsers and some servers decompress on the way and
    keep the `.gz`. `name` is what the file is called in a `DataError`.
    """
    cut = False
    if raw.startswith(_GZIP_MAGIC):
        raw, cut = _gunzip(raw, name, size(shape) + SLACK)
    elif name.endswith(".gz") and not raw.startswith(header(shape)[:2]):
        raise DataError(f"{name}: neither gzip nor IDX: it begins with {raw[:4].hex() or 'nothing'}")
    _check(raw, header(shape), math.prod(shape), name, note=" (the gzip stream is cut short)" if cut else "")
    if cut:
        raise DataError(f"{name}: the gzip stream is cut short: its checksum at the end is missing")
    return raw


def values(unpacked: bytes, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """The array in the bytes that `unpack` returned, without a copy and therefore read-only."""
    return np.frombuffer(unpacked, dtype=np.uint8, offset=len(header(shape))).reshape(shape)


def _check(data: bytes, expected: bytes, values: int, name: str, note: str) -> None:
    """Magic number, dimensions, length: the first that is wrong is the one worth telling."""
    found = data[: len(expected)]
    if len(found) >= 4 and found[:4] != expected[:4]:
        raise DataError(f"{name}: magic number 0x{found[:4].hex()}, expected 0x{expected[:4].hex()}")
    if len(found) == len(expected) and found != expected:
        raise DataError(f"{name}: dimensions {_dimensions(found)}, expected {_dimensions(expected)}")
    if len(data) != len(expected) + values:
        kind = "too short" if len(data) < len(expected) + values else "too long"
        least = "at least " if len(data) >= len(expected) + values + SLACK else ""
        raise DataError(f"{name}: {kind}: {least}{len(data):,} bytes, expected {len(expected) + values:,}{note}")


def _dimensions(head: bytes) -> str:
    return " x ".join(str(number) for (number,) in struct.iter_unpack(">I", head[4:]))


def _gunzip(raw: bytes, name: str, most: int) -> tuple[bytes, bool]:
    """The decompressed bytes, of which no more than `most` are made, and whether the stream ended early.

    `gzip.decompress` would lose what came before the end, and with it the count that tells how much is missing.
    """
    made, streams = bytearray(), 1
    stream = zlib.decompressobj(wbits=_GZIP)
    left = memoryview(raw)
    while left and len(made) < most:
        portion, left = left[:_PORTION], left[_PORTION:]
        while len(portion) and len(made) < most:
            if stream.eof:  # gzip allows several streams in a row, and zeros as padding
                portion = memoryview(bytes(portion).lstrip(b"\0"))
                if not portion:
                    break
                stream, streams = zlib.decompressobj(wbits=_GZIP), streams + 1
                if streams > _MOST_STREAMS:
                    raise DataError(f"{name}: damaged gzip: more than {_MOST_STREAMS:,} streams in a row")
            try:
                made += stream.decompress(portion, most - len(made))
            except zlib.error as error:
                raise DataError(f"{name}: damaged gzip: {error}") from error
            portion = memoryview(stream.unused_data if stream.eof else stream.unconsumed_tail)
    return bytes(made), not stream.eof and len(made) < most
