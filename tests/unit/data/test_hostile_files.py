"""Files of data that never end, or that grow: what is read of them is bounded by what their format says."""

from __future__ import annotations

import gzip
import http.server
import os
import socketserver
import threading
import time
import tracemalloc
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from made_up_mnist import TEST_LABELS, TRAIN_IMAGES, TRAIN_LABELS, failure, items, write_all

from harness.composition import UserMistake
from harness.data import download
from harness.spec.data import Mnist
from harness.subjects.pair import batches

MANY = 1 << 26


@contextmanager
def bounded_memory(most: int = 16 << 20) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


def bomb(path: Path, members: dict[str, tuple[int, ...]], size: int = MANY) -> None:
    """An archive of arrays of the shapes, each with `size` zeros."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, shape in members.items():
            with archive.open(f"{name}.npy", "w") as member:
                head = {"descr": "|u1", "fortran_order": False, "shape": shape}
                np.lib.format.write_array_header_1_0(member, head)
                member.write(bytes(size))


def test_a_gzip_bomb(mnist_folder: Path) -> None:
    (mnist_folder / f"{TRAIN_LABELS}.gz").write_bytes(gzip.compress(bytes(MANY)))
    with bounded_memory():
        (found,) = items(failure(Mnist(root=mnist_folder)))
    assert found.startswith(f"{TRAIN_LABELS}.gz: magic number 0x00000000")


def test_a_gzip_file_that_is_much_too_long(mnist_folder: Path, mnist_files: dict[str, bytes]) -> None:
    (mnist_folder / f"{TRAIN_LABELS}.gz").write_bytes(gzip.compress(mnist_files[TRAIN_LABELS] + bytes(MANY)))
    with bounded_memory():
        (found,) = items(failure(Mnist(root=mnist_folder)))
    assert found == f"{TRAIN_LABELS}.gz: too long: at least 65,584 bytes, expected 48"


def test_thousands_of_streams_in_a_row(mnist_folder: Path) -> None:
    (mnist_folder / f"{TRAIN_IMAGES}.gz").write_bytes(gzip.compress(b"") * 4000)
    assert items(failure(Mnist(root=mnist_folder)))[0].startswith(f"{TRAIN_IMAGES}.gz: too short")


def test_several_streams_and_padding_are_one_file(mnist_folder: Path, mnist_files: dict[str, bytes]) -> None:
    content = mnist_files[TRAIN_LABELS]
    packed = gzip.compress(content[:20]) + gzip.compress(content[20:]) + bytes(200_000)
    (mnist_folder / f"{TRAIN_LABELS}.gz").write_bytes(packed[:60_000])
    (mnist_folder / f"{TEST_LABELS}.gz").unlink()
    (found,) = items(failure(Mnist(root=mnist_folder)))
    assert found.startswith(f"{TEST_LABELS}.gz: missing")


@pytest.mark.parametrize("name", [f"{TRAIN_LABELS}.gz", TRAIN_LABELS])
def test_a_file_larger_than_it_may_be(name: str, mnist_folder: Path) -> None:
    (mnist_folder / f"{TRAIN_LABELS}.gz").unlink()
    with (mnist_folder / name).open("wb") as stream:
        stream.truncate(1 << 36)
    assert "larger than 64.0 KiB" in items(failure(Mnist(root=mnist_folder)))[0]


@pytest.mark.parametrize("name", [f"{TRAIN_LABELS}.gz", "mnist.npz"])
@pytest.mark.parametrize("kind", ["FIFO", "character device", "directory"])
def test_what_is_no_regular_file_is_not_opened(name: str, kind: str, mnist_folder: Path) -> None:
    for file in mnist_folder.glob(f"{TRAIN_LABELS}*"):
        file.unlink()
    path = mnist_folder / name
    match kind:
        case "FIFO":
            os.mkfifo(path)
        case "directory":
            path.mkdir()
        case _:
            path.symlink_to("/dev/zero")
    assert kind in failure(Mnist(root=mnist_folder))


@pytest.mark.parametrize("shape", [(MANY,), (1 << 40,), (1 << 62,)])
def test_an_archive_that_declares_another_shape(shape: tuple[int, ...], mnist_files: object, tmp_path: Path) -> None:
    bomb(tmp_path / "mnist.npz", dict.fromkeys(("x_train", "y_train", "x_test", "y_test"), shape), 1 << 20)
    with bounded_memory():
        found = items(failure(Mnist(root=tmp_path)))
    assert found[0].startswith(f"mnist.npz, x_train: uint8 of shape {shape}, expected whole numbers 0 to 255")
    assert len(found) == 4


class TestMirrors:
    @contextmanager
    def serving(self, head: list[tuple[str, str]], chunk: bytes, pause: float = 0) -> Iterator[tuple[str, list[int]]]:
        """A mirror that sends a chunk again and again; how much it got rid of."""
        sent = [0]

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                for name, value in head:
                    self.send_header(name, value)
                self.end_headers()
                try:
                    while sent[0] < MANY:
                        self.wfile.write(chunk)
                        sent[0] += len(chunk)
                        time.sleep(pause)
                except OSError:
                    pass

            def log_message(self, *_: object) -> None:
                """Nothing, which by default goes to stderr."""

        class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True
            block_on_close = False

        with Server(("127.0.0.1", 0), Handler) as server:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_port}/", sent
            server.shutdown()

    def told(self, url: str, monkeypatch: pytest.MonkeyPatch) -> str:
        monkeypatch.setattr(download, "MIRRORS", (url,))
        return items(failure(Mnist()))[0]

    def test_one_that_does_not_end(
        self, mnist_files: object, mnist_cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with self.serving([], bytes(1 << 16)) as (url, sent):
            assert "does not end; at most 94.6 KiB are taken" in self.told(url, monkeypatch)
            assert sent[0] < MANY / 2
        assert list(mnist_cache.iterdir()) == []

    @pytest.mark.parametrize(
        ("length", "reason"),
        [(str(1 << 40), "announces 1 TiB"), ("9" * 5000, "announces"), ("abc", "length of 'abc'")],
    )
    def test_one_that_announces_too_much(
        self, length: str, reason: str, mnist_files: object, mnist_cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with self.serving([("Content-Length", length)], b"") as (url, _):
            assert reason in self.told(url, monkeypatch)

    def test_one_that_drips(self, mnist_files: object, mnist_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(download, "LONGEST_S", 0.3)
        with self.serving([], b"x", pause=0.02) as (url, _):
            assert self.told(url, monkeypatch).endswith("not all of it came within 0.3 s")
        assert list(mnist_cache.iterdir()) == []

    def test_one_that_sends_a_bomb(
        self, mnist_files: object, mnist_cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        packed = gzip.compress(bytes(MANY))
        with self.serving([("Content-Encoding", "gzip")], packed, pause=0.01) as (url, _), bounded_memory(64 << 20):
            assert "does not end" in self.told(url, monkeypatch)


class TestBatches:
    def test_a_bomb(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(batches, "available_memory", lambda: (1 << 24, "available on this machine"))
        bomb(tmp_path / "b.npz", {"x": (1 << 16, 1 << 10), "y": (1 << 16,)}, 1 << 10)
        with bounded_memory(), pytest.raises(UserMistake, match=r"64\.1 MiB for its arrays.*16 MiB is available"):
            batches._from_file(tmp_path / "b.npz", 4, 3)

    def test_batches_larger_than_the_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(batches, "available_memory", lambda: (1 << 24, "available on this machine"))
        np.savez(tmp_path / "b.npz", x=np.zeros((100, 1000)), y=np.zeros(100))
        with pytest.raises(UserMistake, match="batch_size x steps rows"):
            batches._from_file(tmp_path / "b.npz", 100, 1000)

    @pytest.mark.parametrize("content", [b"", b"PK", b"\x93NUMPY", b"\0" * 5000])
    def test_what_is_no_archive(self, content: bytes, tmp_path: Path) -> None:
        (tmp_path / "b.npz").write_bytes(content)
        with pytest.raises(UserMistake, match="cannot be read"):
            batches._from_file(tmp_path / "b.npz", 4, 3)

    def test_a_fifo_is_not_waited_for(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "b.npz")
        with pytest.raises(UserMistake, match="a FIFO"):
            batches._from_file(tmp_path / "b.npz", 4, 3)


def test_a_cache_of_bombs_is_filled_anew(mnist_files: dict[str, bytes], mnist_cache: Path) -> None:
    write_all(mnist_cache, dict.fromkeys(mnist_files, bytes(MANY)), ".gz", gzip.compress)
    with bounded_memory():
        assert "What was wrong with the cache before:" in failure(Mnist())
