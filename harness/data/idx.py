"""The IDX format, plain or gzipped, for unsigned bytes: the format of MNIST's files.

An IDX file is a magic number (0x08 for unsigned bytes, then the number of dimensions), each dimension as a
big-endian 32-bit number, and the values. The shape is known in advance here, so that an error names what differs.
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
# Bytes read beyond the expected end: enough to see that a file is too long, and often by how much.
SLACK = 1 << 16
_MOST_STREAMS = 10_000
_GZIP = 16 + zlib.MAX_WBITS
_PORTION = 1 << 16


def header(shape: tuple[int, ...]) -> bytes:
    """The first bytes of an IDX file of unsigned bytes of this shape: magic number and dimensions."""
    return struct.pack(f">{1 + len(shape)}I", (_UNSIGNED_BYTE << 8) | len(shape), *shape)


def size(shape: tuple[int, ...]) -> int:
    """The size, in bytes, of an uncompressed IDX file of this shape."""
    return len(header(shape)) + math.prod(shape)


def unpack(raw: bytes, shape: tuple[int, ...], name: str) -> bytes:
    """The uncompressed IDX file in `raw`; DataError, which calls it `name`, unless it is one of this shape.

    The bytes, not the name, decide whether it is gzipped: browsers and some servers decompress a file and keep its
    `.gz`.
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
    """The array in the result of `unpack`, a view and therefore read-only."""
    return np.frombuffer(unpacked, dtype=np.uint8, offset=len(header(shape))).reshape(shape)


def _check(data: bytes, expected: bytes, values: int, name: str, note: str) -> None:
    """Raises DataError for the first of magic number, dimensions and length that is wrong."""
    head = data[: len(expected)]
    if len(head) >= 4 and head[:4] != expected[:4]:
        raise DataError(f"{name}: magic number 0x{head[:4].hex()}, expected 0x{expected[:4].hex()}")
    if len(head) == len(expected) and head != expected:
        raise DataError(f"{name}: dimensions {_dimensions(head)}, expected {_dimensions(expected)}")
    if len(data) != len(expected) + values:
        kind = "too short" if len(data) < len(expected) + values else "too long"
        least = "at least " if len(data) >= len(expected) + values + SLACK else ""
        raise DataError(f"{name}: {kind}: {least}{len(data):,} bytes, expected {len(expected) + values:,}{note}")


def _dimensions(head: bytes) -> str:
    return " x ".join(str(number) for (number,) in struct.iter_unpack(">I", head[4:]))


def _gunzip(raw: bytes, name: str, most: int) -> tuple[bytes, bool]:
    """At most `most` decompressed bytes, and whether the stream ended early.

    `gzip.decompress` would lose the bytes before an early end, and with them the number of those that are missing.
    """
    unpacked, streams = bytearray(), 1
    stream = zlib.decompressobj(wbits=_GZIP)
    remaining = memoryview(raw)
    while remaining and len(unpacked) < most:
        portion, remaining = remaining[:_PORTION], remaining[_PORTION:]
        while len(portion) and len(unpacked) < most:
            if stream.eof:  # gzip allows several streams in a row, and zeros as padding
                portion = memoryview(bytes(portion).lstrip(b"\0"))
                if not portion:
                    break
                stream, streams = zlib.decompressobj(wbits=_GZIP), streams + 1
                if streams > _MOST_STREAMS:
                    raise DataError(f"{name}: damaged gzip: more than {_MOST_STREAMS:,} streams in a row")
            try:
                unpacked += stream.decompress(portion, most - len(unpacked))
            except zlib.error as error:
                raise DataError(f"{name}: damaged gzip: {error}") from error
            portion = memoryview(stream.unused_data if stream.eof else stream.unconsumed_tail)
    return bytes(unpacked), not stream.eof and len(unpacked) < most
