"""MNIST from the cache and the mirrors: what is downloaded, and what is said where that fails."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from made_up_mnist import TEST_LABELS, TRAIN_IMAGES, TRAIN_LABELS, Server, failure, items, squeeze, write_all

from harness.data import download, load
from harness.spec.data import Mnist


def test_offline(mnist_files: dict[str, bytes], mnist_cache: Path) -> None:
    message = failure(Mnist())
    assert f"http://127.0.0.1:9/{TRAIN_IMAGES}.gz: Connection refused" in message
    assert f"http://127.0.0.1:9/other/{TRAIN_IMAGES}.gz: Connection refused" in message
    assert "put them into a folder and pass data.root=DIR, or use data=mnist5k" in message
    assert len(items(message)) == 2
    assert list(mnist_cache.iterdir()) == []


def test_offline_with_a_damaged_cache(mnist_files: dict[str, bytes], mnist_cache: Path) -> None:
    write_all(mnist_cache, mnist_files, ".gz", squeeze)
    (mnist_cache / f"{TEST_LABELS}.gz").write_bytes(b"damaged")
    found = items(failure(Mnist()))
    assert found[0] == f"http://127.0.0.1:9/{TEST_LABELS}.gz: Connection refused"
    assert found[2].startswith(f"{TEST_LABELS}.gz: neither gzip nor IDX")


def test_a_full_cache_needs_no_network(mnist_files: dict[str, bytes], mnist_cache: Path) -> None:
    write_all(mnist_cache, mnist_files, ".gz", squeeze)
    assert str(mnist_cache) in load(Mnist()).source


def test_download_fills_the_cache(
    mnist_files: dict[str, bytes],
    mnist_folder: Path,
    mnist_cache: Path,
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_all(tmp_path / "served", mnist_files, ".gz", squeeze)
    monkeypatch.setattr(download, "MIRRORS", (server.url,))
    data = load(Mnist())
    assert data.digest == load(Mnist(root=mnist_folder)).digest
    assert server.url.split("/")[2] in data.source
    assert sorted(path.name for path in mnist_cache.iterdir()) == sorted(f"{name}.gz" for name in mnist_files)
    monkeypatch.setattr(download, "MIRRORS", ())
    assert load(Mnist()).digest == data.digest


def test_only_what_the_cache_lacks_is_downloaded(
    mnist_files: dict[str, bytes], mnist_cache: Path, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_all(tmp_path / "served", mnist_files, ".gz", squeeze)
    write_all(mnist_cache, mnist_files, ".gz", squeeze)
    (mnist_cache / f"{TEST_LABELS}.gz").unlink()
    (mnist_cache / f"{TRAIN_LABELS}.gz").write_bytes(b"damaged")
    monkeypatch.setattr(download, "MIRRORS", (server.url,))
    first = load(Mnist())
    assert server.asked == [f"/{TRAIN_LABELS}.gz", f"/{TEST_LABELS}.gz"]
    assert load(Mnist()).digest == first.digest
    assert len(server.asked) == 2


def test_mirrors_that_fail_are_passed_over(
    mnist_files: dict[str, bytes],
    mnist_folder: Path,
    mnist_cache: Path,
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bad = dict(mnist_files) | {TRAIN_IMAGES: mnist_files[TRAIN_IMAGES][:-1] + b"?"}
    write_all(tmp_path / "served" / "bad", bad, ".gz", squeeze)
    write_all(tmp_path / "served" / "good", mnist_files, ".gz", squeeze)
    mirrors = ("http://127.0.0.1:9/", f"{server.url}absent/", f"{server.url}bad/", f"{server.url}good/")
    monkeypatch.setattr(download, "MIRRORS", mirrors)
    assert load(Mnist()).digest == load(Mnist(root=mnist_folder)).digest
    assert server.asked[1:] == [f"/bad/{TRAIN_IMAGES}.gz", *(f"/good/{name}.gz" for name in mnist_files)]
    assert sorted(path.name for path in mnist_cache.iterdir()) == sorted(f"{name}.gz" for name in mnist_files)


def test_mirrors_that_all_fail_are_told_one_by_one(
    mnist_files: dict[str, bytes], mnist_cache: Path, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_all(tmp_path / "served" / "bad", {f"{TRAIN_IMAGES}.gz": b"<html>"})
    monkeypatch.setattr(download, "MIRRORS", (f"{server.url}absent/", f"{server.url}bad/"))
    found = items(failure(Mnist()))
    assert found[0].startswith(f"{server.url}absent/{TRAIN_IMAGES}.gz: 404 Client Error")
    assert found[1].startswith(f"{server.url}bad/{TRAIN_IMAGES}.gz: neither gzip nor IDX")
    assert list(mnist_cache.iterdir()) == []


def test_a_cache_that_cannot_be_made(mnist_files: dict[str, bytes], mnist_cache: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_bytes(b"a file in its place")
    message = failure(Mnist())
    assert f"The cache {mnist_cache} cannot be made" in message
    assert "data.root=DIR" in message


def test_progress_is_shown_on_a_terminal_only(
    mnist_files: dict[str, bytes],
    mnist_cache: Path,
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_all(tmp_path / "served", mnist_files, ".gz", squeeze)
    monkeypatch.setattr(download, "MIRRORS", (server.url,))
    load(Mnist())
    assert capsys.readouterr().err == ""
    shutil.rmtree(mnist_cache)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    load(Mnist())
    shown = capsys.readouterr().err
    assert f"Downloading {TRAIN_IMAGES}: 0.0 of 0.0 MB" in shown
    assert shown.count("\n") == 4
