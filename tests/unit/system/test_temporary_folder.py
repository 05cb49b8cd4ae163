"""Temporary folders are removed by their process, or after it was killed by the next one."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.system.temporary_folder import OWNER, TemporaryFolder

PREFIX = "twinrun-made-up-"
# Makes a folder with a file in it, says where it is, and waits.
OWNS = f"""
import sys, time
from harness.system.temporary_folder import TemporaryFolder
folder = TemporaryFolder({PREFIX!r})
(folder.path / "content").write_text("x")
print(folder.path, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's place for temporary files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def other(place: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Another process that has a folder, and the folder."""
    environment = {**os.environ, "TMPDIR": str(place)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", OWNS], text=True, env=environment, **pipes) as process:  # type: ignore[call-overload]
        yield process, Path(process.stdout.readline().strip())
        process.kill()


def test_a_folder_is_removed_when_it_is_closed(place: Path) -> None:
    folder = TemporaryFolder(PREFIX)
    (folder.path / "content").write_text("x")
    assert folder.path.parent == place
    folder.close()
    folder.close()
    assert list(place.iterdir()) == []


def test_a_process_that_exits_leaves_no_folder(other: tuple[subprocess.Popen[str], Path]) -> None:
    process, folder = other
    assert (folder / "content").is_file()
    process.communicate()
    assert not folder.exists()


def test_what_a_killed_process_has_left_goes_when_the_next_folder_is_made(
    other: tuple[subprocess.Popen[str], Path],
) -> None:
    process, folder = other
    TemporaryFolder(PREFIX).close()
    assert (folder / "content").is_file()
    process.kill()
    process.wait()
    assert (folder / "content").is_file()
    TemporaryFolder("twinrun-of-another-kind-").close()
    assert (folder / "content").is_file()
    TemporaryFolder(PREFIX).close()
    assert not folder.exists()


@pytest.mark.parametrize("host", ["another-host", None])
def test_what_nobody_here_can_have_left_stays(place: Path, host: str | None) -> None:
    folder = place / f"{PREFIX}x"
    folder.mkdir()
    if host is not None:
        (folder / OWNER).write_text(host)
    TemporaryFolder(PREFIX).close()
    assert list(place.iterdir()) == [folder]


def test_a_folder_that_is_only_linked_to_stays(
    place: Path, other: tuple[subprocess.Popen[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> None:
    process, folder = other
    process.kill()
    process.wait()
    elsewhere = folder.rename(tmp_path_factory.mktemp("elsewhere") / "folder")
    folder.symlink_to(elsewhere)
    TemporaryFolder(PREFIX).close()
    assert (elsewhere / "content").is_file()


def test_a_fork_that_exits_leaves_the_folder_to_its_process(place: Path) -> None:
    folder = TemporaryFolder(PREFIX)
    child = os.fork()
    if child == 0:
        folder.close()
        os._exit(0)
    os.waitpid(child, 0)
    assert folder.path.is_dir()
    folder.close()
