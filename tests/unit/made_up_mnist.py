"""A small data set of the form of MNIST, a server of its files, and how tests of data sets write and read them."""

from __future__ import annotations

import functools
import gzip
import hashlib
import http.server
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harness.data import DataError, idx, load
from harness.data.mnist_files import PARTS, Part
from harness.spec.data import Data

SHAPES = {"x_train": (40, 28, 28), "y_train": (40,), "x_test": (20, 28, 28), "y_test": (20,)}
TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = (part.name for part in PARTS)


def draw_files() -> tuple[dict[str, bytes], tuple[Part, ...]]:
    """The four uncompressed files of a small data set, and what the loader has to know of each."""
    generator = np.random.default_rng(7)
    files, parts = {}, []
    for part in PARTS:
        shape = SHAPES[part.key]
        array = generator.integers(0, 256 if len(shape) == 3 else 10, shape, dtype=np.uint8)
        files[part.name] = idx.header(shape) + array.tobytes()
        digest = hashlib.sha256(files[part.name]).hexdigest()
        parts.append(Part(key=part.key, name=part.name, shape=shape, sha256=digest))
    return files, tuple(parts)


def failure(spec: Data) -> str:
    with pytest.raises(DataError) as caught:
        load(spec)
    return str(caught.value)


def items(message: str) -> list[str]:
    return [line.removeprefix("  - ") for line in message.splitlines() if line.startswith("  - ")]


def rows(images: np.ndarray, labels: np.ndarray) -> Counter[bytes]:
    """The multiset of the digits, each with its label."""
    return Counter(image.tobytes() + bytes([label]) for image, label in zip(images, labels, strict=True))


def write_all(folder: Path, files: dict[str, bytes], suffix: str = "", pack: Callable[[bytes], bytes] = bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / f"{name}{suffix}").write_bytes(pack(content))
    return folder


def npz_arrays(files: dict[str, bytes], parts: tuple[Part, ...]) -> dict[str, np.ndarray]:
    return {part.key: idx.values(files[part.name], part.shape) for part in parts}


squeeze = functools.partial(gzip.compress, compresslevel=1, mtime=0)


class Server(http.server.ThreadingHTTPServer):
    """Serves a folder, and remembers what was asked for."""

    def __init__(self, served: Path) -> None:
        self.asked: list[str] = []
        asked = self.asked

        class Handler(http.server.SimpleHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                super().do_GET()

            def log_message(self, *_: object) -> None:
                """Nothing, which by default goes to stderr."""

        super().__init__(("127.0.0.1", 0), functools.partial(Handler, directory=str(served)))
        self.url = f"http://127.0.0.1:{self.server_port}/"
