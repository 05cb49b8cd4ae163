"""Paths and files that a user names: what is refused, with its reason, and that nothing is waited for."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from harness.system.files import FileError, given_path, in_units, read_bytes, read_text, refuse_unfit

MOST = 1000


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("~nosuchuser/x", "no user's home is ~nosuchuser"),
        ("x" * 300, "File name too long"),
        ("/tmp/" + "x" * 300 + "/y", "File name too long"),
        ("x/" * 3000, "File name too long"),
        ("a\0b", "it holds a NUL character"),
        ("a\udcffb", "it is not valid UTF-8"),
    ],
)
def test_a_path_that_there_cannot_be(text: str, reason: str) -> None:
    with pytest.raises(FileError, match=reason):
        given_path(text)


def test_links_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(FileError, match="symbolic links"):
        given_path(str(tmp_path / "loop" / "x"))


def test_a_path_that_is_not_there_yet(tmp_path: Path) -> None:
    assert given_path(f"{tmp_path}/é/(new), [1]") == tmp_path / "é" / "(new), [1]"
    assert given_path("~/x") == Path.home() / "x"


def unfit(folder: Path, kind: str) -> Path:
    path = folder / kind
    match kind:
        case "fifo":
            os.mkfifo(path)
        case "socket":
            with socket.socket(socket.AF_UNIX) as server:
                server.bind(str(path))
        case "folder":
            path.mkdir()
        case "zero":
            path.symlink_to("/dev/zero")
        case "broken link":
            path.symlink_to(folder / "nowhere")
        case "large":
            path.write_bytes(bytes(MOST + 1))
    return path


@pytest.mark.parametrize(
    ("kind", "reason"),
    {
        "fifo": "a FIFO, not a regular file",
        "socket": "a socket, not a regular file",
        "folder": "Is a directory",
        "zero": "a character device, not a regular file",
        "broken link": "No such file",
        "large": "larger than 1,000 bytes, the most that a test may have",
    }.items(),
)
def test_a_file_that_is_not_read(kind: str, reason: str, tmp_path: Path) -> None:
    path = unfit(tmp_path, kind)
    for read in (read_bytes, read_text, refuse_unfit):
        with pytest.raises(FileError, match=reason):
            read(path, MOST, "a test")


def test_a_file_without_a_size_of_its_own_is_bounded_too() -> None:
    with pytest.raises(FileError, match="larger than 10 bytes"):
        read_bytes(Path("/proc/self/status"), 10, "a test")


def test_what_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xc3\xa9" + bytes(MOST - 2))
    assert read_text(tmp_path / "a", MOST, "a test").startswith("é")
    (tmp_path / "b").write_bytes(b"\xff")
    with pytest.raises(FileError, match="not text in UTF-8"):
        read_text(tmp_path / "b", MOST, "a test")


def test_words() -> None:
    assert [in_units(size) for size in (1, 1 << 20, 1.5 * (1 << 30), 1 << 70)] == [
        "1 bytes",
        "1 MiB",
        "1.5 GiB",
        "1,024 EiB",
    ]
