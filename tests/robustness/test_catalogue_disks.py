"""A results folder on a disk that is full or read-only: the catalogue is shown, what was there before is intact."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from command import finish, start
from made_up_catalogues import MadeUp, write_catalogue, write_run

from harness.results.catalogue.roots import CATALOGUE


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes with 20 runs, their index written."""
    point = tmp_path / "disk"
    point.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(point)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("no file system may be mounted here")
    write_catalogue(point / "results", 20)
    yield point
    subprocess.run(["umount", "-l", str(point)], check=True)


def twinrun(*arguments: str, cwd: Path) -> tuple[int, str, str]:
    code, out, err = finish(start(arguments, cwd))
    return code, out, err


def filled(disk: Path) -> None:
    with suppress(OSError), (disk / "filling").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_full_disk_is_told_and_the_runs_are_shown(disk: Path) -> None:
    results = disk / "results"
    assert twinrun("list", f"root={results}", cwd=disk)[0] == 0
    write_run(results, MadeUp(experiment="late", seed=99))
    filled(disk)
    before = contents(results)
    code, out, err = twinrun("list", f"root={results}", "--sort", "-seed", "--limit", "3", cwd=Path("/"))
    assert code == 0, err
    assert "late/" in out
    assert f"the index of {results} could not be brought up to date: No space left on device" in err
    assert len(err.splitlines()) == 1
    assert contents(results) == before
    code, _, err = twinrun("pack", f"root={results}", "late/", f"out={disk}/late.twinrun", cwd=Path("/"))
    assert code == 5
    assert "No space left on device" in err
    assert not [path for path in disk.iterdir() if "twinrun" in path.name]
    assert contents(results) == before
    (disk / "filling").unlink()
    assert twinrun("list", f"root={results}", cwd=Path("/"))[2] == ""


def test_a_read_only_disk_is_read_as_any(disk: Path) -> None:
    results = disk / "results"
    write_run(results, MadeUp(experiment="late", seed=99))
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    for verb in (["list", "--limit", "0"], ["table"], ["query", "select count(*) as n from runs"]):
        code, out, err = twinrun(verb[0], f"root={results}", *verb[1:], cwd=Path("/"))
        assert code == 0, err
        assert out
    assert not (results / CATALOGUE).exists()
    code, _, err = twinrun("prune", f"root={results}", "experiment=late", "--yes", cwd=Path("/"))
    assert code == 5
    assert "Read-only file system" in err
    assert len(list(results.glob("*/*"))) == 21
