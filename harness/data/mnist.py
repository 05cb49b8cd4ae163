"""The full MNIST or Fashion-MNIST, from the user's folder, the cache, or a download.

The checksums are verified every time, except those of Fashion-MNIST in a folder of the user's.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_dir

from harness.data.dataset import DataError, Dataset
from harness.data.download import download
from harness.data.mnist_files import FASHION_PARTS, OF_ANY_CONTENT, PARTS, Part
from harness.data.mnist_folder import NPZ, Reading, read_folder
from harness.spec.data import Mnist
from harness.system.files import FileError, given_path
from harness.system.text import printable

_ELSEWHERE = "or use data=mnist5k, which needs no files"


def load_mnist(spec: Mnist) -> Dataset:
    """Reads the collection from `spec.root` or, without one, from the cache, into which missing files are downloaded.

    Raises DataError where the files are missing or wrong.
    """
    is_mnist = spec.collection == "mnist"
    if spec.root is None:
        data = _from_cache(cache_folder(spec.collection), PARTS if is_mnist else FASHION_PARTS)
    else:
        data = _from_root(spec.root, "MNIST" if is_mnist else "Fashion-MNIST", PARTS if is_mnist else OF_ANY_CONTENT)
    return _held_out(data, spec) if spec.holdout else data


def cache_folder(collection: str) -> Path:
    """The folder of a collection's downloaded files; on Linux below $XDG_CACHE_HOME or ~/.cache."""
    return Path(user_cache_dir("twinrun")) / collection


def _from_root(root: Path, what: str, parts: tuple[Part, ...]) -> Dataset:
    folder = _existing_folder(root)
    reading = read_folder(folder, parts)
    if reading.problems:
        raise DataError(
            "\n".join(
                [
                    f"{what} cannot be read from {folder}:",
                    *_items(reading),
                    f"Put the four files (IDX or IDX.gz) or {NPZ} into that folder, leave data.root out to download "
                    f"them, {_ELSEWHERE}.",
                ]
            )
        )
    return _dataset(reading.arrays, f"{reading.form} in {folder}")


def _from_cache(folder: Path, parts: tuple[Part, ...]) -> Dataset:
    reading = read_folder(folder, parts)
    lacking = [part for part in parts if part.key not in reading.arrays]
    if not lacking:
        return _dataset(reading.arrays, f"{reading.form} in {folder}")
    try:
        arrays, hosts = download(lacking, folder)
    except DataError as error:
        raise DataError(
            "\n".join(
                [
                    str(error),
                    *([] if reading.empty else ["What was wrong with the cache before:", *_items(reading)]),
                    "Get the four files (IDX or IDX.gz) by other means, put them into a folder and pass "
                    f"data.root=DIR, {_ELSEWHERE}.",
                ]
            )
        ) from error
    return _dataset({**reading.arrays, **arrays}, f"IDX files from {', '.join(hosts)}, now in {folder}")


def _held_out(data: Dataset, spec: Mnist) -> Dataset:
    """The training images alone, in an order drawn from `split_seed`; the last of them are the test set."""
    count = len(data.x_train)
    tested = round(spec.holdout * count)
    if not 0 < tested < count:
        raise DataError(
            f"data.holdout={spec.holdout:g}: {tested} of {count} images to test on; allowed: 1 to {count - 1}"
        )
    order = np.random.default_rng(np.random.SeedSequence(spec.split_seed)).permutation(count)
    train, test = order[: count - tested], order[count - tested :]
    return Dataset(
        x_train=data.x_train[train],
        y_train=data.y_train[train],
        x_test=data.x_train[test],
        y_test=data.y_train[test],
        source=f"{data.source}, {tested:,} of its {count:,} training images held out",
    )


def _existing_folder(root: Path) -> Path:
    try:
        folder = given_path(str(root)).resolve()
        fault = "" if folder.is_dir() else "is a file" if folder.exists() else "does not exist"
    except (OSError, RuntimeError, FileError) as error:  # RuntimeError: links in a circle
        raise DataError(
            f"data.root={printable(str(root))}: {error}. Name a folder with the files of MNIST, {_ELSEWHERE}."
        ) from error
    if fault:
        raise DataError(
            f"data.root={root}: {folder} {fault}, expected a folder with the four files of MNIST (IDX or IDX.gz) "
            f"or {NPZ}. Name such a folder, leave data.root out to download them, {_ELSEWHERE}."
        )
    return folder


def _items(reading: Reading) -> list[str]:
    return [f"  - {problem}" for problem in reading.problems]


def _dataset(arrays: dict[str, NDArray[np.uint8]], source: str) -> Dataset:
    return Dataset(
        x_train=arrays["x_train"][..., np.newaxis],
        y_train=arrays["y_train"].astype(np.int32),
        x_test=arrays["x_test"][..., np.newaxis],
        y_test=arrays["y_test"].astype(np.int32),
        source=source,
    )
