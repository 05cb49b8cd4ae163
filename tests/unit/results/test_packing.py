"""A package arrives as it was packed, or not at all."""

from __future__ import annotations

import json
import os
import stat
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from made_up_catalogues import MadeUp, write_run

from harness.results import packing
from harness.results.marker import damages
from harness.results.packing import LIST, PackageError, pack, unpack

Change = Callable[[dict[str, bytes], dict[str, Any]], None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = write_run(tmp_path / "results", MadeUp())
    (folder / "arms/tensorflow/weights.npz").write_bytes(os.urandom(5000))
    (folder / "report.md").write_text("# a page\n")
    return folder


@pytest.fixture
def package(folder: Path, tmp_path: Path) -> Path:
    pack(folder, tmp_path / "run.twinrun", "mnist_mlp")
    return tmp_path / "run.twinrun"


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def changed(package: Path, change: Change) -> Path:
    """The package with other members; its list is written again as `change` leaves it."""
    with zipfile.ZipFile(package) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    content = json.loads(members.pop(LIST))
    change(members, content)
    target = package.with_name("changed.twinrun")
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(LIST, json.dumps(content))
        for name, data in members.items():
            archive.writestr(name, data)
    return target


def test_what_arrives_is_what_was_packed(folder: Path, package: Path, tmp_path: Path) -> None:
    content = unpack(package, tmp_path / "arrived")
    assert files(tmp_path / "arrived") == files(folder)
    assert sorted(content["files"]) == sorted(files(folder))
    assert (content["experiment"], content["name"], content["kind"]) == ("mnist_mlp", folder.name, "run")
    assert list(damages(tmp_path / "arrived")) == list(damages(folder))


def test_equal_folders_have_equal_packages(folder: Path, package: Path, tmp_path: Path) -> None:
    for path in folder.rglob("*"):
        os.utime(path, (1, 1))
        path.chmod(0o700 if path.is_dir() else 0o600)
    pack(folder, tmp_path / "again.twinrun", "mnist_mlp")
    assert (tmp_path / "again.twinrun").read_bytes() == package.read_bytes()


def test_nothing_is_overwritten(package: Path, tmp_path: Path) -> None:
    (tmp_path / "arrived").mkdir()
    (tmp_path / "arrived" / "mine").write_text("kept")
    with pytest.raises(FileExistsError):
        unpack(package, tmp_path / "arrived")
    assert files(tmp_path / "arrived") == {"mine": b"kept"}
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("part", [0.0, 0.3, 0.9, 0.999])
def test_a_package_that_was_cut_off_is_refused(package: Path, tmp_path: Path, part: float) -> None:
    content = package.read_bytes()
    package.write_bytes(content[: int(part * len(content))])
    with pytest.raises(PackageError, match="is no whole package"):
        unpack(package, tmp_path / "arrived")
    assert not (tmp_path / "arrived").exists()


def test_a_changed_byte_is_named_with_its_file(package: Path, tmp_path: Path) -> None:
    def change(members: dict[str, bytes], _: dict[str, Any]) -> None:
        members["report.md"] = members["report.md"].replace(b"page", b"pige")

    with pytest.raises(PackageError, match=r"report\.md is not what was packed: its digest is another"):
        unpack(changed(package, change), tmp_path / "arrived")
    assert not (tmp_path / "arrived").exists()


EVIL = (
    *("../out", "/etc/out", "a/../../out", "a//b", ".", "a/.", "a\\..\\out", "C:out", "a\x00b", "a\nb", "\u202eb"),
    *("..", "./a"),
)


@pytest.mark.parametrize("name", EVIL)
def test_a_name_that_leads_elsewhere_is_refused(package: Path, tmp_path: Path, name: str) -> None:
    def change(members: dict[str, bytes], content: dict[str, Any]) -> None:
        members[name] = b"x"
        content["files"][name] = {"sha256": "0" * 64, "bytes": 1}

    with pytest.raises(PackageError):
        unpack(changed(package, change), tmp_path / "in" / "arrived")
    assert not list(tmp_path.glob("**/out"))
    assert not (tmp_path / "in" / "arrived").exists()


@pytest.mark.parametrize("name", ["../elsewhere", "/tmp/x", "a/b", "", "..", "a\x1b[31m", 7])
def test_the_name_of_the_folder_is_one_name(package: Path, tmp_path: Path, name: Any) -> None:
    def change(_: dict[str, bytes], content: dict[str, Any]) -> None:
        content["name"] = name

    with pytest.raises(PackageError):
        packing.names_in(changed(package, change))


def test_more_or_fewer_members_than_the_list_are_refused(package: Path, tmp_path: Path) -> None:
    def more(members: dict[str, bytes], _: dict[str, Any]) -> None:
        members["extra"] = b"x"

    def fewer(members: dict[str, bytes], _: dict[str, Any]) -> None:
        del members["report.md"]

    for change, name in ((more, "extra"), (fewer, "report.md")):
        with pytest.raises(PackageError, match=name):
            unpack(changed(package, change), tmp_path / "arrived")


def test_a_member_that_is_there_twice_is_refused(package: Path, tmp_path: Path) -> None:
    with warnings.catch_warnings(), zipfile.ZipFile(package, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("report.md", "another")
    with pytest.raises(PackageError, match="twice"):
        unpack(package, tmp_path / "arrived")


def test_a_link_is_refused_on_both_ends(folder: Path, package: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(package) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(package, "w") as archive:
        for name, data in members.items():
            member = zipfile.ZipInfo(name)
            member.external_attr = (stat.S_IFLNK if name == "report.md" else stat.S_IFREG) << 16
            archive.writestr(member, data)
    with pytest.raises(PackageError, match="is a link"):
        unpack(package, tmp_path / "arrived")
    (folder / "link").symlink_to("/etc/passwd")
    with pytest.raises(PackageError, match="link is neither a file nor a folder"):
        pack(folder, tmp_path / "other.twinrun", "mnist_mlp")
    assert not (tmp_path / "other.twinrun").exists()


def test_a_bomb_is_refused_before_it_fills_the_disk(package: Path, tmp_path: Path) -> None:
    target = tmp_path / "bomb.twinrun"
    content = {"schema_version": 1, "name": "a", "experiment": "b", "files": {"z": {"sha256": "0" * 64, "bytes": 10}}}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(LIST, json.dumps(content))
        archive.writestr("z", bytes(50 << 20))
    with pytest.raises(PackageError, match="z is not what was packed"):
        unpack(target, tmp_path / "arrived")
    content["files"]["z"]["bytes"] = packing.MOST_BYTES + 1  # type: ignore[index]
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(LIST, json.dumps(content))
        archive.writestr("z", b"")
    with pytest.raises(PackageError, match="more than a run has"):
        unpack(target, tmp_path / "arrived")


@pytest.mark.parametrize(
    "name", ["plain", 'quo"te', "a:b", "tab\there", "\u202ertl", ".hidden", "sp ace", "\u4e2d\u6587"]
)
def test_a_folder_of_any_name_can_be_packed(folder: Path, tmp_path: Path, name: str) -> None:
    odd = folder.rename(folder.parent / name)
    pack(odd, tmp_path / "odd.twinrun", "mnist_mlp")
    _, arrived = packing.names_in(tmp_path / "odd.twinrun")
    assert arrived.isprintable()
    assert not set(arrived) & set('/:"')
    unpack(tmp_path / "odd.twinrun", tmp_path / "arrived")
    assert files(tmp_path / "arrived") == files(odd)
