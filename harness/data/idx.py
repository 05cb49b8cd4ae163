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


def header(shape: tuple[int, ...]) -> bytes:
    """The bytes that an IDX file of unsigned bytes of this shape begins with."""
    return struct.pack(f">{1 + len(shape)}I", (_UNSIGNED_BYTE << 8) | len(shape), *shape)


def unpack(raw: bytes, shape: tuple[int, ...], name: str) -> bytes:
    """The whole uncompressed IDX file that `raw` holds, checked to be one of this shape.

    Whether it is gzipped is seen in the bytes, not the name: browsers and some servers decompress on the way and
    keep the `.gz`. `name` is what the file is called in a `DataError`.
    """
    cut = False
    if raw.startswith(_GZIP_MAGIC):
        raw, cut = _gunzip(raw, name)
    elif name.endswith(".gz") and not raw.startswith(header(shape)[:2]):
        raise DataError(f"{name}: neither gzip nor IDX: it begins with {raw[:4].hex() or 'nothing'}")
    _check(raw, header(shape), math.prod(shape), name, note=" (the gzip stream is cut short)" if cut else "")
    if cut:
        raise DataError(f"{name}: the gzip stream is cut short: its checksum at the end is missing")
    return raw


def values(unpacked: bytes, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """The array in the bytes that `unpack` returned, without a copy and therefore read-only."""
    return np.frombuffer(unpacked, dtype=np.uint8, offset=len(header(shape))).reshape(shape)


def _check(data: bytes, expected: bytes, size: int, name: str, note: str) -> None:
    """Magic number, dimensions, length: the first that is wrong is the one worth telling."""
    found = data[: len(expected)]
    if len(found) >= 4 and found[:4] != expected[:4]:
        raise DataError(f"{name}: magic number 0x{found[:4].hex()}, expected 0x{expected[:4].hex()}")
    if len(found) == len(expected) and found != expected:
        raise DataError(f"{name}: dimensions {_dimensions(found)}, expected {_dimensions(expected)}")
    if len(data) != len(expected) + size:
        kind = "too short" if len(data) < len(expected) + size else "too long"
        raise DataError(f"{name}: {kind}: {len(data):,} bytes, expected {len(expected) + size:,}{note}")


def _dimensions(head: bytes) -> str:
    return " x ".join(str(number) for (number,) in struct.iter_unpack(">I", head[4:]))


def _gunzip(raw: bytes, name: str) -> tuple[bytes, bool]:
    """The decompressed bytes, and whether the stream ended early.

    `gzip.decompress` would lose what came before the end, and with it the count that tells how much is missing.
    """
    parts = []
    while raw:
        stream = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        try:
            parts.append(stream.decompress(raw))
        except zlib.error as error:
            raise DataError(f"{name}: damaged gzip: {error}") from error
        if not stream.eof:
            return b"".join(parts), True
        raw = stream.unused_data.lstrip(b"\0")  # gzip allows several streams in a row, and zeros as padding
    return b"".join(parts), False
