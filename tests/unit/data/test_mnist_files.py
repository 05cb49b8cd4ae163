"""How the files of MNIST are read, in every form, and what is said of damaged ones: on a made-up data set."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest
from made_up_mnist import (
    TEST_IMAGES,
    TEST_LABELS,
    TRAIN_IMAGES,
    TRAIN_LABELS,
    failure,
    items,
    npz_arrays,
    rows,
    squeeze,
    write_all,
)

from harness.data import load
from harness.data.mnist_files import Part
from harness.spec.data import Mnist


@pytest.fixture
def small_parts(mnist_files: dict[str, bytes]) -> tuple[Part, ...]:
    from harness.data import mnist

    return mnist.PARTS


def test_the_values_are_the_files(mnist_folder: Path, mnist_files: dict[str, bytes]) -> None:
    data = load(Mnist(root=mnist_folder))
    assert data.x_train.shape == (40, 28, 28, 1)
    assert data.x_test.tobytes() == mnist_files[TEST_IMAGES][16:]
    assert data.y_train.tolist() == list(mnist_files[TRAIN_LABELS][8:])
    assert str(mnist_folder) in data.source


def test_every_form_gives_the_same_digest(
    mnist_folder: Path, mnist_files: dict[str, bytes], small_parts: tuple[Part, ...], tmp_path: Path
) -> None:
    arrays = npz_arrays(mnist_files, small_parts)
    dotted = {name.replace("-idx", ".idx"): content for name, content in mnist_files.items()}
    forms = [
        write_all(tmp_path / "plain", mnist_files),
        write_all(tmp_path / "dotted", dotted),
        write_all(tmp_path / "dotted-gz", dotted, ".gz", squeeze),
        write_all(tmp_path / "unpacked-on-the-way", mnist_files, ".gz"),
        write_all(
            tmp_path / "two-streams", mnist_files, ".gz", lambda raw: squeeze(raw[:9]) + squeeze(raw[9:]) + b"\0\0"
        ),
        *(tmp_path / name for name in ("npz", "npz-wide", "npz-beside-some")),
    ]
    for npz in forms[-3:]:
        npz.mkdir()
    np.savez(forms[-3] / "mnist.npz", **arrays)
    wide = {key: array.astype(np.int64) if array.ndim == 1 else array[..., None] for key, array in arrays.items()}
    np.savez_compressed(forms[-2] / "mnist.npz", **wide)
    np.savez(forms[-1] / "mnist.npz", **arrays)
    (forms[-1] / TRAIN_LABELS).write_bytes(b"unrelated")
    expected = load(Mnist(root=mnist_folder)).digest
    assert {form.name: load(Mnist(root=form)).digest for form in forms} == {form.name: expected for form in forms}


def test_root_may_be_relative_or_of_the_home(mnist_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(mnist_folder.parent)
    monkeypatch.setenv("HOME", str(mnist_folder.parent))
    assert load(Mnist(root=Path(mnist_folder.name))).digest == load(Mnist(root=Path("~/folder"))).digest


def test_missing_root(mnist_files: dict[str, bytes], tmp_path: Path) -> None:
    message = failure(Mnist(root=tmp_path / "nowhere"))
    assert f"{tmp_path / 'nowhere'} does not exist" in message
    assert "data=mnist5k" in message
    (tmp_path / "mnist.npz").write_bytes(b"")
    assert "mnist.npz is a file, expected a folder" in failure(Mnist(root=tmp_path / "mnist.npz"))
    assert "~no-such-user-here" in failure(Mnist(root=Path("~no-such-user-here/mnist")))


def damage(mnist_files: dict[str, bytes], case: str) -> bytes | None:
    """The bytes of a damaged `train-labels-idx1-ubyte.gz`; None for none at all."""
    good = mnist_files[TRAIN_LABELS]
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
def test_a_damaged_file_is_named_and_told(
    mnist_folder: Path, mnist_files: dict[str, bytes], case: str, said: str
) -> None:
    path = mnist_folder / f"{TRAIN_LABELS}.gz"
    content = damage(mnist_files, case)
    path.unlink() if content is None else path.write_bytes(content)
    message = failure(Mnist(root=mnist_folder))
    (item,) = items(message)
    assert item.startswith(f"{TRAIN_LABELS}.gz: ")
    assert said in item
    assert message.startswith(f"MNIST cannot be read from {mnist_folder}:\n")
    assert "data=mnist5k" in message.splitlines()[-1]


def test_a_wrong_hash_is_told_with_both(
    mnist_folder: Path, mnist_files: dict[str, bytes], small_parts: tuple[Part, ...]
) -> None:
    changed = damage(mnist_files, "one byte changed")
    assert changed is not None
    (mnist_folder / f"{TRAIN_LABELS}.gz").write_bytes(changed)
    message = failure(Mnist(root=mnist_folder))
    assert hashlib.sha256(gzip.decompress(changed)).hexdigest() in message
    assert small_parts[1].sha256 in message


def test_a_truncated_plain_file(mnist_files: dict[str, bytes], tmp_path: Path) -> None:
    plain = write_all(tmp_path / "plain", mnist_files)
    (plain / TEST_IMAGES).write_bytes(mnist_files[TEST_IMAGES][:1000])
    assert items(failure(Mnist(root=plain))) == [f"{TEST_IMAGES}: too short: 1,000 bytes, expected 15,696"]


def test_all_problems_are_told_at_once(mnist_folder: Path, mnist_files: dict[str, bytes]) -> None:
    (mnist_folder / f"{TRAIN_IMAGES}.gz").unlink()
    (mnist_folder / f"{TEST_LABELS}.gz").unlink()
    (mnist_folder / f"{TEST_IMAGES}.gz").write_bytes(squeeze(mnist_files[TEST_IMAGES][:-1]))
    found = items(failure(Mnist(root=mnist_folder)))
    assert [item.partition(": ")[0] for item in found] == [f"{n}.gz" for n in (TRAIN_IMAGES, TEST_IMAGES, TEST_LABELS)]
    assert "missing" in found[0]
    assert "too short: 15,695 bytes, expected 15,696" in found[1]
    assert "missing" in found[2]


def test_npz_problems_are_told_at_once(
    mnist_files: dict[str, bytes], small_parts: tuple[Part, ...], tmp_path: Path
) -> None:
    arrays = npz_arrays(mnist_files, small_parts)
    other_labels = (arrays["y_test"] + 1) % 10
    bad = {"x_train": arrays["x_train"] / 255, "y_train": arrays["y_train"][:-1], "y_test": other_labels}
    np.savez(tmp_path / "mnist.npz", **bad)
    found = items(failure(Mnist(root=tmp_path)))
    assert len(found) == 4
    assert "mnist.npz, x_train: float64 of shape (40, 28, 28), expected whole numbers 0 to 255" in found[0]
    assert "mnist.npz, y_train: uint8 of shape (39,)" in found[1]
    assert "mnist.npz, x_test: missing; the archive holds x_train, y_train, y_test" in found[2]
    assert "mnist.npz, y_test: not MNIST, or damaged: SHA-256" in found[3]


def test_npz_that_is_none(mnist_files: dict[str, bytes], small_parts: tuple[Part, ...], tmp_path: Path) -> None:
    path = tmp_path / "mnist.npz"
    path.write_bytes(b"no archive")
    assert items(failure(Mnist(root=tmp_path)))[0].startswith("mnist.npz: cannot be read as an .npz archive: ")
    with path.open("wb") as stream:
        np.save(stream, np.zeros(3))
    assert "one bare array" in failure(Mnist(root=tmp_path))
    with path.open("wb") as stream:
        np.savez(stream, **npz_arrays(mnist_files, small_parts) | {"y_test": np.array([{"a": 1}], dtype=object)})
    (item,) = items(failure(Mnist(root=tmp_path)))  # an object array would run code: never loaded
    assert item.startswith("mnist.npz, y_test: cannot be read: ")


# --- Held out --------------------------------------------------------------------------------------------------------


def test_a_share_of_the_training_images_is_held_out(mnist_folder: Path) -> None:
    whole, data = load(Mnist(root=mnist_folder)), load(Mnist(root=mnist_folder, holdout=0.2))
    assert (len(data.x_train), len(data.x_test)) == (32, 8)
    assert rows(data.x_train, data.y_train) + rows(data.x_test, data.y_test) == rows(whole.x_train, whole.y_train)
    assert "8 of its 40 training images held out" in data.source
    in_order = np.concatenate([data.x_train, data.x_test])
    order = np.random.default_rng(np.random.SeedSequence(0)).permutation(40)
    assert np.array_equal(in_order, whole.x_train[order])


def test_which_are_held_out_is_drawn_from_its_seed(mnist_folder: Path) -> None:
    digests = [load(Mnist(root=mnist_folder, holdout=0.2, split_seed=seed)).digest for seed in (0, 0, 1)]
    assert digests[0] == digests[1] != digests[2]
    assert load(Mnist(root=mnist_folder, split_seed=1)).digest == load(Mnist(root=mnist_folder)).digest


@pytest.mark.parametrize("holdout", [0.01, 0.99])
def test_a_share_that_leaves_nothing_is_refused(mnist_folder: Path, holdout: float) -> None:
    message = failure(Mnist(root=mnist_folder, holdout=holdout))
    assert f"data.holdout={holdout:g}" in message
    assert "allowed: 1 to 39" in message


# --- Values that cannot be -------------------------------------------------------------------------------------------


def test_a_label_out_of_range_is_told_by_sample(mnist_folder: Path, mnist_files: dict[str, bytes]) -> None:
    labels = bytearray(mnist_files[TRAIN_LABELS])
    labels[8 + 5] = 10
    (mnist_folder / f"{TRAIN_LABELS}.gz").write_bytes(squeeze(bytes(labels)))
    (item,) = items(failure(Mnist(root=mnist_folder)))
    assert item == f"{TRAIN_LABELS}.gz: label 10 of sample 5; expected 0 to 9"


def test_a_negative_label_in_an_archive_is_told_by_sample(
    mnist_files: dict[str, bytes], small_parts: tuple[Part, ...], tmp_path: Path
) -> None:
    arrays = npz_arrays(mnist_files, small_parts)
    arrays["y_test"] = arrays["y_test"].astype(np.int64)
    arrays["y_test"][3] = -1
    np.savez(tmp_path / "mnist.npz", **arrays)
    (item,) = items(failure(Mnist(root=tmp_path)))
    assert item == "mnist.npz, y_test: label -1 of sample 3; expected 0 to 9"


def test_nan_in_an_archive_is_told_by_sample(
    mnist_files: dict[str, bytes], small_parts: tuple[Part, ...], tmp_path: Path
) -> None:
    arrays = npz_arrays(mnist_files, small_parts)
    arrays["x_train"] = arrays["x_train"].astype(np.float32)
    arrays["x_train"][7, 3, 4] = np.nan
    np.savez(tmp_path / "mnist.npz", **arrays)
    (item,) = items(failure(Mnist(root=tmp_path)))
    assert item == "mnist.npz, x_train: nan in sample 7; expected finite numbers"
