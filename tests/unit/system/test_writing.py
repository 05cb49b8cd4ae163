"""Files that are whole or not there, and what is said of a disk that takes no more."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from composing import REPOSITORY

from harness.results.store import write_frame, write_text
from harness.system.array_files import load_arrays, save_array, save_arrays
from harness.system.writing import CannotWriteError, as_disk_failure, disk_of, whole

MEGABYTE = np.zeros(1_000_000, np.uint8)
WRITERS: dict[str, Callable[[Path], None]] = {
    "text": lambda path: write_text(path, "x" * 1_000_000),
    "table": lambda path: write_frame(path, pd.DataFrame({"x": np.random.default_rng(0).random(200_000)})),
    "arrays": lambda path: save_arrays(path, {"x": MEGABYTE}),
    "array": lambda path: save_array(path, MEGABYTE),
}


def test_a_file_appears_whole(tmp_path: Path) -> None:
    with whole(tmp_path / "a") as partial:
        partial.write_text("half")
        assert not (tmp_path / "a").exists()
    assert (tmp_path / "a").read_text() == "half"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_fails_leaves_the_last_state(tmp_path: Path, error: type[BaseException]) -> None:
    (tmp_path / "a").write_text("before")

    def fail() -> None:
        with whole(tmp_path / "a") as partial:
            partial.write_text("half")
            raise error

    with pytest.raises(error):
        fail()
    assert (tmp_path / "a").read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("kind", WRITERS)
def test_a_disk_that_takes_no_more_is_named(kind: str, tmp_path: Path) -> None:
    """In a process of its own, whose files may have 20 kB."""
    script = (
        "import resource, sys, pathlib; sys.path[:0] = ['tests/unit', 'tests/unit/system']; import test_writing as t\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "path = pathlib.Path(sys.argv[2])\n"
        "try: t.WRITERS[sys.argv[1]](path)\n"
        "except t.CannotWriteError as error: print(error.errno, error.filename, error, sep='\\n')"
    )
    command = [sys.executable, "-c", script, kind, str(tmp_path / "a")]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=True)
    number, path, message = done.stdout.splitlines()
    assert int(number) == errno.EFBIG
    assert path == str(tmp_path / "a")
    assert (
        message
        == f"{os.strerror(errno.EFBIG)} on {message.split(' on ')[1].split(':')[0]}: {path} could not be written"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", WRITERS)
def test_a_folder_that_is_missing(kind: str, tmp_path: Path) -> None:
    """That is no full disk, and is told as what it is."""
    with pytest.raises(OSError, match=r"missing") as caught:
        WRITERS[kind](tmp_path / "missing" / "a")
    assert not isinstance(caught.value, CannotWriteError)


def test_the_disk_in_words(tmp_path: Path) -> None:
    assert disk_of(Path("/proc/self/status")).startswith("/proc (proc")
    shown = disk_of(tmp_path / "not" / "yet")
    assert "MB, " in shown
    assert shown.endswith("MB free)")


def test_other_errors_are_not_of_the_disk(tmp_path: Path) -> None:
    assert as_disk_failure(FileNotFoundError(errno.ENOENT, "gone"), tmp_path) is None
    failure = as_disk_failure(OSError(errno.ENOSPC, "full"), tmp_path)
    assert isinstance(failure, CannotWriteError)
    assert as_disk_failure(failure, tmp_path) is failure


def test_an_array_is_read_as_it_was_written(tmp_path: Path) -> None:
    turned = np.arange(12.0).reshape(3, 4).T
    save_array(tmp_path / "a.npy", turned)
    assert np.array_equal(np.load(tmp_path / "a.npy", mmap_mode="r"), turned)
    save_arrays(tmp_path / "a.npz", {"x": turned})
    assert np.array_equal(load_arrays(tmp_path / "a.npz")["x"], turned)
